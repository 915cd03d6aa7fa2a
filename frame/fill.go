package frame

import (
	"cmp"
	"errors"
	"math"
	"math/big"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/document"
	"edgeframe/codec/scalar"
	"edgeframe/internal/gather"
)

// fillMissing gives missing cells a value, as fillna, ffill, bfill and interpolate of pandas do.
// Cells that are marked as intentionally missing are not filled and not counted.
type fillMissing struct {
	Columns []string
	Method  string
	Value   value
	// As is the type that integers and decimals become where they are filled: "float64", or "" to keep
	// theirs. Round says that means of them are rounded to the digits of their type, halves to the even one.
	As    string
	Round bool
}

// fillMethods are the ways to fill a column, by name. They are called for columns that have holes.
var fillMethods = map[string]func(*filling) error{
	"mean":     (*filling).mean,
	"median":   (*filling).median,
	"mode":     (*filling).mode,
	"ffill":    (*filling).forward,
	"bfill":    (*filling).backward,
	"constant": (*filling).constant,
	"linear":   (*filling).linear,
}

func (op *fillMissing) needs(f *Frame) []place {
	if len(op.Columns) == 0 {
		return nil
	}
	return f.wholeColumns(op.Columns)
}

func (op *fillMissing) apply(f *Frame) error {
	columns, err := f.indexes(op.Columns)
	if err != nil {
		return err
	}
	fill := fillMethods[op.Method]
	switch {
	case fill == nil:
		return codec.Errorf(ErrInvalidOperation, "method is %.100q; it must be mean, median, mode, ffill, bfill, constant or linear", op.Method)
	case op.Method == "constant" && isNull(op.Value.raw):
		return codec.Errorf(ErrInvalidOperation, "the method constant needs a value that is not null")
	case op.Method != "constant" && op.Value.raw != nil:
		return codec.Errorf(ErrInvalidOperation, "the method %s takes no value", op.Method)
	}
	if err := op.checkDigits(); err != nil {
		return err
	}
	if err := f.LoadColumns(columns); err != nil {
		return err
	}
	for _, c := range columns {
		p := &filling{f: f, op: op, column: c, col: f.Columns[c]}
		if err := p.findHoles(); err != nil {
			return err
		}
		if len(p.holes) == 0 {
			continue
		}
		if op.As != "" {
			if err := p.widen(); err != nil {
				return err
			}
		}
		if err := fill(p); err != nil {
			return err
		}
	}
	return nil
}

// checkDigits returns an error if as or round has no meaning.
func (op *fillMissing) checkDigits() error {
	computed := op.Method == "mean" || op.Method == "median" || op.Method == "linear"
	switch {
	case op.As != "" && op.As != "float64":
		return faulty(ErrInvalidOperation, Fault{Pointer: "/as", Row: -1, Value: scalar.AppendQuoted(nil, op.As), Expected: "float64"}, "as is %.100q; it must be float64", op.As)
	case (op.As != "" || op.Round) && !computed:
		return codec.Errorf(ErrInvalidOperation, "as and round are for the methods mean, median and linear, not for %s", op.Method)
	case op.As != "" && op.Round:
		return codec.Errorf(ErrInvalidOperation, "fill_missing takes either as or round, not both")
	}
	return nil
}

// widen makes a column of integers or decimals one of float64.
func (p *filling) widen() error {
	from := valuesOf(p.col.Field.Type)
	if !arrow.IsInteger(from.ID()) && !arrow.IsDecimal(from.ID()) {
		return nil
	}
	to := arrow.PrimitiveTypes.Float64
	k := &casting{cast: scalar.CastOf(p.col.Field, to), to: to, limits: p.f.Limits}
	if err := k.column(p.f, p.column); err != nil {
		return err
	}
	p.col.Field.Type, p.col.Field.Nullable = to, true
	return nil
}

// filling is the filling of one column.
type filling struct {
	f      *Frame
	op     *fillMissing
	column int
	col    *Column
	// holes are the rows to fill, ascending.
	holes []int64
	// present is the number of cells that have a value.
	present int64
	// rest is scratch space for divisions.
	rest big.Int
}

func (p *filling) findHoles() error {
	nulls := 0
	for _, chunk := range p.col.Chunks {
		nulls += chunk.Data.NullN()
	}
	p.holes = make([]int64, 0, nulls)
	missing := p.f.missingCells(p.column)
	for _, r := range p.f.groupRanges() {
		if err := p.f.Ended(); err != nil {
			return err
		}
		missing.enter(r.group)
		for row := range r.to - r.from {
			switch {
			case !missing.isMissing(row):
				p.present++
			case !missing.marked(row):
				p.holes = append(p.holes, int64(r.from+row))
			}
		}
	}
	return nil
}

// with fills all holes with one value.
func (p *filling) with(value arrow.Array) error {
	values, err := p.f.repeat(value, len(p.holes))
	if err != nil {
		return err
	}
	return p.put(p.holes, values)
}

// put puts values into ascending rows.
func (p *filling) put(rows []int64, values arrow.Array) error {
	if len(rows) == 0 {
		return nil
	}
	if err := p.f.replace(p.column, rows, values); err != nil {
		return err
	}
	p.f.changes(p.column, len(rows))
	return nil
}

func (p *filling) constant() error {
	want := p.col.Field.Type
	if want.ID() == arrow.NULL {
		want = nil
	}
	value, err := document.Values(slices.Concat([]byte{'['}, p.op.Value.raw, []byte{']'}), want, p.f.Limits)
	if m, ok := errors.AsType[*scalar.Misfit](err); ok {
		return misfitting(p.col.Field.Name, -1, "/value", m)
	}
	if err != nil {
		return err
	}
	if err := p.f.adoptType(p.column, value.DataType()); err != nil {
		return err
	}
	return p.with(value)
}

// mode fills with the most frequent value. If there are several, it takes the smallest, as pandas does.
func (p *filling) mode() error {
	if p.present == 0 {
		return nil
	}
	type seen struct {
		n     int
		group int
		row   int
	}
	counts := map[string]*seen{}
	var scratch []byte
	for g, chunk := range p.col.Chunks {
		if err := p.f.Ended(); err != nil {
			return err
		}
		missing, key := scalar.Missing(chunk.Data), scalar.Keys(chunk.Data)
		for row := range chunk.Data.Len() {
			if missing(row) {
				continue
			}
			scratch = key(scratch[:0], row)
			s := counts[string(scratch)]
			if s == nil {
				s = &seen{group: g, row: row}
				counts[string(scratch)] = s
			}
			s.n++
		}
	}
	var best *seen
	var bestKey string
	for key, s := range counts {
		if best == nil || s.n > best.n || s.n == best.n && key < bestKey {
			best, bestKey = s, key
		}
	}
	value := slice(p.col.Chunks[best.group].Data, best.row, best.row+1)
	return p.with(Compact(value))
}

// forward fills holes with the last value before them.
func (p *filling) forward() error { return p.nearest(1) }

// backward fills holes with the first value behind them.
func (p *filling) backward() error { return p.nearest(-1) }

// nearest fills each hole with the nearest value before it, if step is 1, or behind it, if step is -1.
func (p *filling) nearest(step int) error {
	var rows []int64
	var runs []gather.Run
	err := p.walk(step, func(hole int64, group, row int) {
		rows = append(rows, hole)
		runs = append(runs, gather.Run{Source: group, From: row, To: row + 1})
	})
	if err != nil {
		return err
	}
	if step < 0 {
		slices.Reverse(rows)
		slices.Reverse(runs)
	}
	return p.gather(rows, runs)
}

// gather fills rows with copies of values of the column.
func (p *filling) gather(at []int64, runs []gather.Run) error {
	if len(at) == 0 {
		return nil
	}
	sources := make([]arrow.Array, len(p.col.Chunks))
	for g, chunk := range p.col.Chunks {
		sources[g] = chunk.Data
	}
	values, err := rows(sources, runs)
	if err != nil {
		return err
	}
	if err := p.f.spend(values, 1); err != nil {
		return err
	}
	return p.put(at, values)
}

// walk goes through the column, forwards if step is 1, backwards if it is -1. It calls fill with each hole
// that comes after a value, and with the row group and row of that value.
func (p *filling) walk(step int, fill func(hole int64, group, row int)) error {
	ranges := p.f.groupRanges()
	next, group, last := 0, -1, 0
	if step < 0 {
		next = len(p.holes) - 1
		slices.Reverse(ranges)
	}
	for _, r := range ranges {
		if err := p.f.Ended(); err != nil {
			return err
		}
		missing := scalar.Missing(p.col.Chunks[r.group].Data)
		n := r.to - r.from
		for i := range n {
			row := i
			if step < 0 {
				row = n - 1 - i
			}
			hole := next >= 0 && next < len(p.holes) && p.holes[next] == int64(r.from+row)
			if hole {
				next += step
			}
			switch {
			case !missing(row):
				group, last = r.group, row
			case hole && group >= 0:
				fill(p.holes[next-step], group, last)
			}
		}
	}
	return nil
}

// numeric returns an error unless the column has numbers, dates or times.
func (p *filling) numeric() error {
	dt := valuesOf(p.col.Field.Type)
	if isNumeric(dt) || dt.ID() == arrow.NULL || isTicking(dt) {
		return nil
	}
	return codec.Errorf(ErrInvalidOperation, "the method %s is for numbers and dates; column %.100q is %s: use mode, ffill, bfill or constant", p.op.Method, p.col.Field.Name, scalar.DType(dt))
}

// numbers returns the values that are present, as floats.
func (p *filling) numbers() ([]float64, error) {
	all := make([]float64, 0, p.present)
	for _, chunk := range p.col.Chunks {
		if err := p.f.Ended(); err != nil {
			return nil, err
		}
		missing, value := scalar.Missing(chunk.Data), scalar.Numbers(chunk.Data)
		for row := range chunk.Data.Len() {
			if !missing(row) {
				all = append(all, value(row))
			}
		}
	}
	return all, nil
}

func (p *filling) mean() error {
	if err := p.numeric(); err != nil || p.present == 0 {
		return err
	}
	if p.isExact() {
		return p.exactMean()
	}
	all, err := p.numbers()
	if err != nil {
		return err
	}
	return p.withNumber(meanOf(all))
}

func (p *filling) median() error {
	if err := p.numeric(); err != nil || p.present == 0 {
		return err
	}
	if p.isExact() {
		return p.exactMedian()
	}
	all, err := p.numbers()
	if err != nil {
		return err
	}
	lower, value, err := middleOf(p.f.Context, all, compareFloats)
	if err != nil {
		return err
	}
	if len(all)%2 == 0 {
		half := lower/2 + value/2
		if sum := lower + value; !math.IsInf(sum, 0) {
			half = sum / 2
		}
		value = half
	}
	return p.withNumber(value)
}

// compareFloats is cmp.Compare, but orders the zeros, so that it does not depend on their places which one is chosen.
func compareFloats(a, b float64) int {
	if a == 0 && b == 0 {
		return cmp.Compare(math.Float64bits(b), math.Float64bits(a))
	}
	return cmp.Compare(a, b)
}

func (p *filling) withNumber(value float64) error {
	values, err := p.fromNumbers([]float64{value})
	if err != nil {
		return err
	}
	return p.with(values)
}

// fromNumbers makes values of the column's type, which is one of floats.
func (p *filling) fromNumbers(numbers []float64) (arrow.Array, error) {
	for _, v := range numbers {
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return nil, codec.Errorf(codec.ErrMismatch, "the %s of column %.100q is no finite number", p.op.Method, p.col.Field.Name)
		}
	}
	return scalar.FromFloats(numbers, valuesOf(p.col.Field.Type), p.f.Limits)
}

// linear fills holes between two values by linear interpolation over the positions of the rows, and holes
// behind the last value with that value. Holes before the first value stay.
func (p *filling) linear() error {
	if err := p.numeric(); err != nil || p.present == 0 {
		return err
	}
	if p.isExact() {
		return p.exactLinear()
	}
	var at []int64
	var numbers []float64
	next := 0
	before, from := 0.0, int64(-1)
	for _, r := range p.f.groupRanges() {
		if err := p.f.Ended(); err != nil {
			return err
		}
		missing, value := scalar.Missing(p.col.Chunks[r.group].Data), scalar.Numbers(p.col.Chunks[r.group].Data)
		for row := range r.to - r.from {
			if missing(row) {
				continue
			}
			here, v := int64(r.from+row), value(row)
			for ; next < len(p.holes) && p.holes[next] < here; next++ {
				if from >= 0 {
					slope := (v - before) / float64(here-from)
					at = append(at, p.holes[next])
					numbers = append(numbers, before+slope*float64(p.holes[next]-from))
				}
			}
			before, from = v, here
		}
	}
	for ; next < len(p.holes); next++ {
		at = append(at, p.holes[next])
		numbers = append(numbers, before)
	}
	if len(at) == 0 {
		return nil
	}
	values, err := p.fromNumbers(numbers)
	if err != nil {
		return err
	}
	return p.put(at, values)
}
