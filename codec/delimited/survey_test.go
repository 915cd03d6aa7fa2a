package delimited

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestASurveySeesWhatIsAtTheEndsOfParts puts characters of each length, and bytes that are not valid, around the
// end of the first part.
func TestASurveySeesWhatIsAtTheEndsOfParts(t *testing.T) {
	for _, char := range []string{"a", "é", "€", "😀", "\x80", "\xc3", "\xe2\x82", "\x80\x80\x80\x80\x80", "\x00", "\x1b", "\r\n"} {
		for before := surveyPart - 6; before <= surveyPart+1; before++ {
			text := []byte(strings.Repeat("x", before) + char + strings.Repeat("\ny", surveyPart))
			want := surveyed{nul: bytes.IndexByte(text, 0) >= 0, escape: bytes.IndexByte(text, '\x1b') >= 0, valid: utf8.Valid(text)}
			if got := survey(text); got != want {
				t.Errorf("%q after %d bytes: %+v, want %+v", char, before, got, want)
			}
			if got, want := countLines(text), bytes.Count(text, []byte("\n")); got != want {
				t.Errorf("%q after %d bytes: %d lines, want %d", char, before, got, want)
			}
		}
	}
}

func BenchmarkSurvey(b *testing.B) {
	text := []byte(strings.Repeat("2026-01-31,17,0.25,Zürich\n", 1<<20))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if !survey(text).valid {
			b.Fatal("the text is not valid")
		}
	}
}
