package session

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/scalar"
	"edgeframe/codec/segment"
	"edgeframe/internal/budget"
	"edgeframe/internal/parallel"
	"edgeframe/kv"
	"edgeframe/session/record"
)

// fetch returns the fields of segments, by ref.
func (s *Service) fetch(ctx context.Context, h *head, refs []record.SegmentRef) (map[record.SegmentRef][]arrow.Array, error) {
	got := make(map[record.SegmentRef][]arrow.Array, len(refs))
	return got, s.fetchInto(ctx, h, refs, got)
}

// fetchInto adds the fields of segments to got, unless it has them: those that are cached, came with the
// head or travel with it, and all others from the store, in one round trip for each fetchBytes. It
// reserves their memory before.
func (s *Service) fetchInto(ctx context.Context, h *head, refs []record.SegmentRef, got map[record.SegmentRef][]arrow.Array) error {
	var carried, missing []record.SegmentRef
	for _, r := range refs {
		if _, ok := got[r]; ok {
			continue
		}
		fields, ok := h.fetched[r]
		if !ok {
			var cached cachedValue
			cached, ok = s.cache.Get(record.SegmentKey(h.ID, r))
			fields = cached.fields
		}
		got[r] = fields
		switch {
		case ok:
		case h.Carried(r) != nil:
			carried = append(carried, r)
		default:
			missing = append(missing, r)
		}
	}
	if err := s.unpack(ctx, h, carried, got); err != nil {
		return err
	}
	for len(missing) > 0 {
		n, _ := batch(missing, fetchBytes)
		if err := s.fetchBatch(ctx, h, missing[:n], got); err != nil {
			return err
		}
		missing = missing[n:]
	}
	return nil
}

// unpack adds the fields of segments that travel with the head to got.
func (s *Service) unpack(ctx context.Context, h *head, refs []record.SegmentRef, got map[record.SegmentRef][]arrow.Array) error {
	if len(refs) == 0 {
		return nil
	}
	// The segments as they are stored are counted with the head.
	raw, _ := sizes(refs)
	if err := budget.From(ctx).Use(ctx, raw); err != nil {
		return err
	}
	values := make([][]byte, len(refs))
	for i, r := range refs {
		values[i] = h.Carried(r)
	}
	return s.decodeInto(ctx, h, refs, h.keys(refs), values, got, !h.passing.decoded)
}

// fetchBytes is about how much of stored segments is in memory at a time while they are decoded.
const fetchBytes = 32 << 20

// fetchBatch adds the fields of segments to got, from the store in one round trip.
func (s *Service) fetchBatch(ctx context.Context, h *head, refs []record.SegmentRef, got map[record.SegmentRef][]arrow.Array) error {
	share := budget.From(ctx)
	raw, stored := sizes(refs)
	if err := share.Use(ctx, raw+stored); err != nil {
		return err
	}
	defer share.Free(stored)
	keys := h.keys(refs)
	if h.passing.stored {
		ctx = kv.Passing(ctx, h.memory)
	}
	if h.patient {
		ctx = kv.Patient(ctx)
	}
	h.waited = true
	values, err := s.getSegments(ctx, h, keys)
	if errors.Is(err, kv.ErrCorrupt) {
		return damaged(h.ID, err)
	}
	if err != nil {
		return err
	}
	if slices.ContainsFunc(refs, func(r record.SegmentRef) bool { return r.Raw > longBytes }) {
		end, err := share.Alone(ctx, h.ID)
		if err != nil {
			return err
		}
		defer end()
	}
	return s.decodeInto(ctx, h, refs, keys, values, got, !h.passing.decoded)
}

// longBytes is the size of a segment, in raw bytes, whose decompression takes so long that only one is
// decompressed at a time. Those of tables are smaller; the marks of a version are one segment.
const longBytes = 16 << 20

// batch returns how many segments from the beginning of refs take at most that many bytes as they are
// stored, at least one, and their size.
func batch(refs []record.SegmentRef, most int) (n, bytes int) {
	for n < len(refs) && (n == 0 || bytes+refs[n].Stored <= most) {
		bytes += refs[n].Stored
		n++
	}
	return n, bytes
}

// sizes is how many bytes segments take as they are decoded and as they are stored.
func sizes(refs []record.SegmentRef) (raw, stored int64) {
	for _, r := range refs {
		raw += int64(r.Raw)
		stored += int64(r.Stored)
	}
	return raw, stored
}

// uncached returns those of refs that are in the store and not cached, each once, and their keys.
func (s *Service) uncached(h *head, refs []record.SegmentRef) ([]record.SegmentRef, []string) {
	var missing []record.SegmentRef
	seen := map[record.SegmentRef]bool{}
	for _, r := range refs {
		if seen[r] {
			continue
		}
		seen[r] = true
		if h.Carried(r) != nil {
			continue
		}
		if _, ok := s.cache.Get(record.SegmentKey(h.ID, r)); !ok {
			missing = append(missing, r)
		}
	}
	return missing, h.keys(missing)
}

// decodeInto adds the fields of stored segments to got and, if they are to be kept, to the cache.
func (s *Service) decodeInto(ctx context.Context, h *head, refs []record.SegmentRef, keys []string, values [][]byte, got map[record.SegmentRef][]arrow.Array, keep bool) error {
	fields := make([][]arrow.Array, len(refs))
	memory := func(size int) []byte { return make([]byte, size) }
	if h.memory != nil && !keep {
		memory = h.memory
	}
	err := parallel.Do(len(refs), func(i int) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var err error
		fields[i], err = s.decode(refs[i], keys[i], values[i], memory)
		return err
	})
	if err != nil {
		return err
	}
	for i, r := range refs {
		got[r] = fields[i]
		if keep {
			s.cache.Add(keys[i], cachedValue{fields: fields[i]}, memoryOf(fields[i], r.Raw))
		}
	}
	return nil
}

func (s *Service) decode(r record.SegmentRef, key string, data []byte, memory func(size int) []byte) ([]arrow.Array, error) {
	if data == nil {
		return nil, fmt.Errorf("segment %s: %w", key, errSegmentGone)
	}
	rec, err := segment.DecodeIn(data, segment.Hash(r.Hash), s.opt.MaxTableBytes, memory)
	if err != nil {
		return nil, &Error{Kind: ErrCorrupt, Detail: fmt.Sprintf("segment %s is damaged: %v", key, err), Err: err}
	}
	for _, column := range rec.Columns() {
		scalar.Prepare(column) // requests share what is cached
	}
	return rec.Columns(), nil
}

// sealer collects the segments that a commit stores.
type sealer struct {
	opt  segment.Options
	head *head
	born uint64
	// held are the segments of the session and of this commit, by content; nil until they are
	// needed.
	held map[[16]byte]record.SegmentRef
	// items are the segments to store, of bytes in all.
	items []kv.Item
	bytes int64
	// keep are records of which the fields are kept in kept as they are read, with about the bytes that each takes. At
	// most keepBytes are kept.
	keep      map[arrow.Record]int64
	keepBytes int64
	kept      map[record.SegmentRef][]arrow.Array
	// ctx is that of the work.
	ctx context.Context
	// within is [frame.Frame.Within] of an edit, nil for an upload, which reserves what sealing takes.
	within func(bytes int64) error
}

const (
	// sealAtOnce is how many segments are encoded before their size is known.
	sealAtOnce = 32
	// sealFactor is how many times the size of a segment to store its storing takes: the segment and
	// the copy of the storage engine.
	sealFactor = 2
)

// newSealer returns a sealer for the commit after h.
func (s *Service) newSealer(ctx context.Context, h *head) *sealer {
	return &sealer{opt: s.opt.Segment, head: h, born: h.nextBorn(), ctx: ctx}
}

// findHeld fills held.
func (sl *sealer) findHeld() error {
	if sl.held != nil {
		return nil
	}
	refs, err := sl.head.segmentsOfTables()
	if err != nil {
		return err
	}
	sl.held = make(map[[16]byte]record.SegmentRef, len(refs))
	for r := range refs {
		sl.held[r.Hash] = r
	}
	return nil
}

// seal encodes records, in parallel, and returns their refs. A segment that the session has
// already is not stored again.
func (sl *sealer) seal(records []arrow.Record) (refs []record.SegmentRef, err error) {
	share, held, before := budget.From(sl.ctx), int64(sizeOf(sl.items)), sl.bytes
	// The storage engine makes its copies when all is sealed.
	share.Free((sealFactor - 1) * held)
	used := share.Used()
	for some := range slices.Chunk(records, sealAtOnce) {
		more, err := sl.sealSome(some)
		if err != nil {
			return nil, err
		}
		refs = append(refs, more...)
	}
	share.Free(share.Used() - used)
	return refs, share.Use(sl.ctx, (sealFactor-1)*held+sealFactor*(sl.bytes-before))
}

func (sl *sealer) sealSome(records []arrow.Record) ([]record.SegmentRef, error) {
	segments, kept := make([]segment.Segment, len(records)), make([]arrow.Record, len(records))
	err := parallel.Do(len(records), func(i int) error {
		if sl.ctx.Err() != nil {
			return context.Cause(sl.ctx)
		}
		var err error
		if size, ok := sl.keep[records[i]]; ok {
			segments[i], kept[i], err = segment.EncodeDecoded(records[i], sl.opt, size)
		} else {
			segments[i], err = segment.Encode(records[i], sl.opt)
		}
		if err != nil {
			return err
		}
		if sl.within == nil {
			return nil
		}
		return sl.within(int64(len(segments[i].Data)))
	})
	if err != nil {
		return nil, err
	}
	if err := sl.findHeld(); err != nil {
		return nil, err
	}
	refs := make([]record.SegmentRef, len(records))
	for i, seg := range segments {
		r, ok := sl.held[seg.Hash]
		if !ok {
			r = record.SegmentRef{Hash: seg.Hash, Born: sl.born, Stored: len(seg.Data), Raw: int(seg.RawBytes)}
			sl.held[seg.Hash] = r
			sl.items = append(sl.items, kv.Item{Key: record.SegmentKey(sl.head.ID, r), Value: seg.Data})
			sl.bytes += int64(r.Stored)
		}
		refs[i] = r
		if kept[i] != nil {
			sl.kept[r] = kept[i].Columns()
		}
	}
	return refs, nil
}
