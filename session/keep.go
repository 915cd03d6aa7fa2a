package session

import (
	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/scalar"
	"edgeframe/internal/budget"
	"edgeframe/session/record"
)

// After an upload somebody looks at the first page. So the segments of the first row group, unless it is small or too
// large, are in the cache when the answer leaves, as if they had been read: decompressing them takes milliseconds.

const (
	// minKept and maxKept are the sizes of the smallest and the largest row group that is kept, in bytes: keeping a small
	// one makes its upload 3 to 5 % slower. keptShare is the divisor of the cache for one.
	minKept, maxKept = 1 << 20, 8 << 20
	keptShare        = 8
	// payloadBytes is about what a record takes as a payload besides its arrays.
	payloadBytes = 4 << 10
)

// keepBytes is how much of a new session is kept. A store that is far away serves processes with little memory.
func (s *Service) keepBytes() int64 {
	if s.opt.FarStore {
		return 0
	}
	return min(maxKept, s.opt.CacheBytes/keptShare)
}

// keepFirst notes which records are to be kept, those of the first row group of a session, if they are not too large,
// and reserves memory for them.
func (sl *sealer) keepFirst(records []arrow.Record, isFirst func(i int) bool) error {
	first := sl.kept == nil
	sl.keep = nil
	if sl.keepBytes == 0 || !first {
		return nil
	}
	sl.kept = map[record.SegmentRef][]arrow.Array{}
	keep, total := map[arrow.Record]int64{}, int64(0)
	for i, rec := range records {
		if !isFirst(i) {
			continue
		}
		size := int64(payloadBytes)
		for _, column := range rec.Columns() {
			size += int64(column.Data().SizeInBytes())
		}
		keep[rec] = size
		if total += size; total > sl.keepBytes {
			return nil
		}
	}
	if total < minKept {
		return nil
	}
	sl.keep = keep
	return budget.From(sl.ctx).Use(sl.ctx, total)
}

// cacheKept caches what was kept for a new session.
func (s *Service) cacheKept(h *head, kept map[record.SegmentRef][]arrow.Array) {
	for r, fields := range kept {
		for _, column := range fields {
			scalar.Prepare(column) // requests share what is cached
		}
		s.cache.Add(record.SegmentKey(h.ID, r), cachedValue{fields: fields}, memoryOf(fields, r.Raw))
	}
}
