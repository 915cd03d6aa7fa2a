package recipe_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
	"edgeframe/codec/formats"
	"edgeframe/frame"
	"edgeframe/recipe"
)

const trial = `id,site,dose,note
17,A,0.5,ok
18,A,,late
19,B,1.5,
20,B,,ok
`

func table(t testing.TB, csv string) *codec.Table {
	t.Helper()
	out, err := formats.ByName("csv").Decode([]byte(csv), codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func trialFrame(t testing.TB, csv string) *frame.Frame {
	return frame.FromTable(table(t, csv), codec.Limits{})
}

func csvOf(t testing.TB, f *frame.Frame) string {
	t.Helper()
	var out bytes.Buffer
	if err := formats.ByName("csv").Encode(&out, recipe.Table(f), codec.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func parse(t testing.TB, document string) *recipe.Recipe {
	t.Helper()
	r, err := recipe.Parse([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// steps returns a recipe with these lists of operations.
func steps(lists ...string) string {
	lists = slices.Clone(lists)
	for i, list := range lists {
		lists[i] = `{"operations": [` + list + `]}`
	}
	return `{"recipe": 1, "steps": [` + strings.Join(lists, ",") + `]}`
}

func TestReplay(t *testing.T) {
	r := parse(t, steps(
		`{"op": "fill_missing", "columns": ["dose"], "method": "median"}`,
		`{"op": "rename_columns", "columns": {"note": "remark"}}, {"op": "drop_missing", "columns": ["remark"]}`,
		`{"op": "sort", "by": [{"column": "id", "descending": true}]}`,
	))
	f, receipts, err := r.Replay(trialFrame(t, trial))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := csvOf(t, f), "id,site,dose,remark\n20,B,1.0,ok\n18,A,1.0,late\n17,A,0.5,ok\n"; got != want {
		t.Errorf("%s", cmp.Diff(want, got))
	}
	want := []recipe.Receipt{
		{Summary: "filled 2 missing cells of dose (median)", RowsBefore: 4, RowsAfter: 4, Operations: []frame.Effect{{Op: "fill_missing", Cells: 2}}},
		{Summary: "renamed note to remark; dropped 1 row with missing values in remark", RowsBefore: 4, RowsAfter: 3, Operations: []frame.Effect{{Op: "rename_columns"}, {Op: "drop_missing", Rows: 1}}},
		{Summary: "sorted by id descending", RowsBefore: 3, RowsAfter: 3, Operations: []frame.Effect{{Op: "sort", Rows: 2}}},
	}
	if diff := cmp.Diff(want, receipts); diff != "" {
		t.Error(diff)
	}
}

// TestTheLimitsOfAnEditHoldForEachStep replays steps that together make more values than one edit may.
func TestTheLimitsOfAnEditHoldForEachStep(t *testing.T) {
	list := []string{}
	for range 3 {
		list = append(list, `{"op": "add_column", "column": "x", "dtype": "int64"}, {"op": "drop_columns", "columns": ["x"]}`)
	}
	limits := codec.Limits{Bytes: 60}
	f := frame.FromTable(table(t, trial), limits)
	if _, _, err := parse(t, steps(list...)).Replay(f); err != nil {
		t.Error(err)
	}
	f = frame.FromTable(table(t, trial), limits)
	if _, _, err := parse(t, steps(strings.Join(list, ","))).Replay(f); !errors.Is(err, codec.ErrTooLarge) {
		t.Errorf("one step with all of them: %v", err)
	}
}

func TestRowsByTheirKey(t *testing.T) {
	r := parse(t, steps(
		`{"op": "set_values", "column": "dose", "rows": [{"id": 20}, {"id": 17}], "values": [2, 3]}`,
		`{"op": "set_values", "cells": [{"row": {"site": "A", "note": "late"}, "column": "dose", "value": 9, "expect": null}]},
		 {"op": "delete_rows", "rows": [{"id": 19}]}`,
		`{"op": "insert_rows", "at": {"id": 18}, "rows": [{"id": 99}]}, {"op": "insert_rows", "at": "end", "rows": [{"id": 100}]}`,
		`{"op": "mark_missing", "column": "note", "rows": [{"id": 100}]}`,
	))
	// The rows come in another order than in the file that the recipe is of.
	f, _, err := r.Replay(trialFrame(t, "id,site,dose,note\n20,B,,ok\n19,B,1.5,\n18,A,,late\n17,A,0.5,ok\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := csvOf(t, f), "id,site,dose,note\n20,B,2.0,ok\n99,,,\n18,A,9.0,late\n17,A,3.0,ok\n100,,,\n"; got != want {
		t.Error(cmp.Diff(want, got))
	}
	if diff := cmp.Diff(frame.Marks{"note": {4}}, f.Marks); diff != "" {
		t.Error(diff)
	}
}

// TestPositionsBecomeKeys names the rows of positional operations, which come after others of the same step, and
// replays them on a file whose rows have another order.
func TestPositionsBecomeKeys(t *testing.T) {
	operations, err := recipe.ReadOperations([]byte(`[{"op": "sort", "by": [{"column": "id", "descending": true}]},
		{"rows": [0, 3], "op": "set_values", "column": "dose", "value": 7}, {"op": "delete_rows", "rows": [1]},
		{"op": "insert_rows", "at": 3, "rows": [{"id": 30}]}]`))
	if err != nil {
		t.Fatal(err)
	}
	r := &recipe.Recipe{Steps: []recipe.Step{{Summary: "by hand", Operations: operations}}}
	document, err := r.Document()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(document), `"positional":true`); n != 3 {
		t.Errorf("%d operations are marked:\n%s", n, document)
	}
	const refused = `step 1 ("by hand"): operation 2: set_values names rows by position, and another file has other rows; export the recipe with key=<column>, so that it names them by their values in that column`
	if err := parse(t, string(document)).Check(); !errors.Is(err, recipe.ErrPositional) || err.Error() != refused {
		t.Errorf("%v", err)
	}

	if err := r.Steps[0].NameRows(trialFrame(t, trial), []string{"id"}); err != nil {
		t.Fatal(err)
	}
	if document, err = r.Document(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"rows":[{"id":20},{"id":17}]`, `"rows":[{"id":19}]`, `"at":"end"`} {
		if !strings.Contains(string(document), want) {
			t.Errorf("the document lacks %s:\n%s", want, document)
		}
	}
	f, _, err := parse(t, string(document)).Replay(trialFrame(t, "id,site,dose,note\n17,A,0.5,ok\n19,B,1.5,\n18,A,,late\n20,B,,ok\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := csvOf(t, f), "id,site,dose,note\n20,B,7.0,ok\n18,A,,late\n17,A,7.0,ok\n30,,,\n"; got != want {
		t.Error(cmp.Diff(want, got))
	}
}

func TestRowsThatNoKeyNames(t *testing.T) {
	for _, c := range []struct{ operation, key, want string }{
		{`{"op": "delete_rows", "rows": [1]}`, "site", `several rows have "A" in the column "site"`},
		{`{"op": "delete_rows", "rows": [2]}`, "note", `row 2 has no value in the key column "note"`},
		{`{"op": "delete_rows", "rows": [2]}`, "idd", `there is no column "idd" in this table; did you mean "id"?`},
		{`{"op": "delete_rows", "rows": [7]}`, "id", `row 7 is not in the table`},
		{`{"op": "add_column", "column": "n", "values": [1,2,3,4]}`, "id", `add_column has a value for each row, which no key can find`},
	} {
		operations, err := recipe.ReadOperations([]byte("[" + c.operation + "]"))
		if err != nil {
			t.Fatal(err)
		}
		s := recipe.Step{Operations: operations}
		if err := s.NameRows(trialFrame(t, trial), []string{c.key}); err == nil || err.Error() != "operation 1: "+c.want {
			t.Errorf("%s by %s: %v", c.operation, c.key, err)
		}
	}
}

func TestStepsThatFail(t *testing.T) {
	for _, c := range []struct {
		name, document, want, pointer string
		kind                          error
	}{
		{
			"a column that the file lacks", steps(`{"op": "drop_missing"}`, `{"op": "cast", "column": "Dosis", "dtype": "utf8"}`),
			`step 2: operation 1: there is no column "Dosis" in this table; did you mean "dose"?`, "/steps/1/operations/0/column", frame.ErrColumnNotFound,
		},
		{
			"a key that no row has", steps(`{"op": "delete_rows", "rows": [{"id": 17}, {"id": 5}]}`),
			`step 1: operation 1: no row has 5 in the column "id"`, "/steps/0/operations/0", frame.ErrRowNotFound,
		},
		{
			"a key that two rows have", steps(`{"op": "drop_columns", "columns": ["note"]}, {"op": "delete_rows", "rows": [{"site": "B"}]}`),
			`step 1: operation 2: several rows have "B" in the column "site"`, "/steps/0/operations/1", frame.ErrRowNotFound,
		},
		{
			"a key of another type", steps(`{"op": "delete_rows", "rows": [{"id": "x"}]}`),
			`step 1: operation 1: column "id": the value "x" does not fit int64, which takes whole numbers such as 7`, "/steps/0/operations/0", codec.ErrMismatch,
		},
		{
			"another value than expected", steps(`{"op": "set_values", "column": "dose", "rows": [{"id": 17}], "values": [1], "expect": [0.7]}`),
			"", "/steps/0/operations/0/expect/0", frame.ErrCellChanged,
		},
		{
			"by position without the mark", steps(`{"op": "mark_missing", "column": "note", "rows": [2]}`),
			`step 1: operation 1: mark_missing names rows by position, and another file has other rows; export the recipe with key=<column>, so that it names them by their values in that column`, "/steps/0/operations/0", recipe.ErrPositional,
		},
		{
			"a value for each row", steps(`{"op": "add_column", "column": "n", "values": [1,2,3,4], "positional": true}`),
			`step 1: operation 1: add_column gives each row a value by its position, and another file has other rows`, "/steps/0/operations/0/values", recipe.ErrPositional,
		},
		{
			"a step made by a file", `{"recipe": 1, "steps": [{"made": "append", "filename": "feb.csv", "summary": "Append 2 rows"}]}`,
			`step 1 ("Append 2 rows"): it appended a file, which a recipe does not have ("feb.csv"); replay the recipe of a version before it, or remove the step from the document`, "/steps/0", recipe.ErrNoOperations,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, receipts, err := parse(t, c.document).Replay(trialFrame(t, trial))
			if f != nil || receipts != nil {
				t.Error("there is a result")
			}
			if !errors.Is(err, c.kind) || c.want != "" && err.Error() != c.want {
				t.Fatalf("%v", err)
			}
			pointer := ""
			if cells, ok := errors.AsType[frame.ChangedCells](err); ok {
				pointer = cells[0].Pointer
			} else if fault, ok := errors.AsType[*frame.Fault](err); ok {
				pointer = fault.Pointer
			}
			if pointer != c.pointer {
				t.Errorf("the pointer is %q instead of %q", pointer, c.pointer)
			}
		})
	}
}

func TestDocumentsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		document, want string
		kind           error
	}{
		{``, `the recipe is empty`, recipe.ErrInvalid},
		{`[]`, `the recipe must be a JSON object; a list of operations becomes one as {"recipe": 1, "steps": [{"operations": [...]}]}`, recipe.ErrInvalid},
		{`{"steps": []}`, `the document is not a recipe: it has no member "recipe" with the number of its form; this program writes 1`, recipe.ErrInvalid},
		{`{"recipe": "1"}`, `"recipe" is "1"; it must be the number of the form, 1`, recipe.ErrInvalid},
		{`{"recipe": 0}`, `"recipe" is 0; it must be the number of the form, 1`, recipe.ErrInvalid},
		{`{"recipe": 2, "made_by": "edgeframe 9.1.0", "unknown": 1}`, `the recipe has the form 2, which "edgeframe 9.1.0" wrote; this program reads forms up to 1: use a later version of it`, recipe.ErrLater},
		{`{"recipe": 99999999999999999999999}`, `the recipe has the form 99999999999999999999999; this program reads forms up to 1: use a later version of it`, recipe.ErrLater},
		{`{"recipe": 1} {}`, `the recipe goes on after the JSON object`, recipe.ErrInvalid},
		{`{"recipe": 1, "step": []}`, `the recipe cannot be read: there is no member "step" at /step; the members are import, made_by, made_from, recipe, steps`, recipe.ErrInvalid},
		{`{"recipe": 1, "made_by": 7}`, `the recipe cannot be read: /made_by must be text`, recipe.ErrInvalid},
		{`{"recipe": 1, "steps": {}}`, `the recipe cannot be read: /steps must be a list`, recipe.ErrInvalid},
		{`{"recipe": 1, "recipe": 1}`, `the recipe cannot be read: the name "recipe" occurs twice in an object`, recipe.ErrInvalid},
		{`{"recipe": 1, "steps": [{"version": -1}]}`, `the recipe cannot be read: /steps/0/version must be the number of a version`, recipe.ErrInvalid},
		{`{"recipe": 1, "steps": [{}]}`, `step 1: it has no operations`, recipe.ErrInvalid},
		{`{"recipe": 1, "steps": [{"made": "magic"}]}`, `step 1: made is "magic"; it must be one of append, marks, replace, unknown, upsert`, recipe.ErrInvalid},
		{`{"recipe": 1, "steps": [{"time": "monday", "operations": []}]}`, `step 1: time is "monday"; it must be a time of RFC 3339`, recipe.ErrInvalid},
		{`{"recipe": 1, "import": {"parameters": {"dtype": [["a"]]}}}`, `the recipe cannot be read: /import/parameters/dtype/0 must be text, a number, true or false, or a list of them`, recipe.ErrInvalid},
		{steps(`{"op": "sort"}`, `{"op": "sort", "by": []}, 7`), `step 2: operation 2: it is not a JSON object`, frame.ErrInvalidOperation},
		{steps(`{"op": "sort"}, {"op": "sort", "sideways": true}`), `step 1: operation 2: sort: unknown field "sideways"; the fields are by`, frame.ErrInvalidOperation},
		{steps(`{"op": "delete_rows", "rows": [{"id": 1}, {"site": "A"}]}`), `step 1: operation 1: the row {"site":"A"} has no key of the columns that the other rows have; name each row like {"id": 17}, all by the same columns`, recipe.ErrInvalid},
		{steps(`{"op": "delete_rows", "rows": [{}]}`), `step 1: operation 1: the row {} has no key of the columns that the other rows have; name each row like {"id": 17}, all by the same columns`, recipe.ErrInvalid},
		{steps(`{"op": "delete_rows", "rows": [true]}`), `step 1: operation 1: delete_rows: "rows" cannot be bool; it takes whole numbers of 64 bits`, frame.ErrInvalidOperation},
		{`{"recipe": 1, "made_by": "` + strings.Repeat("x", recipe.MaxBytes) + `"}`, `the recipe has 4194332 bytes; at most 4194304 are accepted`, codec.ErrTooLarge},
	} {
		if _, err := recipe.Parse([]byte(c.document)); !errors.Is(err, c.kind) || err.Error() != c.want {
			t.Errorf("%.100s: %v", c.document, err)
		}
	}
}

const written = `{
  "recipe": 1,
  "made_by": "edgeframe 0.1.0",
  "made_from": {"session": "s", "version": 3, "filename": "trial.csv"},
  "import": {
    "format": "csv",
    "parameters": {"dtype": ["id:int64", "dose:float64"], "strict": "true"},
    "columns": [
      {"name": "id", "dtype": "int64"},
      {"name": "dose", "dtype": "float64"}
    ]
  },
  "steps": [
    {
      "version": 2, "time": "2026-01-02T03:04:05.678Z", "actor": "anna", "summary": "Clean",
      "operations": [
        {"op":"sort","by":[{"column":"id"}]},
        {"op":"delete_rows","rows":[0,1],"positional":true}
      ]
    },
    {
      "version": 3, "made": "upsert", "filename": "b.csv"
    }
  ]
}
`

func TestDocumentsAreWrittenAsTheyAreRead(t *testing.T) {
	got, err := parse(t, written).Document()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(written, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestGivenParameters(t *testing.T) {
	r := parse(t, `{"recipe": 1, "import": {"parameters": {"dtype": ["a:b:utf8", "zip:utf8"], "delimiter": ";", "header_row": 2, "sheet_name": "x", "strict": true}}}`)
	got, left := r.Given(codec.Values{"dtype": {"zip:int64"}, "delimiter": {","}, "ttl_seconds": {"60"}}, formats.ByName("csv"))
	want := codec.Values{"dtype": {"zip:int64", "a:b:utf8"}, "delimiter": {","}, "ttl_seconds": {"60"}, "strict": {"true"}}
	if slices.Contains(formats.ByName("csv").Reading.Names, "header_row") {
		want["header_row"] = []string{"2"}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !slices.Contains(left, "sheet_name") || slices.Contains(left, "delimiter") {
		t.Errorf("left are %q", left)
	}
}

func TestCompare(t *testing.T) {
	r := parse(t, `{"recipe": 1, "import": {"columns": [{"name": "id", "dtype": "int64"}, {"name": "Site", "dtype": "utf8"},
		{"name": "dose", "dtype": "int64"}, {"name": "gone", "dtype": "utf8"}]}}`)
	got := r.Compare(table(t, trial).Schema)
	want := recipe.Differences{
		Missing: []recipe.Missing{{"Site", "utf8", "site"}, {"gone", "utf8", "note"}},
		Added:   []recipe.Column{{"site", "utf8"}, {"note", "utf8"}},
		Retyped: []recipe.Retyped{{"dose", "int64", "float64"}},
	}
	want.Missing[1].Nearest = "" // three of four letters differ
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if d := parse(t, `{"recipe": 1}`).Compare(table(t, trial).Schema); !d.None() {
		t.Errorf("a recipe without columns has the differences %v", d)
	}
}

// FuzzParse checks that what is read is written so that it means the same, and that replays end without a panic.
func FuzzParse(f *testing.F) {
	f.Add([]byte(written))
	f.Add([]byte(steps(`{"op": "set_values", "cells": [{"row": {"id": 17}, "column": "dose", "value": 9}]}`, `{"op": "insert_rows", "at": "end", "rows": [{"id": 1}]}`)))
	f.Add([]byte(steps(`{"op": "mark_missing", "column": "note", "rows": [{"id": 17, "site": "A"}]}, {"op": "filter", "where": {"column": "id", "cmp": "gt", "value": 17}}`)))
	f.Fuzz(func(t *testing.T, document []byte) {
		r, err := recipe.Parse(document)
		if err != nil {
			if !errors.As(err, new(*codec.Error)) {
				t.Fatalf("the error is not for people: %v", err)
			}
			return
		}
		text, err := r.Document()
		if err != nil {
			t.Fatal(err)
		}
		again, err := recipe.Parse(text)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if second, err := again.Document(); err != nil || !bytes.Equal(second, text) {
			t.Fatalf("%v\n%s", err, cmp.Diff(string(text), string(second)))
		}
		one, _, first := r.Replay(trialFrame(t, trial))
		two, _, second := again.Replay(trialFrame(t, trial))
		if (first == nil) != (second == nil) || first != nil && first.Error() != second.Error() {
			t.Fatalf("one replay ends with %v, the other with %v", first, second)
		}
		if first == nil && len(one.Columns) > 0 && csvOf(t, one) != csvOf(t, two) {
			t.Fatal("the results differ")
		}
	})
}
