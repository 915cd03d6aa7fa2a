package record

import (
	"fmt"
	"slices"
)

// Carried returns the bytes of a segment that travels with the head, nil if r is not one.
func (h *Head) Carried(r SegmentRef) []byte {
	if at := slices.Index(h.Inline, r); at >= 0 {
		return h.Data[at]
	}
	return nil
}

// Carry adds a segment to those that travel with the head.
func (h *Head) Carry(r SegmentRef, data []byte) {
	h.Inline, h.Data = append(slices.Clip(h.Inline), r), append(slices.Clip(h.Data), data)
}

// KeepCarried drops the segments that travel with the head and are not in kept.
func (h *Head) KeepCarried(kept map[SegmentRef]bool) {
	var inline []SegmentRef
	var data [][]byte
	for i, r := range h.Inline {
		if kept[r] {
			inline, data = append(inline, r), append(data, h.Data[i])
		}
	}
	h.Inline, h.Data = inline, data
}

// CarriedBytes is the size of the segments that travel with the head.
func (h *Head) CarriedBytes() (bytes int) {
	for _, segment := range h.Data {
		bytes += len(segment)
	}
	return bytes
}

// takeSegments makes data, which are the segments in Inline one after another, the Data of h. It rejects
// segments that no version refers to, and data of another size.
func (h *Head) takeSegments(data []byte) error {
	if len(h.Inline) == 0 {
		return nil
	}
	h.Data = make([][]byte, len(h.Inline))
	left := make(map[SegmentRef]bool, len(h.Inline))
	for i, r := range h.Inline {
		if r.Stored <= 0 || r.Stored > len(data) || left[r] {
			return fmt.Errorf("segment %d of %d bytes is the same as another, or %d bytes are too few for it", i, r.Stored, len(data))
		}
		left[r] = true
		h.Data[i], data = data[:r.Stored:r.Stored], data[r.Stored:]
	}
	if len(data) > 0 {
		return fmt.Errorf("%d bytes follow the segments", len(data))
	}
	return h.findNamed(left)
}

// findNamed returns an error unless versions refer to all of refs, which it empties. It begins with the
// newest version, because most segments are of that.
func (h *Head) findNamed(refs map[SegmentRef]bool) error {
	for i := len(h.Versions) - 1; i >= 0 && len(refs) > 0; i-- {
		ver := &h.Versions[i]
		if ver.Marks != nil {
			delete(refs, *ver.Marks)
		}
		m, err := DecodeManifest(h.Manifests[ver.Manifest], ver.Columns)
		if err != nil {
			return fmt.Errorf("the manifest of version %d: %w", ver.ID, err)
		}
		for _, g := range m.Groups {
			for _, r := range g.Segments {
				delete(refs, r)
			}
		}
	}
	if len(refs) > 0 {
		return fmt.Errorf("no version refers to %d of the %d segments that the head carries", len(refs), len(h.Inline))
	}
	return nil
}
