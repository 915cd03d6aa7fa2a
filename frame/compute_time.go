package frame

import (
	"go/token"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/scalar"
)

// times computes with dates, times and durations. It returns nil if the types do not go together.
func (c *exprCompiler) times(n *exprNode, a, b *program) (*program, error) {
	if n.op == token.SUB && (a.isLiteral() || b.isLiteral()) {
		both, _, err := c.together(n, "-", a, b)
		if err != nil {
			return nil, err
		}
		a, b = both[0], both[1]
	}
	if n.op == token.ADD && (a.kind == intKind || a.kind == durationKind) || n.op == token.MUL && a.kind == intKind {
		a, b = b, a
	}
	switch n.op {
	case token.ADD:
		return plus(n, a, b, add), nil
	case token.SUB:
		if p := difference(n, a, b); p != nil {
			return p, nil
		}
		return plus(n, a, b, subtract), nil
	case token.MUL:
		if a.kind == durationKind && b.kind == intKind {
			return counted(n, a, b, multiply, a.exprType), nil
		}
	case token.QUO:
		if a.kind == durationKind && b.kind == durationKind {
			t, _ := common(a.exprType, b.exprType)
			return &program{floatType, n, zipped(n, a.to(t), b.to(t), func(a, b int64) (float64, bool) { return number(float64(a) / float64(b)) }, "")}, nil
		}
	}
	return nil, nil
}

// counted computes units of t. A result that is no int64 is an error.
func counted(n *exprNode, a, b *program, fn func(a, b int64) (int64, bool), t exprType) *program {
	return &program{t, n, zipped(n, a, b, fn, "the result is beyond "+t.String())}
}

// plus adds days or a duration to a, or subtracts them: fn says which.
func plus(n *exprNode, a, b *program, fn func(a, b int64) (int64, bool)) *program {
	switch t := a.exprType; {
	case a.kind == dateKind && b.kind == intKind:
		return counted(n, a, b, func(date, days int64) (int64, bool) {
			sum, ok := fn(date, days)
			return sum, ok && sum == int64(int32(sum))
		}, t)
	case b.kind != durationKind:
	case a.kind == dateKind:
		t = exprType{kind: timestampKind, unit: b.unit}
		return counted(n, a.to(t), b, fn, t)
	case a.kind == timestampKind || a.kind == durationKind:
		t.unit = finer(a.unit, b.unit)
		return counted(n, a.to(t), b.to(exprType{kind: durationKind, unit: t.unit}), fn, t)
	}
	return nil
}

// difference is the days between two dates, or the duration between two timestamps. It is nil for others.
func difference(n *exprNode, a, b *program) *program {
	t, ok := common(a.exprType, b.exprType)
	switch {
	case ok && t.kind == dateKind:
		return counted(n, a, b, subtract, intType)
	case ok && t.kind == timestampKind:
		return counted(n, a.to(t), b.to(t), subtract, exprType{kind: durationKind, unit: t.unit})
	}
	return nil
}

// ofDate is a function of the date of dates and timestamps.
func ofDate(part func(date time.Time) int) compileFunction {
	return func(c *exprCompiler, n *exprNode, args []*program) (*program, error) {
		p := args[0]
		if p.kind != dateKind && p.kind != timestampKind && p.kind != nullKind {
			return nil, c.source.refuse(p.node.at, "dates or timestamps", "%s takes dates or timestamps; this is %s%s", n.text, p.exprType, asText(p.exprType, dateType))
		}
		if p.kind == nullKind {
			return p.to(intType), nil
		}
		t := p.exprType
		return &program{intType, n, mapped(p, func(v int64) (int64, bool) {
			date, ok := t.calendar(v)
			return int64(part(date)), ok
		}, "the date is beyond the calendar")}, nil
	}
}

// ofClock is a function of the seconds since midnight of timestamps and times.
func ofClock(part func(seconds int64) int64) compileFunction {
	return func(c *exprCompiler, n *exprNode, args []*program) (*program, error) {
		p := args[0]
		switch p.kind {
		case nullKind:
			return p.to(intType), nil
		case timestampKind, timeKind:
		default:
			return nil, c.source.refuse(p.node.at, "timestamps or times", "%s takes timestamps or times; this is %s", n.text, p.exprType)
		}
		per := p.perSecond()
		return &program{intType, n, mapped(p, func(v int64) (int64, bool) {
			seconds, _ := modulo(floorDivide(v, per), scalar.SecondsPerDay)
			return part(seconds), true
		}, "")}, nil
	}
}

// compileDate returns the days of timestamps.
func compileDate(c *exprCompiler, n *exprNode, args []*program) (*program, error) {
	p := args[0]
	if p.kind != timestampKind {
		if of, ok := common(p.exprType, dateType); ok && of == dateType {
			return p.to(dateType), nil
		}
		return nil, c.source.refuse(p.node.at, "timestamps", "date takes timestamps; this is %s%s", p.exprType, asText(p.exprType, dateType))
	}
	t := p.exprType
	return &program{dateType, n, mapped(p, func(v int64) (int64, bool) {
		day := t.dateOf(v)
		return day, day == int64(int32(day))
	}, "the date is beyond date32")}, nil
}

// ofSpan makes durations of a number of spans of so many seconds.
func ofSpan(seconds int64) compileFunction {
	return func(c *exprCompiler, n *exprNode, args []*program) (*program, error) {
		p, err := c.want(n, n.text, args[0], intType)
		if err != nil {
			return nil, err
		}
		t := exprType{kind: durationKind, unit: arrow.Second}
		return &program{t, n, mapped(p, func(v int64) (int64, bool) { return multiply(v, seconds) }, "the result is beyond "+t.String())}, nil
	}
}

func compileTotalSeconds(c *exprCompiler, n *exprNode, args []*program) (*program, error) {
	p := args[0]
	if p.kind != durationKind {
		return nil, c.source.refuse(p.node.at, "durations", "total_seconds takes durations, such as the difference of two timestamps; this is %s", p.exprType)
	}
	per := float64(p.perSecond())
	return &program{floatType, n, mapped(p, func(v int64) (float64, bool) { return float64(v) / per, true }, "")}, nil
}
