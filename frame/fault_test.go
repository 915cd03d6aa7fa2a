package frame

import (
	"encoding/json"
	"errors"
	"testing"

	"edgeframe/codec/codectest"
)

func TestErrorsOfOperationsSayWhereTheyAre(t *testing.T) {
	for _, tt := range []struct {
		ops, says string
		want      Fault
	}{
		{
			`{"op":"set_values","column":"price","rows":[2,1],"values":[1,"x"]}`,
			`operation 1: column "price", row 1: the value "x" does not fit float64, which takes numbers such as 1.5`,
			Fault{"/operations/0/values/1", "price", 1, []byte(`"x"`), "float64: numbers such as 1.5"},
		},
		{
			`{"op":"delete_rows","rows":[]},{"op":"set_values","column":"n","rows":[2],"value":1000}`,
			`operation 2: column "n", row 2: the value 1000 does not fit int8, which takes whole numbers from -128 to 127, such as 7`,
			Fault{"/operations/1/value", "n", 2, []byte(`1000`), "int8: whole numbers from -128 to 127, such as 7"},
		},
		{
			`{"op":"set_values","column":"n","rows":[0,1],"value":true}`,
			`operation 1: column "n": the value true does not fit int8, which takes whole numbers from -128 to 127, such as 7`,
			Fault{"/operations/0/value", "n", -1, []byte(`true`), "int8: whole numbers from -128 to 127, such as 7"},
		},
		{
			`{"op":"add_column","column":"new","dtype":"date32","values":["2026-01-18",null,"today"]}`,
			`operation 1: column "new", row 2: the value "today" does not fit date32, which takes dates such as "2026-01-18"`,
			Fault{"/operations/0/values/2", "new", 2, []byte(`"today"`), `date32: dates such as "2026-01-18"`},
		},
		{
			`{"op":"fill_missing","columns":["price"],"method":"constant","value":"x"}`,
			`operation 1: column "price": the value "x" does not fit float64, which takes numbers such as 1.5`,
			Fault{"/operations/0/value", "price", -1, []byte(`"x"`), "float64: numbers such as 1.5"},
		},
		{
			`{"op":"cast","column":"word","dtype":"int64"}`,
			`operation 1: column "word": the value "b" of row 1 does not fit int64; with errors=coerce such values become missing`,
			Fault{"/operations/0", "word", 1, []byte(`"b"`), "int64: whole numbers such as 7"},
		},
		{
			`{"op":"filter","where":{"and":[{"column":"n","cmp":"is_null"},{"not":{"column":"price","cmp":"lt","value":"x"}}]}}`,
			`operation 1: the value "x" cannot be compared with column "price", which is float64 and takes numbers such as 1.5`,
			Fault{"/operations/0/where/and/1/not/value", "price", -1, []byte(`"x"`), "float64: numbers such as 1.5"},
		},
		{
			`{"op":"filter","where":{"column":"n","cmp":"in","value":[1,"2","x"]}}`,
			`operation 1: the value "x" cannot be compared with column "n", which is int8 and takes whole numbers from -128 to 127, such as 7`,
			Fault{"/operations/0/where/value/2", "n", -1, []byte(`"x"`), "int8: whole numbers from -128 to 127, such as 7"},
		},
		{
			`{"op":"delete_rows","rows":[0,3]}`,
			`operation 1: row 3 is not in the table; its rows are 0 to 2`,
			Fault{"/operations/0/rows/1", "", -1, []byte(`3`), "its rows are 0 to 2"},
		},
		{
			`{"op":"drop_columns","columns":["n","Price "]}`,
			`operation 1: there is no column "Price " in this table; did you mean "price"?`,
			Fault{"/operations/0/columns/1", "Price ", -1, []byte(`"Price "`), "price"},
		},
		{
			`{"op":"sort","by":[{"column":"pirce"}]}`,
			`operation 1: there is no column "pirce" in this table; did you mean "price"?`,
			Fault{"/operations/0/by/0/column", "pirce", -1, []byte(`"pirce"`), "price"},
		},
		{
			`{"op":"filter","where":{"or":[{"column":"wrod","cmp":"is_null"}]}}`,
			`operation 1: there is no column "wrod" in this table; did you mean "word"?`,
			Fault{"/operations/0/where/or/0/column", "wrod", -1, []byte(`"wrod"`), "word"},
		},
		{
			`{"op":"rename_columns","columns":{"a/b~":"c"}}`,
			`operation 1: there is no column "a/b~" in this table`,
			Fault{"/operations/0/columns/a~1b~0", "a/b~", -1, []byte(`"a/b~"`), "the name of a column"},
		},
	} {
		b := stored(t, column{"price", "float64", []string{`[1.5,null,3]`}}, column{"n", "int8", []string{`[1,2,3]`}}, column{"word", "utf8", []string{`["1","b","c"]`}})
		ops, err := parse(t, `[`+tt.ops+`]`)
		if err == nil {
			_, err = Apply(b.Frame, ops)
		}
		f, ok := errors.AsType[*Fault](err)
		if !ok || err.Error() != tt.says {
			t.Errorf("%s: %v, want %s", tt.ops, err, tt.says)
			continue
		}
		got, _ := json.Marshal(f)
		want, _ := json.Marshal(tt.want)
		if string(got) != string(want) {
			t.Errorf("%s: the fault is %s, want %s", tt.ops, got, want)
		}
	}
}

func TestOnlyNearNamesAreProposed(t *testing.T) {
	b := stored(t, column{"customer_id", "int8", []string{`[1]`}}, column{"Name", "int8", []string{`[1]`}}, column{"q1", "int8", []string{`[1]`}})
	for name, want := range map[string]string{
		"customerid": "customer_id", "Customer ID": "customer_id", "custmer_id": "customer_id", "name": "Name", "nmae": "Name",
		"q2": "q1", "address": "", "": "", "customer_identification": "", "nam": "Name", "日本": "",
	} {
		if got := b.nearest(name); got != want {
			t.Errorf("for %q, %q is proposed, want %q", name, got, want)
		}
	}
}

func TestIntegersMayBeSpelledInQuotes(t *testing.T) {
	const wide = "9007199254740993"
	for op, want := range map[string]string{
		`{"op":"set_values","column":"id","rows":[1],"value":"` + wide + `"}`:                          `[1,9007199254740993,18446744073709551615]`,
		`{"op":"set_values","column":"id","rows":[0,1],"values":["18446744073709551615","0"]}`:         `[18446744073709551615,0,18446744073709551615]`,
		`{"op":"fill_missing","columns":["id"],"method":"constant","value":"7"}`:                       `[1,7,18446744073709551615]`,
		`{"op":"filter","where":{"column":"id","cmp":"eq","value":"18446744073709551615"}}`:            `[18446744073709551615]`,
		`{"op":"filter","where":{"column":"id","cmp":"lt","value":"18446744073709551616"}}`:            `[1,18446744073709551615]`,
		`{"op":"filter","where":{"column":"id","cmp":"gt","value":"-5"}}`:                              `[1,18446744073709551615]`,
		`{"op":"filter","where":{"column":"id","cmp":"in","value":["1",null,"99999999999999999999"]}}`: `[1,null]`,
	} {
		b := stored(t, column{"id", "uint64", []string{`[1,null,18446744073709551615]`}})
		b.apply(t, `[`+op+`]`)
		if got := codectest.JSONArray(b.Columns[0].Chunks[0].Data); got != want {
			t.Errorf("%s: %s, want %s", op, got, want)
		}
	}
}
