package delimited

import (
	"bytes"

	"edgeframe/codec"
)

// unescape returns text in which, from start on, fields with escaped characters are quoted as in RFC 4180,
// and makes d the dialect of that text. Lines keep their numbers. An escape makes the next character
// ordinary, in quotes and outside.
func (d *dialect) unescape(text []byte, start int, mem *codec.Budget) ([]byte, error) {
	quote := d.quote
	if quote == 0 {
		quote = '"'
	}
	u := &unescaper{dialect: d, quote: quote, text: text}
	// A field gets two quotes, and one more for each quote in it.
	n := bytes.Count(text[start:], []byte{d.escape})
	size := len(text) + 2*n + bytes.Count(text[start:], []byte{quote})
	if d.quote == 0 {
		size += 2 * bytes.Count(text[start:], []byte{quote})
	}
	out, err := takeText(size, mem)
	if err != nil {
		return nil, err
	}
	u.out = append(out, text[:start]...)
	for pos := start; pos < len(text); {
		if d.comment != 0 && text[pos] == d.comment {
			end := len(text)
			if i := bytes.IndexAny(text[pos:], "\r\n"); i >= 0 {
				end = pos + i + 1
			}
			u.out = append(u.out, text[pos:end]...)
			pos = end
			continue
		}
		pos = u.line(pos)
	}
	d.quote, d.escape = quote, 0
	return u.out, nil
}

// unescaper rewrites the fields of a text. quote is that of the result.
type unescaper struct {
	dialect   *dialect
	quote     byte
	text, out []byte
}

// line rewrites the line at pos and returns where the next one begins.
func (u *unescaper) line(pos int) int {
	for pos < len(u.text) {
		if u.dialect.quote != 0 && u.text[pos] == u.dialect.quote {
			pos = u.quotedField(pos)
		} else {
			pos = u.plainField(pos)
		}
		if pos == len(u.text) {
			break
		}
		c := u.text[pos]
		u.out = append(u.out, c)
		pos++
		if isLineEnd(c) {
			break
		}
	}
	return pos
}

// quotedField rewrites the field whose opening quote is at pos, up to its closing quote. What follows is a
// field of its own, so that text behind the quote is rejected when it is read.
func (u *unescaper) quotedField(pos int) int {
	u.out = append(u.out, u.quote)
	for pos++; pos < len(u.text); pos++ {
		c := u.text[pos]
		switch {
		case c == u.dialect.escape && pos+1 < len(u.text):
			pos++
			u.ordinary(u.text[pos])
		case c != u.quote:
			u.out = append(u.out, c)
		case pos+1 < len(u.text) && u.text[pos+1] == u.quote:
			pos++
			u.ordinary(c)
		default:
			u.out = append(u.out, c)
			end := pos + 1
			for end < len(u.text) && u.text[end] != u.dialect.delimiter && !isLineEnd(u.text[end]) {
				end++
			}
			u.out = append(u.out, u.text[pos+1:end]...)
			return end
		}
	}
	return pos
}

// ordinary appends a character of a quoted field.
func (u *unescaper) ordinary(c byte) {
	if c == u.quote {
		u.out = append(u.out, c)
	}
	u.out = append(u.out, c)
}

// plainField rewrites the field at pos, which is not quoted, and returns where it ends. It is quoted if it
// has an escape or begins like a quoted field.
func (u *unescaper) plainField(pos int) int {
	end, escaped := pos, false
	for ; end < len(u.text) && u.text[end] != u.dialect.delimiter && !isLineEnd(u.text[end]); end++ {
		if u.text[end] == u.dialect.escape && end+1 < len(u.text) {
			escaped = true
			end++
		}
	}
	field := u.text[pos:end]
	if first := bytes.TrimLeft(field, " \t"); !escaped && (u.dialect.quote != 0 || len(first) == 0 || first[0] != u.quote) {
		u.out = append(u.out, field...)
		return end
	}
	u.out = append(u.out, u.quote)
	for i := 0; i < len(field); i++ {
		if field[i] == u.dialect.escape && i+1 < len(field) {
			i++
		}
		u.ordinary(field[i])
	}
	u.out = append(u.out, u.quote)
	return end
}
