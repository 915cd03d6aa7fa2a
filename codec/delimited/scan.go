package delimited

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"edgeframe/codec"
)

// textSpan is the place of a field's content in the input: from start to end, without the
// spanFlag. Inputs are below 2 GiB, so that the flag is free.
type textSpan struct{ start, end uint32 }

// spanFlag says in start that the field is quoted, the quotes being outside the span, and in
// end that the content has doubled quotes.
const spanFlag = 1 << 31

func (s textSpan) quoted() bool { return s.start&spanFlag != 0 }

// content returns the text of the field. Only fields with doubled quotes use scratch,
// whose capacity is reused.
func (s textSpan) content(data []byte, scratch *[]byte) []byte {
	b := s.raw(data)
	if s.end&spanFlag == 0 {
		return b
	}
	*scratch = s.appendUndoubled(slices.Grow((*scratch)[:0], len(b)), data)
	return *scratch
}

// raw returns the content of a field as it stands in the text, with two quotes for each one.
func (s textSpan) raw(data []byte) []byte { return data[s.start&^spanFlag : s.end&^spanFlag] }

// appendUndoubled appends the content of a quoted field, with one quote for each two. The quote is the
// character before the content.
func (s textSpan) appendUndoubled(dst, data []byte) []byte {
	start := s.start &^ spanFlag
	b, quote := data[start:s.end&^spanFlag], data[start-1]
	for {
		i := bytes.IndexByte(b, quote)
		if i < 0 {
			return append(dst, b...)
		}
		dst = append(dst, b[:i+1]...)
		b = b[i+2:]
	}
}

// textWindow holds the fields of some rows, column by column. Its buffer is reused.
type textWindow struct {
	spans []textSpan
	// stride is the distance between columns in spans.
	stride int
	// rows of the window are filled; most fit.
	rows, most int
}

// newTextWindow returns a window for rows rows. The distance between columns is an odd number
// of cache lines: with a power of two, the columns of one row would compete for the same
// cache sets.
func newTextWindow(rows, columns int, mem *codec.Budget) *textWindow {
	const spanBytes, line = 8, 8
	stride := rows
	if rows > line {
		stride = ((rows+line-1)/line | 1) * line
	}
	mem.Take(spanBytes * int64(stride) * int64(columns))
	return &textWindow{spans: make([]textSpan, stride*columns), stride: stride, most: rows}
}

func (w *textWindow) column(c int) []textSpan {
	return w.spans[c*w.stride:][:w.rows]
}

// textScanner cuts delimited text into fields as RFC 4180 describes. Beyond the RFC, each of
// CRLF, LF and CR ends a row, the last row needs no line end, blanks around a quoted field are
// skipped, and a quote in a field that does not begin with one is an ordinary character.
type textScanner struct {
	data             []byte
	delimiter, quote byte
	// comment begins lines that are skipped; 0 means that there are none.
	comment byte
	// opens are the bytes that can begin a quoted field: the quote, and blanks before it.
	opens [256]bool
	// width is the number of columns.
	width int
	// widthOf says in messages where width comes from: the header or the first line.
	widthOf string
	pos     int
	short   shortRows
}

// fill reads the next rows into w, as many as fit but at most most. Like pandas it skips lines
// that have only blanks, except in a table of one column, where a line without text is a missing
// value.
func (s *textScanner) fill(w *textWindow, most int) error {
	most = min(most, w.most)
	data, delimiter, last := s.data, s.delimiter, s.width-1
	pattern := uint64(delimiter) * everyByte
	row, column, index := 0, 0, 0
	pos := s.skipComments(s.pos)
	rowStart := pos
	// block has the possible ends of fields in the 64 bytes from base, and mask those of them that are left.
	base, block := pos, matchEnds(data, pos, pattern)
	mask := block
	for row < most && (pos < len(data) || column > 0) {
		// A field begins at pos.
		var end int
		span := textSpan{start: uint32(pos)}
		if pos < len(data) && s.opens[data[pos]] {
			quoted, next, err := s.quoted(pos)
			if err != nil {
				return err
			}
			if next > 0 {
				span = quoted
				base, block, mask = seekEnds(data, next, base, block, pattern)
			}
		}
		ending := byte('\n')
		for {
			for mask == 0 && base < len(data) {
				base += blockBytes
				block = matchEnds(data, base, pattern)
				mask = block
			}
			if mask == 0 {
				end = len(data)
				break
			}
			end = base + bits.TrailingZeros64(mask)
			mask &= mask - 1
			if ending = data[end]; ending == delimiter || ending == '\n' || ending == '\r' {
				break
			}
		}
		if !span.quoted() {
			span.end = uint32(end)
		}
		w.spans[index] = span
		pos = end + 1
		if ending == delimiter {
			if column++; column > last {
				return s.uneven(rowStart)
			}
			index += w.stride
			continue
		}
		if ending == '\r' && pos < len(data) && data[pos] == '\n' {
			pos++
			base, block, mask = seekEnds(data, pos, base, block, pattern)
		}
		switch {
		case column == last:
			row++
		case column > 0 || span.quoted() || len(trimBlanks(data[rowStart:end])) > 0:
			if !s.short.accepts(rowStart, last-column) {
				return s.uneven(rowStart)
			}
			for ; column < last; column++ {
				index += w.stride
				w.spans[index] = textSpan{uint32(end), uint32(end)}
			}
			row++
		}
		if s.comment != 0 && pos < len(data) && data[pos] == s.comment {
			pos = s.skipComments(pos)
			base, block, mask = seekEnds(data, pos, base, block, pattern)
		}
		column, index, rowStart = 0, row, pos
	}
	w.rows, s.pos = row, pos
	return nil
}

// blockBytes is how many bytes are searched at once: their marks are the bits of a word.
const blockBytes = 64

const (
	everyByte = 0x0101010101010101
	highBits  = 0x80 * everyByte
)

// matchEnds marks delimiters and control characters, among them CR and LF, in the 64 bytes from base, the first in the
// lowest bit. Bytes after the end of data do not match.
func matchEnds(data []byte, base int, pattern uint64) (marks uint64) {
	if base+blockBytes > len(data) {
		return matchLastEnds(data, base, pattern)
	}
	block := data[base : base+blockBytes : base+blockBytes]
	for i := 0; i < blockBytes; i += 8 {
		marks = marks>>8 | matchWord(binary.LittleEndian.Uint64(block[i:]), pattern)<<56
	}
	return marks
}

// matchLastEnds is matchEnds for the end of data. What is behind it does not match.
func matchLastEnds(data []byte, base int, pattern uint64) (marks uint64) {
	var block [blockBytes]byte
	n := copy(block[:], data[min(base, len(data)):])
	for i := 0; i < n; i += 8 {
		marks |= matchWord(binary.LittleEndian.Uint64(block[i:]), pattern) << i
	}
	return marks & (1<<n - 1)
}

// matchWord marks the bytes of a word that are the one of pattern or below the blank, in its lowest bits. The sums set
// the highest bit of each byte that is neither, without a carry to the next; the product gathers these bits.
func matchWord(word, pattern uint64) uint64 {
	const low, gather = 0x7f * everyByte, 0x0102040810204080
	other := word ^ pattern
	differs := (other & low) + low | other
	above := (word & low) + (0x80-' ')*everyByte | word
	return (^(differs & above) & highBits >> 7) * gather >> 56
}

// seekEnds returns the block that has the bytes from pos on, and the marks from there. base and block are those before.
func seekEnds(data []byte, pos, base int, block, pattern uint64) (_ int, _, mask uint64) {
	if skip := pos - base; skip < blockBytes {
		return base, block, block & (math.MaxUint64 << skip)
	}
	block = matchEnds(data, pos, pattern)
	return pos, block, block
}

func (s *textScanner) endsField(c byte) bool {
	return c == s.delimiter || c == '\n' || c == '\r'
}

// field reads the one field at pos. next is as in quoted.
func (s *textScanner) field(pos int) (span textSpan, next int, err error) {
	if pos < len(s.data) && s.opens[s.data[pos]] {
		if span, next, err = s.quoted(pos); err != nil || next > 0 {
			return span, next, err
		}
	}
	for next = pos; next < len(s.data) && !s.endsField(s.data[next]); next++ {
	}
	return textSpan{uint32(pos), uint32(next)}, next, nil
}

// record reads the row at pos, which has text, and calls add for each field until add returns
// false. next is where the following row begins.
func (s *textScanner) record(pos int, add func(textSpan) bool) (next int, err error) {
	for {
		span, end, err := s.field(pos)
		if err != nil || !add(span) {
			return end, err
		}
		if end == len(s.data) || s.data[end] != s.delimiter {
			return s.skipLineEnd(end), nil
		}
		pos = end + 1
	}
}

// skipLineEnd returns the index after the CRLF, LF or CR at pos.
func (s *textScanner) skipLineEnd(pos int) int {
	if bytes.HasPrefix(s.data[pos:], []byte("\r\n")) {
		return pos + 2
	}
	return min(pos+1, len(s.data))
}

// skipComments returns the index of the first line from pos on that is not a comment.
func (s *textScanner) skipComments(pos int) int {
	for s.comment != 0 && pos < len(s.data) && s.data[pos] == s.comment {
		end := bytes.IndexAny(s.data[pos:], "\r\n")
		if end < 0 {
			return len(s.data)
		}
		pos = s.skipLineEnd(pos + end)
	}
	return pos
}

// skipBlankLines returns the index of the first line from pos on that has text and is not
// a comment.
func (s *textScanner) skipBlankLines(pos int) int {
	pos = s.skipComments(pos)
	for next := pos; next < len(s.data); next++ {
		switch c := s.data[next]; {
		case c == '\n' || c == '\r':
			pos = s.skipComments(next + 1)
			next = pos - 1
		case c == s.delimiter || !isBlank(c):
			return pos
		}
	}
	return len(s.data)
}

// line is the number of the line, counted from 1, that has the byte at pos.
func (s *textScanner) line(pos int) int {
	before := s.data[:pos]
	return 1 + bytes.Count(before, []byte("\n")) + bytes.Count(before, []byte("\r")) - bytes.Count(before, []byte("\r\n"))
}
