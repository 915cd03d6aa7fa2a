package segment

import (
	"fmt"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/tinylib/msgp/msgp"

	"edgeframe/codec"
	"edgeframe/codec/arrowipc"
	"edgeframe/codec/internal/layout"
)

// A MessagePack payload is the array [schema, rows, columns]: the schema as an Arrow IPC
// stream without batches, the number of rows, and an array with one node per column. A node
// is [length, missing, buffers, children, dictionary]: buffers are bin or nil, laid out as
// in Arrow's columnar format, children are nodes, and the dictionary is a node or nil. The schema
// says what the buffers mean, so every type is kept exactly.
const (
	payloadParts = 3
	nodeParts    = 5
)

// appendMsgpackPayload appends rec as a payload.
func appendMsgpackPayload(dst []byte, rec arrow.Record) (out []byte, err error) {
	defer codec.Guard(&err, codec.ErrUnsupported, "the segment")
	rec, err = layout.TrimRecord(rec)
	if err != nil {
		return nil, err
	}
	schema, err := arrowipc.EncodeSchema(rec.Schema())
	if err != nil {
		return nil, err
	}
	dst = msgp.AppendArrayHeader(dst, payloadParts)
	dst = msgp.AppendBytes(dst, schema)
	dst = msgp.AppendInt64(dst, rec.NumRows())
	dst = msgp.AppendArrayHeader(dst, uint32(rec.NumCols()))
	for _, column := range rec.Columns() {
		dst = appendNode(dst, column.Data())
	}
	return dst, nil
}

func appendNode(dst []byte, data arrow.ArrayData) []byte {
	dst = msgp.AppendArrayHeader(dst, nodeParts)
	dst = msgp.AppendInt(dst, data.Len())
	dst = msgp.AppendInt(dst, data.NullN())
	dst = msgp.AppendArrayHeader(dst, uint32(len(data.Buffers())))
	for _, b := range data.Buffers() {
		if b == nil {
			dst = msgp.AppendNil(dst)
		} else {
			dst = msgp.AppendBytes(dst, b.Bytes())
		}
	}
	dst = msgp.AppendArrayHeader(dst, uint32(len(data.Children())))
	for _, c := range data.Children() {
		dst = appendNode(dst, c)
	}
	if data.DataType().ID() == arrow.DICTIONARY {
		return appendNode(dst, data.Dictionary())
	}
	return msgp.AppendNil(dst)
}

func readMsgpackPayload(payload []byte, limit int64) (arrow.Record, error) {
	mem := codec.NewBudget(arrowipc.PayloadBudget(limit))
	in := nodeReader{budget: mem, rest: payload}
	in.header(payloadParts)
	schema, err := arrowipc.ReadPayloadSchema(in.bytes(), mem)
	if err != nil {
		return nil, err
	}
	rows := int64(in.count())
	in.header(schema.NumFields())
	columns := make([]arrow.Array, schema.NumFields())
	for i, f := range schema.Fields() {
		data := in.node(f.Type)
		if in.err != nil {
			return nil, in.err
		}
		if int64(data.Len()) != rows {
			return nil, fmt.Errorf("column %d has %d values in a segment of %d rows", i, data.Len(), rows)
		}
		if err := layout.Validate(data); err != nil {
			return nil, err
		}
		columns[i] = array.MakeFromData(data)
	}
	if len(in.rest) > 0 {
		return nil, fmt.Errorf("%d bytes follow the last column", len(in.rest))
	}
	return array.NewRecord(schema, columns, rows), nil
}

// nodeReader reads the parts of a payload. After an error it reads nothing more.
type nodeReader struct {
	budget *codec.Budget
	rest   []byte
	err    error
}

// header reads the header of an array, which must have n elements.
func (in *nodeReader) header(n int) {
	if got := in.length(); in.err == nil && got != n {
		in.err = fmt.Errorf("%d parts instead of %d", got, n)
	}
}

func (in *nodeReader) length() int {
	if in.err != nil {
		return 0
	}
	var n uint32
	n, in.rest, in.err = msgp.ReadArrayHeaderBytes(in.rest)
	return int(n)
}

// count reads a number of rows or values.
func (in *nodeReader) count() int {
	if in.err != nil {
		return 0
	}
	var n int64
	n, in.rest, in.err = msgp.ReadInt64Bytes(in.rest)
	if in.err == nil && (n < 0 || n > math.MaxInt32) {
		in.err = fmt.Errorf("%d values", n)
		return 0
	}
	return int(n)
}

func (in *nodeReader) bytes() []byte {
	if in.err != nil {
		return nil
	}
	var b []byte
	b, in.rest, in.err = msgp.ReadBytesZC(in.rest)
	return b
}

// isNil reports whether the next part is nil, and if so skips it.
func (in *nodeReader) isNil() bool {
	if in.err != nil || !msgp.IsNil(in.rest) {
		return false
	}
	in.rest, in.err = msgp.ReadNilBytes(in.rest)
	return true
}

// node reads an array of type dt.
func (in *nodeReader) node(dt arrow.DataType) *array.Data {
	in.header(nodeParts)
	n, nulls := in.count(), in.count()
	var buffers []*memory.Buffer
	for i := in.length(); i > 0 && in.err == nil; i-- {
		if in.isNil() {
			buffers = append(buffers, nil)
		} else if b := in.bytes(); in.err == nil {
			buffers = append(buffers, memory.NewBufferBytes(layout.Aligned(b[:len(b):len(b)], in.budget)))
		}
	}
	if in.err == nil {
		in.err = checkNode(dt, buffers, n, nulls)
	}
	if in.err != nil {
		return nil
	}
	in.budget.Take(layout.ArrayCost)
	var fields []arrow.Field
	if nested, ok := dt.(arrow.NestedType); ok {
		fields = nested.Fields()
	}
	in.header(len(fields))
	children := make([]arrow.ArrayData, len(fields))
	for i, f := range fields {
		children[i] = in.node(f.Type)
		if in.err != nil {
			return nil
		}
	}
	dict, ok := dt.(*arrow.DictionaryType)
	if !ok {
		if !in.isNil() && in.err == nil {
			in.err = fmt.Errorf("a dictionary for %s", dt)
		}
		return array.NewData(dt, n, buffers, children, nulls, 0)
	}
	values := in.node(dict.ValueType)
	if in.err == nil {
		in.err = layout.Validate(values)
	}
	return array.NewDataWithDictionary(dt, n, buffers, nulls, 0, values)
}

// checkNode checks what [layout.Validate] takes for granted.
func checkNode(dt arrow.DataType, buffers []*memory.Buffer, n, nulls int) error {
	want := 1 + layout.BuffersAfterValidity(dt)
	_, isView := dt.(arrow.BinaryViewDataType)
	if len(buffers) != want && !(isView && len(buffers) > want) {
		return fmt.Errorf("%d buffers for %s", len(buffers), dt)
	}
	for _, b := range buffers[1:] {
		if b == nil {
			return fmt.Errorf("a buffer is missing for %s", dt)
		}
	}
	switch {
	case dt.ID() == arrow.NULL:
		if nulls != n {
			return fmt.Errorf("%d of %d values are missing in %s", nulls, n, dt)
		}
	case buffers[0] == nil:
		if nulls != 0 {
			return fmt.Errorf("%d values are missing without a validity bitmap", nulls)
		}
	default:
		counted, err := layout.CountNulls(buffers[0].Bytes(), n, nulls)
		if err == nil && (counted != nulls || nulls == 0) {
			err = fmt.Errorf("%d values are missing instead of %d", counted, nulls)
		}
		return err
	}
	return nil
}
