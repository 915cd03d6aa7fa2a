//go:build !js

package conformance

import (
	"net/http"

	"github.com/google/go-cmp/cmp"
)

// messy is a table to be cleaned: missing cells, a row twice, numbers that are text.
const messy = "item,price,day,code\npear,2.5,2026-01-03,7\nfig,,2026-01-01,x\n,4.5,,8\npear,2.5,2026-01-03,7\nlime,,,9\n"

// cleaned checks the result of operations on messy.
func (c *client) cleaned(want string, effects []effectDocument, ops ...op) *sess {
	c.Helper()
	s := c.create(messy)
	doc := s.edit(ops...)
	if diff := cmp.Diff(want, string(s.get("/data", "format=csv").body)); diff != "" {
		c.Error(diff)
	}
	if diff := cmp.Diff(effects, doc.Operations); diff != "" {
		c.Error(diff)
	}
	return s
}

var cleanTests = []test{
	{"cast gives another type, and counts what it coerces", func(c *client) {
		s := c.cleaned("item,price,day,code\npear,2.5,2026-01-03T00:00:00,7\nfig,,2026-01-01T00:00:00,\n,4.5,,8\npear,2.5,2026-01-03T00:00:00,7\nlime,,,9\n",
			[]effectDocument{{"cast", 0, 5, 1}, {"cast", 0, 3, 0}},
			op{"op": "cast", "column": "code", "dtype": "int8", "errors": "coerce"},
			op{"op": "cast", "column": "day", "dtype": "timestamp[us]"})
		if diff := cmp.Diff(map[string]string{"item": "utf8", "price": "float64", "day": "timestamp[us]", "code": "int8"}, s.document().DTypes); diff != "" {
			c.Error(diff)
		}
		fresh := c.create(messy)
		fresh.do("PATCH", fresh.path("/data"), map[string]any{"operations": []op{{"op": "cast", "column": "code", "dtype": "int64"}}}).
			refused(http.StatusUnprocessableEntity, "schema_mismatch", `"x" of row 1`, "int64", "coerce")
	}},
	{"fill_missing fills by every method, but not what is marked", func(c *client) {
		for method, want := range map[string]string{
			"mean": "item,price\npear,2.5\nfig,\n,4.5\npear,2.5\nlime,3.1666666666666665\n", "median": "item,price\npear,2.5\nfig,\n,4.5\npear,2.5\nlime,2.5\n",
			"mode": "item,price\npear,2.5\nfig,\n,4.5\npear,2.5\nlime,2.5\n", "ffill": "item,price\npear,2.5\nfig,\n,4.5\npear,2.5\nlime,2.5\n",
			"bfill": "item,price\npear,2.5\nfig,\n,4.5\npear,2.5\nlime,\n", "linear": "item,price\npear,2.5\nfig,\n,4.5\npear,2.5\nlime,2.5\n",
		} {
			s := c.create(messy)
			s.do("PUT", s.path("/missing"), `{"price":[1]}`).is(http.StatusOK)
			s.edit(op{"op": "fill_missing", "columns": []string{"price"}, "method": method})
			if got := string(s.get("/data", "format=csv", "column=item", "column=price").body); got != want {
				c.Errorf("%s: %q, want %q", method, got, want)
			}
		}
		c.cleaned("item,price,day,code\npear,2.5,2026-01-03,7\nfig,3.5,2026-01-01,x\nplum,4.5,2026-01-02,8\npear,2.5,2026-01-03,7\nlime,2.5,2026-01-03,9\n",
			[]effectDocument{{"fill_missing", 0, 4, 0}, {"fill_missing", 0, 1, 0}},
			op{"op": "fill_missing", "columns": []string{"price", "day"}, "method": "linear"},
			op{"op": "fill_missing", "columns": []string{"item"}, "method": "constant", "value": "plum"})
	}},
	{"drop_missing drops rows, and marks follow the others", func(c *client) {
		s := c.create(messy)
		s.do("PUT", s.path("/missing"), `{"price":[4]}`).is(http.StatusOK)
		s.edit(op{"op": "drop_missing", "columns": []string{"item", "price"}})
		if got := string(s.get("/data", "format=csv").body); got != "item,price,day,code\npear,2.5,2026-01-03,7\npear,2.5,2026-01-03,7\nlime,,,9\n" {
			c.Error(got)
		}
		s.areMarked(marks{"price": {2}})
		s.post("/undo")
		s.areMarked(marks{"price": {4}})
		c.cleaned("item,price,day,code\npear,2.5,2026-01-03,7\nfig,,2026-01-01,x\n,4.5,,8\npear,2.5,2026-01-03,7\n",
			[]effectDocument{{"drop_missing", 1, 0, 0}}, op{"op": "drop_missing", "columns": []string{"price", "day"}, "how": "all"})
	}},
	{"drop_duplicates keeps the first, the last or none of equal rows", func(c *client) {
		c.cleaned("item,price,day,code\npear,2.5,2026-01-03,7\nfig,,2026-01-01,x\n,4.5,,8\nlime,,,9\n", []effectDocument{{"drop_duplicates", 1, 0, 0}}, op{"op": "drop_duplicates"})
		c.cleaned("item,price,day,code\nfig,,2026-01-01,x\n,4.5,,8\npear,2.5,2026-01-03,7\nlime,,,9\n", []effectDocument{{"drop_duplicates", 1, 0, 0}}, op{"op": "drop_duplicates", "keep": "last"})
		c.cleaned("item,price,day,code\nfig,,2026-01-01,x\n", []effectDocument{{"drop_duplicates", 4, 0, 0}}, op{"op": "drop_duplicates", "columns": []string{"day"}, "keep": "none"})
	}},
	{"sort is stable, by several columns, with missing values last", func(c *client) {
		c.cleaned("item,price,day,code\n,4.5,,8\npear,2.5,2026-01-03,7\npear,2.5,2026-01-03,7\nfig,,2026-01-01,x\nlime,,,9\n", []effectDocument{{"sort", 4, 0, 0}},
			op{"op": "sort", "by": []op{{"column": "price", "descending": true}, {"column": "day"}}})
	}},
	{"filter keeps the rows for which a condition holds", func(c *client) {
		c.cleaned("item,price,day,code\npear,2.5,2026-01-03,7\npear,2.5,2026-01-03,7\nlime,,,9\n", []effectDocument{{"filter", 2, 0, 0}},
			op{"op": "filter", "where": op{"or": []op{
				{"and": []op{{"column": "price", "cmp": "lt", "value": 3}, {"column": "day", "cmp": "gt", "value": "2026-01-02"}}},
				{"column": "item", "cmp": "contains", "value": "im"},
			}}})
		c.cleaned("item,price,day,code\nfig,,2026-01-01,x\n,4.5,,8\nlime,,,9\n", []effectDocument{{"filter", 2, 0, 0}},
			op{"op": "filter", "where": op{"not": op{"column": "item", "cmp": "in", "value": []any{"pear"}}}})
	}},
	{"a dry run counts and samples what would change, and changes nothing", func(c *client) {
		s := c.create(messy)
		before := s.state()
		var doc dryRunDocument
		s.do("PATCH", s.path("/data", "dry_run=true"), map[string]any{"operations": []op{
			{"op": "drop_duplicates"},
			{"op": "fill_missing", "columns": []string{"price"}, "method": "constant", "value": 1},
			{"op": "sort", "by": []op{{"column": "price"}}},
		}}).is(http.StatusOK).golden("dry_run_clean.json").decode(&doc)
		if doc.RowsBefore != 5 || doc.RowsAfter != 4 || doc.RowsAffected != 5 || doc.ShareLost != 0.2 {
			c.Errorf("%d rows before, %d after, %d affected, %v lost", doc.RowsBefore, doc.RowsAfter, doc.RowsAffected, doc.ShareLost)
		}
		if diff := cmp.Diff([]sampleDocument{{1, "price", nil, 1.0, false}, {3, "item", "pear", nil, true}, {4, "price", nil, 1.0, false}}, doc.Samples); diff != "" {
			c.Error(diff)
		}
		if diff := cmp.Diff(before, s.state()); diff != "" {
			c.Error(diff)
		}
	}},
	{"what cannot be cleaned is refused", func(c *client) {
		s := c.create(messy)
		before := s.state()
		for _, tt := range []struct {
			op   op
			code string
			says string
		}{
			{op{"op": "fill_missing", "columns": []string{"item"}, "method": "mean"}, "invalid_operation", "numbers and dates"},
			{op{"op": "fill_missing", "columns": []string{"none"}, "method": "mean"}, "column_not_found", `"none"`},
			{op{"op": "fill_missing", "columns": []string{"price"}, "method": "constant", "value": "x"}, "schema_mismatch", "float64"},
			{op{"op": "filter", "where": op{"column": "price", "cmp": "like", "value": 1}}, "invalid_operation", "contains"},
			{op{"op": "filter", "where": op{"column": "price", "cmp": "eq", "value": "1"}}, "schema_mismatch", "float64"},
			{op{"op": "sort", "by": []op{}}, "invalid_operation", "by is empty"},
			{op{"op": "drop_missing", "how": "some"}, "invalid_operation", "any or all"},
			{op{"op": "drop_duplicates", "keep": "some"}, "invalid_operation", "first, last or none"},
		} {
			s.do("PATCH", s.path("/data"), map[string]any{"operations": []op{tt.op}}).refused(http.StatusUnprocessableEntity, tt.code, tt.says)
		}
		if diff := cmp.Diff(before, s.state()); diff != "" {
			c.Error(diff)
		}
	}},
}
