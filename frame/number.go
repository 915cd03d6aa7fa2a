package frame

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/big"
	"slices"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// isNumber reports whether JSON without blanks around it is a number.
func isNumber(raw []byte) bool { return raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9' }

// bareInteger returns a JSON string that spells an integer without its quotes, and other values as they are.
func bareInteger(raw []byte) []byte {
	text, ok := scalar.PlainString(raw)
	if !ok || len(text) == 0 || len(text) > maxDigits {
		return raw
	}
	digits := bytes.TrimPrefix(text, []byte("-"))
	if len(digits) == 0 || len(bytes.TrimLeft(digits, "0123456789")) > 0 || digits[0] == '0' && len(text) > 1 {
		return raw
	}
	return text
}

// numberPosition is the position of a JSON number among integers, floats or decimals. Among floats it is
// the nearest float of their size, because numbers are rounded to that when they are read.
func numberPosition(dt arrow.DataType, raw string, limits codec.Limits) (position, error) {
	nearest, _ := strconv.ParseFloat(raw, 64)
	decimal, isDecimal := dt.(arrow.DecimalType)
	switch {
	case arrow.IsFloating(dt.ID()):
		return position{key: wordKey(scalar.FloatWord(nearestIn(dt, nearest)))}, nil
	case math.IsInf(nearest, 0):
		return position{outside: int(math.Copysign(1, nearest))}, nil
	}
	exact := new(big.Rat)
	// Unless the nearest float is zero or infinite, the exponent is small enough for exact arithmetic.
	if nearest != 0 {
		exact.SetString(raw)
	}
	scale := 0
	if isDecimal {
		scale = int(decimal.GetScale())
	}
	floor, between := floorAt(exact, scale)
	arr, err := scalar.FromIntegers([]*big.Int{floor}, dt, limits)
	if err != nil {
		return position{outside: exact.Sign() | 1}, nil
	}
	return position{key: scalar.Keys(arr)(nil, 0), between: between}, nil
}

// nearestIn returns the float of a type of floats that is nearest to f.
func nearestIn(dt arrow.DataType, f float64) float64 {
	if dt.ID() == arrow.FLOAT64 {
		return f
	}
	return float64(float32(f))
}

// wordKey returns the key that a word is.
func wordKey(word uint64) []byte { return binary.BigEndian.AppendUint64(nil, word) }

// floorAt returns the greatest number that is not above x and has scale digits behind the point, without
// its point. below says that it is less than x.
func floorAt(x *big.Rat, scale int) (floor *big.Int, below bool) {
	power := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(scale, -scale))), nil))
	if scale < 0 {
		power.Inv(power)
	}
	shifted := new(big.Rat).Mul(x, power)
	return new(big.Int).Div(shifted.Num(), shifted.Denom()), !shifted.IsInt()
}

// maxDigits is more digits than an integer or decimal has.
const maxDigits = 80

// scaledInteger returns a JSON number times 10^scale, if that is a whole number of at most [maxDigits]
// digits. It takes time in proportion to the length of the number. A number that is too small for a
// float64 is 0, as it is for [numberPosition].
func scaledInteger(raw []byte, scale int) (*big.Int, bool) {
	n, _ := scalar.ScanNumber(raw)
	digits := bytes.TrimLeft(slices.Concat(n.Whole, n.Places), "0")
	if len(digits) == 0 {
		return new(big.Int), true
	}
	short := bytes.TrimRight(digits, "0")
	exponent := scale - len(n.Places) + len(digits) - len(short)
	if len(n.Exponent) > 0 {
		// An exponent beyond an int becomes the nearest one.
		e, _ := strconv.Atoi(string(n.Exponent[1:]))
		exponent += min(max(e, -1<<40), 1<<40)
	}
	if exponent < 0 {
		nearest, _ := strconv.ParseFloat(string(raw), 64)
		return new(big.Int), nearest == 0
	}
	if len(short)+exponent > maxDigits {
		return nil, false
	}
	digits = append(slices.Clone(short), bytes.Repeat([]byte("0"), exponent)...)
	if n.Negative {
		digits = slices.Insert(digits, 0, '-')
	}
	return new(big.Int).SetString(string(digits), 10)
}
