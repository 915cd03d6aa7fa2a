package arrowipc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
)

// StreamReader reads an Arrow IPC stream row group by row group, so that a table may be larger
// than what is in memory of it: one message and the row groups that it completes. It promises
// what the format "arrow" promises; its limits are those of the whole table.
type StreamReader struct {
	in io.Reader
	// most is the size of the largest message.
	most   int64
	reader *reader
	groups grouper
	// kept is what the budget holds beyond a row group: the schema and the dictionaries.
	kept  int64
	ended bool
}

// OpenStream reads the schema of a stream whose messages, schema, dictionaries and record
// batches, have at most so many bytes each. Errors of in are returned as they are.
func OpenStream(in io.Reader, limits codec.Limits, mostMessage int64) (s *StreamReader, err error) {
	defer codec.Guard(&err, codec.ErrMalformed, "the Arrow data")
	limits = limits.WithDefaults()
	s = &StreamReader{in: in, most: mostMessage, reader: newArrowReader(limits, codec.NewBudget(limits.Bytes))}
	m, err := s.message()
	if err == nil {
		err = s.reader.readSchema(m)
	}
	if err == nil {
		err = codec.CheckNames(s.reader.schema)
	}
	if err == nil {
		err = codec.CheckNameLengths(s.reader.schema)
	}
	s.kept = s.reader.budget.Used()
	return s, err
}

// Schema is the schema of every row group.
func (s *StreamReader) Schema() *arrow.Schema { return s.reader.schema }

// Next returns the next row group, nil after the last.
func (s *StreamReader) Next() (group arrow.Record, err error) {
	defer codec.Guard(&err, codec.ErrMalformed, "the Arrow data")
	for len(s.groups.done) == 0 && !s.ended {
		if err := s.advance(); err != nil {
			return nil, err
		}
	}
	if len(s.groups.done) == 0 {
		return nil, nil
	}
	group, s.groups.done = s.groups.done[0], s.groups.done[1:]
	return group, nil
}

// advance reads one message.
func (s *StreamReader) advance() error {
	m, err := s.message()
	if err != nil {
		return err
	}
	switch m.kind {
	case 0:
		s.ended = true
		if n, err := io.ReadFull(s.in, make([]byte, 1)); n > 0 {
			return codec.Errorf(codec.ErrMalformed, "bytes follow the end of the Arrow stream")
		} else if !errors.Is(err, io.EOF) {
			return err
		}
		return s.groups.flush()
	case dictionaryMessage:
		before := s.reader.budget.Used()
		err := s.reader.readDictionary(m)
		s.kept += s.reader.budget.Used() - before
		return err
	case batchMessage:
		// What is pending of the batches before is counted once more, which errs on the safe side.
		s.reader.budget.Release(s.reader.budget.Used() - s.kept - s.groups.rows)
		rec, err := s.reader.readBatch(m)
		if err != nil {
			return err
		}
		return s.groups.add(rec)
	}
	return codec.Errorf(codec.ErrUnsupported, "the Arrow data has a message of kind %d, which is no table", m.kind)
}

// message reads the next message.
func (s *StreamReader) message() (message, error) {
	var b bytes.Buffer
	if err := s.take(&b, 4); err != nil {
		return message{}, err
	}
	if binary.LittleEndian.Uint32(b.Bytes()) == continuation {
		if err := s.take(&b, 4); err != nil {
			return message{}, err
		}
	}
	prefix := b.Len()
	size := binary.LittleEndian.Uint32(b.Bytes()[prefix-4:])
	if err := s.take(&b, int64(size)); err != nil {
		return message{}, err
	}
	if size > 0 {
		buf := &flatbuf{data: b.Bytes()[prefix:]}
		// A damaged length is noticed below, with the rest of the message.
		if length := buf.root().i64(messageBodyLength); length > 0 && !buf.bad {
			if err := s.take(&b, length); err != nil {
				return message{}, err
			}
		}
	}
	m, _, err := nextMessage(b.Bytes())
	return m, err
}

// trust is how much of a message has to come before there is room made for all that it claims
// to have.
const trust = 1 << 20

// take reads n bytes more of a message into b.
func (s *StreamReader) take(b *bytes.Buffer, n int64) error {
	if n > s.most-int64(b.Len()) {
		return codec.Errorf(codec.ErrTooLarge, "a message of the Arrow stream has more than the %d bytes that are accepted of one; write it in smaller record batches", s.most)
	}
	got, err := copyN(b, s.in, min(n, trust))
	if err == nil && n > trust {
		var more int64
		more, err = copyN(b, s.in, n-trust)
		got += more
	}
	if errors.Is(err, io.EOF) {
		return codec.Errorf(codec.ErrMalformed, "the Arrow data ends early: %d bytes of a message are missing", n-got)
	}
	return err
}

// copyN is [io.CopyN] into a buffer that grows once.
func copyN(b *bytes.Buffer, in io.Reader, n int64) (int64, error) {
	b.Grow(int(n) + bytes.MinRead)
	return io.CopyN(b, in, n)
}
