package scalar

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
)

// decimalMaker makes decimals of all widths.
type decimalMaker struct {
	refuses
	words
	precision, scale int
	scratch          []byte
}

// newDecimalMaker returns nil for types with a scale that no decimal can have.
func newDecimalMaker(dt arrow.DataType, mem *codec.Budget) maker {
	t := dt.(arrow.DecimalType)
	scale := int(t.GetScale())
	if scale < -maxDecimalScale || scale > maxDecimalScale {
		return nil
	}
	return &decimalMaker{words: newWords(dt, mem), precision: min(int(t.GetPrecision()), maxDecimalScale), scale: scale}
}

// small appends a decimal given without its point.
func (m *decimalMaker) small(v int64) bool {
	if decimalDigits(v) > m.precision {
		return false
	}
	var word [32]byte
	binary.LittleEndian.PutUint64(word[:], uint64(v))
	sign := uint64(v >> 63)
	for at := wordBytes; at < m.width; at += wordBytes {
		binary.LittleEndian.PutUint64(word[at:], sign)
	}
	m.putBytes(word[:m.width])
	return true
}

// decimalDigits is the number of digits of v.
func decimalDigits(v int64) int {
	magnitude := uint64(v)
	if v < 0 {
		magnitude = -magnitude
	}
	n := 1
	for ; magnitude >= 10; magnitude /= 10 {
		n++
	}
	return n
}

// scaled appends a decimal given without its point.
func (m *decimalMaker) scaled(v *big.Int) bool {
	if v.IsInt64() {
		return m.small(v.Int64())
	}
	if len(new(big.Int).Abs(v).Text(10)) > m.precision {
		return false
	}
	var word [32]byte
	magnitude := v
	if v.Sign() < 0 { // the two's complement
		magnitude = new(big.Int).Add(v, new(big.Int).Lsh(big.NewInt(1), uint(8*m.width)))
	}
	magnitude.FillBytes(word[:m.width])
	for i, j := 0, m.width-1; i < j; i, j = i+1, j-1 {
		word[i], word[j] = word[j], word[i]
	}
	m.putBytes(word[:m.width])
	return true
}

func (m *decimalMaker) number(raw []byte) bool  { return m.text(raw) != NoFit }
func (m *decimalMaker) quoted(text []byte) bool { return m.text(text) != NoFit }

func (m *decimalMaker) integer(v int64) bool {
	m.scratch = strconv.AppendInt(m.scratch[:0], v, 10)
	return m.number(m.scratch)
}

func (m *decimalMaker) unsigned(v uint64) bool {
	m.scratch = strconv.AppendUint(m.scratch[:0], v, 10)
	return m.number(m.scratch)
}

func (m *decimalMaker) float(v float64, bits int) bool {
	m.scratch = AppendFloat(m.scratch[:0], v, bits)
	return m.number(m.scratch)
}

// text appends a number if, times 10^scale, it is an integer of at most precision digits.
func (m *decimalMaker) text(b []byte) Fit {
	const mostBytes = 200 // far more than any decimal needs
	n, ok := ScanNumber(b)
	if !ok || len(b) > mostBytes {
		return NoFit
	}
	exponent := 0
	if len(n.Exponent) > 0 {
		var err error
		if exponent, err = strconv.Atoi(string(n.Exponent[1:])); err != nil || exponent < -mostBytes || exponent > mostBytes {
			return NoFit
		}
	}
	shift := exponent - len(n.Places) + m.scale
	if v, ok := shortDecimal(n, shift); ok && m.scale >= 0 {
		if !m.small(v) {
			return NoFit
		}
		return fitOf(m.spells(n, v == 0))
	}
	v := longDecimal(n, shift)
	if v == nil || !m.scaled(v) {
		return NoFit
	}
	if m.scale < 0 {
		m.scratch = appendDecimal(m.scratch[:0], v, m.scale)
		return fitOf(bytes.Equal(m.scratch, b))
	}
	return fitOf(m.spells(n, v.Sign() == 0))
}

// shortDecimal returns n times 10^shift if that is an integer and all is short enough for an int64.
// shift counts from the last place of n.
func shortDecimal(n Number, shift int) (v int64, ok bool) {
	const most = 18
	digits := len(n.Whole) + len(n.Places)
	if digits > most || digits+shift > most || shift < -most {
		return 0, false
	}
	magnitude, _ := addDigits(n.Whole, 0, 0)
	magnitude, _ = addDigits(n.Places, 0, magnitude)
	v = int64(magnitude)
	for ; shift > 0; shift-- {
		v *= 10
	}
	for ; shift < 0; shift++ {
		if v%10 != 0 {
			return 0, false
		}
		v /= 10
	}
	if n.Negative {
		v = -v
	}
	return v, true
}

// longDecimal is shortDecimal without bounds; nil if the result is no integer.
func longDecimal(n Number, shift int) *big.Int {
	v, _ := new(big.Int).SetString(string(n.Whole)+string(n.Places), 10)
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(shift, -shift))), nil)
	rest := new(big.Int)
	if shift >= 0 {
		v.Mul(v, power)
	} else {
		v.QuoRem(v, power, rest)
	}
	if rest.Sign() != 0 {
		return nil
	}
	if n.Negative {
		v.Neg(v)
	}
	return v
}

// spells reports whether [Text] spells a number that fits as n is spelled, if the scale is not
// negative.
func (m *decimalMaker) spells(n Number, zero bool) bool {
	switch {
	case n.Positive, n.Negative && zero, len(n.Whole) == 0, len(n.Whole) > 1 && n.Whole[0] == '0':
		return false
	}
	return len(n.Exponent) == 0 && len(n.Places) == m.scale && n.Pointed == (m.scale > 0)
}
