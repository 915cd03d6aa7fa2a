package api

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"

	"edgeframe/frame"
)

// FuzzQueryDocument reads documents of queries, and of sessions that are made of one.
func FuzzQueryDocument(f *testing.F) {
	for _, text := range []string{
		`{}`, `{"where":null,"sort":null}`, `{"where":{"column":"a","cmp":"gt","value":0.5},"sort":["-a",{"column":"b","descending":true}],"limit":3}`,
		`{"columns":[]}`, `{"columns":["a"],"offset":-1}`, `{"group":{"by":["a"],"aggregates":[{"fn":"count"}]},"sort":"-count"}`,
		`{"histogram":{"column":"a","bins":0}}`, `{"distinct":{"column":"a","search":"\ud800"}}`, `{"where":{"and":[` + strings.Repeat(`{"not":`, 60), `{"sort":"a,,b"}`, `[`,
		`{"from":{"session":"x","version":3,"query":{"limit":1}}}`, `{"from":{"query":{}}}`, `{"from":{"version":1}}`, `{"from":[]}`, ` { "from" : {"session"`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r := httptest.NewRequest("POST", "/", bytes.NewReader(text))
		q, err := readQuery(httptest.NewRecorder(), r)
		switch {
		case err != nil:
			if p := toProblem(err); p.Status >= 500 {
				t.Fatalf("%q: %v", text, err)
			}
		case q.Columns != nil && len(q.Columns) == 0, (q.where != "") && q.Where == nil, (q.sort != "") && q.Sort == nil:
			t.Fatalf("%q was read as %+v", text, q)
		}
		r = httptest.NewRequest("POST", "/", bytes.NewReader(text))
		r.Header.Set("Content-Type", "application/json")
		if !isFrom(r) {
			return
		}
		of, err := readOrigin(httptest.NewRecorder(), r)
		if err != nil && toProblem(err).Status >= 500 || err == nil && of.session == "" {
			t.Fatalf("%q: %+v, %v", text, of, err)
		}
	})
}

// TestDifferentQueriesHaveDifferentTags is about names that look like several, or like other members.
func TestDifferentQueriesHaveDifferentTags(t *testing.T) {
	seen := map[string]int{}
	for i, q := range []frame.Query{
		{Group: &frame.Grouping{By: []string{"a", "b"}}},
		{Group: &frame.Grouping{By: []string{"a b"}}},
		{Group: &frame.Grouping{Aggregates: []frame.Aggregate{{Fn: "count", As: "a"}, {Fn: "count", As: "b"}}}},
		{Group: &frame.Grouping{Aggregates: []frame.Aggregate{{Fn: "count", As: "a} {Column: Fn:count As:b"}}}},
		{Distinct: &frame.DistinctQuery{Column: "a", Limit: 5, Search: "x"}},
		{Distinct: &frame.DistinctQuery{Column: "a Limit:5 Search:x"}},
		{Group: &frame.Grouping{}, Sort: []frame.SortKey{{Column: "a"}, {Column: "b"}}},
		{Group: &frame.Grouping{}, Sort: []frame.SortKey{{Column: "a false } {b"}}},
	} {
		text := (&query{Query: q}).representation()
		if before, known := seen[text]; known {
			t.Errorf("the queries %d and %d have the same representation, %s", before, i, text)
		}
		seen[text] = i
	}
}
