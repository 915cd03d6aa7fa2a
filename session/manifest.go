package session

import (
	"bytes"
	"fmt"
	"slices"
)

// manifest returns the manifest of v.
func (h *head) manifest(v *version) (*manifest, error) {
	m := new(manifest)
	rest, err := m.UnmarshalMsg(h.Manifests[v.Manifest])
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes follow it", len(rest))
	}
	if err == nil {
		err = m.check(v.Columns)
	}
	if err != nil {
		return nil, &Error{Kind: ErrCorrupt, Detail: fmt.Sprintf("the manifest of version %d of session %s cannot be read", v.ID, h.ID), Err: err}
	}
	return m, nil
}

// check refuses a manifest whose parts do not fit together, so that the rest of the package
// may index without asking.
func (m *manifest) check(columns int) error {
	held := make([]bool, columns)
	for _, segment := range m.Layout {
		for _, c := range segment {
			if c < -1 || c >= columns || c >= 0 && held[c] {
				return fmt.Errorf("a segment holds column %d of %d, or holds it once more", c, columns)
			}
			if c >= 0 {
				held[c] = true
			}
		}
	}
	if missing := slices.Index(held, false); missing >= 0 {
		return fmt.Errorf("no segment holds column %d", missing)
	}
	for _, g := range m.Groups {
		if g.Rows < 0 || len(g.Segments) != len(m.Layout) || len(g.Missing) != columns {
			return fmt.Errorf("a row group of %d rows has %d segments in a layout of %d and %d missing counts for %d columns", g.Rows, len(g.Segments), len(m.Layout), len(g.Missing), columns)
		}
	}
	return nil
}

// setManifest makes m the manifest of v.
func (h *head) setManifest(v *version, m *manifest) error {
	raw, err := m.MarshalMsg(nil)
	if err != nil {
		return err
	}
	h.Manifests, v.Manifest = addOnce(h.Manifests, raw)
	v.StoredBytes, v.RawBytes, v.Segments = 0, 0, 0
	for _, g := range m.Groups {
		for _, r := range g.Segments {
			v.StoredBytes += int64(r.Stored)
			v.RawBytes += int64(r.Raw)
		}
		v.Segments += len(g.Segments)
	}
	return nil
}

// addOnce returns list with raw in it, and where.
func addOnce(list [][]byte, raw []byte) ([][]byte, int) {
	for i, have := range list {
		if bytes.Equal(have, raw) {
			return list, i
		}
	}
	return append(list, raw), len(list)
}

// segments returns every segment that h refers to.
func (h *head) segments() (map[segmentRef]bool, error) {
	refs := map[segmentRef]bool{}
	read := make([]bool, len(h.Manifests))
	for i := range h.Versions {
		v := &h.Versions[i]
		if v.Marks != nil {
			refs[*v.Marks] = true
		}
		if read[v.Manifest] {
			continue
		}
		read[v.Manifest] = true
		m, err := h.manifest(v)
		if err != nil {
			return nil, err
		}
		for _, g := range m.Groups {
			for _, r := range g.Segments {
				refs[r] = true
			}
		}
	}
	for _, r := range h.AuditChunks {
		refs[r] = true
	}
	return refs, nil
}

// dropUnused removes the schemas and manifests that no version has.
func (h *head) dropUnused() {
	schemas := keeper{from: h.Schemas}
	manifests := keeper{from: h.Manifests}
	for i := range h.Versions {
		v := &h.Versions[i]
		v.Schema = schemas.keep(v.Schema)
		v.Manifest = manifests.keep(v.Manifest)
	}
	h.Schemas, h.Manifests = schemas.kept, manifests.kept
}

// keeper moves the elements of a list that are in use to another one.
type keeper struct {
	from, kept [][]byte
	moved      map[int]int
}

// keep returns the new position of the element at i.
func (k *keeper) keep(i int) int {
	if to, ok := k.moved[i]; ok {
		return to
	}
	if k.moved == nil {
		k.moved = map[int]int{}
	}
	k.moved[i] = len(k.kept)
	k.kept = append(k.kept, k.from[i])
	return k.moved[i]
}
