package arrowipc

import (
	"bytes"
	"encoding/binary"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"edgeframe/codec"
	"edgeframe/codec/internal/layout"
	"edgeframe/internal/gather"
)

// The kinds of messages.
const (
	schemaMessage     = 1
	dictionaryMessage = 2
	batchMessage      = 3
)

// continuation precedes the length of a message since Arrow 0.15.
const continuation = 0xFFFFFFFF

// message is one message of an Arrow IPC stream.
type message struct {
	version int16
	kind    byte
	header  flatTable
	body    []byte
	// whole is the message with its prefix and body.
	whole []byte
}

// nextMessage cuts the first message off data. For the end-of-stream marker it returns a message of
// kind 0.
func nextMessage(data []byte) (m message, rest []byte, err error) {
	const cut = "the Arrow data ends early: %s is missing"
	at := 0
	word := func() (uint32, bool) {
		if len(data)-at < 4 {
			return 0, false
		}
		at += 4
		return binary.LittleEndian.Uint32(data[at-4:]), true
	}
	size, ok := word()
	if ok && size == continuation {
		size, ok = word()
	}
	if !ok {
		return m, nil, codec.Errorf(codec.ErrMalformed, cut, "its end-of-stream marker")
	}
	if size == 0 {
		return m, data[at:], nil
	}
	if uint64(size) > uint64(len(data)-at) {
		return m, nil, codec.Errorf(codec.ErrMalformed, cut, "a part of a message")
	}
	buf := &flatbuf{data: data[at : at+int(size)]}
	root := buf.root()
	m = message{
		version: root.i16(messageVersion),
		kind:    root.u8(messageHeaderType),
		header:  root.table(messageHeader),
	}
	at += int(size)
	body := root.i64(messageBodyLength)
	if buf.bad || m.header.buf == nil || m.kind == 0 || body < 0 {
		return m, nil, codec.Errorf(codec.ErrMalformed, "a message of the Arrow data is damaged")
	}
	if m.version < oldestVersion {
		return m, nil, codec.Errorf(codec.ErrUnsupported, "the Arrow data has metadata version V%d; V4 and V5 are known", m.version+1)
	}
	if body > int64(len(data)-at) {
		return m, nil, codec.Errorf(codec.ErrMalformed, cut, "a part of a message's body")
	}
	at += int(body)
	m.body = data[at-int(body) : at]
	m.whole = data[:at]
	return m, data[at:], nil
}

// reader is the state of reading a stream or file.
type reader struct {
	limits codec.Limits
	budget *codec.Budget
	// trusted skips checks of the values: they were checked before they were stored.
	trusted bool
	// strict refuses columns that have to be renamed.
	strict  bool
	schema  *arrow.Schema
	receipt codec.Receipt
	shapes  []fieldShape
	// types and dictionaries are by the id of the dictionary.
	types        map[int64]dictionaryShape
	dictionaries map[int64]*array.Data
	// logical is the sum of the logical sizes of all batches.
	logical int64
	// measured has the logical sizes of dictionaries, which many batches can share.
	measured map[arrow.ArrayData]sizes
	// plain has for each checked dictionary whether all its text is UTF-8.
	plain map[arrow.ArrayData]bool
	// scanned is the number of bytes of text that scan has checked.
	scanned int64
	// rows is the number of rows before the next batch.
	rows int64
}

func newReader(limits codec.Limits, mem *codec.Budget) *reader {
	return &reader{
		limits:       limits,
		budget:       mem,
		types:        map[int64]dictionaryShape{},
		dictionaries: map[int64]*array.Data{},
		measured:     map[arrow.ArrayData]sizes{},
		plain:        map[arrow.ArrayData]bool{},
	}
}

// readSchema reads the first message of a stream.
func (r *reader) readSchema(m message) error {
	if m.kind != schemaMessage {
		return codec.Errorf(codec.ErrMalformed, "the Arrow data does not begin with a schema")
	}
	return r.useSchema(m.header, func() (*arrow.Schema, error) {
		in, err := ipc.NewReader(bytes.NewReader(m.whole), ipc.WithAllocator(r.budget))
		if err != nil {
			return nil, err
		}
		return in.Schema(), nil
	})
}

// useSchema checks the schema table and stores the schema that open returns.
func (r *reader) useSchema(table flatTable, open func() (*arrow.Schema, error)) (err error) {
	in := schemaReader{budget: r.budget, limits: r.limits}
	if r.schema, r.shapes, err = in.read(table, open); err != nil {
		return err
	}
	r.receipt.Notes = in.notes
	if !r.trusted {
		r.keepMapNames(table)
	}
	for i, f := range r.schema.Fields() {
		r.collect(f.Type, r.shapes[i])
	}
	return nil
}

// keepMapNames keeps the names of the entries of maps, which arrow-go does not.
func (r *reader) keepMapNames(table flatTable) {
	fields := table.vector(schemaFields, 4)
	names := make([][]string, fields.n)
	for i := range fields.n {
		for _, f := range mapFields(fields.table(i), nil) {
			name := f.text(fieldName)
			r.budget.Take(32 + 2*int64(len(name)))
			names[i] = append(names[i], name)
		}
	}
	r.schema = keepMapNames(r.schema, names)
}

// nameColumns gives columns without a name, or with one that is taken, names of their own.
func (r *reader) nameColumns() (err error) {
	r.schema, r.receipt.Renamed, err = NameFields(r.schema, r.strict)
	return err
}

// collect stores the types of the dictionaries of a field.
func (r *reader) collect(dt arrow.DataType, shape fieldShape) {
	if dict, ok := dt.(*arrow.DictionaryType); ok {
		r.types[shape.dictionary] = dictionaryShape{dict.ValueType, shape.narrow, shape.children}
		dt = dict.ValueType
	}
	if nested, ok := dt.(arrow.NestedType); ok {
		for i, f := range nested.Fields() {
			if i < len(shape.children) {
				r.collect(f.Type, shape.children[i])
			}
		}
	}
}

// readDictionary reads the values of a dictionary, or values to append to it.
func (r *reader) readDictionary(m message) error {
	id := m.header.i64(dictionaryBatchID)
	shape, ok := r.types[id]
	if !ok {
		return codec.Errorf(codec.ErrMalformed, "the Arrow data has a dictionary %d that no column uses", id)
	}
	r.budget.Take(int64(len(m.whole)))
	in := r.batch(m, m.header.table(dictionaryBatchData))
	data, err := in.array(shape.values, fieldShape{narrow: shape.narrow, children: shape.children})
	if err == nil {
		err = in.check(data)
	}
	if err != nil {
		return err
	}
	before := r.dictionaries[id]
	if m.header.u8(dictionaryBatchIsDelta) != 0 && before != nil {
		r.budget.Take(int64(before.SizeInBytes() + data.SizeInBytes()))
		sources := []arrow.Array{array.MakeFromData(before), array.MakeFromData(data)}
		all, err := gather.Rows(sources, []gather.Run{{Source: 0, To: before.Len()}, {Source: 1, To: data.Len()}})
		if err != nil {
			return codec.Errorf(codec.ErrMalformed, "the parts of a dictionary of the Arrow data do not fit together")
		}
		data = all.Data().(*array.Data)
	}
	delete(r.measured, before)
	delete(r.plain, before)
	r.dictionaries[id] = data
	return nil
}

// dictionaryOf returns the current values of the dictionary of a column. There are none before they
// have been sent.
func (r *reader) dictionaryOf(dt *arrow.DictionaryType, shape fieldShape) (*array.Data, error) {
	if !shape.hasDictionary {
		return nil, codec.Errorf(codec.ErrMalformed, "a column of the Arrow data has no dictionary")
	}
	data := r.dictionaries[shape.dictionary]
	if data == nil {
		return gather.Nulls(dt.ValueType, 0).Data().(*array.Data), nil
	}
	if !arrow.TypeEqual(data.DataType(), dt.ValueType) {
		return nil, codec.Errorf(codec.ErrMalformed, "columns of different types share dictionary %d of the Arrow data", shape.dictionary)
	}
	return data, nil
}

// check returns an error unless the batch is well-formed and data is safe to use.
func (b *batchReader) check(data *array.Data) error {
	if b.nodes.buf != nil && b.nodes.buf.bad {
		return codec.Errorf(codec.ErrMalformed, "a record batch of the Arrow data is damaged")
	}
	if err := layout.Validate(data); err != nil {
		return codec.Errorf(codec.ErrMalformed, "the Arrow data is damaged: %v", err)
	}
	return nil
}

// readBatch returns the rows of a record batch. It charges the budget each time, because a file can
// refer to a batch many times.
func (r *reader) readBatch(m message) (arrow.Record, error) {
	rows := m.header.i64(batchLength)
	if rows < 0 {
		return nil, codec.Errorf(codec.ErrMalformed, "a record batch of the Arrow data claims %d rows", rows)
	}
	r.budget.Take(int64(len(m.whole)) + rows)
	in := r.batch(m, m.header)
	columns := make([]arrow.Array, r.schema.NumFields())
	for i, f := range r.schema.Fields() {
		data, err := in.array(f.Type, r.shapes[i])
		if err == nil {
			err = in.check(data)
		}
		if err == nil && int64(data.Len()) != rows {
			err = codec.Errorf(codec.ErrMalformed, "column %q has %d values in a record batch of %d rows", f.Name, data.Len(), rows)
		}
		if err != nil {
			return nil, err
		}
		if err := r.measure(data); err != nil {
			return nil, err
		}
		if err := r.checkText(f.Name, data); err != nil {
			return nil, err
		}
		columns[i] = array.MakeFromData(data)
	}
	r.rows += rows
	return array.NewRecord(r.schema, columns, rows), nil
}

// readStream calls use with every record batch of the stream data and returns the bytes after the
// stream. The arrays alias data.
func (r *reader) readStream(data []byte, use func(arrow.Record) error) (rest []byte, err error) {
	m, rest, err := nextMessage(data)
	if err == nil {
		err = r.readSchema(m)
	}
	if err == nil && !r.trusted {
		err = r.nameColumns()
	}
	if err != nil {
		return nil, err
	}
	for {
		if len(rest) == 0 && !r.trusted {
			// The marker is optional.
			return nil, nil
		}
		if m, rest, err = nextMessage(rest); err != nil {
			return nil, err
		}
		switch m.kind {
		case 0:
			return rest, nil
		case dictionaryMessage:
			err = r.readDictionary(m)
		case batchMessage:
			var rec arrow.Record
			if rec, err = r.readBatch(m); err == nil {
				err = use(rec)
			}
		default:
			err = errMessageKind(m.kind)
		}
		if err != nil {
			return nil, err
		}
	}
}

func errMessageKind(kind byte) error {
	return codec.Errorf(codec.ErrUnsupported, "the Arrow data has a message of kind %d; schemas, dictionaries and record batches are known", kind)
}
