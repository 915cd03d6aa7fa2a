package frame

import (
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// accumulator works out an aggregate of all groups.
type accumulator interface {
	// read reads the rows of a part. cells are those of the column. Calls may run at the same time.
	read(p *groupPart, c *cells) any
	// grow makes room for n groups.
	grow(n int)
	// bytes is the memory for a group.
	bytes() int64
	// add adds what read has returned and returns the memory that this takes besides. groups has for each
	// group of the part its number.
	add(partial any, groups []uint32) int64
	// values returns a value for each group. The accumulators that choose rows have a method rows instead.
	values(f *Frame, field arrow.Field) (arrow.Array, error)
}

// AggregateFunctions are the functions of aggregates, in the order in which an error names them.
var AggregateFunctions = []string{"count", "count_distinct", "sum", "mean", "min", "max", "std", "median", "first", "last"}

// What columns the functions of aggregates take.
const (
	takesNumbers   = "numbers"
	takesSummable  = "numbers, booleans and durations"
	takesAveraged  = "numbers, booleans, dates, times and durations"
	takesMeasures  = "numbers, dates, times and durations"
	takesOrdered   = "values that have an order"
	takesAnyColumn = ""
)

// addAggregate checks an aggregate. at is the pointer to it.
func (g *grouper) addAggregate(a *Aggregate, at string) error {
	if a.Fn == "count" && a.Column == "" {
		return g.addColumn(aggregate{-1, integerField(a), &counter{}}, at)
	}
	functions := strings.Join(AggregateFunctions, ", ")
	switch {
	case a.Fn == "":
		return invalid(at, "fn", "an aggregate has no \"fn\"; it must be one of %s", functions)
	case !isAggregate(a.Fn):
		return invalid(at+"/fn", functions, "fn is %.100q; it must be one of %s", a.Fn, functions)
	case a.Column == "":
		return invalid(at, "column", "%s has no \"column\"; name the column that it looks at", a.Fn)
	}
	c, err := g.f.index(a.Column, at+"/column")
	if err != nil {
		return err
	}
	field := g.f.Columns[c].Field
	acc, dt, takes := newAccumulator(a.Fn, valuesOf(field.Type))
	if acc == nil {
		return faulty(ErrInvalidQuery, Fault{Pointer: at + "/fn", Column: field.Name, Row: -1, Expected: "a column of " + takes},
			"%s is for %s; column %.100q is %s", a.Fn, takes, field.Name, scalar.DType(field.Type))
	}
	out := arrow.Field{Name: a.name(), Type: dt, Nullable: true}
	if dt == nil {
		out = plainField(field, a.name())
	}
	return g.addColumn(aggregate{c, out, acc}, at)
}

func isAggregate(fn string) bool {
	for _, known := range AggregateFunctions {
		if fn == known {
			return true
		}
	}
	return false
}

func integerField(a *Aggregate) arrow.Field {
	return arrow.Field{Name: a.name(), Type: arrow.PrimitiveTypes.Int64, Nullable: true}
}

func (g *grouper) addColumn(a aggregate, at string) error {
	g.aggregates = append(g.aggregates, a)
	return g.add(a.field, at)
}

// newAccumulator returns what works out a function of a column whose values have type dt, and the type of the
// result, nil for that of the column. Unless the function is for that type, it returns nil and what it takes.
func newAccumulator(fn string, dt arrow.DataType) (acc accumulator, result arrow.DataType, takes string) {
	integer, float := arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Float64
	kind := kindOf(dt)
	number := kind == describedInteger || kind == describedFloat || kind == describedDecimal
	duration := dt.ID() == arrow.DURATION
	switch fn {
	case "count":
		return &counter{}, integer, takesAnyColumn
	case "count_distinct":
		return newDistinctCounter(dt), integer, takesAnyColumn
	case "first", "last":
		return &edge{last: fn == "last"}, nil, takesAnyColumn
	case "min", "max":
		if !scalar.Ordered(dt) {
			return nil, nil, takesOrdered
		}
		return &extreme{greatest: fn == "max", words: fitsWord(dt)}, nil, takesOrdered
	case "sum":
		if !number && kind != describedBool && !duration {
			return nil, nil, takesSummable
		}
		return newSum(dt), sumType(dt), takesSummable
	case "mean":
		switch {
		case kind == describedTime:
			return &integerSum{mean: true, of: dt}, meanType(dt), takesAveraged
		case kind == describedInteger, kind == describedBool:
			return &integerSum{mean: true}, float, takesAveraged
		case number:
			return &floatSum{mean: true}, float, takesAveraged
		}
		return nil, nil, takesAveraged
	case "std":
		if !number {
			return nil, nil, takesNumbers
		}
		return &deviation{}, float, takesNumbers
	default: // median
		switch {
		case kind == describedTime:
			return &median{of: dt}, meanType(dt), takesMeasures
		case number:
			return &median{of: dt}, float, takesMeasures
		}
		return nil, nil, takesMeasures
	}
}

// sumType is the type of the sum of values of a type.
func sumType(dt arrow.DataType) arrow.DataType {
	switch t := dt.(type) {
	case *arrow.Decimal128Type:
		return &arrow.Decimal128Type{Precision: 38, Scale: t.Scale}
	case *arrow.Decimal256Type:
		return &arrow.Decimal256Type{Precision: 76, Scale: t.Scale}
	case *arrow.DurationType, *arrow.Uint64Type:
		return dt
	}
	if arrow.IsFloating(dt.ID()) {
		return arrow.PrimitiveTypes.Float64
	}
	return arrow.PrimitiveTypes.Int64
}

// meanType is the type of the mean and the median of times: that of the column, and timestamps in
// milliseconds for dates.
func meanType(dt arrow.DataType) arrow.DataType {
	if id := dt.ID(); id == arrow.DATE32 || id == arrow.DATE64 {
		return &arrow.TimestampType{Unit: arrow.Millisecond}
	}
	return dt
}

// refuseSum is the error about a sum that its type cannot hold.
func refuseSum(field arrow.Field) error {
	return faulty(ErrInvalidQuery, Fault{Pointer: "", Row: -1, Expected: "mean, or a column of float64"},
		"the sum %.100q is beyond what %s can hold; sums are exact, so cast the column to float64 or a wider decimal first", field.Name, scalar.DType(field.Type))
}

// builderFor returns a builder for n values of a type.
func builderFor(f *Frame, dt arrow.DataType, n int) (*scalar.Builder, error) {
	b, err := scalar.NewBuilder(dt, codec.NewBudget(f.Limits.WithDefaults().Bytes))
	if err == nil {
		b.Reserve(n)
	}
	return b, err
}
