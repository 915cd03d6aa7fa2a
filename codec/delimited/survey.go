package delimited

import (
	"bytes"
	"sync/atomic"
	"unicode/utf8"

	"edgeframe/internal/parallel"
)

// surveyPart is how many bytes are searched at a time. They stay in the processor's cache, because reading a
// large file from memory takes longer than a search.
const surveyPart = 64 << 10

// surveyed is what is known of a text after one look at it.
type surveyed struct {
	// nul and escape say that the text has such bytes, valid that it is UTF-8.
	nul, escape, valid bool
}

// survey looks at a text, in parallel.
func survey(data []byte) surveyed {
	var nul, escape, invalid atomic.Bool
	eachPart(data, func(part []byte) {
		if bytes.IndexByte(part, 0) >= 0 {
			nul.Store(true)
		}
		if bytes.IndexByte(part, '\x1b') >= 0 {
			escape.Store(true)
		}
		if !invalid.Load() && !utf8.Valid(part) {
			invalid.Store(true)
		}
	})
	return surveyed{nul: nul.Load(), escape: escape.Load(), valid: !invalid.Load()}
}

// countLines returns the number of line ends of a text in which all of them are LF, CRLF or CR. In other texts
// it may be too small.
func countLines(data []byte) int {
	var lf, cr atomic.Int64
	eachPart(data, func(part []byte) {
		lf.Add(int64(bytes.Count(part, []byte("\n"))))
		cr.Add(int64(bytes.Count(part, []byte("\r"))))
	})
	return int(max(lf.Load(), cr.Load()))
}

// eachPart calls work with the parts of a text, in parallel. No part ends within a character of valid UTF-8.
func eachPart(data []byte, work func(part []byte)) {
	parts := (len(data) + surveyPart - 1) / surveyPart
	// The work cannot fail.
	_ = parallel.Do(parts, func(i int) error {
		work(data[cut(data, i*surveyPart):cut(data, (i+1)*surveyPart)])
		return nil
	})
}

// cut returns pos, or the index of the character that is there. Where no character begins in the bytes before,
// the text is not valid, and so is the part that begins at pos.
func cut(data []byte, pos int) int {
	if pos >= len(data) {
		return len(data)
	}
	for i := pos; i > 0 && i > pos-utf8.UTFMax; i-- {
		if utf8.RuneStart(data[i]) {
			return i
		}
	}
	return pos
}
