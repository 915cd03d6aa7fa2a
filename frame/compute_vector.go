package frame

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// The size of a strip. Values of a few columns in a strip fit the cache of a processor.
const (
	stripRows = 2048
	// stripText is the size of the texts that a strip reads, unless one row has more.
	stripText = 1 << 20
)

// vector has the values of an expression in a strip. Which of the lists counts follows from the type of the
// expression. Values of missing rows mean nothing. No float is NaN.
type vector struct {
	// missing is nil if no row is missing.
	missing []bool
	bools   []bool
	ints    []int64
	floats  []float64
	texts   []string
	// room is a list for missing.
	room []bool
}

// strip is some rows of a row group, for which an expression is evaluated.
type strip struct {
	f   *Frame
	mem *codec.Budget
	// source is the parser of the expression, column the name of the column that is computed.
	source *exprParser
	column string
	// from is the first row of the row group in the table, off that of the strip in the row group; n is the
	// number of rows.
	from, off, n int
	readers      map[int]*columnReader
	// skip has the rows whose values are not needed; it may be nil.
	skip []bool
	free []*vector
	// texts is the size of the texts that were made for the strip.
	texts int64
}

// vector returns a vector without values.
func (s *strip) vector() *vector {
	last := len(s.free) - 1
	if last < 0 {
		return new(vector)
	}
	v := s.free[last]
	s.free = s.free[:last]
	v.missing = nil
	return v
}

// done frees vectors that are not needed any more.
func (s *strip) done(vectors ...*vector) { s.free = append(s.free, vectors...) }

// list returns a list of n values in the room of another one.
func list[T any](s *strip, room []T, size int64) []T {
	if cap(room) < s.n {
		s.mem.Take(size * stripRows)
		room = make([]T, stripRows)
	}
	return room[:s.n]
}

// listOf returns the list of a vector for values of type T, as long as the strip.
func listOf[T exprValue](s *strip, v *vector) []T {
	var out any
	switch any(*new(T)).(type) {
	case bool:
		v.bools = list(s, v.bools, 1)
		out = v.bools
	case int64:
		v.ints = list(s, v.ints, 8)
		out = v.ints
	case float64:
		v.floats = list(s, v.floats, 8)
		out = v.floats
	case string:
		v.texts = list(s, v.texts, 16)
		out = v.texts
	}
	return out.([]T)
}

// exprValue are the types of the values in lists.
type exprValue interface {
	bool | int64 | float64 | string
}

// miss makes a row missing.
func (s *strip) miss(v *vector, row int) {
	if v.missing == nil {
		v.room = list(s, v.room, 1)
		clear(v.room)
		v.missing = v.room
	}
	v.missing[row] = true
}

// isMissing reports whether a row of v is missing.
func (v *vector) isMissing(row int) bool { return v.missing != nil && v.missing[row] }

// missAll makes rows missing that are missing in another vector.
func (s *strip) missAll(v, other *vector) {
	for row, missing := range other.missing {
		if missing {
			s.miss(v, row)
		}
	}
}

// allMissing returns a vector in which every row is missing, with a value of each type.
func (s *strip) allMissing() *vector {
	v := s.vector()
	listOf[bool](s, v)
	listOf[int64](s, v)
	listOf[float64](s, v)
	clear(listOf[string](s, v))
	v.room = list(s, v.room, 1)
	for row := range v.room {
		v.room[row] = true
	}
	v.missing = v.room
	return v
}

// fail says what is to be done with a row that has no value: it is an error, or missing if nobody needs it.
func (s *strip) fail(v *vector, row int, n *exprNode, format string, args ...any) error {
	if s.skip != nil && s.skip[row] {
		s.miss(v, row)
		return nil
	}
	at := int64(s.from + s.off + row)
	return s.source.refuseAs(ErrInvalidOperation, n.at, Fault{Column: s.column, Row: at}, "row %d: "+format, append([]any{at}, args...)...)
}

// without evaluates a program for the rows that are not in skip.
func (s *strip) without(skip []bool, p *program) (*vector, error) {
	before := s.skip
	for row, skipped := range before {
		skip[row] = skip[row] || skipped
	}
	s.skip = skip
	v, err := p.eval(s)
	s.skip = before
	return v, err
}

// takeText accounts for texts that live as long as the strip.
func (s *strip) takeText(bytes int64) {
	s.mem.Take(bytes)
	s.texts += bytes
}

// columnReader reads the values of a column in a row group.
type columnReader struct {
	missing func(row int) bool // nil if no value is missing
	// marks are the rows of the table that are marked as missing on purpose: they have no value.
	marks  []int64
	ints   func(row int) int64
	floats func(row int) float64
	bools  func(row int) bool
	texts  func(row int) string
	// allInts and allFloats have the values of every row, for some types.
	allInts   []int64
	allFloats []float64
	// unsigned says that negative ints are values beyond int64.
	unsigned bool
}

// newColumnReader returns the reader of an array of a column.
func newColumnReader(arr arrow.Array, t exprType) *columnReader {
	r := &columnReader{}
	if scalar.CountMissing(arr) > 0 {
		r.missing = scalar.Missing(arr)
	}
	inner, at := innermost(arr)
	switch t.kind {
	case boolKind:
		value := inner.(*array.Boolean).Value
		r.bools = func(row int) bool { return value(at(row)) }
	case textKind:
		value := inner.(interface{ Value(row int) string }).Value
		r.texts = func(row int) string { return value(at(row)) }
	case floatKind:
		r.floats = scalar.Numbers(arr)
		if floats, ok := arr.(*array.Float64); ok {
			r.allFloats = floats.Float64Values()
		}
	case intKind, dateKind, timeKind, timestampKind, durationKind:
		r.readInts(arr, inner, at)
	}
	return r
}

func (r *columnReader) readInts(arr, inner arrow.Array, at func(row int) int) {
	r.ints = scalar.Ticks(arr)
	switch a := inner.(type) {
	case *array.Uint64:
		r.unsigned = true
		r.ints = func(row int) int64 { return int64(a.Value(at(row))) }
	case *array.Date64:
		ticks := r.ints
		r.ints = func(row int) int64 { return floorDivide(ticks(row), scalar.MillisPerDay) }
	case *array.Int64:
		if inner == arr {
			r.allInts = a.Int64Values()
		}
	}
}

// innermost returns the array that has the values of dictionaries and of other types that refer to one, and
// where in it the value of a row is.
func innermost(arr arrow.Array) (inner arrow.Array, at func(row int) int) {
	inner, at = arr, func(row int) int { return row }
	for {
		next, indirect := scalar.Indirect(inner)
		if indirect == nil {
			return inner, at
		}
		before := at
		inner, at = next, func(row int) int { return indirect(before(row)) }
	}
}

// columnProgram returns the program that reads a column.
func (f *Frame) columnProgram(n *exprNode, column int) *program {
	return &program{exprTypeOf(f.Columns[column].Field.Type), n, func(s *strip) (*vector, error) { return s.read(n, column) }}
}

// read returns the values of a column in the strip.
func (s *strip) read(n *exprNode, column int) (*vector, error) {
	v, r := s.vector(), s.readers[column]
	if r.missing != nil {
		for row := range s.n {
			if r.missing(s.off + row) {
				s.miss(v, row)
			}
		}
	}
	first := int64(s.from + s.off)
	at, _ := slices.BinarySearch(r.marks, first)
	for _, row := range r.marks[at:] {
		if row >= first+int64(s.n) {
			break
		}
		s.miss(v, int(row-first))
	}
	switch {
	case r.bools != nil:
		readValues(s, v, r.bools)
	case r.texts != nil:
		readValues(s, v, r.texts)
	case r.allFloats != nil:
		copy(listOf[float64](s, v), r.allFloats[s.off:])
	case r.floats != nil:
		readValues(s, v, r.floats)
	case r.allInts != nil:
		copy(listOf[int64](s, v), r.allInts[s.off:])
	case r.ints != nil:
		readValues(s, v, r.ints)
	}
	if !r.unsigned {
		return v, nil
	}
	for row, value := range v.ints[:s.n] {
		if value < 0 && !v.isMissing(row) {
			if err := s.fail(v, row, n, "the value %d is beyond int64", uint64(value)); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// readValues reads the values of the rows that are not missing.
func readValues[T exprValue](s *strip, v *vector, value func(row int) T) {
	out := listOf[T](s, v)
	for row := range out {
		if v.missing == nil || !v.missing[row] {
			out[row] = value(s.off + row)
		}
	}
}

// constant returns the program of a value that is the same in every row.
func constant[T exprValue](t exprType, n *exprNode, value T) *program {
	return &program{exprType: t, node: n, eval: func(s *strip) (*vector, error) {
		v := s.vector()
		out := listOf[T](s, v)
		for row := range out {
			out[row] = value
		}
		return v, nil
	}}
}

// mapped computes a value from each value of a program. A row for which fn is not ok is an error that fails
// says, or missing if fails is empty.
func mapped[A, R exprValue](p *program, fn func(a A) (R, bool), fails string) func(s *strip) (*vector, error) {
	return func(s *strip) (*vector, error) {
		a, err := p.eval(s)
		if err != nil {
			return nil, err
		}
		in, out := listOf[A](s, a), listOf[R](s, a)
		for row, value := range in {
			if a.missing != nil && a.missing[row] {
				continue
			}
			var ok bool
			if out[row], ok = fn(value); ok {
				continue
			}
			if fails == "" {
				s.miss(a, row)
			} else if err := s.fail(a, row, p.node, "%s", fails); err != nil {
				return nil, err
			}
		}
		return a, nil
	}
}

// evalBoth computes the values of two programs.
func evalBoth(s *strip, x, y *program) (a, b *vector, err error) {
	if a, err = x.eval(s); err != nil {
		return nil, nil, err
	}
	b, err = y.eval(s)
	return a, b, err
}

// zipped computes a value from the values of two programs; otherwise it is as mapped. n is where errors are.
func zipped[A, B, R exprValue](n *exprNode, x, y *program, fn func(a A, b B) (R, bool), fails string) func(s *strip) (*vector, error) {
	return func(s *strip) (*vector, error) {
		a, b, err := evalBoth(s, x, y)
		if err != nil {
			return nil, err
		}
		s.missAll(a, b)
		left, right := listOf[A](s, a), listOf[B](s, b)
		out := listOf[R](s, a)
		for row := range out {
			if a.missing != nil && a.missing[row] {
				continue
			}
			var ok bool
			if out[row], ok = fn(left[row], right[row]); ok {
				continue
			}
			if fails == "" {
				s.miss(a, row)
			} else if err := s.fail(a, row, n, "%s", fails); err != nil {
				return nil, err
			}
		}
		s.done(b)
		return a, nil
	}
}
