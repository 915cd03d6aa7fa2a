package record

import "slices"

// Clone returns a copy of h that can be changed without changing h. The copies share what is only ever
// replaced as a whole (byte slices, strings, references and counts of marks), and the entries of lists that
// only grow and lose their first ones.
func (h *Head) Clone() *Head {
	c := *h
	c.Commits = slices.Clip(h.Commits)
	c.Repeats = slices.Clip(h.Repeats)
	c.Versions = slices.Clone(h.Versions)
	c.Schemas = slices.Clone(h.Schemas)
	c.Manifests = slices.Clone(h.Manifests)
	c.Sources = slices.Clone(h.Sources)
	c.Audit = slices.Clip(h.Audit)
	c.AuditChunks = slices.Clip(h.AuditChunks)
	c.Moments = slices.Clone(h.Moments)
	c.Inline = slices.Clone(h.Inline)
	c.Data = slices.Clone(h.Data)
	return &c
}
