package frame

import (
	"strings"
	"testing"
)

func TestSummariesSayWhatOperationsDid(t *testing.T) {
	long := strings.Repeat("x", 50)
	for _, tt := range []struct{ ops, want string }{
		{`{"op":"set_values","column":"price","rows":[1],"value":2}`, "set 1 cell of price"},
		{`{"op":"set_values","column":"price","rows":[1,0],"value":2}`, "set 2 cells of price"},
		{`{"op":"add_column","column":"new"}`, "added the column new"},
		{`{"op":"drop_columns","columns":["price"]}`, "dropped price"},
		{`{"op":"select_columns","columns":["word"]}`, "kept only word"},
		{`{"op":"rename_columns","columns":{"word":"term","price":"cost"}}`, "renamed price to cost, word to term"},
		{`{"op":"delete_rows","rows":[0]}`, "deleted 1 row"},
		{`{"op":"cast","column":"word","dtype":"int64","errors":"coerce"}`, "cast word to int64, 3 values became missing"},
		{`{"op":"fill_missing","columns":["price"],"method":"median"}`, "filled 1 missing cell of price (median)"},
		{`{"op":"drop_missing"}`, "dropped 1 row with missing values"},
		{`{"op":"drop_missing","columns":["price"]}`, "dropped 1 row with missing values in price"},
		{`{"op":"drop_duplicates"}`, "dropped 1 duplicate row"},
		{`{"op":"drop_duplicates","columns":["word"],"keep":"none"}`, "dropped 2 duplicate rows by word"},
		{`{"op":"sort","by":[{"column":"word"},{"column":"price","descending":true}]}`, "sorted by word, price descending"},
		{`{"op":"filter","where":{"and":[{"column":"price","cmp":"gt","value":1},{"not":{"column":"word","cmp":"is_null"}},{"column":"price","cmp":"lt","value":9}]}}`, "filtered out 1 row by price, word"},
		{`{"op":"add_column","column":"` + long + `\n"},{"op":"sort","by":[{"column":"price"}]}`, "added the column " + long[:40] + "…; sorted by price"},
		{strings.Repeat(`{"op":"delete_rows","rows":[]},`, 99) + `{"op":"delete_rows","rows":[0]}`, strings.Repeat("deleted 0 rows; ", 13)[:206] + "; 87 operations more"},
	} {
		b := stored(t, column{"price", "float64", []string{`[1.5,null,1.5]`}}, column{"word", "utf8", []string{`["a","b","a"]`}})
		ops, err := parse(t, `[`+tt.ops+`]`)
		if err != nil {
			t.Fatal(err)
		}
		effects, err := Apply(b.Frame, ops)
		if err != nil {
			t.Fatal(err)
		}
		if got := Summarize(ops, effects); got != tt.want {
			t.Errorf("%.100s: %q, want %q", tt.ops, got, tt.want)
		}
	}
}
