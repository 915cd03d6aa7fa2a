package delimited

import (
	"bytes"
	"unicode/utf8"
)

const (
	// sampleBytes and sampleRows bound the part of a text that detection reads.
	sampleBytes = 64 << 10
	sampleRows  = 100
)

// delimiters lists the delimiters that can be detected, the most likely first.
var delimiters = []byte(",;\t|")

// delimiterShape is what the first lines look like with one delimiter.
type delimiterShape struct {
	// rows were read, and agree of them have as many fields as the first.
	rows, agree, fields int
}

// better reports whether a splits more lines consistently than b or, if equal, into more fields.
func (a delimiterShape) better(b delimiterShape) bool {
	switch {
	case a.fields < 2 || b.fields < 2:
		return a.fields > 1 && b.fields < 2
	case a.agree != b.agree:
		return a.agree > b.agree
	}
	return a.fields > b.fields
}

// shapesOf returns the shape of the first lines for each of the delimiters. It leaves out lines
// that begin with comment.
func shapesOf(data []byte, comment byte) (shapes [4]delimiterShape) {
	data = data[:min(len(data), sampleBytes)]
	for rows := 0; len(data) > 0 && rows < sampleRows; {
		if comment != 0 && data[0] == comment {
			// Quotes in comments open nothing.
			end := bytes.IndexAny(data, "\r\n")
			if end < 0 {
				break
			}
			data = data[end+1:]
			continue
		}
		fields, length, finished := countFields(data)
		blank := len(bytes.Trim(data[:length], " \t\r\n")) == 0
		data = data[length:]
		if !finished && rows > 0 {
			break
		}
		if blank {
			continue
		}
		for i := range shapes {
			shapes[i].add(fields[i])
		}
		rows++
	}
	return shapes
}

func (s *delimiterShape) add(fields int) {
	if s.rows == 0 {
		s.fields = fields
	}
	s.rows++
	if fields == s.fields {
		s.agree++
	}
}

// countFields counts the fields of the first line for each of the delimiters. A quote after any
// of them opens a field; delimiters inside it do not count.
func countFields(data []byte) (fields [4]int, length int, finished bool) {
	fields = [4]int{1, 1, 1, 1}
	for i, begins := 0, true; i < len(data); i++ {
		c := data[i]
		if isLineEnd(c) {
			return fields, i + 1, true
		}
		if begins && c == '"' {
			// A doubled quote closes one text and opens the next.
			end := bytes.IndexByte(data[i+1:], '"')
			if end < 0 {
				break
			}
			i += end + 1
			continue
		}
		delimiter := bytes.IndexByte(delimiters, c)
		if begins = delimiter >= 0; begins {
			fields[delimiter]++
		}
	}
	return fields, len(data), false
}

func isLineEnd(c byte) bool { return c == '\n' || c == '\r' }

// bestDelimiter returns, of the delimiters that usable accepts, the one that splits most lines
// into as many fields as the first. For text without a delimiter, which has one column, it
// returns the first one.
func bestDelimiter(data []byte, comment byte, usable func(byte) bool) (byte, delimiterShape) {
	shapes, best := shapesOf(data, comment), -1
	for i, shape := range shapes {
		if usable(delimiters[i]) && (best < 0 || shape.better(shapes[best])) {
			best = i
		}
	}
	return delimiters[best], shapes[best]
}

// looksDelimited reports whether data, or its beginning, is text with the same number of
// fields on all lines, and which delimiter it has. Text without a delimiter needs a second
// line. Text that begins like JSON, HTML or XML does not count as delimited.
func looksDelimited(data []byte) (delimiter byte, ok bool) {
	data = sampleText(data)
	if !isPlainText(data) {
		return 0, false
	}
	text := bytes.TrimLeft(data, " \t\r\n")
	if len(text) == 0 || bytes.IndexByte([]byte("{[<"), text[0]) >= 0 {
		return 0, false
	}
	delimiter, shape := bestDelimiter(data, 0, func(byte) bool { return true })
	if shape.fields > 1 {
		return delimiter, shape.agree == shape.rows
	}
	several := shape.rows > 1 && bytes.IndexByte(text, '\t') < 0
	return delimiter, several && shape.agree == shape.rows
}

// isPlainText reports whether data is UTF-8 without control characters. The last character may
// be cut off.
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
