package session

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/zeebo/xxh3"

	"edgeframe/codec/segment"
	"edgeframe/frame"
	"edgeframe/kv"
)

// The statistics of a version are kept in the store as a value of their own, under a key that
// hashes everything they follow from: schema, manifest and marks. So versions that share their
// table share them, what undo brings back has them already, and they are never changed. They
// are a cache: no head knows of them, and when they have expired they are computed again.

// Statistics is the description of a version.
type Statistics struct {
	Session *Session
	Version Version
	// JSON is what [frame.Description.JSON] returned.
	JSON []byte
}

const (
	// statisticsFormat is the version of the stored form: XXH3 of the JSON, 8 bytes big-endian,
	// and the JSON.
	statisticsFormat = 1
	// statisticsCacheBytes bounds the statistics that an instance keeps. Where a store remembers
	// that a key was not there, it is them that the next request gets.
	statisticsCacheBytes = 4 << 20
	// describeBytes is about how much of a table is in memory at a time to be described, and
	// describePart the part of the largest table that it is at most. A quarter of it is read at
	// once, because it is in memory twice while it is decoded.
	describeBytes = 32 << 20
	describePart  = 4
	describeReads = 4
)

// Statistics returns the statistics of a version of a session that was opened, of the current
// one for 0. Like the data of [Service.Read], they may be of a session newer than v.
func (s *Service) Statistics(ctx context.Context, v *Session, version uint32) (st *Statistics, err error) {
	err = s.follow(ctx, v, func(v *Session) error {
		of, err := v.head.find(version)
		if err != nil {
			return err
		}
		st = &Statistics{Session: v, Version: of.view()}
		st.JSON, err = s.statistics(ctx, v.head, of)
		return err
	})
	return st, err
}

func (s *Service) statistics(ctx context.Context, h *head, v *version) ([]byte, error) {
	key := s.statisticsKey(h, v)
	if doc, ok := s.described.Get(key); ok {
		return doc, nil
	}
	values, err := s.store.GetMany(ctx, []string{key})
	if err == nil {
		if doc, ok := openStatistics(values[0]); ok {
			s.keepStatistics(key, doc)
			return doc, nil
		}
	}
	doc, err := s.describe(ctx, h, v)
	if err != nil {
		return nil, err
	}
	s.keepStatistics(key, doc)
	s.storeStatistics(ctx, h, key, doc)
	return doc, nil
}

func (s *Service) keepStatistics(key string, doc []byte) {
	s.described.Add(key, doc, int64(len(key)+len(doc)))
}

// storeStatistics stores statistics if that can be: who asked for them has them already.
func (s *Service) storeStatistics(ctx context.Context, h *head, key string, doc []byte) {
	item := kv.Item{Key: key, Value: append(binary.BigEndian.AppendUint64(nil, xxh3.Hash(doc)), doc...)}
	ttl := s.segmentTTL(h.ttl())
	work := func(ctx context.Context) { _ = s.store.SetMany(ctx, []kv.Item{item}, ttl) }
	if s.opt.Later == nil {
		work(ctx)
	} else {
		s.opt.Later(ctx, work)
	}
}

// openStatistics reads the stored form of statistics. Such as cannot be read are none.
func openStatistics(b []byte) (doc []byte, ok bool) {
	if len(b) < 8 || binary.BigEndian.Uint64(b) != xxh3.Hash(b[8:]) {
		return nil, false
	}
	return b[8:], true
}

// describe computes the statistics of a version, some columns at a time.
func (s *Service) describe(ctx context.Context, h *head, v *version) ([]byte, error) {
	schema, marks, m, err := s.contents(ctx, h, v)
	if err != nil {
		return nil, err
	}
	rows := make([]int, len(m.Groups))
	for g := range m.Groups {
		rows[g] = m.Groups[g].Rows
	}
	d := frame.NewDescriber(schema, rows, marks, s.Limits())
	most := min(describeBytes, s.opt.MaxTableBytes/describePart)
	for _, columns := range m.parts(most) {
		arrays, err := s.loadColumns(ctx, h, m, columns, most/describeReads)
		if err != nil {
			return nil, err
		}
		if err := d.Add(columns, arrays); err != nil {
			return nil, err
		}
	}
	return d.Result().JSON()
}

// parts divides the columns of a table between its segments so that each part takes most bytes,
// or more if it is of one segment in each row group.
func (m *manifest) parts(most int64) (parts [][]int) {
	bytes := int64(0)
	for i, held := range m.Layout {
		raw := int64(0)
		for _, g := range m.Groups {
			raw += int64(g.Segments[i].Raw)
		}
		if len(parts) == 0 || bytes+raw > most {
			parts, bytes = append(parts, nil), 0
		}
		bytes += raw
		last := &parts[len(parts)-1]
		for _, c := range held {
			if c >= 0 {
				*last = append(*last, c)
			}
		}
	}
	return parts
}

// loadColumns returns the arrays of columns, for each of them one for each row group. It reads
// about most bytes at once.
func (s *Service) loadColumns(ctx context.Context, h *head, m *manifest, columns []int, most int64) ([][]arrow.Array, error) {
	arrays := make([][]arrow.Array, len(columns))
	slots := m.slots()
	var chunks []frame.Chunk
	read := func() error {
		loaded, err := s.loadChunks(ctx, h, m, chunks, map[segmentRef][]arrow.Array{})
		for i, arr := range loaded {
			column := i % len(columns)
			arrays[column] = append(arrays[column], arr)
		}
		chunks = chunks[:0]
		return err
	}
	bytes, counted := int64(0), map[segmentRef]bool{}
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

// statisticsKey is the key of the statistics of a version. What they leave out for want of
// memory depends on the largest table that the service accepts.
func (s *Service) statisticsKey(h *head, v *version) string {
	hash := xxh3.New()
	number := func(n uint64) { _, _ = hash.Write(binary.BigEndian.AppendUint64(nil, n)) }
	number(uint64(s.opt.MaxTableBytes))
	for _, part := range [][]byte{h.Schemas[v.Schema], h.Manifests[v.Manifest]} {
		number(uint64(len(part)))
		_, _ = hash.Write(part)
	}
	if v.Marks != nil {
		_, _ = hash.Write(v.Marks.Hash[:])
		number(v.Marks.Born)
	}
	return fmt.Sprintf("%sstat:%d.%d-%s", keyPrefix(h.ID), statisticsFormat, frame.DescribeFormat, segment.Hash(hash.Sum128().Bytes()))
}

// droppedStatistics lists the keys of the statistics of versions of before whose table is none
// of after any more. There may be nothing under them.
func (s *Service) droppedStatistics(before, after *head) (keys []string) {
	for i := range before.Versions {
		v := &before.Versions[i]
		if !after.describes(before, v) {
			keys = append(keys, s.statisticsKey(before, v))
		}
	}
	return keys
}

// describes reports whether a version of h has the statistics of a version of another head.
func (h *head) describes(other *head, v *version) bool {
	for i := range h.Versions {
		have := &h.Versions[i]
		sameMarks := have.Marks == v.Marks || have.Marks != nil && v.Marks != nil && *have.Marks == *v.Marks
		if sameMarks && bytes.Equal(h.Manifests[have.Manifest], other.Manifests[v.Manifest]) &&
			bytes.Equal(h.Schemas[have.Schema], other.Schemas[v.Schema]) {
			return true
		}
	}
	return false
}
