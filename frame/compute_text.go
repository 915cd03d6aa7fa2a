package frame

import (
	"strings"
	"unicode/utf8"
)

// concatenated joins two texts. The texts of a strip are made in one piece of memory.
func concatenated(n *exprNode, x, y *program) *program {
	return &program{textType, n, func(s *strip) (*vector, error) {
		a, b, err := evalBoth(s, x, y)
		if err != nil {
			return nil, err
		}
		s.missAll(a, b)
		left, right := listOf[string](s, a), listOf[string](s, b)
		size := 0
		for row := range left {
			if !a.isMissing(row) {
				size += len(left[row]) + len(right[row])
			}
		}
		s.takeText(int64(size))
		var all strings.Builder
		all.Grow(size)
		for row := range left {
			if a.isMissing(row) {
				continue
			}
			from := all.Len()
			all.WriteString(left[row])
			all.WriteString(right[row])
			left[row] = all.String()[from:]
		}
		s.done(b)
		return a, s.f.Ended()
	}}
}

func compileConcat(c *exprCompiler, n *exprNode, args []*program) (*program, error) {
	joined, err := c.want(n, n.text, args[0], textType)
	for i := 1; i < len(args) && err == nil; i++ {
		var next *program
		if next, err = c.want(n, n.text, args[i], textType); err == nil {
			joined = concatenated(n, joined, next)
		}
	}
	return joined, err
}

// ofText is a function of one text. growth says how many times as long the result may be.
func ofText[R exprValue](t exprType, growth int64, fn func(text string) R) compileFunction {
	return func(c *exprCompiler, n *exprNode, args []*program) (*program, error) {
		p, err := c.want(n, n.text, args[0], textType)
		if err != nil {
			return nil, err
		}
		eval := func(s *strip) (*vector, error) {
			v, err := p.eval(s)
			if err != nil {
				return nil, err
			}
			size := int64(0)
			for row, text := range listOf[string](s, v) {
				if !v.isMissing(row) {
					size += int64(len(text))
				}
			}
			s.takeText(growth * size)
			return v, s.f.Ended()
		}
		return &program{t, n, mapped(&program{textType, n, eval}, func(text string) (R, bool) { return fn(text), true }, "")}, nil
	}
}

// caseGrowth bounds how many times as many bytes a text has in upper or lower case.
const caseGrowth = 2

// length is the number of characters of a text.
func length(text string) int64 { return int64(utf8.RuneCountInString(text)) }

// ofTwoTexts is a comparison of two texts.
func ofTwoTexts(fn func(a, b string) bool) compileFunction {
	return func(c *exprCompiler, n *exprNode, args []*program) (*program, error) {
		a, err := c.want(n, n.text, args[0], textType)
		if err != nil {
			return nil, err
		}
		b, err := c.want(n, n.text, args[1], textType)
		if err != nil {
			return nil, err
		}
		eval := zipped(n, a, b, func(a, b string) (bool, bool) { return fn(a, b), true }, "")
		return &program{boolType, n, func(s *strip) (*vector, error) {
			if err := s.f.Ended(); err != nil {
				return nil, err
			}
			return eval(s)
		}}, nil
	}
}

// compileSubstr cuts a part out of a text, as substr of SQL does: start counts characters from 1, or from the
// end if it is negative.
func compileSubstr(c *exprCompiler, n *exprNode, args []*program) (*program, error) {
	text, err := c.want(n, n.text, args[0], textType)
	if err != nil {
		return nil, err
	}
	start, err := c.want(n, n.text, args[1], intType)
	if err != nil {
		return nil, err
	}
	tails := &program{textType, n, zipped(n, text, start, tail, "start counts characters from 1, or from the end with -1; it cannot be 0")}
	if len(args) == 2 {
		return tails, nil
	}
	most, err := c.want(n, n.text, args[2], intType)
	if err != nil {
		return nil, err
	}
	return &program{textType, n, zipped(n, tails, most, head, "the length of substr cannot be negative")}, nil
}

// tail returns the characters of a text from one on.
func tail(text string, from int64) (string, bool) {
	if from < 0 {
		end := len(text)
		for ; from < 0 && end > 0; from++ {
			_, size := utf8.DecodeLastRuneInString(text[:end])
			end -= size
		}
		return text[end:], true
	}
	rest, _ := cutCharacters(text, from-1)
	return rest, from > 0
}

// head returns the first n characters of a text.
func head(text string, n int64) (string, bool) {
	rest, ok := cutCharacters(text, n)
	return text[:len(text)-len(rest)], ok
}

// cutCharacters returns a text without its first n characters. ok says that n is not negative.
func cutCharacters(text string, n int64) (rest string, ok bool) {
	for at := range text {
		if n <= 0 {
			return text[at:], n == 0
		}
		n--
	}
	return "", n >= 0
}
