package frame

import (
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

// compileFunction makes the program of a call. The number of its arguments is right.
type compileFunction func(c *exprCompiler, n *exprNode, args []*program) (*program, error)

// exprFunction is a function of expressions.
type exprFunction struct {
	// call is how it is called, for errors.
	call string
	// least and most are the numbers of its arguments; most is -1 if there is no limit.
	least, most int
	compile     compileFunction
}

// exprFunctions returns the functions by their names, which are those of Arrow's compute functions, of SQL or of
// numpy. They are made when they are first needed, not when the program starts.
var exprFunctions = sync.OnceValue(func() map[string]exprFunction {
	return map[string]exprFunction{
		"if_else":          {"if_else(c, a, b)", 3, 3, compileIfElse},
		"coalesce":         {"coalesce(a, b, …)", 1, -1, compileCoalesce},
		"is_null":          {"is_null(x)", 1, 1, ofMissing(true)},
		"is_valid":         {"is_valid(x)", 1, 1, ofMissing(false)},
		"min_element_wise": {"min_element_wise(a, b, …)", 2, -1, compileExtreme(-1)},
		"max_element_wise": {"max_element_wise(a, b, …)", 2, -1, compileExtreme(1)},
		"min":              {"min(a, b, …), which compares the values of a row", 2, -1, compileExtreme(-1)},
		"max":              {"max(a, b, …), which compares the values of a row", 2, -1, compileExtreme(1)},
		"row_number":       {"row_number()", 0, 0, compileRowNumber},

		"abs":          {"abs(x)", 1, 1, compileAbs},
		"round":        {"round(x) or round(x, digits)", 1, 2, compileRound},
		"floor":        {"floor(x)", 1, 1, ofWhole(math.Floor)},
		"ceil":         {"ceil(x)", 1, 1, ofWhole(math.Ceil)},
		"sqrt":         {"sqrt(x)", 1, 1, ofNumber(math.Sqrt)},
		"ln":           {"ln(x)", 1, 1, ofNumber(math.Log)},
		"log10":        {"log10(x)", 1, 1, ofNumber(math.Log10)},
		"exp":          {"exp(x)", 1, 1, ofNumber(math.Exp)},
		"power":        {"power(x, y)", 2, 2, ofTwo(intPower, "the power is beyond int64, or its exponent negative; power(float64(x), y) computes with floats", func(a, b float64) (float64, bool) { return number(math.Pow(a, b)) })},
		"floor_divide": {"floor_divide(x, y)", 2, 2, compileFloorDivide},

		"lower":       {"lower(text)", 1, 1, ofText(textType, caseGrowth, strings.ToLower)},
		"upper":       {"upper(text)", 1, 1, ofText(textType, caseGrowth, strings.ToUpper)},
		"trim":        {"trim(text)", 1, 1, ofText(textType, 0, strings.TrimSpace)},
		"length":      {"length(text)", 1, 1, ofText(intType, 0, length)},
		"substr":      {"substr(text, start) or substr(text, start, length)", 2, 3, compileSubstr},
		"concat":      {"concat(a, b, …)", 1, -1, compileConcat},
		"starts_with": {"starts_with(text, part)", 2, 2, ofTwoTexts(strings.HasPrefix)},
		"ends_with":   {"ends_with(text, part)", 2, 2, ofTwoTexts(strings.HasSuffix)},
		"contains":    {"contains(text, part)", 2, 2, ofTwoTexts(strings.Contains)},

		"year":          {"year(date)", 1, 1, ofDate(func(d time.Time) int { return d.Year() })},
		"month":         {"month(date)", 1, 1, ofDate(func(d time.Time) int { return int(d.Month()) })},
		"day":           {"day(date)", 1, 1, ofDate(time.Time.Day)},
		"weekday":       {"weekday(date), which is 0 on Mondays", 1, 1, ofDate(func(d time.Time) int { return (int(d.Weekday()) + 6) % 7 })},
		"hour":          {"hour(time)", 1, 1, ofClock(func(seconds int64) int64 { return seconds / 3600 })},
		"minute":        {"minute(time)", 1, 1, ofClock(func(seconds int64) int64 { return seconds / 60 % 60 })},
		"second":        {"second(time)", 1, 1, ofClock(func(seconds int64) int64 { return seconds % 60 })},
		"date":          {"date(timestamp)", 1, 1, compileDate},
		"days":          {"days(n)", 1, 1, ofSpan(24 * 60 * 60)},
		"hours":         {"hours(n)", 1, 1, ofSpan(60 * 60)},
		"minutes":       {"minutes(n)", 1, 1, ofSpan(60)},
		"seconds":       {"seconds(n)", 1, 1, ofSpan(1)},
		"total_seconds": {"total_seconds(duration)", 1, 1, compileTotalSeconds},

		"int64":   {"int64(x)", 1, 1, castAs("int64")},
		"float64": {"float64(x)", 1, 1, castAs("float64")},
		"utf8":    {"utf8(x)", 1, 1, castAs("utf8")},
		"cast":    {`cast(x, "dtype")`, 2, 2, compileCast},
	}
})

// call makes the program of a call.
func (c *exprCompiler) call(n *exprNode) (*program, error) {
	of, known := exprFunctions()[n.text]
	if !known {
		return nil, c.noFunction(n)
	}
	if len(n.args) < of.least || of.most >= 0 && len(n.args) > of.most {
		return nil, c.source.refuse(n.at, of.call, "%s does not take %d values; it is called as %s", n.text, len(n.args), of.call)
	}
	args, err := c.args(n)
	if err != nil {
		return nil, err
	}
	return of.compile(c, n, args)
}

// otherFunctions are names that users of other languages know, with those here.
var otherFunctions = map[string]string{
	"where": "if_else", "iff": "if_else", "if": "if_else", "ifnull": "coalesce", "fillna": "coalesce", "nvl": "coalesce",
	"isna": "is_null", "isnull": "is_null", "notna": "is_valid", "notnull": "is_valid", "least": "min", "greatest": "max",
	"log": "ln or log10", "pow": "power", "mod": "%", "len": "length", "strip": "trim", "substring": "substr", "slice": "substr",
	"startswith": "starts_with", "endswith": "ends_with", "str": "utf8", "int": "int64", "float": "float64", "not": "!",
	"ceiling": "ceil", "dayofweek": "weekday", "to_datetime": `cast(x, "timestamp[us]")`, "to_date": `cast(x, "date32")`,
}

// noFunction is the error about a function that there is not. It proposes the nearest one.
func (c *exprCompiler) noFunction(n *exprNode) error {
	name := strings.ToLower(n.text)
	near := otherFunctions[name]
	if near == "" && len(name) <= mostNearBytes {
		least := 1 + (len(name)+1)/3
		for _, known := range slices.Sorted(maps.Keys(exprFunctions())) {
			if d := editDistance(plainName(name), plainName(known), least); d < least {
				near, least = known, d
			}
		}
	}
	all := strings.Join(slices.Sorted(maps.Keys(exprFunctions())), ", ")
	if near == "" {
		return c.source.refuse(n.at, all, "there is no function %.100q; there are %s", n.text, all)
	}
	return c.source.refuse(n.at, near, "there is no function %.100q; did you mean %s?", n.text, near)
}

func castAs(dtype string) compileFunction {
	return func(c *exprCompiler, n *exprNode, args []*program) (*program, error) {
		return c.cast(n, args[0], dtype)
	}
}

func compileCast(c *exprCompiler, n *exprNode, args []*program) (*program, error) {
	if !args[1].isLiteral() {
		return nil, c.source.refuse(n.args[1].at, `a dtype such as "int64"`, `cast takes a value and a dtype as text: cast(x, "int64")`)
	}
	return c.cast(n, args[0], n.args[1].text)
}

func compileRowNumber(_ *exprCompiler, n *exprNode, _ []*program) (*program, error) {
	return &program{intType, n, func(s *strip) (*vector, error) {
		v := s.vector()
		for row := range listOf[int64](s, v) {
			v.ints[row] = int64(s.from + s.off + row)
		}
		return v, nil
	}}, nil
}

// ofMissing tells whether values are missing.
func ofMissing(missing bool) compileFunction {
	return func(_ *exprCompiler, n *exprNode, args []*program) (*program, error) {
		return &program{boolType, n, func(s *strip) (*vector, error) {
			v, err := args[0].eval(s)
			if err != nil {
				return nil, err
			}
			out := s.vector()
			for row := range listOf[bool](s, out) {
				out.bools[row] = v.isMissing(row) == missing
			}
			s.done(v)
			return out, nil
		}}, nil
	}
}

// compileIfElse takes the second value where the first is true and the third where it is false. Where it is
// missing, the result is missing. Values that are not taken may be errors.
func compileIfElse(c *exprCompiler, n *exprNode, args []*program) (*program, error) {
	condition, err := c.want(n, n.text, args[0], boolType)
	if err != nil {
		return nil, err
	}
	both, t, err := c.together(n, n.text, args[1], args[2])
	if err != nil {
		return nil, err
	}
	return &program{t, n, func(s *strip) (*vector, error) {
		when, err := condition.eval(s)
		if err != nil {
			return nil, err
		}
		holds := listOf[bool](s, when)
		skip := s.vector()
		results := make([]*vector, len(both))
		for i, p := range both {
			for row := range listOf[bool](s, skip) {
				skip.bools[row] = when.isMissing(row) || holds[row] != (i == 0)
			}
			if results[i], err = s.without(skip.bools, p); err != nil {
				return nil, err
			}
		}
		yes, no := results[0], results[1]
		for row := range s.n {
			if holds[row] && !when.isMissing(row) {
				continue
			}
			s.take(t, yes, no, row)
			if when.isMissing(row) {
				s.miss(yes, row)
			}
		}
		s.done(when, skip, no)
		return yes, nil
	}}, nil
}

// take copies the value in a row of a vector to another one.
func (s *strip) take(t exprType, to, from *vector, row int) {
	if from.isMissing(row) {
		s.miss(to, row)
		return
	}
	if to.missing != nil {
		to.missing[row] = false
	}
	switch t.kind {
	case boolKind:
		to.bools[row] = from.bools[row]
	case floatKind:
		to.floats[row] = from.floats[row]
	case textKind:
		to.texts[row] = from.texts[row]
	default:
		to.ints[row] = from.ints[row]
	}
}

// compileCoalesce takes the first value that is not missing. Values behind it may be errors.
func compileCoalesce(c *exprCompiler, n *exprNode, args []*program) (*program, error) {
	all, t, err := c.together(n, n.text, args...)
	if err != nil {
		return nil, err
	}
	p := all[0]
	for _, next := range all[1:] {
		before := p
		p = &program{t, n, func(s *strip) (*vector, error) {
			a, err := before.eval(s)
			if err != nil || a.missing == nil {
				return a, err
			}
			present := s.vector()
			for row := range listOf[bool](s, present) {
				present.bools[row] = !a.missing[row]
			}
			b, err := s.without(present.bools, next)
			if err != nil {
				return nil, err
			}
			for row := range s.n {
				if a.missing[row] {
					s.take(t, a, b, row)
				}
			}
			s.done(present, b)
			return a, nil
		}}
	}
	return p, nil
}

// compileExtreme takes the least or, if sign is 1, the greatest of the values that are not missing.
func compileExtreme(sign int) compileFunction {
	return func(c *exprCompiler, n *exprNode, args []*program) (*program, error) {
		all, t, err := c.together(n, n.text, args...)
		if err != nil {
			return nil, err
		}
		if t.kind == boolKind {
			return nil, c.source.refuse(n.at, "numbers, texts, dates or times", "%s takes values that have an order; these are bool", n.text)
		}
		p := all[0]
		for _, next := range all[1:] {
			p = moreExtreme(sign, n, t, p, next)
		}
		return p, nil
	}
}

// moreExtreme is compileExtreme for two programs with values of type t.
func moreExtreme(sign int, n *exprNode, t exprType, x, y *program) *program {
	replaces := func(a, b *vector, row int) bool {
		switch t.kind {
		case floatKind:
			return (b.floats[row]-a.floats[row])*float64(sign) > 0
		case textKind:
			return strings.Compare(b.texts[row], a.texts[row]) == sign
		}
		return b.ints[row] != a.ints[row] && (b.ints[row] > a.ints[row]) == (sign > 0)
	}
	return &program{t, n, func(s *strip) (*vector, error) {
		a, b, err := evalBoth(s, x, y)
		if err != nil {
			return nil, err
		}
		for row := range s.n {
			if !b.isMissing(row) && (a.isMissing(row) || replaces(a, b, row)) {
				s.take(t, a, b, row)
			}
		}
		s.done(b)
		return a, nil
	}}
}
