package frame

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/scalar"
)

func TestCellsAreMarkedAndUnmarkedTogetherWithData(t *testing.T) {
	for _, tt := range []struct {
		ops   string
		marks Marks
		cells []int64
	}{
		{`{"op":"mark_missing","column":"a","rows":[2,0]}`, Marks{"a": {0, 1, 2}}, []int64{2}},
		{`{"op":"mark_missing","column":"a","rows":[1]}`, Marks{"a": {1}}, []int64{0}},
		{`{"op":"mark_missing","column":"b","rows":[1]},{"op":"unmark_missing","column":"a","rows":[1,2]}`, Marks{"b": {1}}, []int64{1, 1}},
		{`{"op":"set_values","column":"a","rows":[0],"value":null},{"op":"mark_missing","column":"a","rows":[0]},{"op":"delete_rows","rows":[1]}`, Marks{"a": {0}}, []int64{1, 1, 0}},
		{`{"op":"mark_missing","column":"a","rows":[2]},{"op":"fill_missing","columns":["a"],"method":"constant","value":7}`, Marks{"a": {1, 2}}, []int64{1, 0}},
		{`{"op":"mark_missing","column":"a","rows":[]}`, Marks{"a": {1}}, []int64{0}},
	} {
		b := stored(t, column{"a", "int8", []string{`[1,null,null]`}}, column{"b", "int8", []string{`[1,2,3]`}})
		b.Marks = Marks{"a": {1}}
		before := b.Marks["a"]
		ops, err := parse(t, `[`+tt.ops+`]`)
		if err != nil {
			t.Fatal(err)
		}
		effects, err := Apply(b.Frame, ops)
		if err != nil {
			t.Fatal(err)
		}
		var cells []int64
		for _, e := range effects {
			cells = append(cells, e.Cells)
		}
		if diff := cmp.Diff(tt.marks, b.Marks) + cmp.Diff(tt.cells, cells) + cmp.Diff([]int64{1}, before); diff != "" {
			t.Errorf("%s: %s", tt.ops, diff)
		}
	}
	for _, op := range []string{"mark_missing", "unmark_missing"} {
		for body, kind := range map[string]error{`"column":"c","rows":[0]`: ErrColumnNotFound, `"column":"a","rows":[3]`: ErrInvalidOperation, `"column":"a","rows":[0,0]`: ErrInvalidOperation} {
			b := stored(t, column{"a", "int8", []string{`[1,null,null]`}})
			ops, err := parse(t, fmt.Sprintf(`[{"op":%q,%s}]`, op, body))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Apply(b.Frame, ops); !errors.Is(err, kind) {
				t.Errorf("%s %s: %v", op, body, err)
			}
		}
	}
}

func TestMeansOfIntegersAreRoundedOrFloatsOnRequest(t *testing.T) {
	for _, tt := range []struct{ dtype, values, op, want string }{
		{"int64", `[1,2,null]`, `"method":"mean","as":"float64"`, `float64 [1.0,2.0,1.5]`},
		{"int64", `[1,2,null]`, `"method":"median","as":"float64"`, `float64 [1.0,2.0,1.5]`},
		{"int64", `[1,null,2]`, `"method":"linear","as":"float64"`, `float64 [1.0,1.5,2.0]`},
		{"int64", `[1,2,null]`, `"method":"mean","round":true`, `int64 [1,2,2]`},
		{"int64", `[2,3,null]`, `"method":"mean","round":true`, `int64 [2,3,2]`},
		{"int64", `[-1,-2,null]`, `"method":"median","round":true`, `int64 [-1,-2,-2]`},
		{"int8", `[1,1,2,null]`, `"method":"mean","round":true`, `int8 [1,1,2,1]`},
		{"decimal(4, 2)", `["1.00","1.01",null]`, `"method":"mean","round":true`, `decimal(4, 2) ["1.00","1.01","1.00"]`},
		{"decimal(4, 2)", `["1.00","1.01",null]`, `"method":"mean","as":"float64"`, `float64 [1.0,1.01,1.005]`},
		{"float32", `[1,2,null]`, `"method":"mean","as":"float64"`, `float32 [1.0,2.0,1.5]`},
		{"int64", `[1,2]`, `"method":"mean","as":"float64"`, `int64 [1,2]`},
	} {
		b := stored(t, column{"a", tt.dtype, []string{tt.values}})
		b.apply(t, `[{"op":"fill_missing","columns":["a"],`+tt.op+`}]`)
		got := b.Columns[0].Chunks[0].Data
		if shown := scalar.DType(b.Columns[0].Field.Type) + " " + codectest.JSONArray(got); shown != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.values, tt.op, shown, tt.want)
		}
	}
	for op, says := range map[string]string{
		`"method":"mean"`:                                  `give the operation "as": "float64" or "round": true`,
		`"method":"mean","as":"float32"`:                   "as is",
		`"method":"mean","as":"float64","round":true`:      "not both",
		`"method":"ffill","round":true`:                    "not for ffill",
		`"method":"constant","value":1,"as":"float64"`:     "not for constant",
		`"method":"median","as":"float64","columns":["w"]`: "9007199254740993",
	} {
		b := stored(t, column{"a", "int64", []string{`[1,2,null]`}}, column{"w", "int64", []string{`[9007199254740993,2,null]`}})
		if !strings.Contains(op, "columns") {
			op += `,"columns":["a"]`
		}
		ops, err := parse(t, `[{"op":"fill_missing",`+op+`}]`)
		if err == nil {
			_, err = Apply(b.Frame, ops)
		}
		if err == nil || !strings.Contains(err.Error(), says) || !errors.Is(err, ErrInvalidOperation) && !errors.Is(err, codec.ErrMismatch) {
			t.Errorf("%s: %v, want an error that says %s", op, err, says)
		}
	}
}
