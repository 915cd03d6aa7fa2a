package session

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"edgeframe/frame"
	"edgeframe/session/record"
)

// manifest is the stored manifest with what this package does with it.
type manifest record.Manifest

// manifest returns the manifest of ver, which nobody may change.
func (h *head) manifest(ver *record.Version) (*manifest, error) {
	raw := h.Manifests[ver.Manifest]
	if m := h.manifests.find(raw, ver.Columns); m != nil {
		return m, nil
	}
	decoded, err := record.DecodeManifest(raw, ver.Columns)
	if err != nil {
		return nil, &Error{Kind: ErrCorrupt, Detail: fmt.Sprintf("the manifest of version %d of session %s cannot be read", ver.ID, h.ID), Err: err}
	}
	m := (*manifest)(decoded)
	h.manifests.add(raw, ver.Columns, m)
	return m, nil
}

// manifests are the manifests that were decoded for the heads of a session, which share their stored forms. The nil
// list has none and keeps none.
type manifests struct {
	mu   sync.Mutex
	list []decodedManifest
}

// decodedManifest is the manifest of a table with so many columns. raw is the first byte of its stored form, which
// says by its address which manifest it is.
type decodedManifest struct {
	raw     *byte
	columns int
	*manifest
}

func (d *manifests) find(raw []byte, columns int) *manifest {
	if d == nil || len(raw) == 0 {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := d.index(raw, columns); i >= 0 {
		return d.list[i].manifest
	}
	return nil
}

// index returns where the manifest with the stored form raw is in the list, -1 if it is not there.
func (d *manifests) index(raw []byte, columns int) int {
	return slices.IndexFunc(d.list, func(m decodedManifest) bool { return m.raw == &raw[0] && m.columns == columns })
}

// add adds a manifest that the list may have already: two changes may make the same table, and two readers decode the
// same manifest at once.
func (d *manifests) add(raw []byte, columns int, m *manifest) {
	if d == nil || len(raw) == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.index(raw, columns) < 0 {
		d.list = append(d.list, decodedManifest{&raw[0], columns, m})
	}
}

// of returns those of stored manifests.
func (d *manifests) of(stored [][]byte) *manifests {
	kept := &manifests{}
	if d == nil {
		return kept
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.list {
		if slices.ContainsFunc(stored, func(raw []byte) bool { return len(raw) > 0 && &raw[0] == d.list[i].raw }) {
			kept.list = append(kept.list, d.list[i])
		}
	}
	return kept
}

// setManifest makes m the manifest of ver.
func (h *head) setManifest(ver *record.Version, m *manifest) error {
	raw, err := (*record.Manifest)(m).MarshalMsg(nil)
	if err != nil {
		return err
	}
	h.Manifests, ver.Manifest = addOnce(h.Manifests, raw)
	h.manifests.add(h.Manifests[ver.Manifest], ver.Columns, m)
	ver.StoredBytes, ver.RawBytes, ver.Segments = 0, 0, 0
	for _, g := range m.Groups {
		for _, r := range g.Segments {
			ver.StoredBytes += int64(r.Stored)
			ver.RawBytes += int64(r.Raw)
		}
		ver.Segments += len(g.Segments)
	}
	return nil
}

// addOnce returns list with raw in it, and the position of raw.
func addOnce(list [][]byte, raw []byte) ([][]byte, int) {
	for i, have := range list {
		if bytes.Equal(have, raw) {
			return list, i
		}
	}
	return append(list, raw), len(list)
}

// segments returns every segment that h refers to.
func (h *head) segments() (map[record.SegmentRef]bool, error) {
	refs, err := h.segmentsOfTables()
	if err != nil {
		return nil, err
	}
	steps, err := h.steps()
	for i := range steps {
		steps[i].Segments(func(r record.SegmentRef) { refs[r] = true })
	}
	return refs, err
}

// segmentsOfTables returns the segments of h without those of its steps.
func (h *head) segmentsOfTables() (map[record.SegmentRef]bool, error) {
	refs := map[record.SegmentRef]bool{}
	read := make([]bool, len(h.Manifests))
	for i := range h.Versions {
		ver := &h.Versions[i]
		if ver.Marks != nil {
			refs[*ver.Marks] = true
		}
		if read[ver.Manifest] {
			continue
		}
		read[ver.Manifest] = true
		m, err := h.manifest(ver)
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

// dropUnused removes the schemas, manifests and sources that no version has.
func (h *head) dropUnused() {
	schemas := keeper{from: h.Schemas}
	manifests := keeper{from: h.Manifests}
	sources := keeper{from: h.Sources}
	for i := range h.Versions {
		ver := &h.Versions[i]
		ver.Schema = schemas.keep(ver.Schema)
		ver.Manifest = manifests.keep(ver.Manifest)
		if ver.Source > 0 {
			ver.Source = 1 + sources.keep(ver.Source-1)
		}
	}
	h.Schemas, h.Manifests, h.Sources = schemas.kept, manifests.kept, sources.kept
}

// keeper moves the elements of a list that are in use to another list.
type keeper struct {
	from, kept [][]byte
	// moved has for each element its new position, counted from 1; 0 if it has not been moved.
	moved []int
}

// keep returns the new position of the element at i.
func (k *keeper) keep(i int) int {
	if k.moved == nil {
		k.moved = make([]int, len(k.from))
	}
	if k.moved[i] == 0 {
		k.kept = append(k.kept, k.from[i])
		k.moved[i] = len(k.kept)
	}
	return k.moved[i] - 1
}

// place is where the chunk of a column in a row group is stored.
type place struct {
	ref record.SegmentRef
	// field is the position of the column among the fields of the segment.
	field int
	// rows is the number of rows of the row group.
	rows int
}

// places returns the place of each of chunks.
func (m *manifest) places(chunks []frame.Chunk) []place {
	slots := m.slots()
	places := make([]place, len(chunks))
	for i, c := range chunks {
		at, group := slots[c.Column], &m.Groups[c.Group]
		places[i] = place{group.Segments[at.segment], at.field, group.Rows}
	}
	return places
}

// slot is where a column is in every row group.
type slot struct{ segment, field int }

// slots returns the slot of every column.
func (m *manifest) slots() []slot {
	fields := 0
	for _, columns := range m.Layout {
		fields += len(columns)
	}
	slots := make([]slot, fields)
	for i, columns := range m.Layout {
		for j, c := range columns {
			if c >= 0 {
				slots[c] = slot{i, j}
			}
		}
	}
	return slots
}

// width is the raw size of the largest segment at that position of the layout, in bytes.
func (m *manifest) width(segment int) int {
	widest := 0
	for _, g := range m.Groups {
		widest = max(widest, g.Segments[segment].Raw)
	}
	return widest
}
