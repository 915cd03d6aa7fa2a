package frame

import (
	"cmp"
	"errors"
	"go/token"
	"slices"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/document"
	"edgeframe/codec/scalar"
)

// exprCompiler makes a program of a parsed expression. It checks the names and types.
type exprCompiler struct {
	f         *Frame
	source    *exprParser
	positions map[string]int
	// columns are those that the program reads. texts has those of text, with how often it reads them.
	columns []int
	texts   map[int]int64
}

// compile makes the program of a part.
func (c *exprCompiler) compile(n *exprNode) (*program, error) {
	switch n.kind {
	case numberNode:
		return c.number(n)
	case textNode:
		return constant(textType, n, n.text), nil
	case wordNode:
		if n.text == "null" {
			return &program{exprType: nullType, node: n, eval: func(s *strip) (*vector, error) { return s.allMissing(), nil }}, nil
		}
		return constant(boolType, n, n.text == "true"), nil
	case columnNode:
		return c.columnOf(n)
	case callNode:
		return c.call(n)
	}
	args, err := c.args(n)
	switch {
	case err != nil:
		return nil, err
	case n.kind == unaryNode:
		return c.unary(n, args[0])
	}
	return c.binary(n, args[0], args[1])
}

// args makes the programs of the parts of a part.
func (c *exprCompiler) args(n *exprNode) ([]*program, error) {
	args := make([]*program, len(n.args))
	for i, arg := range n.args {
		var err error
		if args[i], err = c.compile(arg); err != nil {
			return nil, err
		}
	}
	return args, nil
}

// number is a number with a point or an exponent, which is a float64, or an int64.
func (c *exprCompiler) number(n *exprNode) (*program, error) {
	if n.op == token.FLOAT {
		value, err := strconv.ParseFloat(n.text, 64)
		if err != nil {
			return nil, c.source.refuse(n.at, "a float64", "the number is beyond float64")
		}
		return constant(floatType, n, value), nil
	}
	value, err := strconv.ParseInt(n.text, 0, 64)
	if err != nil {
		return nil, c.source.refuse(n.at, "an int64", "the number is beyond int64; with .0 at its end it is a float64")
	}
	return constant(intType, n, value), nil
}

// otherWords are words of Python, and what to write here.
var otherWords = map[string]string{"True": "true", "False": "false", "None": "null", "NULL": "null", "nan": "null", "NaN": "null", "NA": "null"}

func (c *exprCompiler) columnOf(n *exprNode) (*program, error) {
	at, ok := c.positions[n.text]
	if !ok {
		if write := otherWords[n.text]; write != "" {
			return nil, c.source.refuse(n.at, write, "instead of %s, write %s", n.text, write)
		}
		if _, known := exprFunctions()[n.text]; known {
			return nil, c.source.refuse(n.at, n.text+"(…)", "%s is a function; it is called as %s", n.text, exprFunctions()[n.text].call)
		}
		fault := Fault{Column: n.text, Row: -1, Expected: "the name of a column; names that are not letters, digits and _ stand in back quotes"}
		near := c.f.nearest(n.text)
		if near == "" {
			return nil, c.source.refuseAs(ErrColumnNotFound, n.at, fault, "there is no column %s in this table; text stands in double quotes", codec.Quoted(n.text))
		}
		fault.Expected = near
		return nil, c.source.refuseAs(ErrColumnNotFound, n.at, fault, "there is no column %s in this table; did you mean %q?", codec.Quoted(n.text), near)
	}
	if !slices.Contains(c.columns, at) {
		c.columns = append(c.columns, at)
	}
	if isTextType(c.f.Columns[at].Field.Type) {
		c.texts[at]++
	}
	return c.f.columnProgram(n, at), nil
}

func (c *exprCompiler) unary(n *exprNode, p *program) (*program, error) {
	switch {
	case n.op == token.NOT:
		p, err := c.want(n, "!", p, boolType)
		if err != nil {
			return nil, err
		}
		return &program{boolType, n, mapped(p, func(v bool) (bool, bool) { return !v, true }, "")}, nil
	case p.kind == intKind || p.kind == durationKind:
		return &program{p.exprType, n, mapped(p, func(v int64) (int64, bool) { return subtract(0, v) }, beyondInt64)}, nil
	}
	p, err := c.want(n, "-", p, floatType)
	if err != nil {
		return nil, err
	}
	return &program{floatType, n, mapped(p, func(v float64) (float64, bool) { return -v, true }, "")}, nil
}

// want returns p as values of a type, or an error if it has others. to is what takes it.
func (c *exprCompiler) want(n *exprNode, to string, p *program, t exprType) (*program, error) {
	if of, ok := common(p.exprType, t); ok && of == t {
		return p.to(t), nil
	}
	hint := ""
	switch {
	case t == textType && p.kind != otherKind:
		hint = "; utf8(x) makes text of it"
	case t.isNumber() && p.kind == boolKind:
		hint = "; int64(x) makes a number of it"
	case t.isNumber() && p.kind == textKind:
		hint = "; float64(x) reads a number"
	case t == boolType && p.kind != otherKind:
		hint = "; a comparison such as x != 0 is true or false"
	case t == intType && p.kind == floatKind:
		hint = "; int64(x) makes whole numbers of it"
	}
	name := map[exprKind]string{boolKind: "true or false", intKind: "whole numbers", floatKind: "numbers", textKind: "text"}[t.kind]
	return nil, c.source.refuse(p.node.at, name, "%s takes %s; this is %s%s", to, name, p.exprType, hint)
}

func (c *exprCompiler) binary(n *exprNode, a, b *program) (*program, error) {
	switch n.op {
	case token.LAND, token.LOR:
		return c.logic(n, a, b)
	case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
		return c.compare(n, a, b)
	}
	return c.arithmetic(n, a, b)
}

// logic is the and or the or of three values: what the one side decides does not depend on the other one.
func (c *exprCompiler) logic(n *exprNode, a, b *program) (*program, error) {
	a, err := c.want(n, n.op.String(), a, boolType)
	if err != nil {
		return nil, err
	}
	if b, err = c.want(n, n.op.String(), b, boolType); err != nil {
		return nil, err
	}
	decides := n.op == token.LOR
	return &program{boolType, n, func(s *strip) (*vector, error) {
		x, err := a.eval(s)
		if err != nil {
			return nil, err
		}
		decided := s.vector()
		skip := listOf[bool](s, decided)
		left := listOf[bool](s, x)
		for row := range skip {
			skip[row] = left[row] == decides && !x.isMissing(row)
		}
		y, err := s.without(skip, b)
		if err != nil {
			return nil, err
		}
		right := listOf[bool](s, y)
		out := s.vector()
		results := listOf[bool](s, out)
		for row := range results {
			results[row] = !decides
			switch {
			case left[row] == decides && !x.isMissing(row), right[row] == decides && !y.isMissing(row):
				results[row] = decides
			case x.isMissing(row) || y.isMissing(row):
				s.miss(out, row)
			}
		}
		s.done(x, y, decided)
		return out, nil
	}}, nil
}

// together returns programs as values of the type that they have in common. A text in the expression is read
// as a date or time beside those.
func (c *exprCompiler) together(n *exprNode, what string, all ...*program) ([]*program, exprType, error) {
	t := nullType
	for _, p := range all {
		if p.isTime() {
			of, ok := common(t, p.exprType)
			if !ok {
				return nil, t, c.source.refuse(n.at, "values of one type", "%s takes values of one type; these are %s and %s", what, t, p.exprType)
			}
			t = of
		}
	}
	all = slices.Clone(all)
	for i, p := range all {
		if p.isLiteral() && t.isTime() {
			var err error
			if all[i], err = c.read(p, t); err != nil {
				return nil, t, err
			}
		}
		of, ok := common(t, all[i].exprType)
		if !ok {
			return nil, t, c.source.refuse(n.at, "values of one type", "%s takes values of one type; these are %s and %s%s", what, t, p.exprType, asText(t, p.exprType))
		}
		t = of
	}
	for i, p := range all {
		all[i] = p.to(t)
	}
	return all, t, nil
}

// asText is a hint for two types of which one is text.
func asText(a, b exprType) string {
	switch {
	case a.kind == otherKind || b.kind == otherKind || a.kind != textKind && b.kind != textKind:
		return ""
	case a.isNumber() || b.isNumber():
		return "; utf8(x) makes text of a number, and float64(x) reads one"
	}
	return "; utf8(x) makes text of a value, and cast(x, \"date32\") reads a date"
}

// read returns the constant of a type of times that a text spells.
func (c *exprCompiler) read(p *program, t exprType) (*program, error) {
	raw := slices.Concat([]byte{'['}, scalar.AppendQuoted(nil, p.node.text), []byte{']'})
	arr, err := document.Values(raw, t.arrow(), c.f.Limits)
	if m, ok := errors.AsType[*scalar.Misfit](err); ok {
		return nil, c.source.refuse(p.node.at, scalar.Accepted(m.Type), "the text %s does not fit %s, which takes %s", m.Shown(), t, scalar.Accepted(m.Type))
	}
	if err != nil {
		return nil, err
	}
	return constant(t, p.node, scalar.Ticks(arr)(0)), nil
}

// compare compares values. Missing ones make the result missing.
func (c *exprCompiler) compare(n *exprNode, a, b *program) (*program, error) {
	for _, p := range []*program{a, b} {
		if p.isNullWord() {
			return nil, c.source.refuse(n.at, "is_null(x) or is_valid(x)", "a comparison with null is always missing; write is_null(x) or is_valid(x)")
		}
	}
	if left := n.args[0]; a.kind == boolKind && b.kind != boolKind && left.kind == binaryNode && left.op.Precedence() == n.op.Precedence() {
		return nil, c.source.refuse(n.at, "1 < x && x < 3", "comparisons cannot be chained; write 1 < x && x < 3")
	}
	both, t, err := c.together(n, n.op.String(), a, b)
	if err != nil {
		return nil, err
	}
	a, b = both[0], both[1]
	p := &program{exprType: boolType, node: n}
	switch {
	case t.kind == nullKind:
		p.eval = a.to(boolType).eval
	case t.kind == boolKind && n.op != token.EQL && n.op != token.NEQ:
		return nil, c.source.refuse(n.at, "== or !=", "true and false have no order; compare them with == or !=")
	case t.kind == boolKind:
		equal := n.op == token.EQL
		p.eval = zipped(n, a, b, func(x, y bool) (bool, bool) { return (x == y) == equal, true }, "")
	case t.kind == floatKind:
		p.eval = zipped(n, a, b, comparisonOf[float64](n.op), "")
	case t.kind == textKind:
		p.eval = zipped(n, a, b, comparisonOf[string](n.op), "")
	default:
		p.eval = zipped(n, a, b, comparisonOf[int64](n.op), "")
	}
	return p, nil
}

// comparisonOf returns the function of an operator that compares.
func comparisonOf[T cmp.Ordered](op token.Token) func(a, b T) (bool, bool) {
	switch op {
	case token.EQL:
		return func(a, b T) (bool, bool) { return a == b, true }
	case token.NEQ:
		return func(a, b T) (bool, bool) { return a != b, true }
	case token.LSS:
		return func(a, b T) (bool, bool) { return a < b, true }
	case token.LEQ:
		return func(a, b T) (bool, bool) { return a <= b, true }
	case token.GTR:
		return func(a, b T) (bool, bool) { return a > b, true }
	}
	return func(a, b T) (bool, bool) { return a >= b, true }
}

// cast returns p as values of the type that a name says, by the rules of the operation cast.
func (c *exprCompiler) cast(n *exprNode, p *program, dtype string) (*program, error) {
	dt, format, err := scalar.ParseFormattedDType(dtype)
	if err != nil {
		return nil, c.source.refuse(n.at, "a dtype such as int64", "%s", err)
	}
	from, to := p.exprType, exprTypeOf(dt)
	var caster scalar.Caster
	if from.kind != otherKind && to.kind != otherKind {
		if caster, err = casterOf(arrow.Field{Type: from.arrow()}, dt, format); err != nil {
			return nil, c.source.refuse(n.at, "a dtype such as int64", "%s", err)
		}
	}
	if caster == nil {
		return nil, c.source.refuse(n.at, "a type that keeps the values", "%s values have no form as %s", from, dtype)
	}
	return &program{to, n, func(s *strip) (*vector, error) {
		v, err := p.eval(s)
		if err != nil {
			return nil, err
		}
		b := newColumnBuilder(s.mem, from, s.n)
		if err := b.add(v, s.n); err != nil {
			return nil, err
		}
		arr, missed := b.array(), s.vector()
		out, err := scalar.Cast(arr, caster, dt, s.f.Limits, func(row int, fit scalar.Fit) error {
			if fit != scalar.NoFit {
				return nil
			}
			return s.fail(missed, row, n, "the value %s does not fit %s", codec.QuotedBytes(scalar.Text(arr)(nil, row)), dtype)
		})
		if err != nil {
			return nil, err
		}
		s.mem.Release(b.bytes)
		s.takeText(RawBytes(out))
		s.done(v, missed)
		of := *s
		of.off, of.readers = 0, map[int]*columnReader{0: newColumnReader(out, to)}
		v, err = of.read(n, 0)
		s.free = of.free
		return v, err
	}}, nil
}
