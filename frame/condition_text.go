package frame

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// textRelations are the comparisons that are for text only.
var textRelations = map[string]relation{
	"contains": contains, "starts_with": startsWith, "ends_with": endsWith, "matches": matches,
}

// The limits of patterns. The time for a text grows with its length times the size of the pattern.
const (
	// MaxPatternBytes is the length of the longest pattern.
	MaxPatternBytes = 1000
	// maxPatternSize is the largest number of states of all patterns of a condition, repetitions written out.
	maxPatternSize = 2000
)

// newReader returns a reader that the decoder of JSON reads without a copy.
func newReader(text []byte) *bytes.Buffer { return bytes.NewBuffer(text) }

// pattern is a regular expression of RE2.
type pattern struct {
	*regexp.Regexp
	size int
}

// checkText checks a comparison that is for text and compiles its pattern.
func (c *Condition) checkText(size *int) error {
	var text string
	if err := json.Unmarshal(c.Value.raw, &text); err != nil || jsontext.Value(c.Value.raw).Kind() != '"' {
		return c.refuse("/value", takesText, "%s needs a value that is text", c.Cmp)
	}
	if c.Cmp != "matches" {
		return nil
	}
	if c.pattern == nil {
		if err := c.compile(text); err != nil {
			return err
		}
	}
	if *size += c.pattern.size; *size > maxPatternSize {
		return c.refuse("/value", "a simpler pattern", "the patterns of the condition are too large: with their repetitions written out they may have %d parts", maxPatternSize)
	}
	return nil
}

// compile compiles the pattern of a matches.
func (c *Condition) compile(text string) error {
	if len(text) > MaxPatternBytes {
		return c.refuse("/value", "a shorter pattern", "the pattern has %d bytes; it may have %d", len(text), MaxPatternBytes)
	}
	flags := syntax.Perl
	prefix := ""
	if c.IgnoreCase {
		flags, prefix = flags|syntax.FoldCase, "(?i)"
	}
	tree, err := syntax.Parse(text, flags)
	if err != nil {
		return c.refusePattern(text, err)
	}
	size := sizeOf(tree)
	if size > maxPatternSize {
		return c.refuse("/value", "a simpler pattern", "the pattern is too large: with its repetitions written out it may have %d parts", maxPatternSize)
	}
	compiled, err := regexp.Compile(prefix + text)
	if err != nil {
		return c.refusePattern(text, err)
	}
	c.pattern = &pattern{compiled, size}
	return nil
}

// refusePattern returns the error about a pattern that is not one of RE2.
func (c *Condition) refusePattern(text string, err error) error {
	position, what := 1, err.Error()
	if e, ok := errors.AsType[*syntax.Error](err); ok {
		what = string(e.Code)
		at := strings.Index(text, e.Expr)
		if e.Expr == text {
			at = len(text) // something is missing at the end
		} else {
			what += " " + codec.Quoted(e.Expr)
		}
		position = 1 + utf8.RuneCountInString(text[:max(at, 0)])
	}
	return faulty(ErrInvalidOperation, Fault{Pointer: c.at + "/value", Row: -1, Value: bytes.Clone(c.Value.raw), Expected: "a regular expression of RE2"},
		"the pattern cannot be read at character %d: %s; it must be a regular expression as RE2 has them, without lookaround and back-references", position, what)
}

// sizeOf is about how many states a pattern has, at most a little more than maxPatternSize.
func sizeOf(re *syntax.Regexp) int {
	size := 1
	switch re.Op {
	case syntax.OpLiteral:
		size = len(re.Rune)
	case syntax.OpConcat, syntax.OpRepeat:
		size = 0
	}
	for _, sub := range re.Sub {
		if size += sizeOf(sub); size > maxPatternSize {
			return size
		}
	}
	if re.Op == syntax.OpRepeat {
		size *= max(re.Min, re.Max, 1)
	}
	return min(size, maxPatternSize+1)
}

// text makes t hold for cells that relate to a text as c says.
func (t *cellTest) text(field arrow.Field, c *Condition) error {
	if !isTextType(field.Type) {
		return c.refuse("/column", "a column of text", "%s is for text; column %.100q is %s", c.Cmp, field.Name, scalar.DType(field.Type))
	}
	t.relation, t.pattern = textRelations[c.Cmp], c.pattern
	if t.relation == matches {
		t.fold = false // its pattern does that
		return nil
	}
	err := json.Unmarshal(c.Value.raw, &t.key)
	t.foldKeys()
	return err
}

// patternStep is after how many steps of patterns a loop looks whether its work has been given up.
const patternStep = 10_000_000

// evalText sets for some rows whether their texts relate to that of t.
func (t *cellTest) evalText(f *Frame, keys []string, rows []int32, holds []bool) error {
	switch t.relation {
	case contains:
		for _, row := range rows {
			holds[row] = strings.Contains(keys[row], t.key)
		}
	case startsWith:
		for _, row := range rows {
			holds[row] = strings.HasPrefix(keys[row], t.key)
		}
	case endsWith:
		for _, row := range rows {
			holds[row] = strings.HasSuffix(keys[row], t.key)
		}
	case matches:
		steps := 0
		for _, row := range rows {
			if steps += (1 + len(keys[row])) * t.pattern.size; steps > patternStep {
				steps = 0
				if err := f.Ended(); err != nil {
					return err
				}
			}
			holds[row] = t.pattern.MatchString(keys[row])
		}
	}
	return nil
}

// foldKeys folds what t compares with.
func (t *cellTest) foldKeys() {
	if !t.fold {
		return
	}
	t.key = foldCase(t.key)
	if t.keySet != nil {
		folded := make(map[string]struct{}, len(t.keySet))
		for key := range t.keySet {
			folded[foldCase(key)] = struct{}{}
		}
		t.keySet = folded
	}
}

// foldCase replaces each letter by one that stands for all letters that differ from it in case only, as RE2
// does (simple case folding of Unicode): letters keep their number, and ß is not ss.
func foldCase(text string) string {
	for i := range len(text) {
		if c := text[i]; 'a' <= c && c <= 'z' || c >= utf8.RuneSelf {
			return text[:i] + strings.Map(foldRune, text[i:])
		}
	}
	return text
}

func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}
	// The least of the letters.
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}
