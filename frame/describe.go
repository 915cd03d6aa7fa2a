package frame

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/zeebo/xxh3"

	"edgeframe/codec"
	"edgeframe/internal/parallel"
)

// DescribeFormat is the version of what [Description.JSON] writes.
const DescribeFormat = 3

// Description is the statistics of a table. Statistics that pandas has too are the same.
type Description struct {
	Rows int64 `json:"rows"`
	// DuplicateRows is the number of rows that equal an earlier one in all columns; missing values
	// are equal. Nil if counting them would take too much memory.
	DuplicateRows *int64              `json:"duplicate_rows"`
	Columns       []ColumnDescription `json:"columns"`
}

// DescribeOptions say what a description has beside the usual statistics. The zero value means nothing.
type DescribeOptions struct {
	// Top is how many of the most frequent values are listed, at most [MostTop]; 0 means [DefaultTop].
	Top int
	// Percentiles are from 0 to 1.
	Percentiles []float64
}

// The numbers of frequent values in a description.
const (
	DefaultTop = 10
	MostTop    = 1000
)

// ColumnDescription is the statistics of one column. The embedded ones depend on the type; they
// are null if there are no values.
type ColumnDescription struct {
	Name  string `json:"name"`
	DType string `json:"dtype"`
	// Count is the number of values, Missing that of missing cells that are not marked, and
	// IntentionalMissing that of marked cells.
	Count              int64 `json:"count"`
	Missing            int64 `json:"missing"`
	IntentionalMissing int64 `json:"intentional_missing"`
	// Unique is the number of distinct values, or a lower bound unless UniqueExact is set.
	Unique      int64 `json:"unique"`
	UniqueExact bool  `json:"unique_exact"`
	*Distribution
	*Deviation
	*Lengths
	*Frequencies
	// Percentiles are those that were asked for, of what has a distribution; nil if there are no values or if
	// finding them would take too much memory.
	Percentiles []Percentile `json:"percentiles,omitempty"`
}

// Percentile is the value below which the share P of the values is, interpolated linearly and formatted as
// the quartiles are.
type Percentile struct {
	P     float64         `json:"p"`
	Value json.RawMessage `json:"value"`
}

// Distribution describes numbers, dates, times, timestamps and durations. Quartiles are
// interpolated linearly; they are nil if finding them would take too much memory. Min and Max
// are formatted as in JSON pages. The others are floats for numbers; for times they are formatted
// as in JSON pages, with as many digits of a second as they need.
type Distribution struct {
	Min    json.RawMessage `json:"min"`
	Q1     json.RawMessage `json:"q1"`
	Median json.RawMessage `json:"median"`
	Q3     json.RawMessage `json:"q3"`
	Max    json.RawMessage `json:"max"`
	Mean   json.RawMessage `json:"mean"`
}

// Deviation describes numbers. Std is that of a sample (n - 1). Skewness and Kurtosis are unbiased as in
// pandas; that of a normal distribution is 0. They are null for fewer than three and four values.
type Deviation struct {
	Std      json.RawMessage `json:"std"`
	Skewness json.RawMessage `json:"skewness"`
	Kurtosis json.RawMessage `json:"kurtosis"`
	Outliers *Outliers       `json:"outliers"`
}

// Outliers are values more than 1.5 interquartile ranges below the first or above the third quartile.
type Outliers struct {
	Count      int64           `json:"count"`
	LowerBound json.RawMessage `json:"lower_bound"`
	UpperBound json.RawMessage `json:"upper_bound"`
}

// Lengths describes text. Lengths are in characters.
type Lengths struct {
	MinLength *int64 `json:"min_length"`
	MaxLength *int64 `json:"max_length"`
}

// Frequencies describes text, booleans and binary: the most frequent values, the most frequent
// first, equally frequent ones in the order of the values. Top is nil if counting all values would
// take too much memory.
type Frequencies struct {
	Top []Frequency `json:"top"`
}

// Frequency is how often a value occurs. Value is a bool, a string, or bytes; UUIDs are strings.
type Frequency struct {
	Value any   `json:"value"`
	Count int64 `json:"count"`
	// Truncated is true if Value is only the beginning of a long value.
	Truncated bool `json:"truncated,omitempty"`
}

// JSON returns d as a JSON object.
func (d *Description) JSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(d)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// Describer builds the description of a table from a few columns at a time, so that the whole
// table is never in memory. Beside the given columns it takes 16 bytes for each row and, while it
// works on a column, 8 bytes for each number or time, or [tallyBytes] for each distinct value of
// another type. Each of the two takes at most a third of the bytes of the limits. What does not
// fit is left out, and the description says so.
type Describer struct {
	schema *arrow.Schema
	// starts are the first rows of the row groups.
	starts []int
	marks  Marks
	// budget is the memory, in bytes, for the columns that are worked on at once.
	budget int64
	// digests has for each row the hash of its cells in the columns so far; nil if they would take
	// too much memory.
	digests []xxh3.Uint128
	// seed is that of the hashes. digested says that they have the cells of a column.
	seed     uint64
	digested bool
	// spare and spareTallies have what columns have given back.
	spare, spareTallies sync.Pool

	result Description
	// Context ends the work: it is looked at for each row group. Nil never does.
	Context context.Context
	// Options may be set before columns are added.
	Options DescribeOptions
}

// NewDescriber returns a describer of a table. rows are the numbers of rows of its row groups.
func NewDescriber(schema *arrow.Schema, rows []int, marks Marks, limits codec.Limits) *Describer {
	d := &Describer{schema: schema, marks: marks, budget: limits.WithDefaults().Bytes / describeShare}
	total := 0
	for _, n := range rows {
		d.starts = append(d.starts, total)
		total += n
	}
	if DescribedBytes(int64(total), limits) > 0 || total == 0 {
		d.digests, d.seed = make([]xxh3.Uint128, total), rand.Uint64()
	}
	d.result = Description{Rows: int64(total), Columns: make([]ColumnDescription, schema.NumFields())}
	return d
}

// DescribedBytes returns how many bytes a [Describer] keeps for a number of rows, whatever their columns are. It is 0 if
// they would exceed their share of the limits: equal rows are then not counted.
func DescribedBytes(rows int64, limits codec.Limits) int64 {
	if rows > limits.WithDefaults().Bytes/describeShare/digestBytes {
		return 0
	}
	return digestBytes * rows
}

const (
	digestBytes = 16
	// describeShare is the divisor of the bytes of the limits: rows and columns may each take that
	// part.
	describeShare = 3
)

// Add adds columns, by their positions in the schema, with the array of each row group. Every
// column must be added once, in any order.
func (d *Describer) Add(positions []int, arrays [][]arrow.Array) error {
	columns := make([]*describedColumn, len(positions))
	for i, position := range positions {
		columns[i] = d.newColumn(d.schema.Field(position), arrays[i])
	}
	if d.digests != nil && len(columns) > 0 {
		if err := parallel.Do(len(d.starts), func(g int) error {
			d.digest(columns, g)
			return ended(d.Context)
		}); err != nil {
			return err
		}
		d.digested = true
	}
	for len(columns) > 0 {
		n := d.fitting(columns)
		err := parallel.Do(n, func(i int) (err error) {
			d.result.Columns[positions[i]], err = d.describe(columns[i])
			columns[i] = nil
			return err
		})
		if err != nil {
			return err
		}
		columns, positions = columns[n:], positions[n:]
	}
	return nil
}

// fitting returns how many of the first columns may be worked on at once, at least one.
func (d *Describer) fitting(columns []*describedColumn) int {
	n := 0
	for used := int64(0); n < len(columns); n++ {
		used += columns[n].kind.bytesOf(d.result.Rows)
		if used > d.budget && n > 0 {
			break
		}
	}
	return n
}

// digest adds the cells of columns to the hashes of the rows of a group.
func (d *Describer) digest(columns []*describedColumn, group int) {
	types := make([]arrow.DataType, len(columns))
	for i, c := range columns {
		types[i] = c.field.Type
	}
	rows := columns[0].chunks[group].len
	digests := d.digests[d.starts[group]:][:rows]
	out := newDigester(types, d.seed, d.digested)
	for from := 0; from < rows; from += digestedRows {
		to := min(from+digestedRows, rows)
		for i, c := range columns {
			out.cells(i, slice(c.chunks[group].data, from, to))
		}
		out.digest(digests[from:to])
	}
}

// Result returns the description. The describer must not be used after it.
func (d *Describer) Result() (*Description, error) {
	if d.digests != nil || d.result.Rows == 0 {
		distinct, err := countDistinct(d.Context, d.digests)
		if err != nil {
			return nil, err
		}
		duplicates := d.result.Rows - distinct
		d.result.DuplicateRows = &duplicates
	}
	return &d.result, nil
}

// countRuns counts the distinct values of a sorted list.
func countRuns[T comparable](sorted []T) int {
	n := 0
	for i, v := range sorted {
		if i == 0 || v != sorted[i-1] {
			n++
		}
	}
	return n
}
