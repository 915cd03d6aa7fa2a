package frame

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec/codectest"
	"edgeframe/codec/scalar"
)

// changedIn applies operations and returns the cells that do not hold what is expected.
func changedIn(t *testing.T, b *base, ops string) ChangedCells {
	t.Helper()
	parsed, err := parse(t, ops)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Apply(b.Frame, parsed)
	if err == nil {
		b.check(t)
		return nil
	}
	cells, ok := errors.AsType[ChangedCells](err)
	if !ok || !errors.Is(err, ErrCellChanged) {
		t.Fatalf("%s: %v", ops, err)
	}
	return cells
}

func TestExpectedValuesAreComparedByTheTypeOfTheColumn(t *testing.T) {
	for _, tt := range []struct{ dtype, cell, holds, differs string }{
		{"float64", `0.7`, `0.7 7e-1 0.70`, `0.71 null "0.7" true [0.7] 1e999`},
		{"float64", `-0.0`, `0 -0 0.0`, `1e-320 null`},
		{"float64", `1e23`, `1e+23 1e23 100000000000000000000000`, `1.0000000000000001e23`},
		{"float64", `null`, `null`, `0 "" false`},
		{"float32", `0.1`, `0.1 0.10000000149011612`, `0.2`},
		{"float16", `0.1`, `0.1 0.099975586`, `0.2`},
		{"int64", `9007199254740993`, `9007199254740993 "9007199254740993"`, `9007199254740992 "9007199254740992" 9007199254740993.5 "x" 1e30`},
		{"uint64", `18446744073709551615`, `18446744073709551615 "18446744073709551615"`, `-1 18446744073709551614`},
		{"int8", `7`, `7 7.0`, `300 null`},
		{"bool", `true`, `true`, `false "true" 1 null`},
		{"utf8", `"a"`, `"a" "\u0061"`, `"A" "aa" "" 1 null`},
		{"utf8", `null`, `null`, `""`},
		{"decimal(10, 2)", `"1.50"`, `1.5 "1.5" 1.50`, `1.51 1.505`},
		{"date32", `"2026-01-18"`, `"2026-01-18"`, `"2026-01-19" 5 "today"`},
		{"timestamp[us, tz=UTC]", `"2026-01-18T12:00:00Z"`, `"2026-01-18T12:00:00Z" "2026-01-18T14:00:00+02:00"`, `"2026-01-18T12:00:01Z"`},
		{"dictionary", `"a"`, `"a"`, `"b" null 1`},
		{"null", `null`, `null`, `0 ""`},
	} {
		cell := func() *base {
			return stored(t, column{"c", tt.dtype, []string{"[null]", "[" + tt.cell + "]"}})
		}
		for _, given := range strings.Fields(tt.holds) {
			if cells := changedIn(t, cell(), `[{"op":"set_values","column":"c","rows":[1],"value":null,"expect":[`+given+`]}]`); cells != nil {
				t.Errorf("%s: %s is not %s", tt.dtype, tt.cell, given)
			}
		}
		for _, given := range strings.Fields(tt.differs) {
			b := cell()
			before := b.show(t)
			cells := changedIn(t, b, `[{"op":"set_values","column":"c","rows":[1],"value":null,"expect":[`+given+`]}]`)
			if len(cells) != 1 || cells[0].Pointer != "/operations/0/expect/0" || cells[0].Row != 1 || cells[0].Column != "c" || string(cells[0].Value) != given {
				t.Errorf("%s: %s is %s: %v", tt.dtype, tt.cell, given, cells)
				continue
			}
			if want := string(scalar.JSON(b.Columns[0].Chunks[1].Data)(nil, 0)); string(cells[0].Current) != want {
				t.Errorf("%s: the value there is %s, not %s", tt.dtype, want, cells[0].Current)
			}
			if after := b.show(t); fmt.Sprint(before) != fmt.Sprint(after) {
				t.Errorf("%s became %s", before, after)
			}
		}
	}
}

func TestUUIDsAndListsAreComparedToo(t *testing.T) {
	uuids := codectest.ArrayOf(&arrow.FixedSizeBinaryType{ByteWidth: 16}, func(b *array.FixedSizeBinaryBuilder) { b.Append([]byte("0123456789abcdef")) })
	lists := codectest.ArrayOf(arrow.ListOf(arrow.PrimitiveTypes.Int64), func(b *array.ListBuilder) {
		b.Append(true)
		b.ValueBuilder().(*array.Int64Builder).AppendValues([]int64{1, 0}, []bool{true, false})
	})
	for _, tt := range []struct {
		column         arrow.Array
		holds, differs string
	}{
		{uuids, `"30313233-3435-3637-3839-616263646566" "MDEyMzQ1Njc4OWFiY2RlZg=="`, `"30313233-3435-3637-3839-616263646567" "x" null`},
		{lists, `[1,null] [1.0,null]`, `[1] [1,2] [null,1] 1 null "x" {}`},
	} {
		for _, given := range strings.Fields(tt.holds) {
			b := asStored(codectest.TableOf([]string{"c"}, []arrow.Array{tt.column}))
			if cells := changedIn(t, b, `[{"op":"set_values","column":"c","rows":[0],"value":null,"expect":[`+given+`]}]`); cells != nil {
				t.Errorf("%s: not %s", cells[0].Current, given)
			}
		}
		for _, given := range strings.Fields(tt.differs) {
			b := asStored(codectest.TableOf([]string{"c"}, []arrow.Array{tt.column}))
			if cells := changedIn(t, b, `[{"op":"set_values","column":"c","rows":[0],"value":null,"expect":[`+given+`]}]`); len(cells) != 1 {
				t.Errorf("%s is what is there", given)
			}
		}
	}
}

func TestNotANumberIsExpectedAsMissingAndInfinitiesAsTheyAreShown(t *testing.T) {
	for _, cell := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		column := codectest.ArrayOf(arrow.PrimitiveTypes.Float64, func(b *array.Float64Builder) { b.Append(cell) })
		b := asStored(codectest.TableOf([]string{"c"}, []arrow.Array{column}))
		if cells := changedIn(t, b, `[{"op":"set_values","column":"c","rows":[0],"value":1,"expect":[null]}]`); cells != nil {
			t.Errorf("%v is not null: %v", cell, cells)
		}
	}
}

func TestAllChangedCellsAreNamedAndNothingIsChanged(t *testing.T) {
	b := sample(t)
	before := b.show(t)
	cells := changedIn(t, b, `[{"op":"set_values","column":"a","rows":[4,0,3],"values":[1,1,1],"expect":[5,1,null]}]`)
	if got := fmt.Sprintf("%d %s %s %d %s %s", cells[0].Row, cells[0].Pointer, cells[0].Current, cells[1].Row, cells[1].Pointer, cells[1].Current); len(cells) != 2 || got != "4 /operations/0/expect/0 null 3 /operations/0/expect/2 4" {
		t.Error(got)
	}
	cells = changedIn(t, b, `[{"op":"set_values","cells":[
		{"row":0,"column":"b","value":"new","expect":"x"},{"row":4,"column":"a","value":1,"expect":null},
		{"row":1,"column":"b","value":"new"},{"row":2,"column":"a","value":1,"expect":2},{"row":2,"column":"b","value":"new","expect":"Z"}]}]`)
	if len(cells) != 2 || cells[0].Pointer != "/operations/0/cells/4/expect" || cells[1].Pointer != "/operations/0/cells/3/expect" || string(cells[1].Current) != "3" {
		t.Errorf("%v", cells)
	}
	if after := b.show(t); fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("%s became %s", before, after)
	}

	const rows = 250
	long := stored(t, column{"c", "int64", []string{"[" + strings.Repeat("1,", rows-1) + "1]"}})
	all := make([]int64, rows)
	for i := range all {
		all[i] = int64(i)
	}
	ops, err := parse(t, `[{"op":"set_values","column":"c","rows":`+spellRows(all)+`,"value":2,"expect":[`+strings.Repeat("0,", rows-1)+`1]}]`)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Apply(long.Frame, ops)
	if cells, _ := errors.AsType[ChangedCells](err); len(cells) != MaxChangedCells || !says(err, `operation 1: 249 cells do not hold what is expected; the first: row 0 of column "c" holds 1, not 0; nothing was changed`) {
		t.Errorf("%d cells, %v", len(cells), err)
	}
}

func TestCellsOfSeveralColumnsAreSetAtOnce(t *testing.T) {
	for _, tt := range []struct {
		name, ops string
		want      []string
	}{
		{
			"cells in any order",
			`[{"op":"set_values","cells":[{"row":3,"column":"a","value":40,"expect":4},{"value":"w","column":"b","row":3},{"row":0,"column":"a","value":null},{"row":4,"column":"n","value":true}]}]`,
			[]string{`a int64 [null,2,3] [40,null]`, `b utf8 ["x","y","z"]= ["w","v"]`, `n bool [null,null,null] [null,true]`, markA, `marks of b [0]`},
		},
		{"no cells", `[{"op":"set_values","cells":[]}]`, []string{sameA, sameB, sameN, markA, markB}},
		{
			"an expected value is that after the operations before", `[{"op":"set_values","column":"a","rows":[0],"value":9},{"op":"set_values","cells":[{"row":0,"column":"a","value":8,"expect":9}]}]`,
			[]string{`a int64 [8,2,3] [4,null]=`, sameB, sameN, markA, markB},
		},
	} {
		b := sample(t)
		b.apply(t, tt.ops)
		if got := b.show(t); fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestCellsAndExpectedValuesThatCannotBeAreRefused(t *testing.T) {
	for _, tt := range []struct {
		op      string
		kind    error
		says    string
		pointer string
	}{
		{`"cells":[{"row":1,"column":"a","value":1},{"row":1,"column":"b","value":"x"},{"row":1,"column":"a","value":2}]`, ErrInvalidOperation, "row 1 is given twice", "/operations/0/cells/2/row"},
		{`"cells":[{"row":0,"column":"a","value":1},{"row":5,"column":"a","value":1}]`, ErrInvalidOperation, "row 5 is not in the table", "/operations/0/cells/1/row"},
		{`"cells":[{"row":0,"column":"a","value":1},{"row":0,"column":"A","value":1}]`, ErrColumnNotFound, `did you mean "a"?`, "/operations/0/cells/1/column"},
		{`"cells":[{"row":0,"column":"b","value":"1"},{"row":0,"column":"a","value":1},{"row":2,"column":"a","value":"x"}]`, nil, `column "a", row 2: the value "x" does not fit int64`, "/operations/0/cells/2/value"},
		{`"cells":[{"row":0,"column":"a","value":1}],"column":"a"`, ErrInvalidOperation, "either cells, or column and rows", "/operations/0/cells"},
		{`"cells":[{"column":"a","value":1}]`, ErrInvalidOperation, `cell 0 has no "row"`, ""},
		{`"cells":[{"row":0,"column":null,"value":1}]`, ErrInvalidOperation, `cell 0 has no "column"`, ""},
		{`"cells":[{"row":0,"column":"a","value":1},{"row":0,"column":"a"}]`, ErrInvalidOperation, `cell 1 has no "value"`, ""},
		{`"cells":[{"row":"0","column":"a","value":1}]`, ErrInvalidOperation, `"cells.row" cannot be string; it takes whole numbers`, ""},
		{`"cells":[{"row":0,"column":1,"value":1}]`, ErrInvalidOperation, `"cells.column" cannot be number; it takes text`, ""},
		{`"cells":[[0,"a",1]]`, ErrInvalidOperation, `"cells" cannot be array; it takes objects {"row", "column", "value"}`, ""},
		{`"cells":{"row":0}`, ErrInvalidOperation, `"cells" cannot be object; it takes a list`, ""},
		{`"cells":[{"row":0,"column":"a","value":1,"was":2}]`, ErrInvalidOperation, `unknown field "was"; the fields are row, column, value, expect`, ""},
		{`"column":"a","rows":[0,1],"value":1,"expect":[1]`, ErrInvalidOperation, "expect must be a list with one value for each of the 2 rows; it is 1 value", "/operations/0/expect"},
		{`"column":"a","rows":[0],"value":1,"expect":1`, ErrInvalidOperation, "expect must be a list with one value for each of the 1 row; it is something else", "/operations/0/expect"},
		{`"column":"a","rows":[0],"value":1,"expect":null`, ErrInvalidOperation, "expect must be a list", "/operations/0/expect"},
	} {
		b := sample(t)
		ops, err := parse(t, `[{"op":"set_values",`+tt.op+`}]`)
		if err == nil {
			_, err = Apply(b.Frame, ops)
		}
		if !says(err, tt.says) || tt.kind != nil && !errors.Is(err, tt.kind) {
			t.Errorf("%s: %v, want %q", tt.op, err, tt.says)
		}
		f, _ := errors.AsType[*Fault](err)
		if tt.pointer != "" && (f == nil || f.Pointer != tt.pointer) {
			t.Errorf("%s: the fault is %+v, want %s", tt.op, f, tt.pointer)
		}
	}
	ops, err := parse(t, `[{"op":"delete_rows","rows":[0]},{"op":"set_values","cells":[`+strings.Repeat(`{"row":0,"column":"a","value":1},`, MaxCells)+`{}]}]`)
	if !errors.Is(err, ErrInvalidOperation) || !says(err, "operation 2: cells has more than 100000 cells") {
		t.Errorf("%d operations, %v", len(ops), err)
	}
}
