package session

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"edgeframe/kv"
	"edgeframe/session/record"
)

// draft is a version that an attempt to commit has worked out, apart from the head into which the
// attempt has put it. If the attempt loses and the winner has left the current table as it was, the
// next attempt takes the draft over: nothing is loaded, computed or sealed again.
type draft struct {
	// from is the current table of the head that the draft was worked out from.
	from table
	// born is the revision in the keys of the new segments.
	born uint64

	// version is the new version. What its positions in a head refer to is in table.
	version record.Version
	table   table
	// items are the new segments.
	items []kv.Item
	// made is the step, and remade is that of the head.
	made   step
	remade map[string]bool
}

// table is what makes up the table of a version.
type table struct {
	schema, manifest []byte
	marks            *record.SegmentRef
}

// tableOf returns the table of a version of h.
func (h *head) tableOf(ver *record.Version) table {
	return table{h.Schemas[ver.Schema], h.Manifests[ver.Manifest], ver.Marks}
}

func (t table) equal(other table) bool {
	sameMarks := t.marks == other.marks || t.marks != nil && other.marks != nil && *t.marks == *other.marks
	return sameMarks && bytes.Equal(t.schema, other.schema) && bytes.Equal(t.manifest, other.manifest)
}

// commitVersion makes the version that work returns the current one. work leaves the segments to
// store in its sealer. If work returns nil, there is no new version, and the commit only extends the session.
func (s *Service) commitVersion(ctx context.Context, c Change, work func(h *head, out *sealer) (*record.Version, error)) (*Session, error) {
	if err := checkSource(c.Source); err != nil {
		return nil, err
	}
	var d *draft
	return s.commit(ctx, c.Ref, c.Pre, func(h *head) ([]kv.Item, error) {
		if d != nil {
			fits, err := d.moveTo(h)
			if err != nil {
				return nil, err
			}
			if fits {
				return s.pushDraft(h, d, c, s.newSealer(ctx, h))
			}
			d = nil
		}
		from, rows := h.tableOf(h.current()), h.current().Rows
		out := s.newSealer(ctx, h)
		ver, err := work(h, out)
		if err != nil {
			return nil, err
		}
		if ver == nil {
			// The head before has its own versions.
			h.Versions = slices.Clone(h.Versions)
			h.dropUnused()
			return nil, nil
		}
		ver.RowsBefore = rows
		d = &draft{from: from, born: out.born, version: *ver, table: h.tableOf(ver), items: out.items, made: h.step, remade: h.remade}
		out.items = nil
		return s.pushDraft(h, d, c, out)
	})
}

// pushDraft makes d the current version of h. If c has no summary, d says what it is called.
func (s *Service) pushDraft(h *head, d *draft, c Change, out *sealer) ([]kv.Item, error) {
	ver := d.version
	h.setSource(&ver, c.Source)
	h.Schemas, ver.Schema = addOnce(h.Schemas, d.table.schema)
	h.Manifests, ver.Manifest = addOnce(h.Manifests, d.table.manifest)
	ver.Marks = d.table.marks
	h.remade = d.remade
	made := d.made
	made.summary = cmp.Or(c.Summary, made.summary)
	items, err := s.push(h, &ver, made, out, d.items)
	return append(items, d.items...), err
}

// moveTo prepares the draft for the commit after h. It returns false if the draft has to be worked
// out again: if the current table of h is another one, or if a segment that the draft shares with a
// version is not in h any more.
//
// The new segments get new keys, although their content stays as it is and the lost attempt may have
// stored them. The old keys belong to commits of the revision in them (Born), and that revision is
// decided: its winner may have stored the same content under such a key and may have dropped it
// since, and another attempt that lost may be about to delete it as stored in vain (see
// [attempt.unused]). Both rely on the rule that a key which no head refers to any more is never used
// again. With the revision of the commit that is to be made the keys are as new as those of any
// other attempt to make that revision.
func (d *draft) moveTo(h *head) (fits bool, err error) {
	if !h.tableOf(h.current()).equal(d.from) {
		return false, nil
	}
	present, err := h.segmentsOfTables()
	if err != nil {
		return false, err
	}
	m, err := record.DecodeManifest(d.table.manifest, d.version.Columns)
	if err != nil {
		return false, err
	}
	born, newKeys := h.nextBorn(), make(map[string]string, len(d.items))
	// move returns the ref of a segment under its new key.
	move := func(r record.SegmentRef) record.SegmentRef {
		if r.Born != d.born {
			fits = fits && present[r]
			return r
		}
		old := record.SegmentKey(h.ID, r)
		r.Born = born
		newKeys[old] = record.SegmentKey(h.ID, r)
		return r
	}
	fits = true
	for _, g := range m.Groups {
		for i, r := range g.Segments {
			g.Segments[i] = move(r)
		}
	}
	if d.table.marks != nil {
		marks := move(*d.table.marks)
		d.table.marks = &marks
	}
	if !fits {
		return false, nil
	}
	items := make([]kv.Item, len(d.items))
	for i, it := range d.items {
		items[i] = kv.Item{Key: newKeys[it.Key], Value: it.Value}
	}
	d.items, d.born = items, born
	d.table.manifest, err = m.MarshalMsg(nil)
	return true, err
}
