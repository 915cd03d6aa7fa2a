package scalar

import (
	"bytes"
	"fmt"
	"math/big"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
)

// Builder makes an array of one type from values that come one by one. Each of the Append methods
// says whether the value fits the type; one that does not is not appended, and the builder can be
// used further. Memory is taken from a [codec.Budget], whose panic [codec.Guard] turns into an
// error.
type Builder struct {
	dt arrow.DataType
	maker
	scratch []byte
}

// maker makes the values of one type and keeps them. Its methods report whether a value fits.
type maker interface {
	// null appends a missing value.
	null()
	// number appends a JSON number, quoted the content of a JSON string.
	number(raw []byte) bool
	quoted(text []byte) bool
	// text appends what a text spells: a cell of delimited text, or text that is cast.
	text(text []byte) Fit
	boolean(v bool) bool
	integer(v int64) bool
	unsigned(v uint64) bool
	// float appends a finite float that has bits bits.
	float(v float64, bits int) bool
	// scaled appends the value of which [Integers] returns v.
	scaled(v *big.Int) bool
	// reserve makes room for n more values.
	reserve(n int)
	// array returns what has been appended and begins anew.
	array() arrow.Array
}

// NewBuilder returns a builder for a type that is not nested. For nested types and those of which
// no values can be made (unions, run-end encoded, intervals) the error is [codec.ErrUnsupported].
func NewBuilder(dt arrow.DataType, mem *codec.Budget) (*Builder, error) {
	m := newMaker(dt, mem)
	if m == nil {
		return nil, codec.Errorf(codec.ErrUnsupported, "values of type %s cannot be made one by one", DType(dt))
	}
	return &Builder{dt: dt, maker: m}, nil
}

// newMaker returns nil for types that no maker knows.
func newMaker(dt arrow.DataType, mem *codec.Budget) maker {
	if r, ok := newTimeReader(dt); ok {
		return &timeMaker{words: newWords(dt, mem), timeReader: r}
	}
	switch id := dt.ID(); id {
	case arrow.NULL:
		return &nullMaker{}
	case arrow.BOOL:
		return &boolMaker{words: words{dt: dt, mem: mem, width: 1}}
	case arrow.UINT64:
		return &uintMaker{words: newWords(dt, mem)}
	case arrow.FLOAT16, arrow.FLOAT32, arrow.FLOAT64:
		return newFloatMaker(dt, mem)
	case arrow.DECIMAL128, arrow.DECIMAL256:
		return newDecimalMaker(dt, mem)
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		return &textMaker{kept: newKept(dt, mem)}
	case arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW, arrow.FIXED_SIZE_BINARY:
		return newBinaryMaker(dt, mem)
	default:
		if !arrow.IsInteger(id) {
			return nil
		}
		return newIntMaker(dt, mem)
	}
}

// Reserve makes room for n more values.
func (b *Builder) Reserve(n int) { b.reserve(n) }

// AppendNull appends a missing value.
func (b *Builder) AppendNull() { b.null() }

// AppendJSON appends a value as [FromJSON] reads it. raw is valid JSON without blanks around it.
func (b *Builder) AppendJSON(raw []byte) bool {
	switch raw[0] {
	case 'n':
		b.null()
		return true
	case 't', 'f':
		return b.boolean(raw[0] == 't')
	case '[', '{':
		return false
	case '"':
		content, ok := PlainString(raw)
		if !ok {
			b.scratch = AppendJSONText(b.scratch[:0], raw)
			content = b.scratch
		}
		return b.quoted(content)
	}
	return b.number(raw)
}

// AppendText appends the value that a text spells: numbers also with a plus or leading zeros, with a
// point at their beginning or end; infinities and NaN as [ParseNotFinite] reads them; booleans as
// [ParseBool] does, and 1 and 0; everything else as the string that [FromJSON] reads.
func (b *Builder) AppendText(text []byte) Fit { return b.text(text) }

// AppendWords appends values of a type of a fixed width of at most eight bytes, as Arrow has them in memory: each
// in the low bytes of a word, of booleans 1 and 0. They must be values of the type.
func (b *Builder) AppendWords(values []uint64) {
	m := b.maker.(interface{ putAll(values []uint64) })
	m.putAll(values)
}

// AppendBool appends true or false.
func (b *Builder) AppendBool(v bool) bool { return b.boolean(v) }

// AppendInt appends a whole number.
func (b *Builder) AppendInt(v int64) bool { return b.integer(v) }

// AppendFloat appends a number, which must be finite.
func (b *Builder) AppendFloat(v float64) bool { return b.float(v, 64) }

// AppendInteger appends the value of which [Integers] returns v: dates, times and decimals are
// counted in the unit of their type.
func (b *Builder) AppendInteger(v *big.Int) bool { return b.scaled(v) }

// Array returns the values that have been appended and begins anew.
func (b *Builder) Array() arrow.Array { return b.array() }

// Misfit is the cause of an error about a value that does not fit a type.
type Misfit struct {
	// Value is the value as JSON.
	Value []byte
	// Position is where it is in its list, counted from 0.
	Position int
	Type     arrow.DataType
}

// Error implements error.
func (m *Misfit) Error() string {
	return fmt.Sprintf("the value %s at position %d does not fit %s", m.Shown(), m.Position, DType(m.Type))
}

// Shown returns the value, shortened for an error message.
func (m *Misfit) Shown() string { return codec.Shorten(string(m.Value)) }

// misfit is the error about a value that does not fit a type.
func misfit(value []byte, position int, dt arrow.DataType) error {
	cause := &Misfit{bytes.Clone(value), position, dt}
	return &codec.Error{Kind: codec.ErrMismatch, Detail: cause.Error(), Err: cause}
}

// refuses is a maker that no value fits. Others embed it and say what fits them.
type refuses struct{}

func (refuses) number([]byte) bool      { return false }
func (refuses) quoted([]byte) bool      { return false }
func (refuses) text([]byte) Fit         { return NoFit }
func (refuses) boolean(bool) bool       { return false }
func (refuses) integer(int64) bool      { return false }
func (refuses) unsigned(uint64) bool    { return false }
func (refuses) float(float64, int) bool { return false }
func (refuses) scaled(*big.Int) bool    { return false }

// nullMaker makes values of the null type.
type nullMaker struct {
	refuses
	n int
}

func (m *nullMaker) null()       { m.n++ }
func (m *nullMaker) reserve(int) {}

func (m *nullMaker) array() arrow.Array {
	n := m.n
	m.n = 0
	return array.NewNull(n)
}
