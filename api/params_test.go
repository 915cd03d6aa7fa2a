package api

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/delimited"
	"edgeframe/codec/formats"
	"edgeframe/codec/scalar"
)

func TestParametersAreRefusedWithTheirName(t *testing.T) {
	f := newFixture(t)
	path := f.upload("a,b\n1,x\n")
	tests := []struct {
		name, method, target, body string
		want                       []string
	}{
		{"a misspelled one", "GET", path + "/data?limt=3", "", []string{`"limt"`, "column, offset, limit"}},
		{"any where there are none", "POST", path + "/undo?limit=3", "", []string{`"limit"`, "none"}},
		{"one given twice", "GET", path + "/data?limit=3&limit=4", "", []string{"limit", "2 times"}},
		{"a query that cannot be read", "GET", path + "/data?limit=%zz", "", []string{"query string"}},
		{"a semicolon in the query", "GET", path + "/data?limit=1;offset=2", "", []string{"query string"}},
		{"a negative limit", "GET", path + "/data?limit=-1", "", []string{"limit=-1", "0 to 10000"}},
		{"a limit over the maximum", "GET", path + "/data?limit=10001", "", []string{"limit=10001", "0 to 10000"}},
		{"a limit that is no number", "GET", path + "/data?limit=ten", "", []string{"limit=ten"}},
		{"an empty limit", "GET", path + "/data?limit=", "", []string{"limit="}},
		{"a limit beyond 64 bits", "GET", path + "/data?format=csv&limit=9223372036854775808", "", []string{"limit="}},
		{"a negative offset", "GET", path + "/data?offset=-1", "", []string{"offset=-1"}},
		{"version 0", "GET", path + "/data?version=0", "", []string{"version=0", "from 1"}},
		{"a version beyond 32 bits", "GET", path + "/data?version=4294967296", "", []string{"version="}},
		{"an unknown spelling of integers", "GET", path + "/data?int64=bigint", "", []string{"int64=bigint", "number or string"}},
		{"a spelling of integers for text", "GET", path + "/data?int64=string&format=csv", "", []string{"int64 is for json, ndjson and msgpack", "csv"}},
		{"an unknown orient", "GET", path + "/data?orient=sideways", "", []string{"orient=sideways", "records, columns or split"}},
		{"an unknown format", "GET", path + "/data?format=docx", "", []string{"format=docx", "csv"}},
		{"a dry_run that is neither", "PATCH", path + "/data?dry_run=perhaps", "{}", []string{"dry_run=perhaps", "true or false"}},
		{"a deep that is neither", "GET", "/health/storage?deep=very", "", []string{"deep=very"}},
		{"an unknown delimiter", "PUT", path + "/data?delimiter=x", "a\n1\n", []string{"delimiter=x", "semicolon"}},
		{"a header that is neither", "PUT", path + "/data?header=maybe", "a\n1\n", []string{"header=maybe"}},
		{"a strict that is neither", "PUT", path + "/data?strict=maybe", "a\n1\n", []string{"strict=maybe"}},
		{"an unknown encoding", "PUT", path + "/data?encoding=ebcdic", "a\n1\n", []string{"encoding=ebcdic", "windows-1252"}},
		{"a decimal that is none", "PUT", path + "/data?decimal=space", "a\n1\n", []string{"decimal=space", "point or comma"}},
		{"thousands that are none", "PUT", path + "/data?thousands=x", "a\n1\n", []string{"thousands=x", "apostrophe"}},
		{"thousands as decimals", "PUT", path + "/data?thousands=.", "a\n1\n", []string{"both the decimal point"}},
		{"a comma for two things", "PUT", path + "/data?decimal=comma&delimiter=comma", "a\n1\n", []string{"both separate fields"}},
		{"a comment that is a letter", "PUT", path + "/data?comment=x", "a\n1\n", []string{"punctuation"}},
		{"a comment of two characters", "PUT", path + "/data?comment=//", "a\n1\n", []string{"comment=//"}},
		{"an unknown dtype", "PUT", path + "/data?dtype=a:int7", "a\n1\n", []string{"dtype=a:int7", "int8 to int64"}},
		{"a dtype without a column", "PUT", path + "/data?dtype=int8", "a\n1\n", []string{"column:type"}},
		{"a dtype given twice", "PUT", path + "/data?dtype=a:int8&dtype=a:int16", "a\n1\n", []string{"twice"}},
		{"a TTL of 0", "POST", path + "/touch?ttl_seconds=0", "", []string{"ttl_seconds=0", "1 to 2592000"}},
		{"a TTL over the maximum", "POST", path + "/touch?ttl_seconds=2592001", "", []string{"ttl_seconds=2592001"}},
		{"a TTL of 0 in the body", "POST", path + "/touch", `{"ttl_seconds":0}`, []string{"ttl_seconds=0", "1 to 2592000"}},
		{"a TTL over the maximum in the body", "POST", path + "/touch", `{"ttl_seconds":2592001}`, []string{"ttl_seconds=2592001", "1 to 2592000"}},
		{"two TTLs", "POST", path + "/touch?ttl_seconds=60", `{"ttl_seconds":90}`, []string{"60 in the query", "90 in the body", "once"}},
		{"a body of an undo", "POST", path + "/undo", `{}`, []string{"POST takes no body", "without one"}},
		{"a body of a redo", "POST", path + "/redo", ` `, []string{"POST takes no body", "without one"}},
		{"a body of a deletion", "DELETE", path, `{}`, []string{"DELETE takes no body", "without one"}},
		{"a body of a deletion of an upload", "DELETE", "/api/v1/uploads/123e4567-e89b-42d3-a456-426614174000", `{}`, []string{"DELETE takes no body", "without one"}},
		{"a version id that is no number", "POST", path + "/versions/latest/restore", "", []string{`"latest"`}},
		{"a session id that is none", "GET", "/api/v1/sessions/42", "", []string{`"42"`}},
		{"a session id that walks paths", "GET", "/api/v1/sessions/..%2f..%2fetc", "", []string{`"../../etc"`}},
		{"a session id in capitals", "GET", "/api/v1/sessions/123E4567-E89B-42D3-A456-426614174000", "", []string{"123E4567"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			detail := f.wantProblem(f.do(tt.method, tt.target, tt.body, "Content-Type", "text/csv"), http.StatusBadRequest, "invalid_parameter")
			for _, part := range tt.want {
				if !strings.Contains(detail, part) {
					t.Errorf("detail %q does not say %q", detail, part)
				}
			}
		})
	}
	t.Run("a revision that is none", func(t *testing.T) {
		f.wantProblem(f.do("GET", path, "", headerRevision, "7"), http.StatusBadRequest, "invalid_parameter")
	})
}

func TestLongParametersDoNotFillTheAnswer(t *testing.T) {
	f := newFixture(t)
	detail := f.wantProblem(f.do("GET", "/health?"+strings.Repeat("x", 5000), ""), http.StatusBadRequest, "invalid_parameter")
	if len(detail) > 300 {
		t.Errorf("a detail of %d bytes", len(detail))
	}
}

func TestReadOptions(t *testing.T) {
	s := &server{}
	s.Config, _ = newServer(t)
	tests := []struct {
		name, query string
		check       func(codec.ReadOptions) bool
	}{
		{"nothing given leaves all to be found out", "", func(o codec.ReadOptions) bool {
			return csv(o).Delimiter == 0 && !csv(o).NoHeader && csv(o).NullValues == nil && !o.Strict && o.Options == nil
		}},
		{"a delimiter by its name", "delimiter=semicolon", func(o codec.ReadOptions) bool { return csv(o).Delimiter == ';' }},
		{"a delimiter itself", "delimiter=%09", func(o codec.ReadOptions) bool { return csv(o).Delimiter == '\t' }},
		{"no header", "header=false", func(o codec.ReadOptions) bool { return csv(o).NoHeader }},
		{"strict", "strict=1", func(o codec.ReadOptions) bool { return o.Strict }},
		{"null values by commas and by repetition", "null_values=-,n%2Fa&null_values=%3F", func(o codec.ReadOptions) bool {
			return slices.Equal(csv(o).NullValues, []string{"-", "n/a", "?"})
		}},
		{"no null values", "null_values=", func(o codec.ReadOptions) bool {
			return csv(o).NullValues != nil && !slices.Contains(csv(o).NullValues, "NA")
		}},
		{"a dialect by names", "encoding=Latin1&decimal=comma&thousands=point&comment=%23", func(o codec.ReadOptions) bool {
			return csv(o).Encoding == "iso-8859-1" && csv(o).Decimal == ',' && csv(o).Thousands == '.' && csv(o).Comment == '#'
		}},
		{"a dialect by characters", "decimal=.&thousands='", func(o codec.ReadOptions) bool {
			return csv(o).Decimal == '.' && csv(o).Thousands == '\''
		}},
		{"dtypes of columns with colons, and with colons in the type", "dtype=a:b:int8&dtype=t:timestamp[us, tz=%2B01:00]", func(o codec.ReadOptions) bool {
			return len(o.DTypes) == 2 && scalar.DType(o.DTypes["a:b"]) == "int8" && scalar.DType(o.DTypes["t"]) == "timestamp[us, tz=+01:00]"
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q, err := url.ParseQuery(tt.query)
			if err != nil {
				t.Fatal(err)
			}
			if opt, err := s.readOptions(q, delimited.CSV); err != nil || !tt.check(opt) {
				t.Errorf("%+v, %v", opt, err)
			}
		})
	}
}

// csv is the options that only delimited text has.
func csv(o codec.ReadOptions) delimited.Options {
	own, _ := codec.OptionsOf[delimited.Options](o.Options)
	return own
}

func FuzzQuery(f *testing.F) {
	for _, query := range []string{
		"", "limit=3&offset=4&column=a&column=b", "format=csv&limit=-1", "orient=split&version=1", "int64=string&format=ndjson", "int64=&orient=records", "version=4294967295",
		"encoding=utf-16&decimal=,&thousands=.&comment=%23&dtype=a:b:int8&dtype=:", "delimiter=tab&header=0&strict=true&null_values=a,b", "limit=%31", "limit=1&limit=2", "a;b", "%", "ttl_seconds=9e9", "offset=9223372036854775807",
		`where={"column":"a","cmp":"eq","value":1}&sort=-a,b`, `where={"not":{"and":[]}}`, `sort=[{"column":"a","descending":true},"-b"]`, "where=null&sort=,", `where={"column":"a","cmp":"matches","value":"(a*)*"}`,
	} {
		f.Add(query)
	}
	s := &server{}
	s.Config, _ = newServer(f)
	allowed := []string{"column", "where", "sort", "offset", "limit", "version", "format", "orient", "int64", "delimiter", "header", "null_values", "strict", "encoding", "decimal", "thousands", "comment", "dtype"}
	f.Fuzz(func(t *testing.T, query string) {
		r := &http.Request{Method: "GET", URL: &url.URL{Path: "/", RawQuery: query}, Header: http.Header{}}
		if err := checkParams(r, allowed); err != nil {
			wantCode(t, err, "invalid_parameter")
			return
		}
		if d, err := parseDataRequest(r); err != nil {
			if code := toProblem(err).Code; code != "invalid_query" {
				wantCode(t, err, "invalid_parameter")
			}
		} else if d.Offset < 0 || d.format.Name == "json" && (d.Limit < 0 || d.Limit > maxLimit) {
			t.Fatalf("query %q was read as %+v", query, d)
		}
		for _, f := range formats.All() {
			if _, err := s.readOptions(r.URL.Query(), f); err != nil {
				wantCode(t, err, "invalid_parameter")
			}
		}
	})
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if got := toProblem(err).Code; got != code {
		t.Fatalf("code %s, want %s: %v", got, code, err)
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	f := newFixture(t)
	f.wantProblem(f.do("GET", "/api/v2/sessions", ""), http.StatusNotFound, "not_found")
	for _, path := range []string{"/health/", "//health", "/health//storage", "/health/./storage", "/api/../health", "/../etc/passwd"} {
		f.wantProblem(f.do("GET", path, ""), http.StatusNotFound, "not_found")
	}
	tests := []struct {
		method, path, allow string
	}{
		{"PUT", "/api/v1/sessions", "GET, HEAD, POST, OPTIONS"},
		{"PUT", "/api/v1/sessions/x", "DELETE, GET, HEAD, PATCH, OPTIONS"},
		{"DELETE", "/api/v1/sessions/x/data", "GET, HEAD, PATCH, POST, PUT, QUERY, OPTIONS"},
		{"POST", "/health", "GET, HEAD, OPTIONS"},
		{"BREW", "/", "GET, HEAD, OPTIONS"},
	}
	for _, tt := range tests {
		res := f.do(tt.method, tt.path, "")
		f.wantProblem(res, http.StatusMethodNotAllowed, "method_not_allowed")
		if got := res.Header.Get("Allow"); got != tt.allow {
			t.Errorf("Allow of %s is %q, want %q", tt.path, got, tt.allow)
		}
		options := f.do("OPTIONS", tt.path, "")
		f.wantStatus(options, http.StatusNoContent)
		if got := options.Header.Get("Allow"); got != tt.allow {
			t.Errorf("Allow of OPTIONS %s is %q, want %q", tt.path, got, tt.allow)
		}
	}
}

func TestHeadAnswersAsGetDoes(t *testing.T) {
	f := newFixture(t)
	server := httptest.NewServer(f.handler)
	defer server.Close()
	path := f.upload("a\n1\n")
	for _, target := range []string{path, path + "/data", "/health", "/"} {
		get, err := server.Client().Get(server.URL + target)
		if err != nil {
			t.Fatal(err)
		}
		get.Body.Close()
		head, err := server.Client().Head(server.URL + target)
		if err != nil {
			t.Fatal(err)
		}
		head.Body.Close()
		for _, name := range []string{"Content-Type", "ETag", headerRevision, headerTotalRows} {
			if head.StatusCode != http.StatusOK || head.Header.Get(name) != get.Header.Get(name) {
				t.Errorf("HEAD %s: %d, %s %q instead of %q", target, head.StatusCode, name, head.Header.Get(name), get.Header.Get(name))
			}
		}
	}
	gone, err := server.Client().Head(server.URL + "/api/v1/sessions/123e4567-e89b-42d3-a456-426614174000")
	if err != nil {
		t.Fatal(err)
	}
	gone.Body.Close()
	if gone.StatusCode != http.StatusNotFound {
		t.Errorf("HEAD of an unknown session: %d", gone.StatusCode)
	}
}
