package record

import "slices"

// Clone returns a copy of h that can be changed without changing h. The copies share what is only ever replaced as a
// whole, and the elements of lists, to which each of them may append. Whoever changes an element makes a list of its
// own first.
func (h *Head) Clone() *Head {
	c := *h
	c.Commits = slices.Clip(h.Commits)
	c.Repeats = slices.Clip(h.Repeats)
	c.Versions = slices.Clip(h.Versions)
	c.Schemas = slices.Clip(h.Schemas)
	c.Manifests = slices.Clip(h.Manifests)
	c.Sources = slices.Clip(h.Sources)
	c.Audit = slices.Clip(h.Audit)
	c.AuditChunks = slices.Clip(h.AuditChunks)
	c.Moments = slices.Clip(h.Moments)
	c.Inline = slices.Clip(h.Inline)
	c.Data = slices.Clip(h.Data)
	return &c
}
