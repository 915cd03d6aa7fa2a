package arrowipc

import (
	"encoding/binary"
)

// flatbuf reads a FlatBuffers message that may be hostile. The generated code of arrow-go trusts
// positions and lengths. This reader checks each of them: it returns zero for one outside of the
// message and sets bad, which callers check once at the end.
// Format: https://flatbuffers.dev/internals/
type flatbuf struct {
	data []byte
	bad  bool
}

// flatTable is a table of a flatbuf; the zero value is an absent table without fields.
type flatTable struct {
	buf         *flatbuf
	at          int
	vtable, end int
}

// flatVector is a vector of a flatbuf; at is its first element.
type flatVector struct {
	buf   *flatbuf
	at, n int
}

// root returns the root table.
func (b *flatbuf) root() flatTable { return b.table(b.follow(0)) }

func (b *flatbuf) bytes(at, n int) []byte {
	if at < 0 || n < 0 || at > len(b.data)-n {
		b.bad = true
		return nil
	}
	return b.data[at : at+n]
}

func (b *flatbuf) u8(at int) byte {
	if v := b.bytes(at, 1); v != nil {
		return v[0]
	}
	return 0
}

func (b *flatbuf) u16(at int) int {
	if v := b.bytes(at, 2); v != nil {
		return int(binary.LittleEndian.Uint16(v))
	}
	return 0
}

func (b *flatbuf) i32(at int) int32 {
	if v := b.bytes(at, 4); v != nil {
		return int32(binary.LittleEndian.Uint32(v))
	}
	return 0
}

func (b *flatbuf) i64(at int) int64 {
	if v := b.bytes(at, 8); v != nil {
		return int64(binary.LittleEndian.Uint64(v))
	}
	return 0
}

// follow returns the position to which the offset at position at points.
func (b *flatbuf) follow(at int) int { return at + int(uint32(b.i32(at))) }

func (b *flatbuf) table(at int) flatTable {
	vtable := at - int(b.i32(at))
	return flatTable{buf: b, at: at, vtable: vtable, end: b.u16(vtable)}
}

// slot returns the position of field number i, or 0 if the table does not have it.
func (t flatTable) slot(i int) int {
	entry := 4 + 2*i
	// The generated code has the same rule, so that both read the same tables.
	if t.buf == nil || entry >= t.end {
		return 0
	}
	if at := t.buf.u16(t.vtable + entry); at != 0 {
		return t.at + at
	}
	return 0
}

func (t flatTable) has(i int) bool { return t.slot(i) != 0 }

func (t flatTable) u8(i int) byte {
	if at := t.slot(i); at != 0 {
		return t.buf.u8(at)
	}
	return 0
}

func (t flatTable) i16(i int) int16 {
	if at := t.slot(i); at != 0 {
		return int16(t.buf.u16(at))
	}
	return 0
}

func (t flatTable) i16Or(i int, absent int16) int16 {
	if !t.has(i) {
		return absent
	}
	return t.i16(i)
}

func (t flatTable) i32Or(i int, absent int32) int32 {
	if at := t.slot(i); at != 0 {
		return t.buf.i32(at)
	}
	return absent
}

// text returns field number i, a string.
func (t flatTable) text(i int) string {
	v := t.vector(i, 1)
	if v.n == 0 {
		return ""
	}
	return string(v.buf.bytes(v.at, v.n))
}

func (t flatTable) i64(i int) int64 {
	if at := t.slot(i); at != 0 {
		return t.buf.i64(at)
	}
	return 0
}

func (t flatTable) table(i int) flatTable {
	if at := t.slot(i); at != 0 {
		return t.buf.table(t.buf.follow(at))
	}
	return flatTable{}
}

// vector returns field number i as a vector of elements of size bytes.
func (t flatTable) vector(i, size int) flatVector {
	slot := t.slot(i)
	if slot == 0 {
		return flatVector{}
	}
	at := t.buf.follow(slot)
	n := int(uint32(t.buf.i32(at)))
	if t.buf.bytes(at+4, n*size) == nil {
		return flatVector{}
	}
	return flatVector{buf: t.buf, at: at + 4, n: n}
}

// table returns element i of a vector of tables.
func (v flatVector) table(i int) flatTable { return v.buf.table(v.buf.follow(v.at + 4*i)) }
