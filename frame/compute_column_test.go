package frame

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
)

// computeSample is two row groups with marks.
func computeSample(t testing.TB) *base {
	t.Helper()
	b := stored(t,
		column{"a", "int64", []string{`[1,2,3]`, `[4,null]`}},
		column{"f", "float64", []string{`[0.5,null,2.0]`, `[1e300,-1.5]`}},
		column{"t", "utf8", []string{`["x","y","z"]`, `["u","v"]`}},
	)
	b.Marks = Marks{"a": {4}, "f": {1}, "t": {1, 3}}
	return b
}

func TestComputedColumns(t *testing.T) {
	for _, tt := range []struct {
		column, expression, dtype string
		want                      []string
	}{
		{"new", "a * 2", "", []string{"a int64 [1,2,3]= [4,null]=", "f float64 [0.5,null,2.0]= [1e+300,-1.5]=", `t utf8 ["x","y","z"]= ["u","v"]=`, "new int64 [2,4,6] [8,null]", "marks of a [4]", "marks of f [1]", "marks of t [1 3]"}},
		// A column that is there keeps its place, and a cell that gets a value its mark no longer.
		{"a", "coalesce(a, -1)", "int8", []string{"a int8 [1,2,3] [4,-1]", "f float64 [0.5,null,2.0]= [1e+300,-1.5]=", `t utf8 ["x","y","z"]= ["u","v"]=`, "marks of f [1]", "marks of t [1 3]"}},
		// A cell that is marked has no value, also if it holds one.
		{"t", "t + \"!\"", "", []string{"a int64 [1,2,3]= [4,null]=", "f float64 [0.5,null,2.0]= [1e+300,-1.5]=", `t utf8 ["x!",null,"z!"] [null,"v!"]`, "marks of a [4]", "marks of f [1]", "marks of t [1 3]"}},
		{"f", "f + a", "", []string{"a int64 [1,2,3]= [4,null]=", "f float64 [1.5,null,5.0] [1e+300,null]", `t utf8 ["x","y","z"]= ["u","v"]=`, "marks of a [4]", "marks of f [1]", "marks of t [1 3]"}},
		{"t", "a / 2", "decimal(6, 2)", []string{"a int64 [1,2,3]= [4,null]=", "f float64 [0.5,null,2.0]= [1e+300,-1.5]=", `t decimal(6, 2) ["0.50","1.00","1.50"] ["2.00",null]`, "marks of a [4]", "marks of f [1]"}},
		{"a", "\"18.1.2026\"", "date32[%d.%m.%Y]", []string{`a date32 ["2026-01-18","2026-01-18","2026-01-18"] ["2026-01-18","2026-01-18"]`, "f float64 [0.5,null,2.0]= [1e+300,-1.5]=", `t utf8 ["x","y","z"]= ["u","v"]=`, "marks of f [1]", "marks of t [1 3]"}},
		{"a", "null", "utf8", []string{"a utf8 [null,null,null] [null,null]", "f float64 [0.5,null,2.0]= [1e+300,-1.5]=", `t utf8 ["x","y","z"]= ["u","v"]=`, "marks of a [4]", "marks of f [1]", "marks of t [1 3]"}},
	} {
		b := computeSample(t)
		b.apply(t, computeOf(tt.column, tt.expression, tt.dtype))
		if diff := cmp.Diff(tt.want, b.show(t)); diff != "" {
			t.Errorf("%s = %s: %s", tt.column, tt.expression, diff)
		}
	}
}

func TestComputeReadsTheColumnsThatItNames(t *testing.T) {
	b := computeSample(t)
	b.apply(t, computeOf("new", "if_else(a > 1, `a`, col(\"a\"))", ""))
	if diff := cmp.Diff([]string{"a/0 a/1"}, b.loads[:1]); diff != "" {
		t.Error(diff)
	}
	// Columns that earlier operations of the same edit have made are there.
	b.apply(t, `[{"op":"rename_columns","columns":{"t":"text"}},{"op":"compute","column":"x","expression":"text + \"!\""},{"op":"compute","column":"y","expression":"x + x"},{"op":"select_columns","columns":["y"]}]`)
	if diff := cmp.Diff([]string{`y utf8 ["x!x!",null,"z!z!"] [null,"v!v!"]`}, b.show(t)); diff != "" {
		t.Error(diff)
	}
}

func TestComputeOfATableWithoutRows(t *testing.T) {
	b := stored(t, column{"a", "int64", []string{`[1]`}})
	b.apply(t, `[{"op":"delete_rows","rows":[0]},{"op":"compute","column":"b","expression":"a / 2"}]`)
	if diff := cmp.Diff([]string{"a int64", "b float64"}, b.show(t)); diff != "" {
		t.Error(diff)
	}
}

func TestComputeSaysWhatItDid(t *testing.T) {
	b := computeSample(t)
	before := b.Clone()
	ops, err := parse(t, strings.TrimSuffix(computeOf("a", "a + 1", ""), "]")+","+strings.TrimPrefix(computeOf("new", "f / a", ""), "["))
	if err != nil {
		t.Fatal(err)
	}
	p, err := DryRun(before, b.Frame, ops, PreviewOptions{Rows: 2})
	if err != nil {
		t.Fatal(err)
	}
	if got := Summarize(ops, p.Effects); got != "computed a as a + 1; computed new as f / a" {
		t.Error(got)
	}
	if p.Effects[0].Cells != 5 || p.Effects[1].Cells != 5 || p.RowsAffected != 4 || len(p.Samples) != 4 || p.Head.NumRows() != 2 {
		t.Errorf("%+v", p)
	}
}

func TestComputeRefusals(t *testing.T) {
	for _, tt := range []struct {
		operation, says, pointer string
		kind                     error
	}{
		{`{"op":"compute","column":"x"}`, "compute needs an expression", "/operations/0/expression", ErrInvalidOperation},
		{`{"op":"compute","expression":"a"}`, "a column name of 0 bytes", "", ErrInvalidOperation},
		{`{"op":"compute","column":"` + strings.Repeat("x", 1025) + `","expression":"a"}`, "a column name of 1025 bytes", "", ErrInvalidOperation},
		{`{"op":"compute","column":"x","expression":1}`, `"expression" cannot be number; it takes text`, "", ErrInvalidOperation},
		{`{"op":"compute","column":"x","expression":"a","value":1}`, `"value"`, "", ErrInvalidOperation},
		{`{"op":"cast","column":"a","dtype":"utf8","expression":"a"}`, `"expression"`, "", ErrInvalidOperation},
		{`{"op":"compute","column":"x","expression":"a","dtype":"int"}`, "unknown dtype", "/operations/0/dtype", codec.ErrUnsupported},
		{`{"op":"compute","column":"x","expression":"a > 1","dtype":"date32"}`, "bool values have no form as date32", "/operations/0/dtype", ErrInvalidOperation},
		{`{"op":"compute","column":"x","expression":"a / 2","dtype":"int64"}`, `the value "0.5" of row 0 does not fit int64`, "/operations/0/dtype", codec.ErrMismatch},
		{`{"op":"compute","column":"x","expression":"a * 100","dtype":"int8"}`, `the value "200" of row 1 does not fit int8`, "/operations/0/dtype", codec.ErrMismatch},
		{`{"op":"compute","column":"x","expression":"a + 9223372036854775804"}`, "row 3: the result is beyond int64", "/operations/0/expression", ErrInvalidOperation},
	} {
		b := computeSample(t)
		ops, err := parse(t, "["+tt.operation+"]")
		if err == nil {
			_, err = Apply(b.Frame, ops)
		}
		if !says(err, tt.says) || !errors.Is(err, tt.kind) {
			t.Errorf("%.200s: %v, want %s", tt.operation, err, tt.says)
			continue
		}
		if fault, ok := errors.AsType[*Fault](err); ok != (tt.pointer != "") || ok && fault.Pointer != tt.pointer {
			t.Errorf("%.200s: %+v", tt.operation, fault)
		}
	}
	b := computeSample(t)
	b.Limits.Columns = 3
	ops, _ := parse(t, computeOf("x", "a", ""))
	if _, err := Apply(b.Frame, ops); !errors.Is(err, codec.ErrTooLarge) {
		t.Error(err)
	}
}

// A short expression must not take any amount of memory or time.
func TestComputeIsBounded(t *testing.T) {
	text := strings.Repeat("x", 1000)
	b := stored(t, column{"t", "utf8", []string{`["` + text + `","` + text + `"]`}})
	double := "t"
	for range 7 { // 128 times the text
		double = double + "+(" + double + ")"
	}
	b.Limits = codec.Limits{Bytes: 100_000}.WithDefaults()
	for expression, kind := range map[string]error{
		double: codec.ErrTooLarge,
		"concat(" + strings.Repeat("t, ", 200) + "t)": codec.ErrTooLarge,
		"0" + strings.Repeat(" + length(t)", 160):     nil,
	} {
		ops, err := parse(t, computeOf("x", expression, ""))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Apply(b.Clone(), ops); !errors.Is(err, kind) {
			t.Errorf("%.100s: %v", expression, err)
		}
	}

	// Work is bounded too: texts that are read again and again.
	text = strings.Repeat("x", 50_000)
	b = stored(t, column{"t", "utf8", []string{`["` + text + `"]`, `["` + text + `"]`}})
	b.Limits = codec.Limits{Bytes: 200_000}.WithDefaults()
	for expression, kind := range map[string]error{
		"0" + strings.Repeat(" + length(t)", 20): nil,
		"0" + strings.Repeat(" + length(t)", 40): ErrInvalidOperation,
	} {
		ops, err := parse(t, computeOf("x", expression, ""))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Apply(b.Clone(), ops); !errors.Is(err, kind) {
			t.Errorf("%.100s: %v", expression, err)
		}
	}

	b = computeSample(t)
	refused := errors.New("no memory")
	asked := int64(0)
	b.Reserve = func(bytes int64) error {
		if asked += bytes; asked > 0 {
			return refused
		}
		return nil
	}
	ops, _ := parse(t, computeOf("x", "a + f", ""))
	if _, err := Apply(b.Frame, ops); !errors.Is(err, refused) {
		t.Error(err)
	}

	b = computeSample(t)
	b.Limits.Bytes = 4000
	ops, _ = parse(t, "["+strings.TrimSuffix(strings.Repeat(`{"op":"compute","column":"a","expression":"a + 1 - 1"},`, 1000), ",")+"]")
	if _, err := Apply(b.Frame, ops); !errors.Is(err, ErrInvalidOperation) && !errors.Is(err, codec.ErrTooLarge) {
		t.Error(err)
	}

	b = computeSample(t)
	ended, cancel := context.WithCancelCause(context.Background())
	cancel(refused)
	b.Context = ended
	ops, _ = parse(t, computeOf("x", "a + f", ""))
	if _, err := Apply(b.Frame, ops); !errors.Is(err, refused) {
		t.Error(err)
	}
}
