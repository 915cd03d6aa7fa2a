package frame

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"edgeframe/codec"
)

func TestAnUpsertReplacesRowsByTheirKeyAndAppendsTheOthers(t *testing.T) {
	for _, tt := range []struct {
		name string
		key  string
		file []column
		want []string
		done Upserted
	}{
		{
			"by one column, in any order", "id",
			[]column{{"v", "utf8", []string{`["B","new"]`, `["A"]`}}, {"id", "int64", []string{`[2,9]`, `[1]`}}, {"w", "float64", []string{`[null,9.5]`, `[1.5]`}}},
			[]string{`id int64 [1,2]= [3,null,9]`, `v utf8 ["A","B"] ["c","d","new"]`, `w float64 [1.5,null] [0.3,0.4,9.5]`, `marks of w [3]`},
			Upserted{2, 1},
		},
		{
			"columns that the file lacks keep their values", "id",
			[]column{{"id", "utf8", []string{`["3","4"]`}}, {"v", "utf8", []string{`["C",null]`}}},
			[]string{`id int64 [1,2]= [3,null,4]`, `v utf8 ["a","b"]= ["C","d",null]`, `w float64 [0.1,0.2]= [0.3,0.4,null]`, `marks of v [1]`, `marks of w [0 3]`},
			Upserted{1, 1},
		},
		{
			"by two columns", "v,id",
			[]column{{"id", "int64", []string{`[1,1]`}}, {"v", "utf8", []string{`["b","a"]`}}, {"w", "float64", []string{`[7,8]`}}},
			[]string{`id int64 [1,2]= [3,null,1]`, `v utf8 ["a","b"]= ["c","d","b"]`, `w float64 [8.0,0.2] [0.3,0.4,7.0]`, `marks of v [1]`, `marks of w [3]`},
			Upserted{1, 1},
		},
		{
			"no rows", "id",
			[]column{{"id", "int64", []string{`[]`}}},
			[]string{`id int64 [1,2]= [3,null]=`, `v utf8 ["a","b"]= ["c","d"]=`, `w float64 [0.1,0.2]= [0.3,0.4]=`, `marks of v [1]`, `marks of w [0 3]`},
			Upserted{},
		},
	} {
		b := upserted(t)
		done, err := Upsert(b.Frame, table(t, tt.file...), strings.Split(tt.key, ","))
		if err != nil || done != tt.done {
			t.Errorf("%s: %+v, %v", tt.name, done, err)
			continue
		}
		b.check(t)
		if got := b.show(t); fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func upserted(t *testing.T) *base {
	b := stored(t,
		column{"id", "int64", []string{`[1,2]`, `[3,null]`}},
		column{"v", "utf8", []string{`["a","b"]`, `["c","d"]`}},
		column{"w", "float64", []string{`[0.1,0.2]`, `[0.3,0.4]`}},
	)
	b.Marks = Marks{"v": {1}, "w": {0, 3}}
	return b
}

func TestUpsertsThatAreNotClearAreRefused(t *testing.T) {
	twice := func(b *base) { b.apply(t, `[{"op":"set_values","column":"id","rows":[3],"value":1}]`) }
	for _, tt := range []struct {
		name, key string
		file      []column
		before    func(*base)
		kind      error
		says      string
	}{
		{"a key twice in the file", "id", []column{{"id", "int64", []string{`[5,1]`, `[7,5]`}}}, nil, codec.ErrMismatch, "rows 0 and 3 of the file have the same key, 5"},
		{"a key twice in the table", "id", []column{{"id", "int64", []string{`[5,1]`}}}, twice, codec.ErrMismatch, "rows 0 and 3 of the table have the same key, 1, which row 1 of the file has too"},
		{"a key of two columns twice", "id,v", []column{{"id", "int64", []string{`[5,5]`}}, {"v", "utf8", []string{`["x","x"]`}}}, nil, codec.ErrMismatch, `rows 0 and 1 of the file have the same key, 5, "x"`},
		{"no key", "id", []column{{"id", "int64", []string{`[1,null]`}}}, nil, codec.ErrMismatch, `row 1 of the file has no value in the key column "id"; each row needs its key`},
		{"a column that the table lacks", "id", []column{{"id", "int64", []string{`[1]`}}, {"x", "int64", []string{`[1]`}}}, nil, codec.ErrMismatch, `the column "x" of the file is not in the table`},
		{"a key that the table lacks", "x", []column{{"id", "int64", []string{`[1]`}}}, nil, ErrColumnNotFound, "key=x is not accepted; both tables need that column"},
		{"a key that the file lacks", "v", []column{{"id", "int64", []string{`[1]`}}}, nil, ErrColumnNotFound, "key=v is not accepted; both tables need that column"},
		{"a column twice", "id,id", []column{{"id", "int64", []string{`[1]`}}}, nil, ErrInvalidOperation, "key=id is given twice"},
		{"another type", "id", []column{{"id", "utf8", []string{`["x"]`}}}, nil, codec.ErrMismatch, `column "id"`},
	} {
		b := upserted(t)
		if tt.before != nil {
			tt.before(b)
		}
		if _, err := Upsert(b.Frame, table(t, tt.file...), strings.Split(tt.key, ",")); !says(err, tt.says) || !errors.Is(err, tt.kind) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.says)
		}
	}
	// A key that is twice in the table, but not in the file, does not matter.
	b := upserted(t)
	twice(b)
	if done, err := Upsert(b.Frame, table(t, column{"id", "int64", []string{`[2,8]`}}), []string{"id"}); err != nil || done != (Upserted{1, 1}) {
		t.Errorf("%+v, %v", done, err)
	}
}
