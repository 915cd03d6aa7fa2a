package frame

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// textReplacer replaces a text, or what a pattern matches, in the texts of cells.
type textReplacer struct {
	find, with string
	// null says that cells that match as a whole become missing.
	null bool
	// pattern is nil if find is a text. with is then a template of as many references to groups as
	// references says. whole is the pattern for whole cells.
	pattern    *pattern
	whole      *regexp.Regexp
	references int
}

// compile makes the pattern of r, if it needs one.
func (op *replaceValues) compile(r *textReplacer) error {
	if !op.Regex && !op.IgnoreCase {
		return nil
	}
	text := r.find
	if !op.Regex {
		text = regexp.QuoteMeta(text)
		r.with = strings.ReplaceAll(r.with, "$", "$$")
	}
	// The errors of a condition point at its value.
	c := &Condition{Cmp: "matches", IgnoreCase: op.IgnoreCase, Value: op.Find}
	if err := c.compile(text); err != nil {
		if f, ok := errors.AsType[*Fault](err); ok {
			f.Pointer = "/find"
		}
		return err
	}
	r.pattern = c.pattern
	if op.WholeCell {
		flags := ""
		if op.IgnoreCase {
			flags = "(?i)"
		}
		var err error
		if r.whole, err = regexp.Compile(flags + `\A(?:` + text + `)\z`); err != nil {
			return err
		}
	}
	return r.checkTemplate()
}

// checkTemplate counts the references to groups. It returns an error about one to a group that the pattern does
// not have, for which [regexp.Regexp.Expand] would put nothing.
func (r *textReplacer) checkTemplate() error {
	refuse := func(format string, args ...any) error {
		fault := Fault{Pointer: "/with", Row: -1, Value: scalar.AppendQuoted(nil, r.with), Expected: "references such as $1, ${1} or ${name} to groups of the pattern; $$ for a dollar sign"}
		return faulty(ErrInvalidOperation, fault, format+"; write $1, ${1} or ${name} for what a group matched, and $$ for a dollar sign", args...)
	}
	for rest := r.with; ; {
		_, after, found := strings.Cut(rest, "$")
		if !found {
			return nil
		}
		if rest, found = strings.CutPrefix(after, "$"); found {
			continue
		}
		name := after[:len(after)-len(strings.TrimLeftFunc(after, isNameRune))]
		rest = after[len(name):]
		if braced, found := strings.CutPrefix(after, "{"); found {
			if name, rest, found = strings.Cut(braced, "}"); !found {
				return refuse("with has a ${ without a }")
			}
		}
		number, err := strconv.Atoi(name)
		switch {
		case name == "":
			return refuse("with has a $ that refers to no group")
		case err == nil && number <= r.pattern.NumSubexp() && name[0] != '+' && name[0] != '-', err != nil && r.pattern.SubexpIndex(name) >= 0:
			r.references++
		default:
			return refuse("with refers to the group %q, which the pattern does not have", codec.Shorten(name))
		}
	}
}

// isNameRune reports whether a letter may be a part of a name after a $.
func isNameRune(c rune) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func (r *textReplacer) replace(f *Frame, arr arrow.Array) (at []int, values arrow.Array, err error) {
	defer codec.Guard(&err, codec.ErrMalformed, "the replaced text")
	b, mem, err := f.newTexts(arr.DataType())
	if err != nil {
		return nil, nil, err
	}
	var missing []bool
	if scalar.CountMissing(arr) > 0 {
		missing = make([]bool, arr.Len())
		of := scalar.Missing(arr)
		for row := range missing {
			missing[row] = of(row)
		}
	}
	steps := 0
	for row, text := range keysOf(arr, missing) {
		if missing != nil && missing[row] {
			continue
		}
		if steps += r.steps(text); steps > patternStep {
			steps = 0
			if err := f.Ended(); err != nil {
				return nil, nil, err
			}
		}
		switch now, changed := r.text(text, mem); {
		case !changed:
			continue
		case r.null:
			b.AppendNull()
		default:
			b.AppendText([]byte(now))
		}
		at = append(at, row)
	}
	return at, b.Array(), nil
}

// steps is about how long the replacement in a text takes.
func (r *textReplacer) steps(text string) int {
	if r.pattern == nil {
		return 1 + len(text)
	}
	return (1 + len(text)) * r.pattern.size
}

// smallText is the size of texts for which no memory is accounted.
const smallText = 64 << 10

// text returns what a text becomes. It accounts for its size before it is made.
func (r *textReplacer) text(text string, mem *codec.Budget) (now string, changed bool) {
	switch {
	case r.pattern == nil:
		n := strings.Count(text, r.find)
		if n == 0 {
			return text, false
		}
		mem.Take(int64(len(text)) + int64(n)*int64(len(r.with)))
		now = strings.ReplaceAll(text, r.find, r.with)
		mem.Release(int64(len(text)) + int64(n)*int64(len(r.with)))
		return now, true
	case r.whole != nil:
		if r.null || !r.whole.MatchString(text) {
			return "", r.null && r.whole.MatchString(text)
		}
		return r.expand(r.whole, text, 1, mem), true
	case !r.pattern.MatchString(text):
		return text, false
	}
	// There is a match before each letter and one at the end, at most.
	n := len(text) + 1
	if r.bytes(text, n) > smallText {
		n = 0
		r.pattern.ReplaceAllStringFunc(text, func(match string) string { n++; return match })
	}
	return r.expand(r.pattern.Regexp, text, n, mem), true
}

// bytes is the largest size of a text in which n matches have been replaced.
func (r *textReplacer) bytes(text string, n int) int64 {
	return int64(1+r.references)*int64(len(text)) + int64(n)*int64(len(r.with))
}

// expand replaces n matches.
func (r *textReplacer) expand(re *regexp.Regexp, text string, n int, mem *codec.Budget) string {
	size := r.bytes(text, n)
	mem.Take(size)
	defer mem.Release(size)
	return re.ReplaceAllString(text, r.with)
}
