package scalar

import (
	"bytes"
	"math"
	"math/big"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/float16"

	"edgeframe/codec"
)

// intMaker makes integers of all types but uint64.
type intMaker struct {
	refuses
	words
	least, most int64
	scratch     []byte
}

func newIntMaker(dt arrow.DataType, mem *codec.Budget) *intMaker {
	m := &intMaker{words: newWords(dt, mem)}
	bits := 8 * m.width
	if arrow.IsUnsignedInteger(dt.ID()) {
		m.most = 1<<bits - 1
		return m
	}
	m.most = math.MaxInt64 >> (64 - bits)
	m.least = -m.most - 1
	return m
}

func (m *intMaker) integer(v int64) bool {
	if v < m.least || v > m.most {
		return false
	}
	m.put(uint64(v))
	return true
}

func (m *intMaker) unsigned(v uint64) bool { return v <= math.MaxInt64 && m.integer(int64(v)) }

// quoted appends an integer in the spelling of [Text]. JavaScript has no other way to send one beyond 2^53.
func (m *intMaker) quoted(text []byte) bool {
	v, ok := ParseInt(text)
	return ok && m.integer(v)
}

// number appends whole numbers in range, 1.0 and 1e3 too.
func (m *intMaker) number(raw []byte) bool {
	v, ok := jsonInt(raw)
	return ok && m.integer(v)
}

func (m *intMaker) float(v float64, bits int) bool {
	switch {
	case !isWhole(v):
		return false
	case bits == 64:
		return m.integer(int64(v))
	}
	m.scratch = AppendFloat(m.scratch[:0], v, bits)
	return m.number(m.scratch)
}

func (m *intMaker) scaled(v *big.Int) bool { return v.IsInt64() && m.integer(v.Int64()) }

func (m *intMaker) text(b []byte) Fit {
	if v, ok := ParseInt(b); ok {
		if m.integer(v) {
			return Same
		}
		return NoFit
	}
	return textInteger(m, &m.scratch, b)
}

// textInteger appends to m a number as people spell it, which [Text] spells otherwise. A fraction of zeros does not
// count: 7.0 is an integer of any size.
func textInteger(m interface{ number(raw []byte) bool }, scratch *[]byte, b []byte) Fit {
	n, ok := ScanNumber(b)
	if len(bytes.TrimRight(n.Places, "0")) == 0 {
		n.Places = nil
	}
	*scratch = n.AppendJSON((*scratch)[:0])
	if !ok || !m.number(*scratch) {
		return NoFit
	}
	return Respelled
}

// uintMaker makes integers of type uint64.
type uintMaker struct {
	refuses
	words
	scratch []byte
}

func (m *uintMaker) unsigned(v uint64) bool {
	m.put(v)
	return true
}

func (m *uintMaker) integer(v int64) bool { return v >= 0 && m.unsigned(uint64(v)) }

// quoted is that of [intMaker].
func (m *uintMaker) quoted(text []byte) bool {
	v, err := strconv.ParseUint(string(text), 10, 64)
	return err == nil && (text[0] != '0' || len(text) == 1) && m.unsigned(v)
}

func (m *uintMaker) number(raw []byte) bool {
	v, ok := jsonUint(raw)
	return ok && m.unsigned(v)
}

func (m *uintMaker) float(v float64, bits int) bool {
	if !isWhole(v) {
		return false
	}
	m.scratch = AppendFloat(m.scratch[:0], v, bits)
	return m.number(m.scratch)
}

func (m *uintMaker) scaled(v *big.Int) bool { return v.IsUint64() && m.unsigned(v.Uint64()) }

func (m *uintMaker) text(b []byte) Fit {
	if v, ok := ParseInt(b); ok {
		if m.integer(v) {
			return Same
		}
		return NoFit
	}
	fit := textInteger(m, &m.scratch, b)
	if fit == Respelled && bytes.Equal(m.scratch, b) && IsInteger(b) {
		return Same // beyond int64
	}
	return fit
}

// floatMaker makes floats of all types.
type floatMaker struct {
	refuses
	words
	// bits are those to which numbers are rounded when they are read.
	bits    int
	scratch []byte
}

func newFloatMaker(dt arrow.DataType, mem *codec.Budget) *floatMaker {
	m := &floatMaker{words: newWords(dt, mem), bits: 32}
	if dt.ID() == arrow.FLOAT64 {
		m.bits = 64
	}
	return m
}

// value appends a float that has been rounded to bits. A float16 refuses numbers that would become
// infinite, and integers that it does not keep.
func (m *floatMaker) value(v float64) bool {
	switch m.width {
	case 8:
		m.put(math.Float64bits(v))
	case 4:
		m.put(uint64(math.Float32bits(float32(v))))
	default:
		return m.half(v)
	}
	return true
}

// half appends a float16.
func (m *floatMaker) half(v float64) bool {
	const nan = 0x7e00 // float16.New makes infinity of NaN
	if math.IsNaN(v) {
		m.put(nan)
		return true
	}
	half := float16.New(float32(v))
	if !math.IsInf(v, 0) && (half.IsInf() || v == math.Trunc(v) && float64(half.Float32()) != v) {
		return false
	}
	m.put(uint64(half.Uint16()))
	return true
}

func (m *floatMaker) number(raw []byte) bool {
	f, ok := jsonFloat(raw, m.bits)
	return ok && m.value(f)
}

func (m *floatMaker) float(v float64, bits int) bool {
	if bits == 64 && m.bits == 64 {
		return m.value(v)
	}
	m.scratch = AppendFloat(m.scratch[:0], v, bits)
	return m.number(m.scratch)
}

// integer appends an integer of which no digit is lost.
func (m *floatMaker) integer(v int64) bool {
	if m.bits == 64 {
		return ExactInFloat64(v) && m.value(float64(v))
	}
	f := float64(float32(v))
	const beyond = 1 << 63 // float32 may round up to it
	return f < beyond && int64(f) == v && m.value(f)
}

func (m *floatMaker) unsigned(v uint64) bool {
	if v <= math.MaxInt64 {
		return m.integer(int64(v))
	}
	f := float64(v)
	if m.bits == 32 {
		f = float64(float32(v))
	}
	const beyond = 1 << 64
	return f < beyond && uint64(f) == v && m.value(f)
}

func (m *floatMaker) text(b []byte) Fit {
	if m.bits == 64 {
		if v, fit := ParseFloat(b); fit != NoFit {
			m.value(v)
			return fit
		}
	}
	n, ok := ScanNumber(b)
	if ok {
		m.scratch = n.AppendJSON(m.scratch[:0])
		ok = m.number(m.scratch)
	} else if v, known := ParseNotFinite(b); known {
		ok = m.value(v)
	}
	if !ok {
		return NoFit
	}
	m.scratch = AppendFloat(m.scratch[:0], m.last(), m.bits)
	return fitOf(bytes.Equal(b, m.scratch))
}

// last is the value that was appended last.
func (m *floatMaker) last() float64 {
	word := m.values[len(m.values)-m.width:]
	switch m.width {
	case 8:
		return arrow.Float64Traits.CastFromBytes(word)[0]
	case 4:
		return float64(arrow.Float32Traits.CastFromBytes(word)[0])
	}
	return float64(arrow.Float16Traits.CastFromBytes(word)[0].Float32())
}
