package delimited

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
)

func TestLinesOfAFooterAreLeftOut(t *testing.T) {
	const ab = "a: 1 3\nb: 2 4"
	for _, tt := range []struct {
		claim, text string
		own         Options
		want, note  string
	}{
		{"of one line", "a,b\n1,2\n3,4\nSource: x\n", Options{SkipFooter: 1}, ab, `the last line, line 4, is not part of the table, as skip_footer says: "Source: x"`},
		{"without a line end", "a,b\n1,2\n3,4\nSource: x, y, \"z", Options{SkipFooter: 1}, ab, `the last line, line 4, is not part of the table, as skip_footer says: "Source: x, y, \"z"`},
		{"below a blank line", "a,b\n1,2\n3,4\n\nSource: x\nTotal rows: 2\nc\nd\n", Options{SkipFooter: 5}, ab, `the last 5 lines, from line 4 on, are not part of the table, as skip_footer says: "Source: x", "Total rows: 2", "c"`},
		{"with CRLF", "a,b\r\n1,2\r\n3,4\r\n\r\nSource: x\r\n", Options{SkipFooter: 2}, ab, `the last 2 lines, from line 4 on, are not part of the table, as skip_footer says: "Source: x"`},
		{"with CR", "a,b\r1,2\r3,4\rSource: x\rTotal\r", Options{SkipFooter: 2}, ab, `the last 2 lines, from line 4 on, are not part of the table, as skip_footer says: "Source: x", "Total"`},
		{"of blank lines", "a,b\n1,2\n3,4\n\n\n", Options{SkipFooter: 2}, ab, "the last 2 lines, from line 4 on, are not part of the table, as skip_footer says"},
		{"that has as many fields", "a,b\n1,2\n3,4\nTotal,6\n", Options{SkipFooter: 1}, ab, `the last line, line 4, is not part of the table, as skip_footer says: "Total,6"`},
		{"beside skip_rows", "Report 2020\n\na,b\n1,2\n3,4\nSource\n", Options{SkipFooter: 1, SkipRows: 2}, ab, `the last line, line 6, is not part of the table, as skip_footer says: "Source"`},
		{"without a header", "1,2\n3,4\nx\n", Options{SkipFooter: 1, NoHeader: true}, "column_1: 1 3\ncolumn_2: 2 4", `the last line, line 3, is not part of the table, as skip_footer says: "x"`},
		{"of all lines of data", "a,b\n1,2\n", Options{SkipFooter: 1}, "a:\nb:", `the last line, line 2, is not part of the table, as skip_footer says: "1,2"`},
		{"below escapes", "a,b\n1\\,2,3\nx\\\n", Options{SkipFooter: 1, Escape: '\\'}, "a: \"1,2\"\nb: 3", `the last line, line 3, is not part of the table, as skip_footer says: "x\\"`},
		{"below one column", "a\n1\n\n3\n\nSource\n", Options{SkipFooter: 2}, "a: 1 null 3", `the last 2 lines, from line 5 on, are not part of the table, as skip_footer says: "Source"`},
	} {
		t.Run(tt.claim, func(t *testing.T) {
			table, err := CSV.Decode([]byte(tt.text), codec.ReadOptions{Options: tt.own})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, gridText(table)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{tt.note}, table.Receipt.Notes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAFooterThatLeavesNoTableIsRefused(t *testing.T) {
	for _, tt := range []struct {
		text, says string
		n          int
	}{
		{"a,b\n1,2\n", "skip_footer is 2, but the text has only 2 lines", 2},
		{"a,b\r\n1,2", "skip_footer is 9, but the text has only 2 lines", 9},
		{"\n\na,b\n1,2\n", "skip_footer is 2, but the text has only 4 lines", 2},
		{"a", "skip_footer is 2147483647, but the text has only 1 line:", 1<<31 - 1},
	} {
		_, err := CSV.Decode([]byte(tt.text), codec.ReadOptions{Options: Options{SkipFooter: tt.n}})
		if !errors.Is(err, codec.ErrMalformed) || !strings.Contains(fmt.Sprint(err), tt.says) {
			t.Errorf("%q: %v", tt.text, err)
		}
	}
	if _, err := reading.Parse(codec.Values{"skip_footer": {"x"}}); !errors.Is(err, codec.ErrUnsupported) || !strings.Contains(err.Error(), "skip_footer=x is not accepted; it must be the number of lines below the table") {
		t.Error(err)
	}
}

// TestUnevenLinesAtTheEndSayHowToLeaveThemOut also follows the advice.
func TestUnevenLinesAtTheEndSayHowToLeaveThemOut(t *testing.T) {
	const table = "a,b,c\n1,2,3\n4,5,6\n7,8,9\n"
	for text, lines := range map[string]int{
		"Source: x\n":                          1,
		"\nSource: x\nTotal rows: 120\n":       2,
		"\nSource: x\n\nNotes, two of them\n":  3,
		"Notes, with, too, many fields\n":      1,
		"Note:, with too few\n\"a quote\n":     2,
		"7,8\n10,11,12\n":                      0,
		strings.Repeat("x\n", maxFooter+1):     0,
		"Source\r\nx\r\n":                      2,
		strings.Repeat("7,8,9\n", 9) + "1,2\n": 1,
	} {
		_, err := CSV.Decode([]byte(table+text), codec.ReadOptions{})
		hint := fmt.Sprintf("skip_footer=%d leaves out the end of the text from this line on", lines)
		if strings.Contains(fmt.Sprint(err), hint) != (lines > 0) {
			t.Errorf("%q: %v, want %s", text, err, hint)
		}
		if lines > 0 {
			if _, err := CSV.Decode([]byte(table+text), codec.ReadOptions{Options: Options{SkipFooter: lines}}); err != nil {
				t.Errorf("%q with skip_footer=%d: %v", text, lines, err)
			}
		}
	}
}
