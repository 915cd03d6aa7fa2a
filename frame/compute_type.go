package frame

import (
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/scalar"
)

// exprKind is a family of types that expressions compute in the same way.
type exprKind uint8

const (
	// nullKind has missing values only.
	nullKind exprKind = iota
	boolKind
	intKind
	floatKind
	textKind
	// dateKind counts days. The kinds behind it count units.
	dateKind
	timeKind
	timestampKind
	durationKind
	// otherKind is that of columns that can only be asked for missing values.
	otherKind
)

// exprType is the type of an expression. unit and zone are those of times.
type exprType struct {
	kind exprKind
	unit arrow.TimeUnit
	zone string
}

var (
	nullType  = exprType{kind: nullKind}
	boolType  = exprType{kind: boolKind}
	intType   = exprType{kind: intKind}
	floatType = exprType{kind: floatKind}
	textType  = exprType{kind: textKind}
	dateType  = exprType{kind: dateKind}
)

// exprTypeOf returns the type in which the values of a column are computed.
func exprTypeOf(dt arrow.DataType) exprType {
	dt = valuesOf(dt)
	switch t := dt.(type) {
	case *arrow.NullType:
		return nullType
	case *arrow.BooleanType:
		return boolType
	case *arrow.Date32Type, *arrow.Date64Type:
		return dateType
	case *arrow.Time32Type:
		return exprType{kind: timeKind, unit: t.Unit}
	case *arrow.Time64Type:
		return exprType{kind: timeKind, unit: t.Unit}
	case *arrow.TimestampType:
		return exprType{kind: timestampKind, unit: t.Unit, zone: t.TimeZone}
	case *arrow.DurationType:
		return exprType{kind: durationKind, unit: t.Unit}
	}
	switch id := dt.ID(); {
	case isTextType(dt):
		return textType
	case arrow.IsInteger(id):
		return intType
	case arrow.IsFloating(id), arrow.IsDecimal(id):
		return floatType
	}
	return exprType{kind: otherKind}
}

// arrow returns the type of a column of such values.
func (t exprType) arrow() arrow.DataType {
	switch t.kind {
	case boolKind:
		return arrow.FixedWidthTypes.Boolean
	case intKind:
		return arrow.PrimitiveTypes.Int64
	case floatKind:
		return arrow.PrimitiveTypes.Float64
	case textKind:
		return arrow.BinaryTypes.String
	case dateKind:
		return arrow.FixedWidthTypes.Date32
	case timeKind:
		if t.unit == arrow.Second || t.unit == arrow.Millisecond {
			return &arrow.Time32Type{Unit: t.unit}
		}
		return &arrow.Time64Type{Unit: t.unit}
	case timestampKind:
		return &arrow.TimestampType{Unit: t.unit, TimeZone: t.zone}
	case durationKind:
		return &arrow.DurationType{Unit: t.unit}
	}
	return arrow.Null
}

func (t exprType) String() string {
	if t.kind == otherKind {
		return "a type that is not computed with"
	}
	return scalar.DType(t.arrow())
}

func (t exprType) isNumber() bool { return t.kind == intKind || t.kind == floatKind }

// isTime reports whether values are dates, times or durations.
func (t exprType) isTime() bool { return dateKind <= t.kind && t.kind <= durationKind }

// perSecond is the number of units in a second.
func (t exprType) perSecond() int64 { return scalar.TicksPerSecond(t.unit) }

// finer returns the finer one of two units.
func finer(a, b arrow.TimeUnit) arrow.TimeUnit { return max(a, b) }

// common returns the type that values of two types have in common.
func common(a, b exprType) (exprType, bool) {
	switch {
	case a.kind == otherKind || b.kind == otherKind:
		return a, false
	case a.kind == nullKind:
		return b, true
	case b.kind == nullKind:
		return a, true
	case a.isNumber() && b.isNumber() && a != b:
		return floatType, true
	case a.kind == timestampKind && b.kind == dateKind:
		return a, a.zone == ""
	case a.kind == dateKind && b.kind == timestampKind:
		return b, b.zone == ""
	case a.kind != b.kind || (a.zone == "") != (b.zone == ""):
		return a, false
	}
	if a.zone != b.zone {
		a.zone = "UTC"
	}
	a.unit = finer(a.unit, b.unit)
	return a, true
}

// program computes the values of an expression, strip by strip.
type program struct {
	exprType
	node *exprNode
	// eval returns a vector that the caller may change and has to free.
	eval func(s *strip) (*vector, error)
}

// isLiteral reports whether p is a text that stands in the expression.
func (p *program) isLiteral() bool { return p.node.kind == textNode }

// isNullWord reports whether p is the word null.
func (p *program) isNullWord() bool { return p.node.kind == wordNode && p.kind == nullKind }

// to returns a program with the values of p as values of a type that is common to it and another one.
func (p *program) to(t exprType) *program {
	if p.exprType == t || p.kind == otherKind {
		return p
	}
	as := &program{exprType: t, node: p.node}
	switch {
	case p.kind == nullKind:
		as.eval = func(s *strip) (*vector, error) { return s.allMissing(), nil }
	case t.kind == floatKind:
		as.eval = mapped(p, func(v int64) (float64, bool) { return float64(v), true }, "")
	case p.kind == dateKind:
		as.eval = scaled(p, scalar.SecondsPerDay*t.perSecond(), t)
	default:
		as.eval = scaled(p, t.perSecond()/p.perSecond(), t)
	}
	return as
}

// scaled multiplies the values of a program by a factor that is at least 1.
func scaled(p *program, factor int64, to exprType) func(s *strip) (*vector, error) {
	if factor == 1 {
		return p.eval
	}
	return mapped(p, func(v int64) (int64, bool) { return multiply(v, factor) }, "the value is beyond "+to.String())
}

// dateOf returns the days since 1970 of a number of units of t.
func (t exprType) dateOf(ticks int64) int64 {
	return floorDivide(ticks, scalar.SecondsPerDay*t.perSecond())
}

// calendar returns the date of a number of units of t, which counts days if t is that of dates. ok is false
// beyond the years that package time counts.
func (t exprType) calendar(ticks int64) (date time.Time, ok bool) {
	const longest = 1 << 55 // about a billion years
	seconds := ticks
	if t.kind == dateKind {
		seconds *= scalar.SecondsPerDay
	} else {
		seconds = floorDivide(ticks, t.perSecond())
	}
	return time.Unix(seconds, 0).UTC(), -longest < seconds && seconds < longest
}
