package frame

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec/scalar"
)

// describeTimes describes a column of dates, times, timestamps or durations. Means and quartiles
// are exact, rounded down to nanoseconds.
func (c *describedColumn) describeTimes(out *ColumnDescription, budget int64, percentiles []float64) error {
	var ends extremes
	var total ticks
	var words []uint64
	for g := range c.chunks {
		if err := ended(c.ctx); err != nil {
			return err
		}
		chunk := &c.chunks[g]
		missing := chunk.whichMissing()
		words = chunk.words(words, missing)
		ends.addWords(words, missing, g)
		for row, word := range words {
			if missing == nil || !missing[row] {
				total.add(integerOf(word))
			}
		}
	}
	values, err := c.inOrder(out, &ends, budget, percentiles)
	if err != nil {
		return err
	}
	out.Distribution = ends.distribution(c)
	if out.Count == 0 {
		return nil
	}
	dt := valuesOf(c.field.Type)
	out.Mean = spellTime(dt, total.value(), out.Count)
	if values == nil {
		return nil
	}
	quantile := func(p float64) []byte {
		low, high, t := values.quantile(p)
		// The way between the two is divided into parts, so that the result is exact to the nanosecond.
		const parts = 1_000_000_000_000
		sum := new(big.Int).Sub(big.NewInt(integerOf(high)), big.NewInt(integerOf(low)))
		sum.Mul(sum, big.NewInt(int64(math.Round(t*parts))))
		sum.Add(sum, new(big.Int).Mul(big.NewInt(integerOf(low)), big.NewInt(parts)))
		return spellTime(dt, sum, parts)
	}
	out.Q1, out.Median, out.Q3 = quantile(0.25), quantile(0.5), quantile(0.75)
	for _, p := range percentiles {
		out.Percentiles = append(out.Percentiles, Percentile{p, quantile(p)})
	}
	return nil
}

// ticks is a sum of 128 bits.
type ticks struct{ high, low uint64 }

func (t *ticks) add(v int64) {
	low, carry := bits.Add64(t.low, uint64(v), 0)
	t.low, t.high = low, t.high+uint64(v>>63)+carry
}

func (t *ticks) value() *big.Int {
	sum := new(big.Int).Lsh(big.NewInt(int64(t.high)), 64)
	return sum.Add(sum, new(big.Int).SetUint64(t.low))
}

// spellTime formats sum / n ticks of a type as JSON: to the nanosecond if that fits 64 bits. A date
// that is not a whole day is formatted as a timestamp.
func spellTime(dt arrow.DataType, sum *big.Int, n int64) []byte {
	nanos := new(big.Int).Mul(sum, big.NewInt(int64(tickOf(dt))))
	nanos = quotient(nanos, n)
	if !nanos.IsInt64() {
		return spellTick(dt, quotient(sum, n).Int64())
	}
	of := nanos.Int64()
	switch t := dt.(type) {
	case *arrow.Date32Type, *arrow.Date64Type:
		if day := int64(24 * time.Hour); of%day == 0 {
			return spellTick(arrow.FixedWidthTypes.Date32, of/day)
		}
		return spellTick(&arrow.TimestampType{Unit: arrow.Nanosecond}, of)
	case *arrow.TimestampType:
		return spellTick(&arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: t.TimeZone}, of)
	case *arrow.DurationType:
		return spellTick(arrow.FixedWidthTypes.Duration_ns, of)
	default:
		return spellTick(arrow.FixedWidthTypes.Time64ns, of)
	}
}

// quotient is a / n, rounded down. n is positive.
func quotient(a *big.Int, n int64) *big.Int {
	// Euclidean division rounds down if the divisor is positive.
	return new(big.Int).Div(a, big.NewInt(n))
}

// tickOf is the duration of one unit of a type.
func tickOf(dt arrow.DataType) time.Duration {
	switch t := dt.(type) {
	case arrow.TemporalWithUnit:
		return t.TimeUnit().Multiplier()
	case *arrow.Date64Type:
		return time.Millisecond
	default:
		return 24 * time.Hour
	}
}

// spellTick formats a value of a temporal type as JSON.
func spellTick(dt arrow.DataType, v int64) []byte {
	value := binary.NativeEndian.AppendUint64(nil, uint64(v))
	if dt.(arrow.FixedWidthDataType).BitWidth() == 32 {
		value = binary.NativeEndian.AppendUint32(nil, uint32(v))
	}
	data := array.NewData(dt, 1, []*memory.Buffer{nil, memory.NewBufferBytes(value)}, nil, 0, 0)
	return scalar.JSON(array.MakeFromData(data))(nil, 0)
}
