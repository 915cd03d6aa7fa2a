package arrowipc

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/internal/large"
)

// StreamReader reads an Arrow IPC stream row group by row group. In memory are one message and the
// row groups that it completes, so that the table may be larger than memory. It makes the promises
// of the format "arrow", and its limits are those of the whole table.
type StreamReader struct {
	in io.Reader
	// maxMessage is the largest accepted size of a message, in bytes.
	maxMessage int64
	// largest is the size of the largest message so far, for which memory is reserved.
	largest int64
	reader  *reader
	groups  grouper
	// batch counts the memory of the last record batch. The rest of the budget of the reader is for the
	// schema and the dictionaries, which stay.
	batch *codec.Budget
	ended bool
}

// OpenStream reads the schema of a stream. Its messages, which are schema, dictionaries and record
// batches, may have at most maxMessage bytes each. Of opt only the limits, Strict and Reserve count. Errors of
// in are returned unchanged.
func OpenStream(in io.Reader, opt codec.ReadOptions, maxMessage int64) (s *StreamReader, err error) {
	defer codec.Guard(&err, codec.ErrMalformed, "the Arrow data")
	limits := opt.Limits.WithDefaults()
	mem := codec.NewBudget(limits.Bytes).Reserving(opt.Reserve)
	s = &StreamReader{in: in, maxMessage: maxMessage, reader: newReader(limits, mem), batch: mem.Sub(), groups: grouper{mem: mem}}
	s.reader.strict = opt.Strict
	m, err := s.message()
	if errors.Is(err, io.EOF) {
		err = codec.Errorf(codec.ErrMalformed, "the Arrow data ends early: there is no schema")
	}
	if err == nil {
		err = s.reader.readSchema(m)
	}
	if err == nil {
		err = s.reader.nameColumns()
	}
	if err == nil {
		err = codec.CheckNames(s.reader.schema)
	}
	if err == nil {
		err = codec.CheckNameLengths(s.reader.schema)
	}
	return s, err
}

// Schema is the schema of every row group.
func (s *StreamReader) Schema() *arrow.Schema { return s.reader.schema }

// Receipt says how the stream was understood.
func (s *StreamReader) Receipt() codec.Receipt { return s.reader.receipt }

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
	if errors.Is(err, io.EOF) {
		// The marker of the end is optional.
		s.ended = true
		return s.groups.flush()
	}
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
		return s.reader.readDictionary(m)
	case batchMessage:
		rec, err := s.readBatch(m)
		if err != nil {
			return err
		}
		return s.groups.add(rec)
	}
	return errMessageKind(m.kind)
}

// readBatch reads a record batch in place of the memory of the batch before it.
func (s *StreamReader) readBatch(m message) (arrow.Record, error) {
	s.batch.ReleaseAll()
	// Rows of earlier batches can be pending.
	s.batch.Take(s.groups.rows)
	whole := s.reader.budget
	s.reader.budget = s.batch
	defer func() { s.reader.budget = whole }()
	return s.reader.readBatch(m)
}

// message reads the next message. The error is [io.EOF] if the stream ends before it.
func (s *StreamReader) message() (message, error) {
	var b []byte
	if err := s.take(&b, 4); err != nil {
		return message{}, err
	}
	if binary.LittleEndian.Uint32(b) == continuation {
		if err := s.take(&b, 4); err != nil {
			return message{}, err
		}
	}
	prefix := len(b)
	size := binary.LittleEndian.Uint32(b[prefix-4:])
	if err := s.take(&b, int64(size)); err != nil {
		return message{}, err
	}
	if size > 0 {
		buf := &flatbuf{data: b[prefix:]}
		// nextMessage returns the error about a damaged length.
		if length := buf.root().i64(messageBodyLength); length > 0 && !buf.bad {
			if err := s.take(&b, length); err != nil {
				return message{}, err
			}
		}
	}
	m, _, err := nextMessage(b)
	return m, err
}

// initialRead is how many bytes of a message are read before memory for its claimed length is
// allocated.
const initialRead = 1 << 20

// take reads n more bytes of a message into b.
func (s *StreamReader) take(b *[]byte, n int64) error {
	if n > s.maxMessage-int64(len(*b)) {
		return codec.Errorf(codec.ErrTooLarge, "a message of the Arrow stream has more than the %d bytes that are accepted of one; write it in smaller record batches", s.maxMessage)
	}
	if size := int64(len(*b)) + n; size > s.largest {
		s.groups.mem.Reserve(size - s.largest)
		s.largest = size
	}
	for n > 0 {
		part := n
		if len(*b) < initialRead {
			part = min(n, initialRead)
		}
		from := len(*b)
		*b = large.Grow(*b, int(part))[:from+int(part)]
		got, err := io.ReadFull(s.in, (*b)[from:])
		if errors.Is(err, io.EOF) && from == 0 {
			return io.EOF
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return codec.Errorf(codec.ErrMalformed, "the Arrow data ends early: %d bytes of a message are missing", n-int64(got))
		}
		if err != nil {
			return err
		}
		n -= part
	}
	return nil
}
