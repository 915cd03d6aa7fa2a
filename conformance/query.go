//go:build !js

package conformance

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// visits is a table with a missing value, and with equal values in each column that is sorted by.
const visits = "id,site,dose,visit\n1,A,0.5,3\n2,B,1.5,1\n3,A,,2\n4,C,2.5,1\n5,A,0.9,9\n6,b,0.7,2\n"

// queryPage is the page of a query with orient=split.
type queryPage struct {
	pageDocument
	MatchedRows int            `json:"matched_rows"`
	Groups      int            `json:"groups"`
	Next        *string        `json:"next"`
	NextQuery   map[string]any `json:"next_query"`
	RowNumbers  []int          `json:"row_numbers"`
}

// comparison is a condition on a column.
func comparison(column, cmp string, value any) map[string]any {
	return map[string]any{"column": column, "cmp": cmp, "value": value}
}

// query asks with POST and orient=split.
func (s *sess) query(q op) (p queryPage) {
	s.Helper()
	s.do("POST", s.path("/data/query", "orient=split"), q).is(http.StatusOK).decode(&p)
	return p
}

// refine returns q with other members.
func refine(q op, members map[string]any) op {
	out := op{}
	for _, m := range []map[string]any{q, members} {
		for name, value := range m {
			out[name] = value
		}
	}
	return out
}

var queryTests = []test{
	{"the page of a query has every member and header", func(c *client) {
		s := c.create(visits)
		where := `{"column":"site","cmp":"eq","value":"A"}`
		a := s.get("/data", "where="+where, "sort=-visit,site", "limit=2").golden("query_get.json")
		a.has("Edgeframe-Total-Rows", "6").has("Edgeframe-Matched-Rows", "3").has("Edgeframe-Version", "1").has("Content-Type", "application/json")
		s.do("POST", s.path("/data/query"), op{"group": map[string]any{"by": []string{"site"}, "aggregates": []any{
			map[string]any{"fn": "count"}, map[string]any{"column": "dose", "fn": "mean", "as": "dose"},
		}}, "sort": []string{"-count", "site"}, "limit": 2}).is(http.StatusOK).golden("query_group.json")
	}},
	{"GET, QUERY and POST give the same answer in every format", func(c *client) {
		s := c.create(visits)
		where := comparison("dose", "gt", 0.6)
		text := `where={"column":"dose","cmp":"gt","value":0.6}`
		doc := op{"where": where, "sort": "-visit,id", "offset": 1, "limit": 2, "columns": []string{"visit", "id"}}
		for _, format := range fileFormats {
			get := s.get("/data", "format="+format, text, "sort=-visit,id", "offset=1", "limit=2", "column=visit", "column=id")
			if format != "json" {
				got := c.upload(strings.Split(get.header.Get("Content-Type"), ";")[0], get.body, "filename=x."+format).cells()
				if want := "[2,6]\n[1,2]"; got != want {
					c.Errorf("%s: %s, want %s", format, got, want)
				}
			}
			for _, method := range []string{"QUERY", "POST"} {
				path := s.path("/data", "format="+format)
				if method == "POST" {
					path = s.path("/data/query", "format="+format)
				}
				a := s.do(method, path, doc).is(http.StatusOK)
				a.has("Edgeframe-Matched-Rows", "4").has("Content-Disposition", get.header.Get("Content-Disposition"))
				if format == "json" {
					// The link and the tag of GET have the condition as it was written there.
					var p queryPage
					s.do(method, path+"&orient=split", doc).is(http.StatusOK).decode(&p)
					if fmt.Sprint(p.Data.Data) != "[[2 6] [1 2]]" || fmt.Sprint(p.RowNumbers) != "[5 1]" || p.MatchedRows != 4 || p.Next == nil {
						c.Errorf("%s: %+v", method, p)
					}
				} else if !bytes.Equal(a.body, get.body) && format != "xlsx" {
					c.Errorf("%s: %s and GET differ", format, method)
				}
			}
		}
	}},
	{"a query without condition and order has the whole table, and a page without them is as before", func(c *client) {
		s := c.create(visits)
		p := s.query(op{})
		if p.MatchedRows != 6 || p.ReturnedRows != 6 || !slices.Equal(p.RowNumbers, []int{0, 1, 2, 3, 4, 5}) || p.Next != nil || p.NextQuery != nil {
			c.Errorf("%+v", p)
		}
		a := s.get("/data", "where=", "sort=")
		if plain := s.get("/data"); string(a.body) != string(plain.body) || bytes.Contains(plain.body, []byte("matched_rows")) || plain.header.Get("Edgeframe-Matched-Rows") != "" {
			c.Errorf("%s, without parameters %s", a.body, plain.body)
		}
	}},
	{"following next and next_query yields every selected row once, of one version", func(c *client) {
		s := c.create(numbers(40_000))
		q := op{"where": comparison("word", "in", []string{"w3", "w5"}), "sort": []string{"-n"}, "columns": []string{"n"}, "limit": 3000}
		var want []int
		for n := 39_999; n >= 0; n-- {
			if n%7 == 3 || n%7 == 5 {
				want = append(want, n)
			}
		}
		var byQuery, byLink []int
		p := s.query(q)
		link := p.Next
		for pages := 0; ; pages++ {
			byQuery = append(byQuery, p.RowNumbers...)
			if p.Version != 1 || p.MatchedRows != len(want) || pages > 10 {
				c.Fatalf("version %d, %d rows, page %d", p.Version, p.MatchedRows, pages)
			}
			for i, row := range p.Data.Data {
				if row[0] != float64(p.RowNumbers[i]) {
					c.Fatalf("row %d is %v", p.RowNumbers[i], row)
				}
			}
			if p.NextQuery == nil {
				break
			}
			s.edit(op{"op": "delete_rows", "rows": []int{0}})
			p = s.query(refine(q, p.NextQuery))
			if pages == c.target.MaxVersions-2 {
				break // Version 1 is about to be dropped.
			}
		}
		byLink = append(byLink, want[:3000]...)
		for i := 0; link != nil && i < 2; i++ {
			var p queryPage
			a := s.do("GET", *link, nil).is(http.StatusOK)
			a.decode(&p)
			byLink = append(byLink, p.RowNumbers...)
			if header := c.nextLink(a); p.Next == nil || header != *p.Next || !strings.Contains(header, "version=1") {
				c.Fatalf("next is %v, the link %s", p.Next, header)
			}
			link = p.Next
		}
		if !slices.Equal(byQuery[:6000], want[:6000]) || !slices.Equal(byLink, want[:9000]) {
			c.Errorf("%d rows by query, %d by link, want those of %d", len(byQuery), len(byLink), len(want))
		}
	}},
	{"an edit by row_numbers of a filtered and sorted page hits the rows that are shown", func(c *client) {
		s := c.create(visits)
		p := s.query(op{"where": comparison("site", "eq", "A"), "sort": "-dose", "columns": []string{"id"}})
		if fmt.Sprint(p.Data.Data, p.RowNumbers) != "[[5] [1] [3]] [4 0 2]" {
			c.Fatalf("%v at %v", p.Data.Data, p.RowNumbers)
		}
		s.edit(op{"op": "set_values", "column": "visit", "rows": p.RowNumbers[:2], "values": []int{70, 71}})
		got := s.query(op{"where": comparison("visit", "ge", 70), "sort": "visit", "columns": []string{"id", "visit"}})
		if fmt.Sprint(got.Data.Data) != "[[5 70] [1 71]]" || got.Version != 2 {
			c.Errorf("%v of version %d", got.Data.Data, got.Version)
		}
		// The selection of the version before stays what it was.
		if old := s.query(op{"where": comparison("visit", "ge", 70), "version": 1}); old.MatchedRows != 0 {
			c.Errorf("%d rows of version 1", old.MatchedRows)
		}
	}},
	{"conditions that differ in case only select different rows", func(c *client) {
		s := c.create(visits)
		for range 2 {
			plain := s.query(op{"where": comparison("site", "eq", "b")})
			folded := s.query(op{"where": refine(comparison("site", "eq", "b"), op{"ignore_case": true})})
			if !slices.Equal(plain.RowNumbers, []int{5}) || !slices.Equal(folded.RowNumbers, []int{1, 5}) {
				c.Errorf("%v and %v", plain.RowNumbers, folded.RowNumbers)
			}
		}
	}},
	{"a long selection comes as a file, in its order", func(c *client) {
		s := c.create(numbers(50_000))
		for sort, first := range map[string]string{"n": "0,0\n", "-n": "49998,2499800004\n"} {
			a := s.do("POST", s.path("/data/query", "format=csv"), op{"columns": []string{"n", "square"}, "where": comparison("word", "ne", "w5"), "sort": sort}).is(http.StatusOK)
			lines := strings.SplitAfter(string(a.body), "\n")
			if len(lines) != 2+42_857 || lines[1] != first {
				c.Errorf("sort=%s: %d lines, the first is %s", sort, len(lines), lines[1])
			}
			a.has("Edgeframe-Matched-Rows", "42857")
		}
	}},
	{"groups are pages too", func(c *client) {
		s := c.create(numbers(1000))
		q := op{"group": map[string]any{"by": []string{"word"}, "aggregates": []any{map[string]any{"fn": "count"}}}, "where": comparison("n", "lt", 700), "sort": "-word", "limit": 3}
		var words []any
		for {
			p := s.query(q)
			if p.MatchedRows != 700 || p.Groups != 7 || p.TotalRows != 1000 || p.Next != nil || p.RowNumbers != nil {
				c.Fatalf("%+v", p)
			}
			for _, row := range p.Data.Data {
				words = append(words, row[0])
				if row[1] != 100.0 {
					c.Errorf("%v", row)
				}
			}
			if p.NextQuery == nil {
				break
			}
			q = refine(q, p.NextQuery)
		}
		if diff := cmp.Diff([]any{"w6", "w5", "w4", "w3", "w2", "w1", "w0"}, words); diff != "" {
			c.Error(diff)
		}
	}},
	{"a histogram and distinct values are documents", func(c *client) {
		s := c.create(visits)
		s.do("POST", s.path("/data/query"), op{"histogram": op{"column": "visit", "bins": 4}, "where": comparison("id", "le", 5)}).is(http.StatusOK).golden("query_histogram.json")
		s.do("QUERY", s.path("/data"), op{"distinct": op{"column": "site", "limit": 2}, "where": comparison("id", "ne", 2)}).is(http.StatusOK).golden("query_distinct.json")
	}},
	{"cells that are missing on purpose are no values of groups, histograms and distinct values", func(c *client) {
		s := c.create("k,x\na,1\na,\nb,3\n")
		s.mark("PUT", marks{"x": {1}, "k": {2}})
		p := s.query(op{"group": op{"by": []string{"k"}, "aggregates": []op{{"fn": "count", "column": "x"}}}})
		if got, want := fmt.Sprint(p.Data.Data), "[[a 1] [<nil> 1]]"; got != want {
			c.Errorf("%s, want %s", got, want)
		}
		a := s.do("POST", s.path("/data/query"), op{"distinct": op{"column": "k"}}).is(http.StatusOK)
		if !bytes.Contains(a.body, []byte(`"values":[{"value":"a","count":2}],"distinct":1,"missing":1`)) {
			c.Errorf("%s", a.body)
		}
	}},
	{"the answer to a query is not sent again to those who have it", func(c *client) {
		s := c.create(visits)
		path := s.path("/data", `where={"column":"dose","cmp":"gt","value":0.6}`)
		etag := s.do("GET", path, nil).is(http.StatusOK).header.Get("ETag")
		s.do("GET", path, nil, "If-None-Match: "+etag).is(http.StatusNotModified)
		s.do("HEAD", path, nil).is(http.StatusOK).has("ETag", etag).has("Edgeframe-Total-Rows", "6")
		s.do("GET", path+"&sort=id", nil, "If-None-Match: "+etag).is(http.StatusOK)
		doc := op{"where": comparison("dose", "gt", 0.6)}
		etag = s.do("QUERY", s.path("/data"), doc).is(http.StatusOK).header.Get("ETag")
		s.do("QUERY", s.path("/data"), doc, "If-None-Match: "+etag).is(http.StatusNotModified)
		s.do("POST", s.path("/data/query"), doc, "If-None-Match: "+etag).is(http.StatusOK).has("ETag", etag)
		s.edit(op{"op": "set_values", "column": "dose", "rows": []int{0}, "value": 3})
		s.do("QUERY", s.path("/data"), doc, "If-None-Match: "+etag).is(http.StatusOK)
	}},
	{"pages of allowed origins may send QUERY and read the number of rows", func(c *client) {
		s := c.create(visits)
		a := s.do("OPTIONS", s.path("/data"), nil, "Origin: "+c.target.Origin, "Access-Control-Request-Method: QUERY", "Access-Control-Request-Headers: content-type")
		a.is(http.StatusNoContent).has("Access-Control-Allow-Methods", "QUERY")
		a = s.do("QUERY", s.path("/data"), op{}, "Origin: "+c.target.Origin).is(http.StatusOK)
		if !strings.Contains(a.header.Get("Access-Control-Expose-Headers"), "Edgeframe-Matched-Rows") {
			c.Errorf("exposed are %s", a.header.Get("Access-Control-Expose-Headers"))
		}
		s.do("QUERY", s.path("/data"), op{}, "Origin: https://elsewhere.example", "Sec-Fetch-Site: cross-site").refused(http.StatusForbidden, "cross_origin")
	}},
	{"a query that makes no sense is refused with what is accepted", func(c *client) {
		s := c.create(visits)
		deep := func(levels int) string {
			return `{"where":` + strings.Repeat(`{"not":`, levels) + `{"column":"id","cmp":"eq","value":1}` + strings.Repeat("}", levels+1)
		}
		for _, tt := range []struct {
			body   string
			status int
			code   string
			says   []string
		}{
			{``, 422, "malformed_input", []string{"empty"}},
			{`[]`, 422, "malformed_input", []string{"object"}},
			{`{"where":`, 422, "malformed_input", []string{"cannot be read"}},
			{`{"limit":1}{}`, 422, "malformed_input", []string{"goes on"}},
			{`{"filter":{}}`, 422, "invalid_query", []string{`"filter"`, "where"}},
			{`{"limit":-1}`, 422, "invalid_query", []string{"limit", "-1"}},
			{`{"limit":10001}`, 422, "invalid_query", []string{"10001", "10000"}},
			{`{"version":9}`, 404, "version_not_found", []string{"9"}},
			{`{"columns":[]}`, 422, "invalid_query", []string{"columns is empty"}},
			{`{"columns":["nobody"]}`, 422, "column_not_found", []string{`"nobody"`}},
			{`{"columns":["id","id"]}`, 422, "invalid_query", []string{`"id"`, "twice"}},
			{`{"where":{"column":"nobody","cmp":"eq","value":1}}`, 422, "column_not_found", []string{`"nobody"`}},
			{`{"where":{"column":"id","cmp":"like","value":1}}`, 422, "invalid_query", []string{`"like"`, "starts_with"}},
			{deep(64), 422, "invalid_query", []string{"nested"}},
			{deep(1000), 422, "malformed_input", []string{"nested deeper than"}},
			{`{"sort":["id","id"]}`, 422, "invalid_query", []string{"twice"}},
			{`{"sort":[{"column":"nobody"}]}`, 422, "column_not_found", []string{`"nobody"`}},
			{`{"histogram":{"column":"id"},"distinct":{"column":"id"}}`, 422, "invalid_query", []string{"group, histogram and distinct"}},
			{`{"histogram":{"column":"id"},"limit":3}`, 422, "invalid_query", []string{"bins"}},
		} {
			s.do("POST", s.path("/data/query"), tt.body).refused(tt.status, tt.code, tt.says...)
			s.do("QUERY", s.path("/data"), tt.body).refused(tt.status, tt.code, tt.says...)
		}
		for _, tt := range []struct{ params, code, says string }{
			{"where=nonsense", "invalid_query", "where"},
			{"where=" + url.QueryEscape(`{"column":"id"}`), "invalid_query", "cmp"},
			{"sort=" + url.QueryEscape("id,,dose"), "invalid_query", "empty name"},
			{"sort=nobody", "column_not_found", `"nobody"`},
		} {
			s.do("GET", s.path("/data")+"?"+tt.params, nil).refused(http.StatusUnprocessableEntity, tt.code, tt.says)
		}
		s.do("GET", s.path("/data")+"?sort=id&sort=dose", nil).refused(http.StatusBadRequest, "invalid_parameter", "once")
		s.do("POST", s.path("/data/query", "limit=3"), op{}).refused(http.StatusBadRequest, "invalid_parameter", `"limit"`)
		s.do("POST", s.path("/data/query", "format=csv"), op{"distinct": op{"column": "id"}}).refused(http.StatusNotAcceptable, "not_acceptable", "json")
	}},
}

// from asks for a session of a query.
func from(s *sess, q op) op { return op{"from": op{"session": s.id, "query": q}} }

// fromTests are about sessions that are made of a query.
var fromTests = []test{
	{"a session is made of the rows that a query selects, in their order", func(c *client) {
		s := c.create(visits, "filename=visits.csv")
		q := op{"where": comparison("dose", "gt", 0.6), "sort": "-visit,id", "columns": []string{"id", "visit"}}
		a := c.do("POST", "/api/v1/sessions?ttl_seconds=77", from(s, q)).is(http.StatusCreated).golden("query_from.json")
		doc := a.session()
		if a.header.Get("Location") != "/api/v1/sessions/"+doc.SessionID || doc.TTLSeconds != 77 || doc.Filename != "visits.csv" {
			c.Errorf("%s: %s", a.header.Get("Location"), a.body)
		}
		made := &sess{client: c, id: doc.SessionID}
		if got, want := made.cells(), "[5,9]\n[6,2]\n[2,1]\n[4,1]"; got != want {
			c.Errorf("%s, want %s", got, want)
		}
		s.do("DELETE", s.path(""), nil).is(http.StatusNoContent)
		made.edit(op{"op": "set_values", "column": "id", "rows": []int{0}, "value": 50})
	}},
	{"a session of a query is of the version that is named, and groups are rows", func(c *client) {
		s := c.create(visits)
		s.edit(op{"op": "drop_columns", "columns": []string{"dose"}})
		doc := c.do("POST", "/api/v1/sessions?filename=a/b.csv", op{"from": op{"session": s.id, "version": 1}}).is(http.StatusCreated).session()
		if doc.Shape != [2]int{6, 4} || doc.Filename != "b.csv" || doc.From["version"] != 1.0 {
			c.Errorf("%+v", doc)
		}
		group := op{"group": op{"by": []string{"site"}, "aggregates": []op{{"fn": "count"}}}}
		doc = c.do("POST", "/api/v1/sessions", from(s, group)).is(http.StatusCreated).session()
		if got, want := (&sess{client: c, id: doc.SessionID}).cells(), `["A",3]`+"\n"+`["B",1]`+"\n"+`["C",1]`+"\n"+`["b",1]`; got != want {
			c.Errorf("%s, want %s", got, want)
		}
	}},
	{"a long selection becomes a session that edits and pages as any other", func(c *client) {
		s := c.create(numbers(300_000))
		doc := c.do("POST", "/api/v1/sessions", from(s, op{"where": comparison("n", "ge", 10), "columns": []string{"n"}, "sort": "-n"})).is(http.StatusCreated).session()
		if doc.Shape != [2]int{299_990, 1} {
			c.Fatalf("%+v", doc.Shape)
		}
		made := &sess{client: c, id: doc.SessionID}
		if got := made.cells("offset=299989"); got != "[10]" {
			c.Error(got)
		}
	}},
	{"a document from that makes no sense is refused, and files that look like it are files", func(c *client) {
		s := c.create(visits)
		for _, tt := range []struct {
			body   any
			status int
			code   string
			says   []string
		}{
			{op{"from": op{"session": "7d2ff2b6-8f3c-4c2d-9f5e-2f8f1b8b7a11"}}, 404, "session_not_found", []string{"7d2ff2b6"}},
			{op{"from": op{"session": "nobody"}}, 400, "invalid_parameter", []string{"nobody"}},
			{op{"from": op{"query": op{}}}, 422, "malformed_input", []string{`"session"`}},
			{`{"from":{"session":"` + s.id + `","query":[]}}`, 422, "malformed_input", []string{`"query"`, "object"}},
			{op{"from": op{"session": s.id, "wanted": 1}}, 422, "malformed_input", []string{"wanted"}},
			{op{"from": op{"session": s.id}, "ttl_seconds": 3}, 422, "malformed_input", []string{"ttl_seconds"}},
			{op{"from": op{"session": s.id, "version": 7}}, 404, "version_not_found", []string{"7"}},
			{from(s, op{"where": comparison("nobody", "eq", 1)}), 422, "column_not_found", []string{"nobody"}},
			{from(s, op{"version": 1}), 422, "malformed_input", []string{"beside the query"}},
			{from(s, op{"distinct": op{"column": "id"}}), 422, "malformed_input", []string{"documents"}},
			{from(s, op{"columns": []string{}}), 422, "invalid_query", []string{"columns is empty"}},
		} {
			c.do("POST", "/api/v1/sessions", tt.body, "Content-Type: "+jsonType).refused(tt.status, tt.code, tt.says...)
		}
		c.do("POST", "/api/v1/sessions?dtype=id:utf8", from(s, op{})).refused(http.StatusBadRequest, "invalid_parameter", "dtype", "ttl_seconds")
		for _, file := range []string{`[{"from":{"session":"x"}}]`, `{"from":["x"],"session":["y"]}`, `{"from":{"session":1},"to":{"session":2}}`, `{"from":{"site":"x"}}`} {
			if doc := c.do("POST", "/api/v1/sessions", file, "Content-Type: "+jsonType).is(http.StatusCreated).session(); doc.Upload == nil {
				c.Errorf("%s: %+v", file, doc)
			}
		}
	}},
}
