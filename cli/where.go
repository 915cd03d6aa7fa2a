//go:build !js

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// parseWhere reads a condition: JSON as the API has it, or the short form, such as
//
//	dose > 0.5 and (site = A or site in (B, C)) and not comment is missing
//
// The result is JSON. Names and texts with blanks or quotes stand in quotes, double or single ones.
func parseWhere(text string) (json.RawMessage, error) {
	if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, "{") {
		if !json.Valid([]byte(trimmed)) {
			return nil, usagef("--where is not JSON: %s", text)
		}
		return json.RawMessage(trimmed), nil
	}
	tokens, err := scanWhere(text)
	if err != nil {
		return nil, err
	}
	p := &whereParser{text: text, tokens: tokens}
	condition, err := p.either()
	if err == nil && p.at < len(p.tokens) {
		err = p.expected("and, or, or the end")
	}
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err = enc.Encode(condition)
	return bytes.TrimSpace(b.Bytes()), err
}

// word is a part of a condition.
type word struct {
	text string
	// quoted says that it stood in quotes, so that it is a name or a text.
	quoted bool
	// symbol says that it is an operator or punctuation.
	symbol bool
}

// is reports whether a word is a keyword.
func (w word) is(keyword string) bool {
	return !w.quoted && !w.symbol && strings.EqualFold(w.text, keyword)
}

// scanWhere cuts a condition into words.
func scanWhere(text string) (words []word, err error) {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case unicode.IsSpace(r):
			i += size
			continue
		case r == '"' || r == '\'' || r == '`':
			content, n, ok := quotedText(text[i:], byte(r))
			if !ok {
				return nil, usagef("--where %q: the quote at %q is not closed", text, text[i:])
			}
			i += n
			words = append(words, word{text: content, quoted: true})
		case strings.ContainsRune("(),", r):
			i++
			words = append(words, word{text: string(r), symbol: true})
		case strings.ContainsRune("=<>!~", r):
			n := len(text[i:]) - len(strings.TrimLeft(text[i:], "=<>!~"))
			words = append(words, word{text: text[i : i+n], symbol: true})
			i += n
		default:
			n := strings.IndexFunc(text[i:], func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("(),=<>!~\"'`", r) })
			if n < 0 {
				n = len(text) - i
			}
			words = append(words, word{text: text[i : i+n]})
			i += n
		}
	}
	return words, nil
}

// quotedText reads a text in quotes, in which a doubled quote stands for one, and returns how long it is.
func quotedText(text string, quote byte) (content string, n int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		if text[i] != quote {
			b.WriteByte(text[i])
			continue
		}
		if i+1 < len(text) && text[i+1] == quote {
			b.WriteByte(quote)
			i++
			continue
		}
		return b.String(), i + 1, true
	}
	return "", 0, false
}

// object is a JSON object.
type object = map[string]any

// whereParser reads conditions from words.
type whereParser struct {
	text   string
	tokens []word
	at     int
	depth  int
}

// next returns the next word, and false at the end.
func (p *whereParser) next() (word, bool) {
	if p.at == len(p.tokens) {
		return word{}, false
	}
	return p.tokens[p.at], true
}

// take takes the next word if it is a keyword or a symbol.
func (p *whereParser) take(text string) bool {
	w, ok := p.next()
	if ok && (w.is(text) || w.symbol && w.text == text) {
		p.at++
		return true
	}
	return false
}

// expected is the error at the place of the next word.
func (p *whereParser) expected(what string) error {
	if w, ok := p.next(); ok {
		return usagef("--where %q: there is %q where %s is expected", p.text, w.text, what)
	}
	return usagef("--where %q: it ends where %s is expected", p.text, what)
}

func (p *whereParser) either() (any, error) { return p.joined("or", p.both) }
func (p *whereParser) both() (any, error)   { return p.joined("and", p.not) }

// joined reads conditions with a word between them.
func (p *whereParser) joined(by string, part func() (any, error)) (any, error) {
	first, err := part()
	if err != nil {
		return nil, err
	}
	parts := []any{first}
	for p.take(by) {
		more, err := part()
		if err != nil {
			return nil, err
		}
		parts = append(parts, more)
	}
	if len(parts) == 1 {
		return first, nil
	}
	return object{by: parts}, nil
}

// maxWhereDepth is the deepest nesting of a condition, that of the server.
const maxWhereDepth = 63

func (p *whereParser) not() (any, error) {
	if p.depth++; p.depth > maxWhereDepth {
		return nil, usagef("--where is nested more than %d deep", maxWhereDepth)
	}
	defer func() { p.depth-- }()
	if p.take("not") {
		inner, err := p.not()
		return object{"not": inner}, err
	}
	if p.take("(") {
		inner, err := p.either()
		if err == nil && !p.take(")") {
			err = p.expected(")")
		}
		return inner, err
	}
	return p.comparison()
}

// symbols are the comparisons that are written with a symbol, and words those with the name that the API has.
var (
	symbols = map[string]string{"=": "eq", "==": "eq", "!=": "ne", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "~": "matches"}
	words   = []string{"contains", "starts_with", "ends_with", "matches"}
)

// comparison reads a comparison of a column.
func (p *whereParser) comparison() (any, error) {
	column, ok := p.next()
	if !ok || column.symbol {
		return nil, p.expected("a column")
	}
	p.at++
	if p.take("is") {
		return p.missing(column.text)
	}
	if p.take("not") {
		if !p.take("in") {
			return nil, p.expected("in")
		}
		list, err := p.list()
		return object{"not": object{"column": column.text, "cmp": "in", "value": list}}, err
	}
	if p.take("in") {
		list, err := p.list()
		return object{"column": column.text, "cmp": "in", "value": list}, err
	}
	if p.take("between") {
		low, err := p.value()
		if err == nil && !p.take("and") {
			err = p.expected("and")
		}
		if err != nil {
			return nil, err
		}
		high, err := p.value()
		return object{"column": column.text, "cmp": "between", "value": []any{low, high}}, err
	}
	cmp := p.operator()
	if cmp == "" {
		return nil, p.expected("a comparison, such as =, !=, <, >=, in, between, contains or is missing,")
	}
	if w, ok := p.next(); ok && !w.symbol && slices.Contains(words, cmp) {
		// They compare texts, whatever those look like.
		p.at++
		return object{"column": column.text, "cmp": cmp, "value": w.text}, nil
	}
	value, err := p.value()
	return object{"column": column.text, "cmp": cmp, "value": value}, err
}

// operator reads the comparison with one value, "" if there is none.
func (p *whereParser) operator() string {
	w, ok := p.next()
	if !ok || w.quoted {
		return ""
	}
	cmp := ""
	if w.symbol {
		cmp = symbols[w.text]
	}
	for _, name := range words {
		if w.is(name) {
			cmp = name
		}
	}
	if cmp != "" {
		p.at++
	}
	return cmp
}

// missing reads what follows is: missing or not missing.
func (p *whereParser) missing(column string) (any, error) {
	cmp := "is_null"
	if p.take("not") {
		cmp = "not_null"
	}
	if !p.take("missing") && !p.take("null") {
		return nil, p.expected("missing or not missing")
	}
	return object{"column": column, "cmp": cmp}, nil
}

// list reads values in parentheses.
func (p *whereParser) list() ([]any, error) {
	if !p.take("(") {
		return nil, p.expected("a list in parentheses")
	}
	var list []any
	for {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		if p.take(")") {
			return list, nil
		}
		if !p.take(",") {
			return nil, p.expected(", or )")
		}
	}
}

// value reads a value: a number, true, false, or a text.
func (p *whereParser) value() (any, error) {
	w, ok := p.next()
	if !ok || w.symbol {
		return nil, p.expected("a value")
	}
	p.at++
	switch {
	case w.quoted:
		return w.text, nil
	case w.is("true"), w.is("false"):
		return w.is("true"), nil
	case w.is("null"), w.is("missing"):
		return nil, usagef("--where %q: say %q to ask for missing values", p.text, fmt.Sprintf("%s is missing", p.tokens[max(0, p.at-3)].text))
	case isNumber(w.text):
		return json.Number(w.text), nil
	}
	return w.text, nil
}

// isNumber reports whether a word is a number of JSON. Codes such as 007 are texts.
func isNumber(text string) bool {
	if text == "" || !strings.ContainsRune("-0123456789", rune(text[0])) {
		return false
	}
	return json.Valid([]byte(text))
}
