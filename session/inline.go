package session

import (
	"edgeframe/kv"
	"edgeframe/session/record"
)

// Small tables travel inside the head, so that reading one needs the head alone, and storing one no
// segments. Where a segment is, the commit that makes it decides: it stays in the head or in the store until no version
// has it any more. A segment that moved from the head to the store under its key could already be there, stored by a
// commit that has lost, for the TTL that the session had before. On stores that are far away segments do move, under
// new keys (see far.go).
//
// A head is rewritten by every commit and every noted access, so the segments in it are few. Chunks of the
// audit log are never among them: they are read rarely, and would leave less room for tables.

// DefaultInlineBytes is the default of [Options.InlineBytes]. It is low, because with 14 KB in a head an undo took
// 8 % longer on Redis.
const DefaultInlineBytes = 8 << 10

// settle decides where the segments are that the commit of h, the successor of before, makes. If they
// complete the current table in the head, and there is room, they travel with it. All others are returned,
// to be stored. born is the number in their keys. What no version has any more is dropped from the head.
func (h *head) settle(before *head, born uint64, items []kv.Item, most int) ([]kv.Item, error) {
	if len(h.Inline) > 0 && dropsAny(before, h) {
		refs, err := h.segmentsOfTables()
		if err != nil {
			return nil, err
		}
		h.KeepCarried(refs)
	}
	if sizeOf(items)-h.parts > h.room(most) {
		return items, nil
	}
	inline, err := h.completing(born, items)
	if err != nil || len(inline) == 0 {
		return items, err
	}
	var stored []kv.Item
	for _, it := range items {
		if r, ok := inline[it.Key]; ok {
			h.Carry(r, it.Value)
		} else {
			stored = append(stored, it)
		}
	}
	return stored, nil
}

// room is how many bytes of segments a head can take yet. Manifests count too: those of large tables are
// large, and every request that reads a head with segments reads them.
func (h *head) room(most int) int {
	if h.isCold() {
		most = max(most, coldBytes-len(h.Steps))
	}
	for _, raw := range h.Manifests {
		most -= len(raw)
	}
	return most - h.CarriedBytes()
}

func sizeOf(items []kv.Item) (bytes int) {
	for _, it := range items {
		bytes += len(it.Value)
	}
	return bytes
}

// completing returns those of items, by their keys, that are segments of the current version, if all others
// of it travel with the head. Otherwise it returns none: reading the table takes a call of the store anyway. For a
// cold change it returns all of items or none: it is about the call that would store them.
func (h *head) completing(born uint64, items []kv.Item) (map[string]record.SegmentRef, error) {
	if len(items) == 0 {
		return nil, nil
	}
	ver := h.current()
	m, err := h.manifest(ver)
	if err != nil {
		return nil, err
	}
	var refs []record.SegmentRef
	if ver.Marks != nil {
		refs = append(refs, *ver.Marks)
	}
	for _, g := range m.Groups {
		refs = append(refs, g.Segments...)
	}
	isNew := map[string]bool{}
	for _, it := range items {
		isNew[it.Key] = true
	}
	found := map[string]record.SegmentRef{}
	for _, r := range refs {
		if h.Carried(r) != nil {
			continue
		}
		key := record.SegmentKey(h.ID, r)
		switch {
		case r.Born == born && isNew[key]:
			found[key] = r
		case !h.isCold():
			return nil, nil
		}
	}
	if h.isCold() && len(found) < len(items) {
		return nil, nil
	}
	return found, nil
}

// storedSegments returns the segments of h that are in the store.
func (h *head) storedSegments() (map[record.SegmentRef]bool, error) {
	refs, err := h.segments()
	for _, r := range h.Inline {
		delete(refs, r)
	}
	return refs, err
}
