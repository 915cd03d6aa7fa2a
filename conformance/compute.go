//go:build !js

package conformance

import (
	"net/http"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// computeTests are about the operation compute.
var computeTests = []test{
	{"compute sets and adds columns", func(c *client) {
		s := c.create(people)
		s.do("PUT", s.path("/missing"), `{"age":[1],"score":[2]}`).is(http.StatusOK)
		ops := []op{
			{"op": "compute", "column": "ratio", "expression": "score / age"},
			{"op": "compute", "column": "age", "expression": "coalesce(age, 40) + 1", "dtype": "int8"},
			{"op": "compute", "column": "name", "expression": "if_else(active || age > 40, upper(name), name + \"?\")"},
		}
		var dry dryRunDocument
		s.do("PATCH", s.path("/data", "dry_run=true"), op{"operations": ops}).is(http.StatusOK).golden("dry_run_compute.json").decode(&dry)
		if dry.RowsAffected != 4 {
			c.Errorf("%+v", dry)
		}
		s.isPeople()
		doc := s.edit(ops...)
		want := "[\"ANN\",32,1.5,true,0.04838709677419355]\n[\"BOB\",41,2.25,false,null]\n[\"CID\",48,null,true,null]\n[null,29,4.0,null,0.14285714285714285]"
		if diff := cmp.Diff(want, s.cells()); diff != "" || doc.Shape != [2]int{4, 5} {
			c.Error(doc.Shape, diff)
		}
		s.areMarked(marks{"score": {2}})
		s.post("/undo")
		s.isPeople()
		s.areMarked(marks{"age": {1}, "score": {2}})
	}},
	{"compute computes with every type", func(c *client) {
		s := c.create("i,f,t,d\n1,0.5,a,2024-02-29\n-7,,É b,2026-01-18\n,2.5,,\n")
		for _, tt := range []struct{ expression, want string }{
			{"i % 3 + floor_divide(i, 2)", "1,-2,null"},
			{"i / (i - 1)", "null,0.875,null"},
			{"round(f * 3)", "2.0,null,8.0"},
			{"i<-1 || f > 1", "false,true,true"},
			{"length(t) + length(upper(concat(t, \"ß\")))", "3,7,null"},
			{"year(d) * 100 + month(d)", "202402,202601,null"},
			{"d - \"2024-02-28\"", "1,690,null"},
			{"d + 1", `"2024-03-01","2026-01-19",null`},
			{"utf8(f) + \"x\"", `"0.5x",null,"2.5x"`},
			{"power(2.0, i)", "2.0,0.0078125,null"},
		} {
			s.edit(op{"op": "compute", "column": "out", "expression": tt.expression}, op{"op": "select_columns", "columns": []string{"out"}})
			got := strings.NewReplacer("[", "", "]", "", "\n", ",").Replace(s.cells())
			if got != tt.want {
				c.Errorf("%s: %s, want %s", tt.expression, got, tt.want)
			}
			s.post("/undo")
		}
	}},
	{"an expression that cannot be computed changes nothing", func(c *client) {
		s := c.create(people)
		for _, tt := range []struct {
			expression, dtype string
			code, says        string
		}{
			{"agee * 2", "", "column_not_found", `character 1 of the expression: there is no column "agee" in this table; did you mean "age"?`},
			{"age > 1 and active", "", "invalid_operation", "instead of and, write &&"},
			{"age + ", "", "invalid_operation", "a value is missing before the end"},
			{"age + name", "", "invalid_operation", "+ does not take int64 and utf8"},
			{"rond(age)", "", "invalid_operation", "did you mean round?"},
			{"age + 9223372036854775776", "", "invalid_operation", "row 2: the result is beyond int64"},
			{"age / 2", "int64", "schema_mismatch", `the value "15.5" of row 0 does not fit int64`},
			{strings.Repeat("(", 2000) + "age" + strings.Repeat(")", 2000), "", "invalid_operation", "nested more than 64 deep"},
		} {
			one := op{"op": "compute", "column": "out", "expression": tt.expression}
			if tt.dtype != "" {
				one["dtype"] = tt.dtype
			}
			s.patch(one).refused(http.StatusUnprocessableEntity, tt.code, tt.says)
		}
		s.isPeople()
	}},
}
