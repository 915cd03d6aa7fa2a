package frame

import (
	"go/token"
	"math"
	"math/bits"
	"strconv"
)

const beyondInt64 = "the result is beyond int64; float64(x) computes with floats"

// add, subtract and multiply report whether the result is an int64.
func add(a, b int64) (int64, bool) {
	sum := a + b
	return sum, (sum > a) == (b > 0)
}

func subtract(a, b int64) (int64, bool) {
	difference := a - b
	return difference, (difference < a) == (b > 0)
}

func multiply(a, b int64) (int64, bool) {
	if a == int64(int32(a)) && b == int64(int32(b)) {
		return a * b, true
	}
	high, low := bits.Mul64(uint64(a), uint64(b))
	// The high word of the product of signed numbers.
	high -= uint64(a>>63)&uint64(b) + uint64(b>>63)&uint64(a)
	return int64(low), int64(high) == int64(low)>>63
}

// floorDivide returns the quotient of a number and one that is not 0, rounded down.
func floorDivide(a, b int64) int64 {
	quotient := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		quotient--
	}
	return quotient
}

// intQuotient is that of Python's // for a divisor that is not 0.
func intQuotient(a, b int64) (int64, bool) {
	if b == -1 { // the quotient of the least int64 is beyond it
		return subtract(0, a)
	}
	return floorDivide(a, b), true
}

// modulo is Python's %: the result has the sign of b. 0 divides nothing.
func modulo(a, b int64) (int64, bool) {
	if b == 0 || b == -1 {
		return 0, b != 0
	}
	rest := a % b
	if rest != 0 && (rest < 0) != (b < 0) {
		rest += b
	}
	return rest, true
}

// floatModulo is modulo of floats.
func floatModulo(a, b float64) (float64, bool) {
	rest := math.Mod(a, b)
	switch {
	case rest == 0:
		rest = math.Copysign(0, b)
	case (rest < 0) != (b < 0):
		rest += b
	}
	return number(rest)
}

// floatQuotient is Python's // of floats.
func floatQuotient(a, b float64) (float64, bool) {
	if b == 0 {
		return number(a / b)
	}
	rest := math.Mod(a, b)
	quotient := (a - rest) / b
	if rest != 0 && (rest < 0) != (b < 0) {
		quotient--
	}
	return number(math.Round(quotient))
}

// number reports whether a float is a number. NaN is a missing value.
func number(v float64) (float64, bool) { return v, !math.IsNaN(v) }

// power returns a to the power of b, which is not negative.
func power(a, b int64) (int64, bool) {
	result, ok := int64(1), true
	for {
		if b&1 == 1 {
			if result, ok = multiply(result, a); !ok {
				return 0, false
			}
		}
		if b >>= 1; b == 0 {
			return result, true
		}
		if a, ok = multiply(a, a); !ok {
			return 0, false
		}
	}
}

// arithmetic computes + - * / and %.
func (c *exprCompiler) arithmetic(n *exprNode, a, b *program) (*program, error) {
	switch {
	case a.kind == nullKind && b.kind != otherKind:
		return &program{nullType, n, a.eval}, nil
	case b.kind == nullKind && a.kind != otherKind:
		return &program{nullType, n, b.eval}, nil
	case a.isNumber() && b.isNumber():
		return numbers(n, a, b), nil
	case a.kind == textKind && b.kind == textKind && n.op == token.ADD:
		return concatenated(n, a, b), nil
	case a.isTime() || b.isTime():
		p, err := c.times(n, a, b)
		if p != nil || err != nil {
			return p, err
		}
	}
	hint := asText(a.exprType, b.exprType)
	if a.kind == boolKind || b.kind == boolKind {
		hint = "; int64(x) makes a number of true and false"
	}
	return nil, c.source.refuse(n.at, acceptedOperands[n.op], "%s does not take %s and %s; it takes %s%s", n.op, a.exprType, b.exprType, acceptedOperands[n.op], hint)
}

// acceptedOperands says what the operators take.
var acceptedOperands = map[token.Token]string{
	token.ADD: "numbers, texts, a date and days, or a time and a duration",
	token.SUB: "numbers, dates, a date and days, timestamps, or a time and a duration",
	token.MUL: "numbers, or a duration and a whole number",
	token.QUO: "numbers, or durations",
	token.REM: "numbers",
}

// numbers computes with numbers: int64 with int64 exactly, otherwise float64. A quotient is a float64.
func numbers(n *exprNode, a, b *program) *program {
	if a.kind == intKind && b.kind == intKind && n.op != token.QUO {
		fn, fails := map[token.Token]func(a, b int64) (int64, bool){token.ADD: add, token.SUB: subtract, token.MUL: multiply, token.REM: modulo}[n.op], beyondInt64
		if n.op == token.REM {
			fails = ""
		}
		return &program{intType, n, zipped(n, a, b, fn, fails)}
	}
	fn := map[token.Token]func(a, b float64) (float64, bool){
		token.ADD: func(a, b float64) (float64, bool) { return number(a + b) },
		token.SUB: func(a, b float64) (float64, bool) { return number(a - b) },
		token.MUL: func(a, b float64) (float64, bool) { return number(a * b) },
		token.QUO: func(a, b float64) (float64, bool) { return number(a / b) },
		token.REM: floatModulo,
	}[n.op]
	return &program{floatType, n, zipped(n, a.to(floatType), b.to(floatType), fn, "")}
}

// ofNumber is a function of one number that is a float64.
func ofNumber(fn func(float64) float64) compileFunction {
	return func(c *exprCompiler, n *exprNode, args []*program) (*program, error) {
		p, err := c.want(n, n.text, args[0], floatType)
		if err != nil {
			return nil, err
		}
		return &program{floatType, n, mapped(p, func(v float64) (float64, bool) { return number(fn(v)) }, "")}, nil
	}
}

// ofWhole is a function of one number that keeps whole numbers.
func ofWhole(fn func(float64) float64) compileFunction {
	return func(c *exprCompiler, n *exprNode, args []*program) (*program, error) {
		if args[0].kind == intKind {
			return &program{intType, n, args[0].eval}, nil
		}
		return ofNumber(fn)(c, n, args)
	}
}

func compileAbs(c *exprCompiler, n *exprNode, args []*program) (*program, error) {
	p := args[0]
	if p.kind != intKind && p.kind != durationKind {
		return ofNumber(math.Abs)(c, n, args)
	}
	return &program{p.exprType, n, mapped(p, func(v int64) (int64, bool) {
		if v < 0 {
			return subtract(0, v)
		}
		return v, true
	}, beyondInt64)}, nil
}

// ofTwo is a function of two numbers: of int64 with a function for them, otherwise of float64.
func ofTwo(ints func(a, b int64) (int64, bool), fails string, floats func(a, b float64) (float64, bool)) compileFunction {
	return func(c *exprCompiler, n *exprNode, args []*program) (*program, error) {
		if args[0].kind == intKind && args[1].kind == intKind {
			return &program{intType, n, zipped(n, args[0], args[1], ints, fails)}, nil
		}
		a, err := c.want(n, n.text, args[0], floatType)
		if err != nil {
			return nil, err
		}
		b, err := c.want(n, n.text, args[1], floatType)
		if err != nil {
			return nil, err
		}
		return &program{floatType, n, zipped(n, a, b, floats, "")}, nil
	}
}

// compileFloorDivide divides and rounds down. 0 divides no whole number: the result is missing.
func compileFloorDivide(c *exprCompiler, n *exprNode, args []*program) (*program, error) {
	if by := args[1]; by.kind == intKind && args[0].kind == intKind {
		args[1] = &program{intType, by.node, mapped(by, func(v int64) (int64, bool) { return v, v != 0 }, "")}
	}
	return ofTwo(intQuotient, beyondInt64, floatQuotient)(c, n, args)
}

// intPower is power for exponents that may be negative, which have no whole result.
func intPower(a, b int64) (int64, bool) {
	if b < 0 {
		return 0, false
	}
	return power(a, b)
}

// maxDigitsRounded is the largest number of digits that round takes.
const maxDigitsRounded = 300

// compileRound rounds halves to the even neighbour, as numpy does: it multiplies by a power of ten, rounds and
// divides again.
func compileRound(c *exprCompiler, n *exprNode, args []*program) (*program, error) {
	digits := int64(0)
	if len(args) == 2 {
		var ok bool
		if digits, ok = wholeLiteral(n.args[1]); !ok || digits < -maxDigitsRounded || digits > maxDigitsRounded {
			return nil, c.source.refuse(n.args[1].at, "a whole number", "the digits of round are a whole number from %d to %d that stands in the expression", -maxDigitsRounded, maxDigitsRounded)
		}
	}
	if args[0].kind == intKind {
		if digits >= 0 {
			return &program{intType, n, args[0].eval}, nil
		}
		return &program{intType, n, mapped(args[0], roundTo(-digits), beyondInt64)}, nil
	}
	scale := math.Pow10(int(max(digits, -digits)))
	return ofNumber(func(v float64) float64 {
		switch {
		case digits == 0:
			return math.RoundToEven(v)
		case digits < 0:
			return math.RoundToEven(v/scale) * scale
		}
		if scaled := v * scale; !math.IsInf(scaled, 0) {
			return math.RoundToEven(scaled) / scale
		}
		return v
	})(c, n, args)
}

// roundTo returns a function that rounds to multiples of a power of ten, halves to the even one.
func roundTo(exponent int64) func(v int64) (int64, bool) {
	unit, ok := power(10, exponent)
	if !ok {
		const half = 5_000_000_000_000_000_000 // of 10^19
		return func(v int64) (int64, bool) { return 0, exponent > 19 || -half <= v && v <= half }
	}
	return func(v int64) (int64, bool) {
		below := floorDivide(v, unit)
		rest := v - below*unit
		if up := unit - rest; rest > up || rest == up && below&1 == 1 {
			below++
		}
		return multiply(below, unit)
	}
}

// wholeLiteral returns the whole number that stands in an expression.
func wholeLiteral(n *exprNode) (int64, bool) {
	if n.kind != numberNode || n.op != token.INT {
		return 0, false
	}
	v, err := strconv.ParseInt(n.text, 0, 64)
	return v, err == nil
}
