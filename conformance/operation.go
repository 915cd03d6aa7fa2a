//go:build !js

package conformance

import (
	"net/http"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// operationTests has one test per operation: what it does, and what it rejects.
var operationTests = []test{
	{"set_values sets one value per row, or one for all", func(c *client) {
		s := c.create(people)
		s.edit(op{"op": "set_values", "column": "age", "rows": []int{2, 0}, "values": []any{7, nil}})
		s.edit(op{"op": "set_values", "column": "active", "rows": []int{0, 1, 2, 3}, "value": true})
		s.edit(op{"op": "set_values", "column": "score", "rows": []int{3}, "value": nil})
		s.edit(op{"op": "set_values", "column": "score", "rows": []int{0}, "value": 2})
		s.edit(op{"op": "set_values", "column": "name", "rows": []int{}, "values": []any{}})
		want := "[\"Ann\",null,2.0,true]\n[\"Bob\",null,2.25,true]\n[\"Cid\",7,null,true]\n[\"Dee\",28,null,true]"
		if diff := cmp.Diff(want, s.cells()); diff != "" {
			c.Error(diff)
		}
		doc := s.document()
		if diff := cmp.Diff(map[string]int{"name": 0, "age": 2, "score": 2, "active": 0}, doc.MissingValues); diff != "" {
			c.Error(diff)
		}
		if diff := cmp.Diff(peopleTypes, doc.DTypes); diff != "" {
			c.Error(diff)
		}
	}},
	{"set_values gives a column that has no values the type of its first ones", func(c *client) {
		s := c.create("a,b\n1,\n2,\n")
		if got := s.edit(op{"op": "set_values", "column": "b", "rows": []int{1}, "value": "x"}).DTypes["b"]; got != "utf8" {
			c.Errorf("dtype %s", got)
		}
		if got := s.cells(); got != "[1,null]\n[2,\"x\"]" {
			c.Error(got)
		}
	}},
	{"add_column adds values with the dtype given or inferred", func(c *client) {
		s := c.create(people)
		doc := s.edit(
			op{"op": "add_column", "column": "inferred", "values": []any{1, nil, 3, 4}},
			op{"op": "add_column", "column": "float", "dtype": "float64", "values": []any{1, 2, 3, 4}},
			op{"op": "add_column", "column": "day", "dtype": "date32", "values": []any{"2024-02-29", nil, "1970-01-01", "1969-12-31"}},
			op{"op": "add_column", "column": "empty", "dtype": "utf8"},
		)
		want := map[string]string{"inferred": "int64", "float": "float64", "day": "date32", "empty": "utf8", "name": "utf8", "age": "int64", "score": "float64", "active": "bool"}
		if diff := cmp.Diff(want, doc.DTypes); diff != "" {
			c.Error(diff)
		}
		got := s.cells("column=inferred", "column=float", "column=day", "column=empty")
		if diff := cmp.Diff("[1,1.0,\"2024-02-29\",null]\n[null,2.0,null,null]\n[3,3.0,\"1970-01-01\",null]\n[4,4.0,\"1969-12-31\",null]", got); diff != "" {
			c.Error(diff)
		}
		if doc.MissingValues["empty"] != 4 {
			c.Errorf("%d missing in an empty column", doc.MissingValues["empty"])
		}
	}},
	{"drop_columns removes columns", func(c *client) {
		s := c.create(people)
		doc := s.edit(op{"op": "drop_columns", "columns": []string{"active", "name"}})
		if diff := cmp.Diff([]string{"age", "score"}, doc.Columns); diff != "" {
			c.Error(diff)
		}
		if got := s.cells(); got != "[31,1.5]\n[null,2.25]\n[47,null]\n[28,4.0]" {
			c.Error(got)
		}
	}},
	{"select_columns keeps columns in the order given", func(c *client) {
		s := c.create(people)
		s.edit(op{"op": "select_columns", "columns": []string{"score", "name"}})
		if got := s.cells(); got != "[1.5,\"Ann\"]\n[2.25,\"Bob\"]\n[null,\"Cid\"]\n[4.0,\"Dee\"]" {
			c.Error(got)
		}
	}},
	{"rename_columns renames, and two columns may swap names", func(c *client) {
		s := c.create(people)
		doc := s.edit(op{"op": "rename_columns", "columns": map[string]string{"name": "age", "age": "name", "score": "Punkte €"}})
		if diff := cmp.Diff([]string{"age", "name", "Punkte €", "active"}, doc.Columns); diff != "" {
			c.Error(diff)
		}
		if diff := cmp.Diff(map[string]string{"age": "utf8", "name": "int64", "Punkte €": "float64", "active": "bool"}, doc.DTypes); diff != "" {
			c.Error(diff)
		}
		if got := s.cells("column=name", "column=age", "limit=1"); got != `[31,"Ann"]` {
			c.Error(got)
		}
	}},
	{"delete_rows removes rows, all of them too", func(c *client) {
		s := c.create(people)
		doc := s.edit(op{"op": "delete_rows", "rows": []int{3, 1}})
		if got := s.cells(); got != "[\"Ann\",31,1.5,true]\n[\"Cid\",47,null,true]" || doc.Shape != [2]int{2, 4} {
			c.Error(got, doc.Shape)
		}
		doc = s.edit(op{"op": "delete_rows", "rows": []int{0, 1}})
		if doc.Shape != [2]int{0, 4} || s.cells() != "" {
			c.Errorf("shape %v of an emptied table", doc.Shape)
		}
		if diff := cmp.Diff(map[string]int{"name": 0, "age": 0, "score": 0, "active": 0}, doc.MissingValues); diff != "" {
			c.Error(diff)
		}
		s.post("/undo")
		s.post("/undo")
		s.isPeople()
	}},
	{"what an operation cannot do is refused with what it could", checkRefusedOperations},
}

func checkRefusedOperations(c *client) {
	s := c.create(people)
	before := s.state()
	long := strings.Repeat("x", 2000)
	for _, tt := range []struct {
		op   op
		code string
		says []string
	}{
		{op{"op": "set_values", "column": "nobody", "rows": []int{0}, "value": 1}, "column_not_found", []string{`"nobody"`}},
		{op{"op": "set_values", "column": "age", "rows": []int{4}, "value": 1}, "invalid_operation", []string{"row 4", "0 to 3"}},
		{op{"op": "set_values", "column": "age", "rows": []int{-1}, "value": 1}, "invalid_operation", []string{"row -1", "0 to 3"}},
		{op{"op": "set_values", "column": "age", "rows": []int{1, 1}, "value": 1}, "invalid_operation", []string{"row 1", "twice"}},
		{op{"op": "set_values", "column": "age", "rows": []int{1, 2}, "values": []int{1}}, "invalid_operation", []string{"2 rows", "1 value;"}},
		{op{"op": "set_values", "column": "age", "rows": []int{1}}, "invalid_operation", []string{"values", "value"}},
		{op{"op": "set_values", "column": "age", "rows": []int{1}, "value": 1, "values": []int{1}}, "invalid_operation", []string{"not both"}},
		{op{"op": "set_values", "column": "age", "rows": []int{1}, "value": "old"}, "schema_mismatch", []string{"old", "int64"}},
		{op{"op": "set_values", "column": "age", "rows": []int{1}, "value": 1.5}, "schema_mismatch", []string{"1.5", "int64"}},
		{op{"op": "set_values", "column": "active", "rows": []int{1}, "value": "yes"}, "schema_mismatch", []string{"yes", "bool"}},
		{op{"op": "add_column", "column": "age", "values": []int{1, 2, 3, 4}}, "invalid_operation", []string{`"age"`, "already"}},
		{op{"op": "add_column", "column": "", "values": []int{1, 2, 3, 4}}, "invalid_operation", []string{"1 to 1024"}},
		{op{"op": "add_column", "column": long}, "invalid_operation", []string{"2000", "1 to 1024"}},
		{op{"op": "add_column", "column": "n", "values": []int{1}}, "invalid_operation", []string{"1 value ", "4 rows"}},
		{op{"op": "add_column", "column": "n", "dtype": "int640"}, "invalid_operation", []string{"int640", "int64"}},
		{op{"op": "add_column", "column": "n", "dtype": "int8", "values": []int{1, 2, 3, 400}}, "schema_mismatch", []string{"400", "int8"}},
		{op{"op": "drop_columns", "columns": []string{}}, "invalid_operation", []string{"empty"}},
		{op{"op": "drop_columns", "columns": []string{"age", "age"}}, "invalid_operation", []string{"twice"}},
		{op{"op": "drop_columns", "columns": []string{"name", "age", "score", "active"}}, "invalid_operation", []string{"every column"}},
		{op{"op": "select_columns", "columns": []string{}}, "invalid_operation", []string{"empty"}},
		{op{"op": "select_columns", "columns": []string{"age", "nobody"}}, "column_not_found", []string{`"nobody"`}},
		{op{"op": "rename_columns", "columns": map[string]string{}}, "invalid_operation", []string{"empty"}},
		{op{"op": "rename_columns", "columns": map[string]string{"nobody": "x"}}, "column_not_found", []string{`"nobody"`}},
		{op{"op": "rename_columns", "columns": map[string]string{"age": "name"}}, "invalid_operation", []string{"two columns", `"name"`}},
		{op{"op": "rename_columns", "columns": map[string]string{"age": ""}}, "invalid_operation", []string{`"age"`, "1 to 1024"}},
		{op{"op": "delete_rows", "rows": []int{0, 4}}, "invalid_operation", []string{"row 4", "0 to 3"}},
		{op{"op": "delete_rows", "rows": []int{2, 2}}, "invalid_operation", []string{"row 2", "twice"}},
	} {
		s.patch(tt.op).refused(http.StatusUnprocessableEntity, tt.code, append(tt.says, "operation 1")...)
	}
	if diff := cmp.Diff(before, s.state()); diff != "" {
		c.Error(diff)
	}
}
