package document

import (
	"bytes"

	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
)

// literals are the numbers that Python's json module writes although JSON does not have them. Before a
// document is read, a copy of it gets numbers of the same length in their places; the values are then taken
// from the document itself. NaN is a missing value, and the infinities are floats.
var literals = []struct{ name, standIn []byte }{
	{[]byte("NaN"), []byte("1E9")},
	{[]byte("Infinity"), []byte("1E999999")},
	{[]byte("-Infinity"), []byte("-1E999999")},
}

// replaceLiterals returns data with valid JSON in place of literals. It returns data itself if there are none.
func replaceLiterals(data []byte, mem *codec.Budget) []byte {
	if !hasLiterals(data) {
		return data
	}
	replaced := data
	eachLiteral(data, func(i int, _, standIn []byte) {
		if &replaced[0] == &data[0] {
			mem.Take(int64(len(data)))
			replaced = bytes.Clone(data)
		}
		copy(replaced[i:], standIn)
	})
	return replaced
}

// hasLiterals reports whether data may have literals. It looks for both in one part of data after another,
// so that each part comes from memory once.
func hasLiterals(data []byte) bool {
	const size, longest = 16 << 10, len("Infinity")
	for len(data) > 0 {
		part := data[:min(size+longest, len(data))]
		if bytes.Contains(part, literals[0].name) || bytes.Contains(part, literals[1].name) {
			return true
		}
		data = data[min(size, len(data)):]
	}
	return false
}

// eachLiteral calls use with the place of each literal outside of strings.
func eachLiteral(data []byte, use func(i int, name, standIn []byte)) {
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			for i++; i < len(data) && data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
		case 'N', 'I', '-':
			for _, l := range literals {
				if bytes.HasPrefix(data[i:], l.name) && isValue(data, i, i+len(l.name)) {
					use(i, l.name, l.standIn)
					i += len(l.name) - 1
					break
				}
			}
		}
	}
}

// isValue reports whether data[start:end] can be a value: whether there is nothing, white space or a mark of
// JSON on both sides.
func isValue(data []byte, start, end int) bool {
	return (start == 0 || bytes.IndexByte([]byte(" \t\r\n[:,"), data[start-1]) >= 0) &&
		(end == len(data) || bytes.IndexByte([]byte(" \t\r\n]},"), data[end]) >= 0)
}

// acceptLiterals makes r read the literals of Python.
func (r *jsonReader) acceptLiterals() {
	r.input = replaceLiterals(r.t.data, r.t.mem)
	r.literals = len(r.input) > 0 && &r.input[0] != &r.t.data[0]
	if r.literals {
		r.t.into = appendLiteralsTo
		r.seek(r.t.root)
	}
}

// appendLiteralsTo is [appendJSONTo] for values that may contain literals: in the JSON text of an array or
// object, they become null.
func appendLiteralsTo(b array.Builder) func(raw []byte) {
	add := appendJSONTo(b)
	if _, isText := b.(*array.StringBuilder); !isText {
		return add
	}
	return func(raw []byte) { add(literalsToNull(raw)) }
}

// literalsToNull returns an array or object with null in place of literals, and other values as they are.
func literalsToNull(raw []byte) []byte {
	if raw[0] != '[' && raw[0] != '{' {
		return raw
	}
	var out []byte
	end := 0
	eachLiteral(raw, func(i int, name, _ []byte) {
		out = append(append(out, raw[end:i]...), "null"...)
		end = i + len(name)
	})
	if end == 0 {
		return raw
	}
	return append(out, raw[end:]...)
}
