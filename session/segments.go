package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/segment"
	"edgeframe/internal/parallel"
	"edgeframe/kv"
)

// fetch returns the fields of segments, by ref.
func (s *Service) fetch(ctx context.Context, h *head, refs []segmentRef) (map[segmentRef][]arrow.Array, error) {
	got := make(map[segmentRef][]arrow.Array, len(refs))
	return got, s.fetchInto(ctx, h, refs, got)
}

// fetchInto adds the fields of segments to got, unless they are there: decoded ones from the
// cache, all others from the store in one round trip.
func (s *Service) fetchInto(ctx context.Context, h *head, refs []segmentRef, got map[segmentRef][]arrow.Array) error {
	var missing []segmentRef
	for _, r := range refs {
		if _, ok := got[r]; ok {
			continue
		}
		fields, ok := h.fetched[r]
		if !ok {
			fields, ok = s.cache.Get(segmentKey(h.ID, r))
		}
		got[r] = fields
		if !ok {
			missing = append(missing, r)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	keys := h.keys(missing)
	values, err := s.store.GetMany(ctx, keys)
	if errors.Is(err, kv.ErrCorrupt) {
		return &Error{Kind: ErrCorrupt, Detail: fmt.Sprintf("session %s is damaged: %v", h.ID, err), Err: err}
	}
	if err != nil {
		return err
	}
	return s.decodeInto(missing, keys, values, got)
}

// uncached returns those of refs, and their keys, that only the store has.
func (s *Service) uncached(h *head, refs []segmentRef) ([]segmentRef, []string) {
	var missing []segmentRef
	seen := map[segmentRef]bool{}
	for _, r := range refs {
		if seen[r] {
			continue
		}
		seen[r] = true
		if _, ok := s.cache.Get(segmentKey(h.ID, r)); !ok {
			missing = append(missing, r)
		}
	}
	return missing, h.keys(missing)
}

func (h *head) keys(refs []segmentRef) []string {
	keys := make([]string, len(refs))
	for i, r := range refs {
		keys[i] = segmentKey(h.ID, r)
	}
	return keys
}

// decodeInto adds what values hold to got and to the cache.
func (s *Service) decodeInto(refs []segmentRef, keys []string, values [][]byte, got map[segmentRef][]arrow.Array) error {
	fields := make([][]arrow.Array, len(refs))
	err := parallel.Do(len(refs), func(i int) error {
		var err error
		fields[i], err = s.decode(refs[i], keys[i], values[i])
		return err
	})
	if err != nil {
		return err
	}
	for i, r := range refs {
		got[r] = fields[i]
		s.cache.Add(keys[i], fields[i], memoryOf(fields[i], r.Raw))
	}
	return nil
}

func (s *Service) decode(r segmentRef, key string, data []byte) ([]arrow.Array, error) {
	if data == nil {
		return nil, fmt.Errorf("segment %s: %w", key, errSegmentGone)
	}
	rec, err := segment.Decode(data, segment.Hash(r.Hash), s.opt.MaxTableBytes)
	if err != nil {
		return nil, &Error{Kind: ErrCorrupt, Detail: fmt.Sprintf("segment %s is damaged: %v", key, err), Err: err}
	}
	return rec.Columns(), nil
}

// sealer collects the segments that a commit stores.
type sealer struct {
	opt  segment.Options
	head *head
	born uint64
	// held are the segments that the session has, by content; nil until they are needed.
	held  map[[16]byte]segmentRef
	items []kv.Item
	bytes int64
}

// newSealer returns a sealer for the commit after h.
func (s *Service) newSealer(h *head) *sealer {
	return &sealer{opt: s.opt.Segment, head: h, born: h.revision.Revision + 1}
}

// findHeld fills held.
func (se *sealer) findHeld() error {
	if se.held != nil {
		return nil
	}
	refs, err := se.head.segments()
	if err != nil {
		return err
	}
	se.held = make(map[[16]byte]segmentRef, len(refs))
	for r := range refs {
		se.held[r.Hash] = r
	}
	return nil
}

// seal encodes records, in parallel, and returns their refs. What the session holds already
// is not stored again.
func (se *sealer) seal(records []arrow.Record) ([]segmentRef, error) {
	segments := make([]segment.Segment, len(records))
	err := parallel.Do(len(records), func(i int) error {
		var err error
		segments[i], err = segment.Encode(records[i], se.opt)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := se.findHeld(); err != nil {
		return nil, err
	}
	refs := make([]segmentRef, len(records))
	for i, seg := range segments {
		r, ok := se.held[seg.Hash]
		if !ok {
			r = segmentRef{Hash: seg.Hash, Born: se.born, Stored: len(seg.Data), Raw: int(seg.RawBytes)}
			se.held[seg.Hash] = r
			se.items = append(se.items, kv.Item{Key: segmentKey(se.head.ID, r), Value: seg.Data})
			se.bytes += int64(r.Stored)
		}
		refs[i] = r
	}
	return refs, nil
}
