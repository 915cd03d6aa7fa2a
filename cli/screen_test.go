//go:build !js

package cli

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"
)

func TestControlCharactersAreEscaped(t *testing.T) {
	for text, want := range map[string]string{
		"plain Ä 漢":           "plain Ä 漢",
		"\x1b[2Jgone":         `\u001b[2Jgone`,
		"a\nb\tc\r":           `a\nb\tc\r`,
		"\u009b31m\x7f\x00":   `\u009b31m\u007f\u0000`,
		"\u202eevil\u2066":    `\u202eevil\u2066`,
		"\u2028\u200e\u061c.": `\u2028\u200e\u061c.`,
	} {
		if got := escape(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
	if got := escape("a\xffb"); !utf8.ValidString(got) {
		t.Errorf("%q is not UTF-8", got)
	}
}

func TestTheEscaperTakesTextInAnyPieces(t *testing.T) {
	const text = "a,\x1b[31mb\r\n漢,\u009b\t\u202e\n\rend"
	const want = "a,\\u001b[31mb\n漢,\\u009b\t\\u202e\n\\rend"
	for size := 1; size <= len(text); size++ {
		var out bytes.Buffer
		e := &escaper{to: &out}
		for rest := text; rest != ""; {
			n := min(size, len(rest))
			if _, err := e.Write([]byte(rest[:n])); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("in pieces of %d: %s", size, diff)
		}
	}
}

func TestTablesFitTheTerminal(t *testing.T) {
	wide := table{columns: []column{{name: "row", right: true, fixed: true}, {name: "title"}, {name: "gross", right: true}, {name: "漢字の名前です"}, {name: "last"}}}
	for range 3 {
		wide.rows = append(wide.rows, []cell{{text: "123"}, {text: strings.Repeat("long 漢字 ", 20)}, {text: "1,234,567.25"}, {text: "👩‍👩‍👧‍👦 family"}, {text: "x\ny"}})
	}
	for _, width := range []int{1, 5, 10, 20, 40, 80, 200, 1000} {
		var out bytes.Buffer
		wide.print(screen{Writer: &out, terminal: true, width: width})
		for line := range strings.Lines(out.String()) {
			if w := uniseg.StringWidth(strings.TrimSuffix(line, "\n")); w > max(width, 3) {
				t.Errorf("in %d columns there is a line of %d: %q", width, w, line)
			}
		}
		if lines := strings.Count(out.String(), "\n"); lines < 4 || lines > 5 {
			t.Errorf("in %d columns there are %d lines:\n%s", width, lines, out.String())
		}
	}
	var out bytes.Buffer
	wide.print(screen{Writer: &out})
	if !strings.Contains(out.String(), strings.Repeat("long 漢字 ", 20)) {
		t.Errorf("without a terminal, cells are cut:\n%s", out.String())
	}
}

func TestATableInTwentyColumns(t *testing.T) {
	var out bytes.Buffer
	table{
		columns: []column{{name: "row", right: true, fixed: true}, {name: "item"}, {name: "price", right: true}, {name: "bought"}},
		rows:    [][]cell{{{text: "0"}, {text: "apples from the garden"}, {text: "1.5"}, {text: "2026-01-17"}}},
	}.print(screen{Writer: &out, width: 20})
	const want = "row  item      price\n  0  apples …    1.5\n1 column more: boug…\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestDurationsAreForPeople(t *testing.T) {
	for seconds, want := range map[int64]string{0: "0s", 59: "59s", 60: "1m", 3659: "1h", 3660: "1h 1m", 86400: "1d", 86400 + 3600*5 + 59: "1d 5h", 864000 + 3600*5: "10d", -3: "-3s"} {
		if got := duration(seconds); got != want {
			t.Errorf("%d seconds are %q, want %q", seconds, got, want)
		}
	}
}
