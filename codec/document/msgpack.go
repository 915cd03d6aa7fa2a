package document

import (
	"errors"
	"math"
	"time"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// MessagePack is MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md) in
// the same shapes as JSON. Timestamps of its extension type -1 become timestamp[us, tz=UTC],
// or timestamp[ns, tz=UTC] if a value of the column needs nanoseconds.
// MessagePack is one document of shape records, columns or split.
var MessagePack = &codec.Format{
	Name:       "msgpack",
	MediaTypes: []string{"application/vnd.msgpack", "application/msgpack", "application/x-msgpack"},
	Extensions: []string{".msgpack", ".mpk"},
	Input:      "the MessagePack document",
	Reading:    oriented,
	Writing:    orientedWriting,
	Retype:     scalar.ApplyDTypes,
	Driver:     msgpackDriver{},
}

// looksMsgpack reports whether data begins like an array of maps with string keys, or like
// a map from a string to an array or map.
func looksMsgpack(data []byte) bool {
	if utf8.Valid(data) {
		return false
	}
	if n, rest, err := msgp.ReadArrayHeaderBytes(data); err == nil {
		if n == 0 {
			return len(rest) == 0
		}
		data = rest
		n, rest, err = msgp.ReadMapHeaderBytes(data)
		return err == nil && (n == 0 || msgpackType(rest) == msgp.StrType)
	}
	n, rest, err := msgp.ReadMapHeaderBytes(data)
	if err != nil || n == 0 {
		return err == nil && len(rest) == 0
	}
	_, rest, err = msgp.ReadStringZC(rest)
	t := msgpackType(rest)
	return err == nil && (t == msgp.ArrayType || t == msgp.MapType)
}

type msgpackDriver struct{}

// Sniff implements [codec.Driver].
func (msgpackDriver) Sniff(data []byte) bool { return looksMsgpack(data) }

// Decode implements [codec.Driver].
func (msgpackDriver) Decode(data []byte, opt codec.ReadOptions, mem *codec.Budget) (*codec.Table, error) {
	given, err := checked(opt.Options)
	if err != nil {
		return nil, err
	}
	t, err := newDynTable(data, opt.Limits, mem, appendMsgpackTo)
	if err != nil {
		return nil, err
	}
	r := &msgpackDocument{t: t, rest: data, maxDepth: t.limits.Depth + documentDepth}
	if err := readDocument(r, t, given); err != nil {
		return nil, err
	}
	return t.finish(opt, msgpackCells{})
}

// msgpackType is the type of the first value of raw. msgp's own function does not recognize
// a timestamp of 32 or 64 bits that nothing follows.
func msgpackType(raw []byte) msgp.Type {
	const fixext4, fixext8, timestamp = 0xd6, 0xd7, 0xff
	if len(raw) >= 2 && (raw[0] == fixext4 || raw[0] == fixext8) && raw[1] == timestamp {
		return msgp.TimeType
	}
	return msgp.NextType(raw)
}

// msgpackDocument is the [dynReader] of MessagePack.
type msgpackDocument struct {
	t        *dynTable
	rest     []byte // what has not been read yet
	tail     int    // the bytes of t.data after rest
	depth    int
	maxDepth int
}

func (r *msgpackDocument) offset() int { return len(r.t.data) - r.tail - len(r.rest) }

func (r *msgpackDocument) seek(c cell) {
	r.rest, r.tail, r.depth = r.t.data[c.start:c.end], len(r.t.data)-int(c.end), 0
}

func (r *msgpackDocument) opens() byte {
	switch msgpackType(r.rest) {
	case msgp.ArrayType:
		return '['
	case msgp.MapType:
		return '{'
	}
	return 0
}

func (r *msgpackDocument) fail(kind error, format string, args ...any) error {
	return codec.Errorf(kind, "byte %d: "+format, append([]any{r.offset()}, args...)...)
}

func (r *msgpackDocument) locate(err error) error {
	if e, ok := errors.AsType[*codec.Error](err); ok {
		return r.fail(e.Kind, "%s", e.Detail)
	}
	return err
}

// syntax describes an error of a read function.
func (r *msgpackDocument) syntax(err error) error {
	if errors.Is(err, msgp.ErrShortBytes) {
		return r.fail(codec.ErrMalformed, "the MessagePack document ends too early")
	}
	return r.fail(codec.ErrMalformed, "this is not valid MessagePack: %v", err)
}

func (r *msgpackDocument) end() error {
	if len(r.rest) > 0 {
		return r.fail(codec.ErrMalformed, "there is something after the end of the MessagePack document")
	}
	return nil
}

// enter reads the header of an array or map. It rejects lengths for which the rest of the input is too
// short: every item takes at least one byte.
func (r *msgpackDocument) enter(header func([]byte) (uint32, []byte, error), items uint64) (n uint32, err error) {
	if r.depth++; r.depth > r.maxDepth {
		return 0, r.fail(codec.ErrTooLarge, "arrays and maps are nested deeper than %d levels", r.t.limits.Depth)
	}
	n, rest, err := header(r.rest)
	if err != nil {
		return 0, r.syntax(err)
	}
	if uint64(n)*items > uint64(len(rest)) {
		return 0, r.fail(codec.ErrMalformed, "%d items are announced, but only %d bytes follow", n, len(rest))
	}
	r.rest = rest
	return n, nil
}

func (r *msgpackDocument) array(each func(i uint32) error) error {
	n, err := r.enter(msgp.ReadArrayHeaderBytes, 1)
	if err != nil {
		return err
	}
	for i := range n {
		if len(r.rest) == 0 {
			return r.syntax(msgp.ErrShortBytes)
		}
		if err := each(i); err != nil {
			return err
		}
	}
	r.depth--
	return nil
}

func (r *msgpackDocument) names(each func(name []byte) error) error {
	n, err := r.enter(msgp.ReadMapHeaderBytes, 2)
	if err != nil {
		return err
	}
	for range n {
		name, err := r.text()
		if err != nil {
			return err
		}
		if err := each(name); err != nil {
			return err
		}
	}
	r.depth--
	return nil
}

// text reads a string.
func (r *msgpackDocument) text() ([]byte, error) {
	text, rest, err := msgp.ReadStringZC(r.rest)
	if err != nil {
		if t := msgpackType(r.rest); t != msgp.StrType {
			return nil, r.fail(codec.ErrMalformed, "a key of a map is of type %v; keys must be strings", t)
		}
		return nil, r.syntax(err)
	}
	if !utf8.Valid(text) {
		return nil, r.fail(codec.ErrMalformed, "a string is not valid UTF-8")
	}
	r.rest = rest
	return text, nil
}

func (r *msgpackDocument) record(row uint32) error {
	r.t.fields.next = 0
	return r.names(func(name []byte) error {
		column, err := r.t.column(name, row)
		if err != nil {
			return r.locate(err)
		}
		return r.value(column, row)
	})
}

func (r *msgpackDocument) value(c *dynColumn, row uint32) error {
	start := r.offset()
	t := msgpackType(r.rest)
	switch t {
	case msgp.ArrayType:
		return r.list(c, row)
	case msgp.MapType:
		return r.members(c, row)
	}
	kind, err := r.scalar(t)
	if err == nil && kind != 0 {
		r.t.add(c, kind, row, start, r.offset())
	}
	return err
}

func (r *msgpackDocument) skip() (cell, error) {
	start := r.offset()
	err := r.value(nil, 0)
	return cell{start: uint32(start), end: uint32(r.offset())}, err
}

func (r *msgpackDocument) list(c *dynColumn, row uint32) error {
	start := r.offset()
	elem, n := r.t.element(c)
	err := r.array(func(uint32) error {
		n++
		return r.value(elem, n-1)
	})
	if err != nil {
		return err
	}
	r.t.addList(c, row, start, r.offset(), n)
	return nil
}

func (r *msgpackDocument) members(c *dynColumn, row uint32) error {
	start := r.offset()
	if c != nil {
		c.fields.next = 0
	}
	err := r.names(func(name []byte) error {
		member, err := r.t.member(c, name, row)
		if err != nil {
			return r.locate(err)
		}
		return r.value(member, row)
	})
	if err != nil {
		return err
	}
	r.t.add(c, kindObject, row, start, r.offset())
	return nil
}

// scalar reads a value of type t, which is not an array or map, and returns its kind; 0 for nil.
func (r *msgpackDocument) scalar(t msgp.Type) (k kinds, err error) {
	rest := r.rest
	switch t {
	case msgp.NilType:
		rest, err = msgp.ReadNilBytes(rest)
	case msgp.BoolType:
		k = kindBool
		_, rest, err = msgp.ReadBoolBytes(rest)
	case msgp.IntType:
		var v int64
		v, rest, err = msgp.ReadInt64Bytes(rest)
		k = intKind(v)
	case msgp.UintType:
		var v uint64
		v, rest, err = msgp.ReadUint64Bytes(rest)
		if k = kindUint; v <= math.MaxInt64 {
			k = intKind(int64(v))
		}
	case msgp.Float64Type:
		k = kindFloat
		_, rest, err = msgp.ReadFloat64Bytes(rest)
	case msgp.Float32Type:
		k = kindFloat32
		_, rest, err = msgp.ReadFloat32Bytes(rest)
	case msgp.StrType:
		_, err = r.text()
		return kindString, err
	case msgp.BinType:
		k = kindBinary
		_, rest, err = msgp.ReadBytesZC(rest)
	case msgp.TimeType:
		var v time.Time
		v, rest, err = msgp.ReadTimeUTCBytes(rest)
		if k = timeKind(v); err == nil && k == 0 {
			return 0, r.fail(codec.ErrMalformed, "the timestamp %v fits neither microseconds nor nanoseconds since 1970", v)
		}
	default:
		return 0, r.fail(codec.ErrMalformed, "a value of MessagePack type %v cannot be kept; timestamp is the only extension type that is known", t)
	}
	if err != nil {
		return 0, r.syntax(err)
	}
	r.rest = rest
	return k, nil
}
