package frame

import (
	"encoding/binary"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"

	"edgeframe/codec/scalar"
)

// cells are the values of a column in a row group, in the form in which conditions compare them.
// What no condition asks for is not there.
type cells struct {
	group int
	arr   arrow.Array
	// missing has for each row whether its value is missing; nil if none is. counted says that it is
	// known.
	missing []bool
	counted bool
	// words and keys have the order of the values, see [wordsOf] and [keysOf]. Those of missing
	// values mean nothing.
	words []uint64
	keys  []string
	// numbers and ticks are as [scalar.Numbers] and [scalar.Ticks] have them.
	numbers []float64
	ticks   []int64
	// folded are the keys as [foldCase] returns them.
	folded []string
}

// maxCells is the largest number of columns whose cells are kept at once.
const maxCells = 32

// cells returns those of a column in the current row group.
func (at *evaluation) cells(column int) *cells {
	c := at.columns[column]
	if c == nil {
		if len(at.columns) == maxCells {
			clear(at.columns)
		}
		c = &cells{group: -1}
		at.columns[column] = c
	}
	if c.group != at.group {
		*c = cells{group: at.group, arr: at.arrays[column]}
	}
	return c
}

func (c *cells) countMissing() {
	if c.counted {
		return
	}
	c.counted = true
	if scalar.CountMissing(c.arr) == 0 {
		return
	}
	c.missing = make([]bool, c.arr.Len())
	switch a := c.arr.(type) {
	case *array.Float64:
		for row, number := range a.Float64Values() {
			c.missing[row] = math.IsNaN(number)
		}
		c.addNulls()
	case *array.Int64, *array.Date32, *array.Timestamp, *array.Boolean, *array.String:
		c.addNulls()
	default:
		missing := scalar.Missing(c.arr)
		for row := range c.missing {
			c.missing[row] = missing(row)
		}
	}
}

// addNulls adds the nulls of an array that has a bitmap of them, or none, to the missing values.
func (c *cells) addNulls() {
	bitmap, offset := c.arr.NullBitmapBytes(), c.arr.Data().Offset()
	if len(bitmap) == 0 {
		return
	}
	for row := 0; row < len(c.missing); row++ {
		at := offset + row
		if at%8 == 0 && bitmap[at/8] == 0xff {
			row += 7
		} else if !bitutil.BitIsSet(bitmap, at) {
			c.missing[row] = true
		}
	}
}

// texts returns the keys, if fold is set without differences of case.
func (c *cells) texts(fold bool) []string {
	if c.keys == nil {
		c.keys = keysOf(c.arr, c.missing)
	}
	if !fold {
		return c.keys
	}
	if c.folded == nil {
		c.folded = make([]string, len(c.keys))
		for row, key := range c.keys {
			c.folded[row] = foldCase(key)
		}
	}
	return c.folded
}

// numbersIn returns the numbers of a column that has any, by their rows, those of some rows at least.
func (c *cells) numbersIn(rows []int32) []float64 {
	if c.numbers == nil {
		c.numbers = scalar.AllNumbers(c.arr)
	}
	if c.numbers == nil {
		number := scalar.Numbers(c.arr)
		c.numbers = make([]float64, c.arr.Len())
		c.each(rows, func(row int) { c.numbers[row] = number(row) })
	}
	return c.numbers
}

// ticksIn returns the ticks of a column, by their rows, those of some rows at least. It is nil if the column has
// none.
func (c *cells) ticksIn(rows []int32) []int64 {
	if c.ticks == nil {
		c.ticks = scalar.AllTicks(c.arr)
	}
	if tick := scalar.Ticks(c.arr); c.ticks == nil && tick != nil {
		c.ticks = make([]int64, c.arr.Len())
		c.each(rows, func(row int) { c.ticks[row] = tick(row) })
	}
	return c.ticks
}

// withValue returns those of rows whose values are not missing, and sets for the others whether a
// comparison holds.
func (at *evaluation) withValue(c *cells, rows []int32, holds []bool, missing bool) []int32 {
	c.countMissing()
	if c.missing == nil {
		return rows
	}
	present := at.present[:0]
	for _, row := range rows {
		if c.missing[row] {
			holds[row] = missing
		} else {
			present = append(present, row)
		}
	}
	at.present = present
	return present
}

// wordsOf returns for each row of an array, whose type [fitsWord], its key as a number: numbers are
// ordered as the values are.
func wordsOf(arr arrow.Array, missing []bool) []uint64 {
	words := make([]uint64, arr.Len())
	wordsInto(words, arr, missing)
	return words
}

// wordsInto is [wordsOf] for words that are there already, one for each row.
func wordsInto(words []uint64, arr arrow.Array, missing []bool) {
	switch a := arr.(type) {
	case *array.Int64:
		tickWords(words, a.Int64Values())
		return
	case *array.Date32:
		tickWords(words, a.Date32Values())
		return
	case *array.Timestamp:
		tickWords(words, a.TimestampValues())
		return
	case *array.Float64:
		for row, number := range a.Float64Values() {
			words[row] = scalar.FloatWord(number)
		}
		return
	case *array.Boolean:
		// Their keys are one byte.
		bitmap, offset := a.Data().Buffers()[1].Bytes(), a.Data().Offset()
		for row := range words {
			at := uint(offset + row)
			words[row] = uint64(bitmap[at/8]>>(at%8)&1) << 56
		}
		return
	}
	if ticks := scalar.AllTicks(arr); ticks != nil {
		tickWords(words, ticks)
		return
	}
	if tick := scalar.Ticks(arr); tick != nil {
		for row := range words {
			if missing == nil || !missing[row] {
				words[row] = uint64(tick(row)) ^ 1<<63
			}
		}
		return
	}
	if number, _ := scalar.FloatValue(arr); number != nil {
		for row := range words {
			words[row] = scalar.FloatWord(number(row))
		}
		return
	}
	key := scalar.Keys(arr)
	var scratch [wordBytes]byte
	for row := range words {
		if missing == nil || !missing[row] {
			words[row] = wordOf(key(scratch[:0], row))
		}
	}
}

func tickWords[T ~int32 | ~int64](words []uint64, ticks []T) {
	for row, tick := range ticks {
		words[row] = uint64(int64(tick)) ^ 1<<63
	}
}

// wordOf returns a key of at most eight bytes as a number.
func wordOf(key []byte) uint64 {
	if len(key) == wordBytes {
		return binary.BigEndian.Uint64(key)
	}
	return firstWord(key)
}

// keysOf returns for each row of an array its key.
func keysOf(arr arrow.Array, missing []bool) []string {
	keys := make([]string, arr.Len())
	inner, at := scalar.Indirect(arr)
	if at == nil {
		inner, at = arr, func(row int) int { return row }
	}
	if texts, ok := inner.(interface{ Value(row int) string }); ok && scalar.IsText(inner.DataType()) {
		for row := range keys {
			if missing == nil || !missing[row] {
				keys[row] = texts.Value(at(row))
			}
		}
		return keys
	}
	key := scalar.Keys(arr)
	var all []byte
	ends := make([]int, len(keys))
	for row := range keys {
		if missing == nil || !missing[row] {
			all = key(all, row)
		}
		ends[row] = len(all)
	}
	text, start := string(all), 0
	for row, end := range ends {
		keys[row] = text[start:end]
		start = end
	}
	return keys
}
