//go:build !js

package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// changedCell is an element of errors of an answer cell_changed.
type changedCell struct {
	Pointer string `json:"pointer"`
	Column  string `json:"column"`
	Row     int    `json:"row"`
	Value   any    `json:"value"`
	Current any    `json:"current"`
}

// changedCells returns the cells of an answer cell_changed.
func (a *answer) changedCells() (cells []changedCell) {
	var doc struct {
		Code            string        `json:"code"`
		Errors          []changedCell `json:"errors"`
		CurrentRevision int           `json:"current_revision"`
	}
	if err := json.Unmarshal(a.body, &doc); err != nil {
		a.c.Error(err)
	}
	if a.status != http.StatusPreconditionFailed || doc.Code != "cell_changed" || doc.CurrentRevision == 0 || a.header.Get("ETag") == "" {
		a.c.Errorf("status %d, %s", a.status, a.body)
	}
	return doc.Errors
}

// cellTests are about set_values of single cells, and what it expects of them.
var cellTests = []test{
	{"set_values sets cells of several columns at once", func(c *client) {
		s := c.create(people)
		doc := s.edit(op{"op": "set_values", "cells": []op{
			{"row": 1, "column": "age", "value": 50, "expect": nil},
			{"row": 0, "column": "name", "value": "Anna", "expect": "Ann"},
			{"row": 3, "column": "age", "value": nil},
		}})
		if got := s.cells(); got != "[\"Anna\",31,1.5,true]\n[\"Bob\",50,2.25,false]\n[\"Cid\",47,null,true]\n[\"Dee\",null,4.0,null]" {
			c.Error(got)
		}
		if diff := cmp.Diff(map[string]int{"name": 0, "age": 1, "score": 1, "active": 1}, doc.MissingValues); diff != "" {
			c.Error(diff)
		}
	}},
	{"an edit that expects other values changes nothing and says what there is", func(c *client) {
		s := c.create(people)
		before := s.state()
		rename := op{"op": "rename_columns", "columns": map[string]string{"name": "who"}}
		want := []changedCell{{"/operations/1/expect/1", "age", 1, 5.0, nil}}
		for _, query := range []string{"", "?dry_run=true"} {
			a := s.do("PATCH", s.path("/data")+query, op{"operations": []op{rename, {"op": "set_values", "column": "age", "rows": []int{0, 1}, "value": 7, "expect": []any{31, 5}}}})
			if diff := cmp.Diff(want, a.changedCells()); diff != "" {
				c.Error(diff)
			}
		}
		a := s.patch(op{"op": "set_values", "cells": []op{
			{"row": 0, "column": "name", "value": "x", "expect": "Bob"}, {"row": 1, "column": "name", "value": "x", "expect": "Bob"}, {"row": 0, "column": "score", "value": 1, "expect": 1.25},
		}})
		want = []changedCell{{"/operations/0/cells/0/expect", "name", 0, "Bob", "Ann"}, {"/operations/0/cells/2/expect", "score", 0, 1.25, 1.5}}
		if diff := cmp.Diff(want, a.changedCells()); diff != "" {
			c.Error(diff)
		}
		if diff := cmp.Diff(before, s.state()); diff != "" {
			c.Error(diff)
		}
	}},
	{"integers beyond 2^53, instants and UUIDs are expected in any of their spellings", func(c *client) {
		s := c.create("id,at\n9007199254740993,2026-01-18T12:00:00Z\n")
		s.edit(op{"op": "cast", "column": "at", "dtype": "timestamp[us, tz=UTC]"})
		s.patch(op{"op": "set_values", "column": "id", "rows": []int{0}, "value": 1, "expect": []string{"9007199254740992"}}).changedCells()
		s.edit(op{"op": "set_values", "cells": []op{
			{"row": 0, "column": "id", "value": 1, "expect": "9007199254740993"},
			{"row": 0, "column": "at", "value": nil, "expect": "2026-01-18T14:00:00+02:00"},
		}})
		if got := s.cells(); got != "[1,null]" {
			c.Error(got)
		}
	}},
	{"cells and expected values that cannot be are refused", func(c *client) {
		s := c.create(people)
		for _, tt := range []struct {
			op   op
			code string
			says string
		}{
			{op{"op": "set_values", "cells": []op{{"row": 0, "column": "age", "value": 1}, {"row": 0, "column": "age", "value": 2}}}, "invalid_operation", "row 0 is given twice"},
			{op{"op": "set_values", "cells": []op{{"row": 0, "column": "agee", "value": 1}}}, "column_not_found", `did you mean "age"?`},
			{op{"op": "set_values", "cells": []op{{"row": 0, "column": "age"}}}, "invalid_operation", `cell 0 has no "value"`},
			{op{"op": "set_values", "cells": []op{{"row": 0, "column": "age", "value": "x"}}}, "schema_mismatch", "does not fit int64"},
			{op{"op": "set_values", "cells": []op{}, "column": "age"}, "invalid_operation", "either cells, or column and rows"},
			{op{"op": "set_values", "column": "age", "rows": []int{0}, "value": 1, "expect": 31}, "invalid_operation", "expect must be a list with one value for each of the 1 row"},
		} {
			s.patch(tt.op).refused(http.StatusUnprocessableEntity, tt.code, tt.says)
		}
		s.isPeople()
	}},
	{"insert_rows puts rows anywhere, and marks follow their rows", func(c *client) {
		s := c.create(people)
		s.do("PUT", s.path("/missing"), `{"age":[1],"score":[2]}`).is(http.StatusOK)
		doc := s.edit(
			op{"op": "insert_rows", "at": 2, "rows": []op{{"name": "Eve", "age": 5}, {}}},
			op{"op": "insert_rows", "at": 6, "rows": []op{{"name": "end", "active": true}}},
			op{"op": "insert_rows", "at": 0, "rows": []op{{"name": "begin", "score": 0.5}}},
		)
		want := "[\"begin\",null,0.5,null]\n[\"Ann\",31,1.5,true]\n[\"Bob\",null,2.25,false]\n[\"Eve\",5,null,null]\n[null,null,null,null]\n[\"Cid\",47,null,true]\n[\"Dee\",28,4.0,null]\n[\"end\",null,null,true]"
		if diff := cmp.Diff(want, s.cells()); diff != "" || doc.Shape != [2]int{8, 4} {
			c.Error(doc.Shape, diff)
		}
		s.areMarked(marks{"age": {2}, "score": {5}})
		s.post("/undo")
		s.isPeople()

		var dry dryRunDocument
		s.do("PATCH", s.path("/data", "dry_run=true"), op{"operations": []op{{"op": "insert_rows", "at": 1, "rows": []op{{"age": 1}}}}}).is(http.StatusOK).decode(&dry)
		if dry.RowsBefore != 4 || dry.RowsAfter != 5 || dry.RowsAffected != 1 || dry.ShareLost != 0 {
			c.Errorf("%+v", dry)
		}
		for _, tt := range []struct {
			op         op
			code, says string
		}{
			{op{"op": "insert_rows", "at": 5, "rows": []op{{}}}, "invalid_operation", "from 0 to 4"},
			{op{"op": "insert_rows", "rows": []op{{}}}, "invalid_operation", "insert_rows needs at"},
			{op{"op": "insert_rows", "at": 0, "rows": []int{1}}, "invalid_operation", "objects with the values of new rows"},
			{op{"op": "insert_rows", "at": 0, "rows": []op{{"agee": 1}}}, "column_not_found", `did you mean "age"?`},
			{op{"op": "insert_rows", "at": 0, "rows": []op{{"age": "x"}}}, "schema_mismatch", "does not fit int64"},
		} {
			s.patch(tt.op).refused(http.StatusUnprocessableEntity, tt.code, tt.says)
		}
	}},
	{"rows that are inserted into a table of several row groups are where they belong", func(c *client) {
		s := c.create("n\n" + strings.Repeat("0\n", 40_000))
		s.edit(op{"op": "insert_rows", "at": 20_000, "rows": []op{{"n": 1}}}, op{"op": "insert_rows", "at": 40_001, "rows": []op{{"n": 2}}}, op{"op": "insert_rows", "at": 16_384, "rows": []op{{"n": 3}}})
		for at, want := range map[int]string{16_383: "[0]\n[3]\n[0]", 20_000: "[0]\n[1]\n[0]", 40_001: "[0]\n[2]"} {
			if got := s.cells(fmt.Sprintf("offset=%d", at), "limit=3"); got != want {
				c.Errorf("at %d: %s", at, got)
			}
		}
	}},
	{"replace replaces text, what a pattern matches, and whole cells", func(c *client) {
		s := c.create("t,n\n\"Doe, Ann\",1\nBob,-999\n,2\n")
		for _, tt := range []struct {
			op   op
			want string
		}{
			{op{"op": "replace", "columns": []string{"t"}, "find": "o", "with": "00"}, "[\"D00e, Ann\",1]\n[\"B00b\",-999]\n[null,2]"},
			{op{"op": "replace", "columns": []string{"t"}, "find": `(\w+), (\w+)`, "with": "$2 $1", "regex": true}, "[\"Ann Doe\",1]\n[\"Bob\",-999]\n[null,2]"},
			{op{"op": "replace", "columns": []string{"t"}, "find": "BOB", "with": nil, "ignore_case": true, "whole_cell": true}, "[\"Doe, Ann\",1]\n[null,-999]\n[null,2]"},
			{op{"op": "replace", "columns": []string{"n"}, "find": -999, "with": nil, "whole_cell": true}, "[\"Doe, Ann\",1]\n[\"Bob\",null]\n[null,2]"},
		} {
			s.edit(tt.op)
			if got := s.cells(); got != tt.want {
				c.Errorf("%v: %s", tt.op, got)
			}
			s.post("/undo")
		}
		for _, tt := range []struct {
			op         op
			code, says string
		}{
			{op{"op": "replace", "columns": []string{"t"}, "find": "a(", "with": "", "regex": true}, "invalid_operation", "cannot be read at character"},
			{op{"op": "replace", "columns": []string{"t"}, "find": "(a)", "with": "$1x", "regex": true}, "invalid_operation", `the group "1x"`},
			{op{"op": "replace", "columns": []string{"n"}, "find": "1", "with": "2"}, "invalid_operation", "replace is for text"},
			{op{"op": "replace", "columns": []string{"n"}, "find": 1, "with": "x", "whole_cell": true}, "schema_mismatch", "does not fit int64"},
		} {
			s.patch(tt.op).refused(http.StatusUnprocessableEntity, tt.code, tt.says)
		}
	}},
	{"an append with a key replaces the rows whose key is there", func(c *client) {
		s := c.create("id,site,dose,note\n1,A,0.5,x\n1,B,0.7,\n2,A,,z\n")
		s.do("PUT", s.path("/missing"), `{"dose":[2],"note":[1]}`).is(http.StatusOK)
		var doc struct {
			Upload struct {
				Replaced int `json:"rows_replaced"`
				Appended int `json:"rows_appended"`
			} `json:"upload"`
			Shape [2]int `json:"shape"`
		}
		s.do("POST", s.path("/data", "key=site", "key=id"), "dose,id,site\n0.9,3,A\n1.5,2,A\n,1,B\n", "Content-Type: text/csv").is(http.StatusOK).reads(&doc)
		if doc.Upload.Replaced != 2 || doc.Upload.Appended != 1 || doc.Shape != [2]int{4, 4} {
			c.Errorf("%+v", doc)
		}
		if got := s.cells(); got != "[1,\"A\",0.5,\"x\"]\n[1,\"B\",null,null]\n[2,\"A\",1.5,\"z\"]\n[3,\"A\",0.9,null]" {
			c.Error(got)
		}
		s.areMarked(marks{"note": {1}})
		for _, tt := range []struct {
			query, file, code string
			says              []string
		}{
			{"key=id", "id,dose\n2,1\n1,2\n", "schema_mismatch", []string{"rows 0 and 1 of the table", "row 1 of the file"}},
			{"key=dose", "id,dose\n2,7\n1,7\n", "schema_mismatch", []string{"rows 0 and 1 of the file have the same key, 7"}},
			{"key=id", "id,dose\n2,1\n,2\n", "schema_mismatch", []string{"row 1 of the file has no value in the key column"}},
			{"key=note", "id,dose\n2,1\n", "column_not_found", []string{"key=note"}},
			{"key=id", "id,dosis\n2,1\n", "schema_mismatch", []string{`"dosis"`}},
		} {
			s.do("POST", s.path("/data", tt.query), tt.file, "Content-Type: text/csv").refused(http.StatusUnprocessableEntity, tt.code, tt.says...)
		}
		s.do("PUT", s.path("/data", "key=id", "key=site"), "id,site\n1,2\n", "Content-Type: text/csv").refused(http.StatusBadRequest, "invalid_parameter", "key is given 2 times")
	}},
	{"eight clients that expect what they have seen overwrite nothing unseen", func(c *client) {
		const clients, columns, rows = 8, 10, 10
		names := make([]string, columns)
		for i := range names {
			names[i] = fmt.Sprintf("c%d", i)
		}
		zeros := strings.Repeat(strings.Repeat("0,", columns-1)+"0\n", rows)
		s := c.create(strings.Join(names, ",") + "\n" + zeros)
		var requests []func() *answer
		for client := range clients {
			requests = append(requests, func() (last *answer) {
				for i := range rows {
					if last = s.countUp(names, (i+client)%rows); last.status != http.StatusOK {
						return last
					}
				}
				return last
			})
		}
		for client, status := range c.together(requests...) {
			if status != http.StatusOK {
				c.Errorf("client %d: status %d", client, status)
			}
		}
		for row, cells := range s.page().Data.Data {
			for i, cell := range cells {
				if cell != float64(clients) {
					c.Errorf("row %d, column %d: %v, although %d clients counted it up", row, i, cell, clients)
				}
			}
		}
	}},
}

// countUp adds 1 to the cells of a row. It expects zeros at first, and then what it is told that there is.
func (s *sess) countUp(columns []string, row int) (a *answer) {
	seen := map[string]float64{}
	for range 1000 {
		var cells []op
		for _, name := range columns {
			cells = append(cells, op{"row": row, "column": name, "value": seen[name] + 1, "expect": seen[name]})
		}
		a = s.insist("PATCH", "/data", op{"operations": []op{{"op": "set_values", "cells": cells}}})
		if a.status != http.StatusPreconditionFailed {
			break
		}
		for _, cell := range a.changedCells() {
			seen[cell.Column] = cell.Current.(float64)
		}
	}
	return a
}
