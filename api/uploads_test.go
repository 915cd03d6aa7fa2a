package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/formats"
)

// choiceOf is a choice among sheets with that CSV.
func choiceOf(t *testing.T, sheets int, csv string) *codec.SheetChoice {
	t.Helper()
	table, err := formats.ByName("csv").Decode([]byte(csv), codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	choice := &codec.SheetChoice{}
	for i := range sheets {
		choice.Sheets = append(choice.Sheets, codec.Sheet{Name: fmt.Sprint(i), Rows: int64(i % 7), Columns: columnNames(table.Schema), Preview: table})
	}
	return choice
}

func TestTheListOfSheetsIsBounded(t *testing.T) {
	const sheets = 10
	long := strings.Repeat("x", maxSheetList/sheets)
	for name, tt := range map[string]struct {
		choice *codec.SheetChoice
		fits   bool
	}{
		"common sheets":           {choiceOf(t, 1000, "a,b\n1,2\n"), true},
		"long values that fit":    {choiceOf(t, sheets-1, "a\n"+long+"\n"), true},
		"long values":             {choiceOf(t, sheets, "a\n"+long+"\n"), false},
		"long names of columns":   {choiceOf(t, sheets, long+"\n"), false},
		"a longer preview":        {choiceOf(t, 1, "a\n"+strings.Repeat(long+"\n", sheets)), false},
		"values that are escaped": {choiceOf(t, sheets/5, "a\n\""+strings.Repeat("\x01", maxSheetList/sheets)+"\"\n"), false},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := sheetDocuments(tt.choice)
			if !tt.fits {
				if !errors.Is(err, codec.ErrTooLarge) || !strings.Contains(err.Error(), "sheet_name") {
					t.Errorf("%d bytes, %v", len(list), err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var docs []struct {
				Name      string `json:"name"`
				Suggested bool   `json:"is_suggested"`
			}
			if err := json.Unmarshal(list, &docs); err != nil || len(docs) != len(tt.choice.Sheets) {
				t.Fatalf("%d sheets, %v", len(docs), err)
			}
			for i, doc := range docs {
				if doc.Name != fmt.Sprint(i) || doc.Suggested != (i == tt.choice.Suggested()) {
					t.Errorf("sheet %d is %+v", i, doc)
				}
			}
		})
	}
}
