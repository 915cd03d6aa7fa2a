package codec

import (
	"bytes"
	"unicode/utf8"
)

const (
	// sampleBytes and sampleRows bound what is looked at to tell what some text is.
	sampleBytes = 64 << 10
	sampleRows  = 100
)

// delimiters are those that can be detected, the likeliest first.
var delimiters = []byte{',', ';', '\t', '|'}

// delimiterShape is what the first lines look like with one delimiter.
type delimiterShape struct {
	// rows were looked at, and agree of them have as many fields as the first.
	rows, agree, fields int
}

// better reports whether a delimits more lines, or more fields of as many, than b.
func (a delimiterShape) better(b delimiterShape) bool {
	switch {
	case a.fields < 2 || b.fields < 2:
		return a.fields > 1 && b.fields < 2
	case a.agree != b.agree:
		return a.agree > b.agree
	}
	return a.fields > b.fields
}

func shapeOf(data []byte, delimiter byte) delimiterShape {
	s := textScanner{data: data[:min(len(data), sampleBytes)], delimiter: delimiter}
	var shape delimiterShape
	for pos := s.skipBlankLines(0); pos < len(s.data) && shape.rows < sampleRows; pos = s.skipBlankLines(pos) {
		fields := 0
		next, err := s.record(pos, func(textSpan) bool { fields++; return true })
		unfinished := next == len(s.data) && !isLineEnd(s.data[next-1])
		if err != nil || unfinished && shape.rows > 0 {
			break
		}
		if shape.rows == 0 {
			shape.fields = fields
		}
		shape.rows++
		if fields == shape.fields {
			shape.agree++
		}
		pos = next
	}
	return shape
}

func isLineEnd(c byte) bool { return c == '\n' || c == '\r' }

// detectDelimiter returns the delimiter that gives the first line as many fields as most
// others. Text in which there is none has one column, and a comma is as good as any.
func detectDelimiter(data []byte) byte {
	delimiter, best := delimiters[0], delimiterShape{}
	for _, d := range delimiters {
		if shape := shapeOf(data, d); shape.better(best) {
			delimiter, best = d, shape
		}
	}
	return delimiter
}

// looksDelimited reports whether data, or its beginning, is text with the same number of
// fields on all lines, and which delimiter it has. Text without a delimiter needs a second
// line.
func looksDelimited(data []byte) (delimiter byte, ok bool) {
	data = bytes.TrimPrefix(data[:min(len(data), sampleBytes)], byteOrderMark)
	if !isPlainText(data) {
		return 0, false
	}
	text := bytes.TrimLeft(data, " \t\r\n")
	if len(text) == 0 || bytes.IndexByte([]byte("{[<"), text[0]) >= 0 {
		return 0, false
	}
	delimiter = detectDelimiter(data)
	shape := shapeOf(data, delimiter)
	if shape.fields > 1 {
		return delimiter, shape.agree == shape.rows
	}
	several := shape.rows > 1 && bytes.IndexByte(text, '\t') < 0
	return delimiter, several && shape.agree == shape.rows
}

// isPlainText reports whether data is UTF-8 without control characters, except that the
// last character may be cut off.
func isPlainText(data []byte) bool {
	for cut := 1; cut < utf8.UTFMax && cut <= len(data); cut++ {
		if tail := data[len(data)-cut:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				data = data[:len(data)-cut]
			}
			break
		}
	}
	control := func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f }
	return utf8.Valid(data) && bytes.IndexFunc(data, control) < 0
}
