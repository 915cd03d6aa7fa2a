package session

import (
	"context"
	"encoding/binary"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/zeebo/xxh3"

	"edgeframe/codec"
	"edgeframe/frame"
	"edgeframe/internal/budget"
	"edgeframe/kv"
	"edgeframe/session/record"
)

// The statistics of a version are stored as a value of their own, under a key with a hash of
// everything that they depend on: schema, manifest, marks and the largest size of a table. So they never change, and versions
// with the same table share them, also after an undo. They are a cache: no head refers to them,
// and when they have expired they are computed again.

// Statistics is the description of a version.
type Statistics struct {
	Session *Session
	Version Version
	// JSON is what [frame.Description.JSON] returned.
	JSON []byte
}

const (
	// statisticsCacheBytes bounds the statistics that an instance caches. On a store that remembers
	// that a key was absent, the next request gets them from this cache.
	statisticsCacheBytes = 4 << 20
	// describeBytes is about how much of a table is in memory at a time to be described; it is at
	// most the largest table divided by describePart. At once it reads that divided by
	// describeReads, because a segment is in memory twice while it is decoded.
	describeBytes = 32 << 20
	describePart  = 4
	describeReads = 4
)

// Statistics returns the statistics of a version of a session that was opened, of the current
// one for 0. Like the data of [Service.Read], they may be of a session newer than sess.
func (s *Service) Statistics(ctx context.Context, sess *Session, version uint32) (st *Statistics, err error) {
	err = s.follow(ctx, sess, func(sess *Session) error {
		ver, err := sess.head.find(version)
		if err != nil {
			return err
		}
		st = &Statistics{Session: sess, Version: sess.head.viewVersion(ver)}
		st.JSON, err = s.statistics(ctx, sess.head, ver)
		return err
	})
	return st, err
}

// DescribeSelection is what a description is about, and what it has beside the usual statistics.
type DescribeSelection struct {
	// Columns are the columns that are described, in order; all if there are none.
	Columns []string
	frame.DescribeOptions
}

// Describe computes the statistics of a selection, as [Service.Statistics] does for whole versions. They are
// not kept.
func (s *Service) Describe(ctx context.Context, sess *Session, version uint32, sel DescribeSelection) (st *Statistics, err error) {
	err = s.follow(ctx, sess, func(sess *Session) error {
		ver, err := sess.head.find(version)
		if err != nil {
			return err
		}
		st = &Statistics{Session: sess, Version: sess.head.viewVersion(ver)}
		st.JSON, err = s.describe(ctx, sess.head, ver, sel)
		return err
	})
	return st, err
}

func (s *Service) statistics(ctx context.Context, h *head, ver *record.Version) ([]byte, error) {
	key := statisticsKey(h, ver, s.opt.MaxTableBytes)
	if doc, ok := s.described.Get(key); ok {
		return doc, nil
	}
	values, err := s.store.GetMany(ctx, []string{key})
	if err == nil {
		if err := budget.From(ctx).Use(ctx, int64(len(values[0]))); err != nil {
			return nil, err
		}
		if doc, ok := record.DecodeStatistics(values[0]); ok {
			s.keepStatistics(key, doc)
			return doc, nil
		}
	}
	return s.opt.Join(ctx, key, func(ctx context.Context) ([]byte, error) {
		doc, err := s.describe(ctx, h, ver, DescribeSelection{})
		if err != nil {
			return nil, err
		}
		s.keepStatistics(key, doc)
		s.storeStatistics(ctx, h, key, doc)
		return doc, nil
	})
}

func (s *Service) keepStatistics(key string, doc []byte) {
	s.described.Add(key, doc, int64(len(key)+len(doc)))
}

// storeStatistics stores statistics. Errors are ignored, because the request has them already.
func (s *Service) storeStatistics(ctx context.Context, h *head, key string, doc []byte) {
	item := kv.Item{Key: key, Value: record.EncodeStatistics(doc)}
	ttl := s.keep.segmentTTL(h.ttl())
	s.opt.Later(ctx, func(ctx context.Context) { _ = s.store.SetMany(ctx, []kv.Item{item}, ttl) })
}

// describe computes the statistics of a version, some columns at a time.
func (s *Service) describe(ctx context.Context, h *head, ver *record.Version, sel DescribeSelection) ([]byte, error) {
	schema, marks, m, err := s.contents(ctx, h, ver)
	if err != nil {
		return nil, err
	}
	selected, err := (&Selection{Columns: sel.Columns}).columns(schema)
	if err != nil {
		return nil, err
	}
	// at has for each column of the version its place in the description, -1 if it has none.
	at := make([]int, schema.NumFields())
	for i := range at {
		at[i] = -1
	}
	for place, c := range selected {
		at[c] = place
	}
	rows := make([]int, len(m.Groups))
	for g := range m.Groups {
		rows[g] = m.Groups[g].Rows
	}
	most, kept := min(describeBytes, s.opt.MaxTableBytes/describePart), frame.DescribedBytes(ver.Rows, s.Limits())
	share := budget.From(ctx)
	// The values of a part are in memory, and about as much is needed to count and order them.
	if err := share.Reserve(ctx, kept+2*min(most, ver.RawBytes)); err != nil {
		return nil, err
	}
	end, err := share.Begin(ctx, h.ID)
	if err != nil {
		return nil, err
	}
	defer end()
	if err := share.Use(ctx, kept); err != nil {
		return nil, err
	}
	defer share.Free(kept)
	d := frame.NewDescriber(codec.SelectFields(schema, selected), rows, marks, s.Limits())
	d.Context, d.Options = ctx, sel.DescribeOptions
	for _, columns := range m.parts(most) {
		columns = slices.DeleteFunc(columns, func(c int) bool { return at[c] < 0 })
		if len(columns) == 0 {
			continue
		}
		before := share.Used()
		arrays, err := s.loadColumns(ctx, h, m, columns, most/describeReads)
		if err != nil {
			return nil, err
		}
		places := make([]int, len(columns))
		for i, c := range columns {
			places[i] = at[c]
		}
		if err := d.Add(places, arrays); err != nil {
			return nil, err
		}
		share.Free(share.Used() - before)
	}
	result, err := d.Result()
	if err != nil {
		return nil, err
	}
	return result.JSON()
}

// parts divides the columns of a table into parts of at most that many raw bytes. The columns of a
// segment stay together, so a part of one segment in each row group may take more.
func (m *manifest) parts(most int64) (parts [][]int) {
	bytes := int64(0)
	for i, columns := range m.Layout {
		raw := int64(0)
		for _, g := range m.Groups {
			raw += int64(g.Segments[i].Raw)
		}
		if len(parts) == 0 || bytes+raw > most {
			parts, bytes = append(parts, nil), 0
		}
		bytes += raw
		last := &parts[len(parts)-1]
		for _, c := range columns {
			if c >= 0 {
				*last = append(*last, c)
			}
		}
	}
	return parts
}

// loadColumns returns for each of columns its arrays, one for each row group. It reads about most
// raw bytes at once.
func (s *Service) loadColumns(ctx context.Context, h *head, m *manifest, columns []int, most int64) ([][]arrow.Array, error) {
	arrays := make([][]arrow.Array, len(columns))
	slots := m.slots()
	var chunks []frame.Chunk
	read := func() error {
		loaded, err := s.loadPlaces(ctx, h, m.places(chunks), map[record.SegmentRef][]arrow.Array{})
		for i, arr := range loaded {
			column := i % len(columns)
			arrays[column] = append(arrays[column], arr)
		}
		chunks = chunks[:0]
		return err
	}
	bytes, counted := int64(0), map[record.SegmentRef]bool{}
	for g := range m.Groups {
		for _, c := range columns {
			chunks = append(chunks, frame.Chunk{Group: g, Column: c})
			if r := m.Groups[g].Segments[slots[c].segment]; !counted[r] {
				counted[r] = true
				bytes += int64(r.Raw)
			}
		}
		if bytes >= most {
			if err := read(); err != nil {
				return nil, err
			}
			bytes = 0
		}
	}
	return arrays, read()
}

// statisticsKey is the key of the statistics of a version. What they leave out to save memory
// depends on the largest table that the service accepts.
func statisticsKey(h *head, ver *record.Version, maxTableBytes int64) string {
	hash := xxh3.New()
	number := func(n uint64) { _, _ = hash.Write(binary.BigEndian.AppendUint64(nil, n)) }
	number(uint64(maxTableBytes))
	for _, part := range [][]byte{h.Schemas[ver.Schema], h.Manifests[ver.Manifest]} {
		number(uint64(len(part)))
		_, _ = hash.Write(part)
	}
	if ver.Marks != nil {
		_, _ = hash.Write(ver.Marks.Hash[:])
		number(ver.Marks.Born)
	}
	return record.StatisticsKey(h.ID, frame.DescribeFormat, hash.Sum128().Bytes())
}

// obsoleteStatistics lists the keys of the statistics of those tables that versions of before have
// and no version of after. The keys may be absent from the store.
func obsoleteStatistics(before, after *head, maxTableBytes int64) (keys []string) {
	for i := range before.Versions {
		ver := &before.Versions[i]
		if !after.hasTable(before, ver) {
			keys = append(keys, statisticsKey(before, ver, maxTableBytes))
		}
	}
	return keys
}

// hasTable reports whether a version of h has the same table and marks as a version of another
// head, and so the same statistics.
func (h *head) hasTable(other *head, ver *record.Version) bool {
	for i := range h.Versions {
		if h.tableOf(&h.Versions[i]).equal(other.tableOf(ver)) {
			return true
		}
	}
	return false
}
