package frame

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

func TestNewRowsComeWhereTheyAreInserted(t *testing.T) {
	for _, tt := range []struct {
		name, ops string
		want      []string
	}{
		{
			"in the middle of a row group", `[{"op":"insert_rows","at":1,"rows":[{"a":10},{"b":"new","a":11}]}]`,
			[]string{`a int64 [1,10,11,2,3] [4,null]=`, `b utf8 ["x",null,"new","y","z"] ["u","v"]=`, `n null [null,null,null,null,null] [null,null]=`, `marks of a [6]`, `marks of b [0 5]`},
		},
		{
			"between row groups, into the one before", `[{"op":"insert_rows","at":3,"rows":[{"b":"new"}]}]`,
			[]string{`a int64 [1,2,3,null] [4,null]=`, `b utf8 ["x","y","z","new"] ["u","v"]=`, `n null [null,null,null,null] [null,null]=`, `marks of a [5]`, `marks of b [0 4]`},
		},
		{
			"at the beginning", `[{"op":"insert_rows","at":0,"rows":[{}]}]`,
			[]string{`a int64 [null,1,2,3] [4,null]=`, `b utf8 [null,"x","y","z"] ["u","v"]=`, `n null [null,null,null,null] [null,null]=`, `marks of a [5]`, `marks of b [1 4]`},
		},
		{
			"at the end", `[{"op":"insert_rows","at":5,"rows":[{"a":6}]}]`,
			[]string{`a int64 [1,2,3]= [4,null,6]`, `b utf8 ["x","y","z"]= ["u","v",null]`, `n null [null,null,null]= [null,null,null]`, markA, markB},
		},
		{"no rows", `[{"op":"insert_rows","at":2,"rows":[]},{"op":"insert_rows","at":5}]`, []string{sameA, sameB, sameN, markA, markB}},
		{
			"a column without values takes the type of its first ones", `[{"op":"insert_rows","at":5,"rows":[{},{"n":"2026-01-18"}]}]`,
			[]string{`a int64 [1,2,3]= [4,null,null,null]`, `b utf8 ["x","y","z"]= ["u","v",null,null]`, `n utf8 [null,null,null] [null,null,null,"2026-01-18"]`, markA, markB},
		},
		{
			"into an empty table", `[{"op":"delete_rows","rows":[0,1,2,3,4]},{"op":"insert_rows","at":0,"rows":[{"a":1}]}]`,
			[]string{`a int64 [1]`, `b utf8 [null]`, `n null [null]`},
		},
	} {
		b := sample(t)
		b.apply(t, tt.ops)
		if got := b.show(t); fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A table of full row groups into which rows are inserted keeps the rows and marks that a list would have, and
// the row groups that are not at the place stay stored.
func TestRowGroupsAreDividedWhereRowsAreInserted(t *testing.T) {
	const groups = 3
	whole := codectest.Generate(groups*codec.RowGroupRows, 2, 1)
	for _, tt := range []struct {
		at, n int
		want  []int
	}{
		{100, 1, []int{8192, 8193, 16384, 16384}},
		{16384, 2, []int{16384, 2, 16384, 16384}},
		{16384, 40_000, []int{16384, 13333, 13333, 13334, 16384, 16384}},
		{20_000, 20_000, []int{16384, 12128, 12128, 12128, 16384}},
		{groups * 16384, 5, []int{16384, 16384, 16384, 5}},
	} {
		b := asStored(whole)
		name := b.Columns[0].Field.Name
		b.Marks = Marks{name: {0, int64(tt.at), groups*codec.RowGroupRows - 1}}
		if tt.at == groups*codec.RowGroupRows {
			b.Marks[name] = []int64{0}
		}
		b.apply(t, fmt.Sprintf(`[{"op":"insert_rows","at":%d,"rows":[{}%s]}]`, tt.at, strings.Repeat(",{}", tt.n-1)))
		if !slices.Equal(b.Rows, tt.want) {
			t.Errorf("%d rows at %d: row groups of %d, want %d", tt.n, tt.at, b.Rows, tt.want)
		}
		for _, c := range b.Columns {
			stored := 0
			for _, chunk := range c.Chunks {
				if chunk.Stored {
					stored++
				}
			}
			if least := groups - 1; stored < least {
				t.Errorf("%d rows at %d: %d row groups stay stored, want %d", tt.n, tt.at, stored, least)
			}
		}
		for c, column := range b.sentValues(t) {
			var want []json.RawMessage
			if err := json.Unmarshal([]byte(columnOf(t, whole, c)), &want); err != nil {
				t.Fatal(err)
			}
			want = slices.Insert(want, tt.at, slices.Repeat([]json.RawMessage{json.RawMessage("null")}, tt.n)...)
			if !slices.EqualFunc(want, column, func(a, b json.RawMessage) bool { return string(a) == string(b) }) {
				t.Errorf("%d rows at %d: column %d differs", tt.n, tt.at, c)
			}
		}
	}
}

// columnOf returns a column of a table as JSON.
func columnOf(t *testing.T, tab *codec.Table, column int) string {
	t.Helper()
	parts := make([]arrow.Array, len(tab.RowGroups))
	for g, rec := range tab.RowGroups {
		parts[g] = rec.Column(column)
	}
	whole, err := Concat(parts)
	if err != nil {
		t.Fatal(err)
	}
	return codectest.JSONArray(whole)
}

// sentValues returns the cells of all columns as JSON.
func (b *base) sentValues(t *testing.T) [][]json.RawMessage {
	t.Helper()
	var all [][]json.RawMessage
	for i, c := range b.Columns {
		if err := b.LoadColumns([]int{i}); err != nil {
			t.Fatal(err)
		}
		var cells []json.RawMessage
		for _, chunk := range c.Chunks {
			var part []json.RawMessage
			if err := json.Unmarshal([]byte(codectest.JSONArray(chunk.Data)), &part); err != nil {
				t.Fatal(err)
			}
			cells = append(cells, part...)
		}
		all = append(all, cells)
	}
	return all
}

func TestInsertedAndDeletedRowsAreThoseOfAList(t *testing.T) {
	random := rand.New(rand.NewPCG(14, 3))
	for range 200 {
		b := stored(t, column{"v", "int64", []string{`[0,1,2]`, `[3]`, `[4,5]`}})
		b.Marks = Marks{"v": {1, 4}}
		list, marked, next := []int{0, 1, 2, 3, 4, 5}, map[int]bool{1: true, 4: true}, 6
		for range 6 {
			if len(list) > 0 && random.IntN(3) == 0 {
				at := random.IntN(len(list))
				b.apply(t, fmt.Sprintf(`[{"op":"delete_rows","rows":[%d]}]`, at))
				list = slices.Delete(list, at, at+1)
				continue
			}
			at, rows := random.IntN(len(list)+1), []string{}
			var values []int
			for range 1 + random.IntN(3) {
				rows, values = append(rows, fmt.Sprintf(`{"v":%d}`, next)), append(values, next)
				next++
			}
			b.apply(t, fmt.Sprintf(`[{"op":"insert_rows","at":%d,"rows":[%s]}]`, at, strings.Join(rows, ",")))
			list = slices.Insert(list, at, values...)
		}
		var got []int
		for _, cell := range b.sentValues(t)[0] {
			var v int
			if err := json.Unmarshal(cell, &v); err != nil {
				t.Fatal(err)
			}
			got = append(got, v)
		}
		if !slices.Equal(got, list) {
			t.Fatalf("%d, want %d", got, list)
		}
		for row, v := range list {
			if _, found := slices.BinarySearch(b.Marks["v"], int64(row)); found != marked[v] {
				t.Fatalf("marks %d of %d", b.Marks["v"], list)
			}
		}
	}
}

func TestADryRunCountsInsertedRows(t *testing.T) {
	b := sample(t)
	ops, err := parse(t, `[{"op":"insert_rows","at":1,"rows":[{"a":9},{}]},{"op":"delete_rows","rows":[0]},{"op":"set_values","column":"a","rows":[0,2],"values":[8,7]},{"op":"sort","by":[{"column":"a"}]}]`)
	if err != nil {
		t.Fatal(err)
	}
	p, err := DryRun(b.Frame.Clone(), b.Frame, ops, PreviewOptions{Rows: 9})
	if err != nil {
		t.Fatal(err)
	}
	// Rows 0 1 2 3 4 become 8=new, 9→7=new... : the row 1 gets 7 and moves behind 3 and 4.
	if p.RowsRemoved != 1 || p.Effects[0].Rows != 2 || p.Head.NumRows() != 6 {
		t.Errorf("%d removed, effects %+v, %d rows", p.RowsRemoved, p.Effects, p.Head.NumRows())
	}
	if p.RowsAffected != 2+1+3 {
		t.Errorf("%d rows are affected", p.RowsAffected)
	}
	if len(p.Statistics) != 1 || p.Statistics[0].Before.Missing != 0 || p.Statistics[0].After.Missing != 1 {
		t.Errorf("%+v", p.Statistics)
	}
	for _, s := range p.Samples {
		if s.Row < 0 {
			t.Errorf("%+v", p.Samples)
		}
	}
}

func TestRowsThatCannotBeInsertedAreRefused(t *testing.T) {
	for _, tt := range []struct {
		op, says, pointer string
		kind              error
	}{
		{`"at":6,"rows":[{}]`, "at is 6; it must be a row from 0 to 5, before which the new rows come; 5 is the end of the table", "/operations/0/at", ErrInvalidOperation},
		{`"at":-1,"rows":[{}]`, "at is -1", "/operations/0/at", ErrInvalidOperation},
		{`"rows":[{}]`, "insert_rows needs at", "/operations/0", ErrInvalidOperation},
		{`"at":"0","rows":[{}]`, `"at" cannot be string; it takes whole numbers`, "", ErrInvalidOperation},
		{`"at":0,"rows":[1]`, `"rows" cannot be number; it takes objects with the values of new rows`, "", ErrInvalidOperation},
		{`"at":0,"rows":[{},null]`, `"rows" cannot be number; it takes objects`, "", ErrInvalidOperation},
		{`"at":0,"rows":{}`, `"rows" cannot be object; it takes a list`, "", ErrInvalidOperation},
		{`"at":0,"rows":[{"a":1},{"a":1,"A":2}]`, `did you mean "a"?`, "/operations/0/rows/1/A", ErrColumnNotFound},
		{`"at":0,"rows":[{"b":"1"},{"a":1},{"a":"x"}]`, `column "a": the value "x" does not fit int64`, "/operations/0/rows/2/a", codec.ErrMismatch},
		{`"at":0,"rows":[{}],"column":"a"`, `unknown field "column"`, "", ErrInvalidOperation},
	} {
		b := sample(t)
		ops, err := parse(t, `[{"op":"insert_rows",`+tt.op+`}]`)
		if err == nil {
			_, err = Apply(b.Frame, ops)
		}
		if !says(err, tt.says) || !errors.Is(err, tt.kind) {
			t.Errorf("%s: %v, want %q", tt.op, err, tt.says)
		}
		f, _ := errors.AsType[*Fault](err)
		if tt.pointer != "" && (f == nil || f.Pointer != tt.pointer) {
			t.Errorf("%s: the fault is %+v, want %s", tt.op, f, tt.pointer)
		}
	}
	if _, err := parse(t, `[{"op":"delete_rows","rows":[{}]}]`); !says(err, `"rows" cannot be object; it takes whole numbers`) {
		t.Error(err)
	}
	// Rows that take more than a table may are refused before they are made.
	b := stored(t, column{"a", "int64", []string{`[1]`}})
	b.Limits.Bytes = 1 << 10
	ops, err := parse(t, `[{"op":"insert_rows","at":0,"rows":[{}`+strings.Repeat(",{}", 1000)+`]}]`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(b.Frame, ops); !errors.Is(err, codec.ErrTooLarge) {
		t.Error(err)
	}
}
