package frame

import (
	"cmp"
	"encoding/json"
	"math"
	"math/big"
	"math/bits"
	"sort"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/scalar"
)

// Histogram is how many of the values of a column are in each of some intervals of equal width, as
// numpy.histogram: Bounds[i] <= value < Bounds[i+1], and in the last interval also the greatest value. If all
// values are equal, the intervals span one unit around them. Without values there are no intervals.
type Histogram struct {
	Column string `json:"column"`
	DType  string `json:"dtype"`
	// Bounds are one more than Counts: floats for numbers; times are formatted as in JSON pages, rounded down
	// to nanoseconds.
	Bounds []json.RawMessage `json:"bounds"`
	Counts []int64           `json:"counts"`
	// Missing is the number of cells without a value, marked ones included, and Infinite that of infinite
	// floats, which are in no interval.
	Missing  int64 `json:"missing"`
	Infinite int64 `json:"infinite"`
}

// JSON returns h as a JSON object.
func (h *Histogram) JSON() ([]byte, error) { return json.Marshal(h) }

// Histogram returns the histogram of a column of numbers, dates, times or durations in the rows of s, the
// selection of q. Numbers are rounded to float64; dates, times and durations are exact. The column is read
// twice.
func (f *Frame) Histogram(s *Selection, q *Query) (*Histogram, error) {
	c, err := f.index(q.Histogram.Column, "/histogram/column")
	if err != nil {
		return nil, err
	}
	field := f.Columns[c].Field
	h := &histogram{bins: cmp.Or(q.Histogram.Bins, DefaultBins), dt: valuesOf(field.Type), parts: make([]valueRange, len(f.Rows))}
	switch kindOf(field.Type) {
	case describedInteger, describedFloat, describedDecimal:
	case describedTime:
		h.times = true
	default:
		return nil, faulty(ErrInvalidQuery, Fault{Pointer: "/histogram/column", Column: field.Name, Row: -1, Expected: "a column of " + takesMeasures},
			"histogram is for %s; column %.100q is %s", takesMeasures, field.Name, scalar.DType(field.Type))
	}
	if h.bins < 1 || h.bins > MaxBins {
		return nil, invalid("/histogram/bins", "a whole number from 1 to 1000", "bins is %d; it must be a whole number from 1 to %d", h.bins, MaxBins)
	}
	if err := h.read(f, s.ascending(), c); err != nil {
		return nil, err
	}
	return &Histogram{
		Column: field.Name, DType: scalar.DType(field.Type),
		Bounds: h.spelled(), Counts: h.counts, Missing: s.n - h.n - h.infinite, Infinite: h.infinite,
	}, nil
}

// valueRange is the least and the greatest of n values: floats or, of times, ticks.
type valueRange struct {
	n, infinite int64
	low, high   float64
	from, to    int64
}

func (v *valueRange) addNumber(f float64) {
	if math.IsInf(f, 0) {
		v.infinite++
		return
	}
	if v.n == 0 {
		v.low, v.high = f, f
	}
	v.low, v.high = min(v.low, f), max(v.high, f)
	v.n++
}

func (v *valueRange) addTick(tick int64) {
	if v.n == 0 {
		v.from, v.to = tick, tick
	}
	v.from, v.to = min(v.from, tick), max(v.to, tick)
	v.n++
}

func (v *valueRange) add(o valueRange) {
	v.infinite += o.infinite
	switch {
	case o.n == 0:
		return
	case v.n == 0:
		o.infinite = v.infinite
		*v = o
		return
	}
	v.n += o.n
	v.low, v.high = min(v.low, o.low), max(v.high, o.high)
	v.from, v.to = min(v.from, o.from), max(v.to, o.to)
}

// histogram is a histogram that is worked out.
type histogram struct {
	valueRange
	bins   int
	dt     arrow.DataType
	times  bool
	parts  []valueRange
	bounds []float64
	// perUnit is the number of intervals in a unit.
	perUnit float64
	counts  []int64
}

// read reads a column: first for its range, then to count.
func (h *histogram) read(f *Frame, s *Selection, column int) error {
	err := f.scanSelected(s, []int{column}, func(r selectedRange, rows []int32, arrays []arrow.Array) error {
		part, cells := &h.parts[r.group], f.valuesIn(column, r.groupRange, arrays[0])
		if h.times {
			ticks := cells.ticksIn(rows)
			cells.each(rows, func(row int) { part.addTick(ticks[row]) })
		} else {
			numbers := cells.numbersIn(rows)
			cells.each(rows, func(row int) { part.addNumber(numbers[row]) })
		}
		return nil
	}, func(r selectedRange) error {
		h.add(h.parts[r.group])
		return nil
	})
	if err != nil || h.n == 0 {
		h.counts = []int64{}
		return err
	}
	h.divide()
	counts := make([][]int64, len(f.Rows))
	h.counts = make([]int64, h.bins)
	return f.scanSelected(s, []int{column}, func(r selectedRange, rows []int32, arrays []arrow.Array) error {
		part, cells := make([]int64, h.bins), f.valuesIn(column, r.groupRange, arrays[0])
		if h.times {
			ticks := cells.ticksIn(rows)
			cells.each(rows, func(row int) { part[h.binOfTick(ticks[row])]++ })
		} else {
			numbers := cells.numbersIn(rows)
			cells.each(rows, func(row int) {
				if v := numbers[row]; !math.IsInf(v, 0) {
					part[h.binOf(v)]++
				}
			})
		}
		counts[r.group] = part
		return nil
	}, func(r selectedRange) error {
		for i, n := range counts[r.group] {
			h.counts[i] += n
		}
		counts[r.group] = nil
		return nil
	})
}

// each calls visit for those of some rows that have a value.
func (c *cells) each(rows []int32, visit func(row int)) {
	for _, row := range rows {
		if c.has(row) {
			visit(int(row))
		}
	}
}

// divide sets the bounds of numbers, as numpy.linspace does.
func (h *histogram) divide() {
	if h.times {
		return
	}
	low, high := h.low+0, h.high+0 // -0 is 0
	if low == high {
		low, high = low-0.5, high+0.5
	}
	h.bounds = make([]float64, h.bins+1)
	n := float64(h.bins)
	step := (high - low) / n
	for i := range h.bounds {
		h.bounds[i] = low + float64(i)*step
		if math.IsInf(step, 0) {
			h.bounds[i] = low*(1-float64(i)/n) + high*(float64(i)/n)
		}
	}
	h.bounds[h.bins] = high
	h.perUnit = 1 / step
}

// binOf is the interval of a number.
func (h *histogram) binOf(v float64) int {
	// It is mostly the one that the distance from the first bound says, or one beside it.
	if guess := (v - h.bounds[0]) * h.perUnit; guess >= 0 && guess < float64(h.bins) {
		for _, bin := range [...]int{int(guess), int(guess) - 1, int(guess) + 1} {
			if bin >= 0 && bin < h.bins && h.bounds[bin] <= v && v < h.bounds[bin+1] {
				return bin
			}
		}
	}
	above := sort.Search(len(h.bounds), func(i int) bool { return h.bounds[i] > v })
	return min(max(above-1, 0), h.bins-1)
}

// binOfTick is the interval of a time.
func (h *histogram) binOfTick(tick int64) int {
	width := uint64(h.to) - uint64(h.from)
	if width == 0 {
		return h.bins / 2
	}
	high, low := bits.Mul64(uint64(tick)-uint64(h.from), uint64(h.bins))
	bin, _ := bits.Div64(high, low, width)
	return min(int(bin), h.bins-1)
}

// spelled returns the bounds as JSON.
func (h *histogram) spelled() []json.RawMessage {
	out := []json.RawMessage{}
	if h.n == 0 {
		return out
	}
	for _, b := range h.bounds {
		out = append(out, scalar.AppendJSONFloat(nil, b))
	}
	if !h.times {
		return out
	}
	// A bound is (low + i · width / bins) ticks; equal times span half a tick on either side.
	low, width, parts := big.NewInt(h.from), new(big.Int).Sub(big.NewInt(h.to), big.NewInt(h.from)), int64(h.bins)
	if h.from == h.to {
		low.Sub(low.Lsh(low, 1), big.NewInt(1))
		width.SetInt64(2)
		parts *= 2
	}
	low.Mul(low, big.NewInt(int64(h.bins)))
	for i := range h.bins + 1 {
		sum := new(big.Int).Mul(width, big.NewInt(int64(i)))
		out = append(out, spellTime(h.dt, sum.Add(sum, low), parts))
	}
	return out
}
