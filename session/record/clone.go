package record

import "slices"

// Clone returns a copy of h that can be changed without changing h. The copies share what is only ever
// replaced as a whole: byte slices and strings, and the references and counts of marks.
func (h *Head) Clone() *Head {
	c := *h
	c.Commits = slices.Clone(h.Commits)
	c.Repeats = slices.Clone(h.Repeats)
	c.Versions = slices.Clone(h.Versions)
	c.Schemas = slices.Clone(h.Schemas)
	c.Manifests = slices.Clone(h.Manifests)
	c.Sources = slices.Clone(h.Sources)
	c.Audit = slices.Clone(h.Audit)
	c.AuditChunks = slices.Clone(h.AuditChunks)
	return &c
}
