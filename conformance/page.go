//go:build !js

package conformance

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// numbers is a table of n rows: the row's position, its square, and a word.
func numbers(n int) string {
	var b strings.Builder
	b.WriteString("n,square,word\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,%d,w%d\n", i, i*i, i%7)
	}
	return b.String()
}

var pageTests = []test{
	{"a page has every member and header", func(c *client) {
		s := c.create(people)
		a := s.get("/data").golden("page.json")
		a.has("Content-Type", "application/json").has("Edgeframe-Version", "1").has("Edgeframe-Total-Rows", "4").has("Link", "")
		a.has("Content-Length", strconv.Itoa(len(a.body))).has("Edgeframe-Revision", s.get("").header.Get("Edgeframe-Revision"))
	}},
	{"the shapes of a page are records, columns and split", func(c *client) {
		s := c.create(people)
		for _, orient := range []string{"records", "columns", "split"} {
			s.get("/data", "orient="+orient).golden("page_" + orient + ".json")
		}
	}},
	{"100 rows are sent unless limit says otherwise", func(c *client) {
		s := c.create(numbers(250))
		if p := s.page(); p.ReturnedRows != 100 || p.TotalRows != 250 || len(p.Data.Data) != 100 {
			c.Errorf("%d of %d rows", p.ReturnedRows, p.TotalRows)
		}
	}},
	{"offset and limit choose rows", func(c *client) {
		s := c.create(numbers(20))
		for _, tt := range []struct{ offset, limit, first, rows int }{
			{0, 1, 0, 1},
			{19, 1, 19, 1},
			{18, 10, 18, 2},
			{5, 10, 5, 10},
			{0, 10_000, 0, 20},
			{0, 0, 0, 0},
			{20, 10, 0, 0},
			{1_000_000, 10, 0, 0},
			{9_223_372_036_854_775_807, 10_000, 0, 0},
		} {
			p := s.page(fmt.Sprintf("offset=%d", tt.offset), fmt.Sprintf("limit=%d", tt.limit))
			if p.ReturnedRows != tt.rows || len(p.Data.Data) != tt.rows || p.Offset != tt.offset || p.TotalRows != 20 {
				c.Errorf("offset=%d limit=%d: %d rows of %d from %d", tt.offset, tt.limit, p.ReturnedRows, p.TotalRows, p.Offset)
			} else if tt.rows > 0 && p.Data.Data[0][0] != float64(tt.first) {
				c.Errorf("offset=%d limit=%d begins with %v", tt.offset, tt.limit, p.Data.Data[0])
			}
		}
	}},
	{"following the next links yields every row once", func(c *client) {
		s := c.create(numbers(257))
		next, seen, pages := s.path("/data", "limit=50", "orient=split", "column=word", "column=n"), 0, 0
		for ; next != ""; pages++ {
			a := s.do("GET", next, nil).is(http.StatusOK)
			var p pageDocument
			a.decode(&p)
			for _, row := range p.Data.Data {
				if want := []any{fmt.Sprintf("w%d", seen%7), float64(seen)}; !cmp.Equal(row, want) {
					c.Fatalf("row %d is %v, want %v", seen, row, want)
				}
				seen++
			}
			next = c.nextLink(a)
		}
		if seen != 257 || pages != 6 {
			c.Errorf("%d rows on %d pages", seen, pages)
		}
	}},
	{"the next link of a file leads on to the rest of the file", func(c *client) {
		s := c.create(numbers(10))
		a := s.get("/data", "format=csv", "limit=6")
		rest := s.do("GET", c.nextLink(a), nil).is(http.StatusOK)
		if got, want := string(rest.body), "n,square,word\n6,36,w6\n7,49,w0\n8,64,w1\n9,81,w2\n"; got != want {
			c.Errorf("got %q", got)
		}
		if link := rest.header.Get("Link"); link != "" {
			c.Errorf("the last page has the link %s", link)
		}
	}},
	{"a page of rows over row groups is in order", func(c *client) {
		s := c.create(numbers(40_000))
		for _, offset := range []int{16_380, 32_760} {
			p := s.page(fmt.Sprintf("offset=%d", offset), "limit=10", "column=n")
			for i, row := range p.Data.Data {
				if row[0] != float64(offset+i) {
					c.Errorf("row %d is %v", offset+i, row)
				}
			}
			if p.ReturnedRows != 10 {
				c.Errorf("%d rows", p.ReturnedRows)
			}
		}
	}},
	{"column chooses columns in the order given", func(c *client) {
		s := c.create(people)
		p := s.page("column=score", "column=name")
		if diff := cmp.Diff([]string{"score", "name"}, p.Columns); diff != "" {
			c.Error(diff)
		}
		if diff := cmp.Diff(map[string]string{"score": "float64", "name": "utf8"}, p.DTypes); diff != "" {
			c.Error(diff)
		}
		if diff := cmp.Diff([]any{1.5, "Ann"}, p.Data.Data[0]); diff != "" {
			c.Error(diff)
		}
	}},
	{"version reads a kept version", func(c *client) {
		s := c.create(people)
		s.edit(op{"op": "drop_columns", "columns": []string{"age", "score"}})
		if got := s.cells("version=1"); got != peopleCells {
			c.Error(got)
		}
		s.get("/data", "version=1").has("Edgeframe-Version", "1")
		s.get("/data").has("Edgeframe-Version", "2")
	}},
	{"HEAD of a page has the headers of GET", func(c *client) {
		s := c.create(numbers(250))
		get := s.get("/data")
		head := s.do("HEAD", s.path("/data"), nil).is(http.StatusOK)
		for _, name := range []string{"ETag", "Link", "Edgeframe-Version", "Edgeframe-Total-Rows", "Edgeframe-Revision", "Content-Type"} {
			head.has(name, get.header.Get(name))
		}
		if len(head.body) != 0 || get.header.Get("Link") == "" {
			c.Errorf("%d bytes, link %q", len(head.body), get.header.Get("Link"))
		}
	}},
	{"NaN and infinities are null in JSON", func(c *client) {
		s := c.create("x,y\n1.5,a\nInfinity,b\n-Infinity,c\n2.5,d\n", "null_values=")
		if s.made.DTypes["x"] != "float64" {
			c.Fatalf("dtype %s", s.made.DTypes["x"])
		}
		if got := s.cells("column=x"); got != "[1.5]\n[null]\n[null]\n[2.5]" {
			c.Error(got)
		}
	}},
	{"what cannot be read is refused and the range is named", func(c *client) {
		s := c.create(people)
		for _, tt := range []struct {
			params string
			status int
			code   string
			says   []string
		}{
			{"limit=-1", 400, "invalid_parameter", []string{"limit=-1", "0 to 10000"}},
			{"limit=10001", 400, "invalid_parameter", []string{"10001", "10000"}},
			{"limit=ten", 400, "invalid_parameter", []string{"limit=ten", "whole number"}},
			{"limit=", 400, "invalid_parameter", []string{"limit=", "whole number"}},
			{"limit=1.5", 400, "invalid_parameter", []string{"limit=1.5", "whole number"}},
			{"offset=-1", 400, "invalid_parameter", []string{"offset=-1", "from 0"}},
			{"offset=99999999999999999999", 400, "invalid_parameter", []string{"offset", "whole number"}},
			{"version=0", 400, "invalid_parameter", []string{"version=0", "from 1"}},
			{"version=9", 404, "version_not_found", []string{"9", "version 1 is"}},
			{"column=nobody", 422, "column_not_found", []string{`"nobody"`}},
			{"column=name&column=", 422, "column_not_found", []string{`""`}},
			{"column=Name", 422, "column_not_found", []string{`"Name"`}},
			{"format=docx", 400, "invalid_parameter", []string{"docx", "json", "csv"}},
			{"orient=index", 400, "invalid_parameter", []string{"index", "records", "columns", "split"}},
			{"limt=5", 400, "invalid_parameter", []string{`"limt"`, "limit"}},
			{"limit=5&limit=6", 400, "invalid_parameter", []string{"limit", "once"}},
			{"limit=%zz", 400, "invalid_parameter", []string{"query"}},
		} {
			s.do("GET", s.path("/data")+"?"+tt.params, nil).refused(tt.status, tt.code, tt.says...)
		}
	}},
	{"limit has no maximum in files", func(c *client) {
		s := c.create(numbers(12_000))
		a := s.get("/data", "format=csv", "limit=11000")
		if rows := strings.Count(string(a.body), "\n") - 1; rows != 11_000 {
			c.Errorf("%d rows", rows)
		}
	}},
}

var nextPattern = regexp.MustCompile(`^<([^>]+)>; rel="next"$`)

// nextLink returns the path of the next page, empty if there is none.
func (c *client) nextLink(a *answer) string {
	c.Helper()
	link := a.header.Get("Link")
	if link == "" {
		return ""
	}
	m := nextPattern.FindStringSubmatch(link)
	if m == nil {
		c.Fatalf("Link %q is not a next link", link)
	}
	u, err := url.Parse(m[1])
	if err != nil {
		c.Fatal(err)
	}
	return u.RequestURI()
}
