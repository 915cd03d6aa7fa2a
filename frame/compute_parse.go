package frame

import (
	"fmt"
	"go/scanner"
	"go/token"
	"strconv"
	"strings"
	"unicode/utf8"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// The limits of an expression.
const (
	// MaxExpressionBytes is the length of the longest expression.
	MaxExpressionBytes = 4096
	// MaxExpressionNodes is the largest number of values, columns, operators and calls in it.
	MaxExpressionNodes = 500
	// MaxExpressionDepth is how deep its parts may be nested.
	MaxExpressionDepth = 64
)

// nodeKind is what a part of an expression is.
type nodeKind uint8

const (
	numberNode nodeKind = iota
	textNode
	wordNode // true, false or null
	columnNode
	callNode
	unaryNode
	binaryNode
)

// exprNode is a part of an expression.
type exprNode struct {
	kind nodeKind
	// at is where it is in the source; for an operator with two sides, where the operator is.
	at int
	// op is the operator, or whether a number is an INT or a FLOAT.
	op token.Token
	// text is the digits of a number, a text without its quotes, a word, or the name of a column or function.
	text string
	args []*exprNode
}

// exprToken is a word or sign of an expression.
type exprToken struct {
	tok token.Token
	lit string
	at  int
}

// exprParser parses an expression by the precedence of its operators. The words and signs are those of Go,
// as go/scanner reads them.
type exprParser struct {
	source string
	tokens []exprToken
	next   int
	nodes  int
	depth  int
}

// parseExpression returns the tree of an expression.
func parseExpression(source string) (*exprNode, error) {
	p := &exprParser{source: source}
	if len(source) > MaxExpressionBytes {
		fault := Fault{Pointer: "/expression", Row: -1, Expected: fmt.Sprintf("at most %d bytes", MaxExpressionBytes)}
		return nil, faulty(ErrInvalidOperation, fault, "the expression has %d bytes; it may have %d", len(source), MaxExpressionBytes)
	}
	if strings.TrimSpace(source) == "" {
		fault := Fault{Pointer: "/expression", Row: -1, Expected: exampleExpression}
		return nil, faulty(ErrInvalidOperation, fault, "compute needs an expression, for instance %s", exampleExpression)
	}
	if err := p.scan(); err != nil {
		return nil, err
	}
	n, err := p.expression(token.LowestPrec + 1)
	if err == nil && p.peek().tok != token.EOF {
		err = p.unexpected("an operator such as + is missing before")
	}
	return n, err
}

const exampleExpression = "price / n"

// refuse returns an error about what is at an offset of the expression.
func (p *exprParser) refuse(at int, expected, format string, args ...any) error {
	return p.refuseAs(ErrInvalidOperation, at, Fault{Row: -1, Expected: expected}, format, args...)
}

// refuseAs is refuse with another kind of error and more of its fault.
func (p *exprParser) refuseAs(kind error, at int, fault Fault, format string, args ...any) error {
	fault.Pointer = "/expression"
	fault.Value = scalar.AppendQuoted(nil, codec.Shorten(p.source[min(at, len(p.source)):]))
	return faulty(kind, fault, p.position(at)+": "+format, args...)
}

// position says where an offset is in the expression.
func (p *exprParser) position(at int) string {
	before := p.source[:min(at, len(p.source))]
	line := 1 + strings.Count(before, "\n")
	character := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	if !strings.Contains(p.source, "\n") {
		return fmt.Sprintf("character %d of the expression", character)
	}
	return fmt.Sprintf("line %d, character %d of the expression", line, character)
}

// scan cuts the expression into words and signs. Line breaks are blanks. Go's keywords are names here, and
// signs that Go has and expressions do not, such as the <- of a<-1, are cut in two.
func (p *exprParser) scan() (err error) {
	files := token.NewFileSet()
	file := files.AddFile("", -1, len(p.source))
	var s scanner.Scanner
	s.Init(file, []byte(p.source), func(pos token.Position, message string) {
		if err == nil {
			err = p.badToken(pos.Offset, message)
		}
	}, scanner.ScanComments)
	for err == nil {
		pos, tok, lit := s.Scan()
		t := exprToken{tok, lit, file.Offset(pos)}
		switch {
		case tok == token.SEMICOLON && lit == "\n":
			continue
		case tok.IsKeyword():
			t.tok = token.IDENT
		case halves[tok] != nil:
			two := halves[tok]
			p.tokens = append(p.tokens, exprToken{two[0], two[0].String(), t.at}, exprToken{two[1], two[1].String(), t.at + 1})
			continue
		}
		p.tokens = append(p.tokens, t)
		if tok == token.EOF {
			break
		}
	}
	return err
}

// halves are signs of Go that are two signs here.
var halves = map[token.Token][]token.Token{
	token.ARROW: {token.LSS, token.SUB},
	token.DEC:   {token.SUB, token.SUB},
}

// badToken returns the error about something that is no word or sign.
func (p *exprParser) badToken(at int, message string) error {
	rest := p.source[min(at, len(p.source)):]
	switch {
	case strings.HasPrefix(rest, "'"):
		return p.refuse(at, `"text"`, `text stands in double quotes: "text"`)
	case strings.HasPrefix(rest, "?"):
		return p.refuse(at, "if_else(c, a, b)", "there is no ? : here; write if_else(c, a, b)")
	case strings.HasPrefix(rest, "@"):
		return p.refuse(at, "the name of a column", "an expression has no variables; it reads the columns of the table")
	}
	return p.refuse(at, "an expression such as "+exampleExpression, "it cannot be read: %s", message)
}

func (p *exprParser) peek() exprToken { return p.tokens[p.next] }

// skip goes on behind the next token if it is tok.
func (p *exprParser) skip(tok token.Token) bool {
	found := p.peek().tok == tok
	if found {
		p.next++
	}
	return found
}

// node counts a node.
func (p *exprParser) node(n *exprNode) (*exprNode, error) {
	if p.nodes++; p.nodes > MaxExpressionNodes {
		return nil, p.refuse(n.at, "a shorter expression", "the expression has more than %d parts; compute it in several operations", MaxExpressionNodes)
	}
	return n, nil
}

// isOperator reports whether a sign stands between two values.
func isOperator(tok token.Token) bool {
	switch tok {
	case token.LOR, token.LAND, token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ,
		token.ADD, token.SUB, token.MUL, token.QUO, token.REM:
		return true
	}
	return false
}

// expression parses operators that bind at least as tightly as precedence says, and their operands.
func (p *exprParser) expression(precedence int) (*exprNode, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > MaxExpressionDepth {
		return nil, p.refuse(p.peek().at, "less nesting", "the expression is nested more than %d deep; compute it in several operations", MaxExpressionDepth)
	}
	left, err := p.operand()
	for err == nil {
		t := p.peek()
		if !isOperator(t.tok) || t.tok.Precedence() < precedence {
			break
		}
		p.next++
		var right *exprNode
		if right, err = p.expression(t.tok.Precedence() + 1); err == nil {
			left, err = p.node(&exprNode{kind: binaryNode, at: t.at, op: t.tok, args: []*exprNode{left, right}})
		}
	}
	return left, err
}

// operand parses a value, a column, a call, an expression in parentheses, or one of these after ! or -.
func (p *exprParser) operand() (*exprNode, error) {
	t := p.peek()
	switch t.tok {
	case token.INT, token.FLOAT:
		p.next++
		return p.number(t)
	case token.STRING:
		p.next++
		return p.quoted(t)
	case token.IDENT:
		p.next++
		return p.named(t)
	case token.LPAREN:
		p.next++
		n, err := p.expression(token.LowestPrec + 1)
		if err == nil && !p.skip(token.RPAREN) {
			err = p.unexpected("a ) or an operator is missing before")
		}
		return n, err
	case token.NOT, token.SUB:
		p.next++
		n, err := p.expression(token.UnaryPrec)
		if err != nil {
			return nil, err
		}
		if t.tok == token.SUB && n.kind == numberNode && n.text[0] != '-' {
			n.text, n.at = "-"+n.text, t.at
			return n, nil
		}
		return p.node(&exprNode{kind: unaryNode, at: t.at, op: t.tok, args: []*exprNode{n}})
	}
	return nil, p.unexpected("a value is missing before")
}

func (p *exprParser) number(t exprToken) (*exprNode, error) {
	if len(t.lit) > 1 && t.tok == token.INT && t.lit[0] == '0' && strings.Trim(t.lit, "0123456789_") == "" {
		return nil, p.refuse(t.at, "a number without leading zeros", "a number has no zeros at its beginning; text stands in double quotes")
	}
	return p.node(&exprNode{kind: numberNode, at: t.at, op: t.tok, text: t.lit})
}

// quoted parses a text or, in back quotes, the name of a column.
func (p *exprParser) quoted(t exprToken) (*exprNode, error) {
	text, err := strconv.Unquote(t.lit)
	if err != nil || !utf8.ValidString(text) {
		return nil, p.refuse(t.at, `"text"`, "the text has an escape that is no character")
	}
	if t.lit[0] == '`' {
		return p.node(&exprNode{kind: columnNode, at: t.at, text: text})
	}
	return p.node(&exprNode{kind: textNode, at: t.at, text: text})
}

// named parses what begins with a name: a call, a word or a column.
func (p *exprParser) named(t exprToken) (*exprNode, error) {
	if !p.skip(token.LPAREN) {
		switch t.lit {
		case "true", "false", "null":
			return p.node(&exprNode{kind: wordNode, at: t.at, text: t.lit})
		}
		return p.node(&exprNode{kind: columnNode, at: t.at, text: t.lit})
	}
	n := &exprNode{kind: callNode, at: t.at, text: t.lit}
	for p.peek().tok != token.RPAREN {
		arg, err := p.expression(token.LowestPrec + 1)
		if err != nil {
			return nil, err
		}
		n.args = append(n.args, arg)
		if !p.skip(token.COMMA) && p.peek().tok != token.RPAREN {
			return nil, p.unexpected("a , or a ) is missing before")
		}
	}
	p.next++
	if n.text == "col" {
		if len(n.args) != 1 || n.args[0].kind != textNode {
			return nil, p.refuse(n.at, `col("name")`, `col takes the name of a column as text: col("name")`)
		}
		n.kind, n.text, n.args = columnNode, n.args[0].text, nil
	}
	return p.node(n)
}

// elsewhere are signs and words of other languages, and what to write here.
var elsewhere = map[string]string{
	"and": "&&", "or": "||", "not": "!", "&": "&&", "|": "||", "~": "!", "=": "==",
	"**": "power(x, y)", "^": "power(x, y)", "//": "floor_divide(x, y)",
	"is": "is_null(x) or is_valid(x)", "in": "x == 1 || x == 2", "between": "x >= 1 && x <= 2",
	"like": "contains(x, y), starts_with(x, y) or ends_with(x, y)",
	"if":   "if_else(c, a, b)", "case": "if_else(c, a, b)", "else": "if_else(c, a, b)",
	"[": "substr(x, start, length)", ".": "the name of a column with a point in back quotes, and functions as lower(x)",
	"<>": "!=", "!": "is_null(x) or !(c)",
}

// unexpected returns the error about the next token. missing says what should be there.
func (p *exprParser) unexpected(missing string) error {
	t := p.peek()
	word := t.lit
	if word == "" || t.tok.IsOperator() {
		word = t.tok.String()
	}
	sign := word
	switch {
	case t.tok == token.EOF:
		word = "the end"
	case t.tok == token.COMMENT:
		sign = word[:2]
		word = codec.Shorten(word)
	case t.tok == token.CHAR:
		return p.badToken(t.at, "")
	}
	// The word may be that before: not x, and x ** y has two signs, of which the second is not expected.
	for _, at := range []int{p.next, p.next - 1} {
		if at < 0 {
			continue
		}
		if at < p.next {
			before := p.tokens[at]
			if sign = before.lit; before.tok.IsOperator() {
				sign = before.tok.String() + t.tok.String()
			}
			t = before
		}
		if write := elsewhere[strings.ToLower(sign)]; write != "" {
			return p.refuse(t.at, write, "instead of %s, write %s", codec.Shorten(sign), write)
		}
	}
	t = p.peek()
	return p.refuse(t.at, "an expression such as "+exampleExpression, "%s %s", missing, codec.Shorten(word))
}
