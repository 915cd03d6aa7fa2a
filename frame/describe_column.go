package frame

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/scalar"
)

// describedKind is a family of types with the same statistics.
type describedKind int

const (
	describedOther describedKind = iota
	describedFloat
	describedInteger
	describedDecimal
	describedTime
	describedBool
	describedText
	describedBinary
)

// valuesOf returns the type of the values of dictionaries, run-end encoded arrays and extensions;
// other types as they are.
func valuesOf(dt arrow.DataType) arrow.DataType {
	switch t := dt.(type) {
	case *arrow.DictionaryType:
		return valuesOf(t.ValueType)
	case *arrow.RunEndEncodedType:
		return valuesOf(t.Encoded())
	case arrow.ExtensionType:
		return valuesOf(t.StorageType())
	}
	return dt
}

// kindOf returns the kind of a type.
func kindOf(dt arrow.DataType) describedKind {
	switch id := valuesOf(dt).ID(); id {
	case arrow.BOOL:
		return describedBool
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		return describedText
	case arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW, arrow.FIXED_SIZE_BINARY:
		return describedBinary
	case arrow.DATE32, arrow.DATE64, arrow.TIME32, arrow.TIME64, arrow.TIMESTAMP, arrow.DURATION:
		return describedTime
	default:
		switch {
		case arrow.IsInteger(id):
			return describedInteger
		case arrow.IsFloating(id):
			return describedFloat
		case arrow.IsDecimal(id):
			return describedDecimal
		}
		return describedOther
	}
}

// valueBytes is the memory for a value that is kept to find out its rank.
const valueBytes = 8

// bytesOf is the most memory that the work on a column of so many rows takes.
func (k describedKind) bytesOf(rows int64) int64 {
	switch k {
	case describedFloat, describedInteger, describedTime:
		return rows * valueBytes
	case describedDecimal:
		return rows * (valueBytes + tallyBytes)
	case describedBool:
		return 2 * tallyBytes
	default:
		return rows * tallyBytes
	}
}

// describedColumn is a column with functions that read its values.
type describedColumn struct {
	ctx    context.Context
	field  arrow.Field
	kind   describedKind
	chunks []describedChunk
	// spare and spareTallies have what other columns have kept and do not need any more.
	spare, spareTallies *sync.Pool
}

// describedChunk is the values of a column in a row group.
type describedChunk struct {
	data    arrow.Array
	len     int
	missing func(row int) bool
	key     func(dst []byte, row int) []byte
}

func (d *Describer) newColumn(field arrow.Field, arrays []arrow.Array) *describedColumn {
	c := &describedColumn{ctx: d.Context, field: field, kind: kindOf(field.Type), chunks: make([]describedChunk, len(arrays)), spare: &d.spare, spareTallies: &d.spareTallies}
	for g, arr := range arrays {
		c.chunks[g] = describedChunk{arr, arr.Len(), scalar.Missing(arr), scalar.Keys(arr)}
	}
	return c
}

// whichMissing returns for each row whether its value is missing, nil if none is.
func (chunk *describedChunk) whichMissing() []bool {
	c := cells{arr: chunk.data}
	c.countMissing()
	return c.missing
}

// words returns the words of the rows of a chunk, in the memory of others if it suffices.
func (chunk *describedChunk) words(others []uint64, missing []bool) []uint64 {
	words := slices.Grow(others[:0], chunk.len)[:chunk.len]
	wordsInto(words, chunk.data, missing)
	return words
}

// numbers returns the values of a chunk of numbers as floats, anything for missing ones.
func (chunk *describedChunk) numbers() []float64 {
	if numbers := scalar.AllNumbers(chunk.data); numbers != nil {
		return numbers
	}
	number, numbers := scalar.Numbers(chunk.data), make([]float64, chunk.len)
	for row := range numbers {
		if !chunk.missing(row) {
			numbers[row] = number(row)
		}
	}
	return numbers
}

// cellPlace is a row of a chunk.
type cellPlace struct{ chunk, row int32 }

// key appends the key of a value.
func (c *describedColumn) key(dst []byte, at cellPlace) []byte {
	return c.chunks[at.chunk].key(dst, int(at.row))
}

// spell formats a value as JSON.
func (c *describedColumn) spell(at cellPlace) []byte {
	return scalar.JSON(c.chunks[at.chunk].data)(nil, int(at.row))
}

// describe returns the statistics of a column.
func (d *Describer) describe(c *describedColumn) (out ColumnDescription, err error) {
	out = ColumnDescription{Name: c.field.Name, DType: scalar.DType(c.field.Type)}
	d.countCells(c, &out)
	switch c.kind {
	case describedFloat, describedInteger, describedDecimal:
		err = c.describeNumbers(&out, d.budget, d.Options.Percentiles)
	case describedTime:
		err = c.describeTimes(&out, d.budget, d.Options.Percentiles)
	default:
		err = c.describeValues(&out, d.budget, cmp.Or(d.Options.Top, DefaultTop))
	}
	return out, err
}

// countCells counts the cells of a column with and without a value, and the marked ones.
func (d *Describer) countCells(c *describedColumn, out *ColumnDescription) {
	for g := range c.chunks {
		out.Missing += int64(scalar.CountMissing(c.chunks[g].data))
	}
	out.Count = d.result.Rows - out.Missing
	marked := d.marks[c.field.Name]
	out.IntentionalMissing = int64(len(marked))
	g := 0
	for _, row := range marked {
		for g+1 < len(d.starts) && row >= int64(d.starts[g+1]) {
			g++
		}
		if c.chunks[g].missing(int(row) - d.starts[g]) {
			out.Missing--
		}
	}
}
