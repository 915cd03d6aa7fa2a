package api

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"
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
