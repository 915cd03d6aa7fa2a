package xlsx

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
)

func TestRowsOfAFooterAreLeftOut(t *testing.T) {
	for _, tt := range []struct {
		claim, sheet string
		opt          Options
		want, note   string
	}{
		{"below an empty row", gridXML("item n", "a 1", "b 2", "", "Source:x"), Options{SkipFooter: 2}, "item,n\na,1\nb,2\n", `The rows from row 4 of the sheet "Sheet1" on are not part of the table, as skip_footer says: "Source:x".`},
		{"with cells in columns of its own", gridXML("item n", "a 1", "- - note", "Total 1"), Options{SkipFooter: 2}, "item,n\na,1\n", `The rows from row 3 of the sheet "Sheet1" on are not part of the table, as skip_footer says: "note", "Total".`},
		{"of the only rows of data", gridXML("item n", "a 1"), Options{SkipFooter: 1}, "item,n\n", `The rows from row 2 of the sheet "Sheet1" on are not part of the table, as skip_footer says: "a".`},
		{"above which an empty row stays", gridXML("item n", "a 1", "", "x"), Options{SkipFooter: 1}, "item,n\na,1\n,\n", `The rows from row 4 of the sheet "Sheet1" on are not part of the table, as skip_footer says: "x".`},
		{"beside skip_rows", gridXML("t x", "item n", "a 1", "x"), Options{SkipRows: 1, SkipFooter: 1}, "item,n\na,1\n", `The rows from row 4 of the sheet "Sheet1" on are not part of the table, as skip_footer says: "x".`},
		{"under rows without cells", gridXML("", "item n", "a 1", "x"), Options{SkipFooter: 1}, "item,n\na,1\n", `The rows from row 4 of the sheet "Sheet1" on are not part of the table, as skip_footer says: "x".`},
	} {
		t.Run(tt.claim, func(t *testing.T) {
			table, err := Format.Decode(bookParts{sheet: tt.sheet}.bytes(t), codec.ReadOptions{Options: tt.opt, Strict: true})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, textOf(t, table)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{tt.note}, table.Receipt.Notes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAFooterThatLeavesNoHeaderIsRefused(t *testing.T) {
	data := bookParts{sheet: gridXML("", "item n", "a 1", "", "x")}.bytes(t)
	for n, says := range map[int]string{4: "has 4 rows with cells and between them, so that skip_footer=4 leaves out all of them", maxSheetRows: "skip_footer=1048576"} {
		_, err := Format.Decode(data, codec.ReadOptions{Options: Options{SkipFooter: n}})
		if !errors.Is(err, codec.ErrMalformed) || !strings.Contains(err.Error(), says) {
			t.Errorf("%d: %v", n, err)
		}
	}
	if _, err := reading.Parse(codec.Values{"skip_footer": {"-1"}}); !errors.Is(err, codec.ErrUnsupported) || !strings.Contains(err.Error(), "from 0 to 1048576") {
		t.Error(err)
	}
}
