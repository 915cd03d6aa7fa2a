package frame

import (
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
)

// FuzzQueryDocument reads queries and runs those that are accepted on a small table: nothing panics, errors
// are for clients, selected rows are rows of the table and each once.
func FuzzQueryDocument(f *testing.F) {
	for _, tt := range refusals {
		f.Add(tt.query)
	}
	for _, tt := range queryTexts {
		f.Add(tt)
	}
	b := refusalTable(f)
	b.Limits = codec.Limits{Bytes: 1 << 20}.WithDefaults()
	f.Fuzz(func(t *testing.T, text string) {
		q, err := readQuery(text)
		if err != nil {
			if !errors.As(err, new(*codec.Error)) && !errors.As(err, new(*jsontext.SyntacticError)) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, errNoObject) {
				t.Fatalf("%q: %T %v", text, err, err)
			}
			return
		}
		if len(q.SelectionKey()) > 128 {
			t.Fatalf("%q has the key %q", text, q.SelectionKey())
		}
		if err := runQuery(b.Frame, text); err != nil {
			if !errors.As(err, new(*codec.Error)) {
				t.Fatalf("%q: %T %v", text, err, err)
			}
			return
		}
		s, err := b.Select(q)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		rows := s.Rows(0, s.Len())
		slices.Sort(rows)
		if n := len(rows); len(slices.Compact(rows)) != n || n > 0 && (rows[0] < 0 || rows[n-1] >= b.NumRows()) {
			t.Fatalf("%q selects %v", text, rows)
		}
	})
}

// queryTexts are queries that the table of refusals can answer.
var queryTexts = []string{
	`{"columns":["s"],"where":{"column":"s","cmp":"matches","value":"^(x|y)+$","ignore_case":true},"sort":"-i,name","offset":1,"limit":2,"version":3}`,
	`{"where":{"or":[{"column":"d","cmp":"between","value":["2020-01-01","2021-01-01"]},{"column":"i","cmp":"in","value":[1,null]}]}}`,
	`{"where":{"not":{"column":"name","cmp":"contains","value":"É","ignore_case":true}},"sort":[{"column":"b","descending":true},"-d"]}`,
	`{"group":{"by":["s","list"],"aggregates":[{"column":"i","fn":"mean"},{"fn":"count","as":"n"},{"column":"d","fn":"median"},{"column":"list","fn":"first"},{"column":"name","fn":"max"},{"column":"i","fn":"count_distinct"}]},"sort":"-n","limit":1}`,
	`{"group":{"by":[],"aggregates":[{"column":"i","fn":"std"},{"column":"b","fn":"sum"},{"column":"b","fn":"last"}]}}`,
	`{"histogram":{"column":"big","bins":7}}`,
	`{"histogram":{"column":"d","bins":7}}`,
	`{"distinct":{"column":"list","limit":3,"search":"1"}}`,
}
