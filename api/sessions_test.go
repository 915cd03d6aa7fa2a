package api

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

const prices = "item,price\napple,1.5\npear,\nplum,0.8\n"

// Every answer below is also checked against the OpenAPI document, by the fixture.
func TestTheLifeOfASession(t *testing.T) {
	f := newFixture(t)
	path := f.upload(prices)
	steps := []struct {
		method, target, body string
		status               int
		want                 string
	}{
		{"GET", "", "", http.StatusOK, `"missing_values":{"item":0,"price":1}`},
		{"GET", "/data", "", http.StatusOK, `"data":[{"item":"apple","price":1.5},{"item":"pear","price":null},{"item":"plum","price":0.8}]`},
		{"GET", "/data?orient=columns&column=price", "", http.StatusOK, `"data":{"price":[1.5,null,0.8]}`},
		{"GET", "/data?orient=split&offset=2", "", http.StatusOK, `"data":{"columns":["item","price"],"data":[["plum",0.8]]}`},
		{"GET", "/data?version=2", "", http.StatusNotFound, "version 2 is not kept; version 1 is"},
		{"POST", "/data/query", `{"columns":["item","prise"]}`, http.StatusUnprocessableEntity, `"pointer":"/columns/1"`},
		{"POST", "/data/query", `{"columns":["item","prise"]}`, http.StatusUnprocessableEntity, `"expected":"price"`},
		{"PATCH", "", `{"meta":{}}`, http.StatusUnprocessableEntity, "the fields are filename, metadata"},
		{"GET", "/data?offset=7", "", http.StatusOK, `"offset":7,"returned_rows":0,`},
		{"GET", "/data?format=csv&limit=1", "", http.StatusOK, "item,price\napple,1.5\n"},
		{"PATCH", "/data", `{"action_summary":"fill","operations":[{"op":"set_values","column":"price","rows":[1],"value":2}]}`, http.StatusOK, `"current_version":2`},
		{"POST", "/data?action_summary=more", "price,item\n3,fig\n", http.StatusOK, `"shape":[4,2]`},
		{"POST", "/versions", "", http.StatusCreated, `"action_summary":"Snapshot","rows_before":4,"rows_after":4,"shape":[4,2]`},
		{"POST", "/undo", "", http.StatusOK, `"can_redo":true`},
		{"POST", "/redo", "", http.StatusOK, `"can_redo":false`},
		{"POST", "/redo", "", http.StatusConflict, "nothing_to_redo"},
		{"POST", "/versions/1/restore", `{"action_summary":"back"}`, http.StatusOK, `"shape":[3,2]`},
		{"POST", "/versions/99/restore", "", http.StatusNotFound, "version_not_found"},
		{"GET", "/data?version=99", "", http.StatusNotFound, "version_not_found"},
		{"GET", "/data?column=colour", "", http.StatusUnprocessableEntity, "column_not_found"},
		{"GET", "/versions", "", http.StatusOK, `"current_version":5`},
		{"PUT", "/missing", `{"price":[1,1]}`, http.StatusOK, `"intentional_missing":{"price":1},`},
		{"PATCH", "/missing", `{"item":[0,2]}`, http.StatusOK, `"intentional_missing":{"item":2,"price":1},`},
		{"GET", "/missing", "", http.StatusOK, `{"intentional_missing":{"item":[0,2],"price":[1]},"total":3,"offset":0,"returned":3}`},
		{"GET", "/missing?column=price&column=item&offset=1&limit=1", "", http.StatusOK, `{"intentional_missing":{"item":[0]},"total":3,"offset":1,"returned":1}`},
		{"GET", "/missing?version=6", "", http.StatusOK, `{"intentional_missing":{"price":[1]},"total":1,"offset":0,"returned":1}`},
		{"GET", "/missing?version=99", "", http.StatusNotFound, "version_not_found"},
		{"GET", "/missing?limit=100001", "", http.StatusBadRequest, "limit=100001 is not accepted; it must be a whole number from 0 to 100000"},
		{"GET", "/missing?offset=-1", "", http.StatusBadRequest, "invalid_parameter"},
		{"GET", "/missing?column=colour", "", http.StatusUnprocessableEntity, "column_not_found"},
		{"PATCH", "/missing", `{"price":[]}`, http.StatusOK, `"intentional_missing":{"item":2},`},
		{"GET", "", "", http.StatusOK, `"intentional_missing":{"item":2},`},
		{"PUT", "/missing", `{"colour":[1]}`, http.StatusUnprocessableEntity, "column_not_found"},
		{"PUT", "/missing", `{"item":[3]}`, http.StatusUnprocessableEntity, "invalid_operation"},
		{"POST", "/audit", `{"entry":"checked"}`, http.StatusCreated, `] checked","index":10}`},
		{"POST", "/audit", `{"entry":""}`, http.StatusBadRequest, "invalid_parameter"},
		{"GET", "/audit", "", http.StatusOK, "Session created. Original file: ''. Initial rows: 3"},
		{"GET", "/audit?offset=10", "", http.StatusOK, `] checked"],"initial_rows":3,"total":11,"offset":10}`},
		{"GET", "/audit?order=desc&limit=1&offset=10", "", http.StatusOK, `Initial rows: 3"],"initial_rows":3,"total":11,"offset":10}`},
		{"GET", "/audit?order=asc&limit=0", "", http.StatusOK, `{"entries":[],"initial_rows":3,"total":11,"offset":0}`},
		{"GET", "/audit?order=new", "", http.StatusBadRequest, "order=new is not accepted; it must be asc or desc"},
		{"GET", "/audit?order=", "", http.StatusBadRequest, "invalid_parameter"},
		{"GET", "/audit?limit=10001", "", http.StatusBadRequest, "limit=10001 is not accepted; it must be a whole number from 0 to 10000"},
		{"PATCH", "", `{"filename":"prices.csv","metadata":{"a":{"b":1,"c":2}}}`, http.StatusOK, `"metadata":{"a":{"b":1,"c":2}}`},
		{"PATCH", "", `{"metadata":{"a":{"b":null}}}`, http.StatusOK, `"metadata":{"a":{"c":2}}`},
		{"PATCH", "", `{"metadata":[]}`, http.StatusBadRequest, "invalid_parameter"},
		{"PUT", "/data", "z\n1\n", http.StatusOK, `"columns":["z"]`},
		{"POST", "/data", "y\n1\n", http.StatusUnprocessableEntity, "schema_mismatch"},
		{"POST", "/touch?ttl_seconds=120", "", http.StatusOK, `"ttl_seconds":120`},
		{"POST", "/touch", `{"ttl_seconds":150}`, http.StatusOK, `"ttl_seconds":150`},
		{"POST", "/touch?ttl_seconds=180", `{"ttl_seconds":180}`, http.StatusOK, `"ttl_seconds":180`},
		{"POST", "/touch?ttl_seconds=240", `{}`, http.StatusOK, `"ttl_seconds":240`},
		{"POST", "/touch", `{"ttl_seconds":null}`, http.StatusOK, `"ttl_seconds":240`},
		{"POST", "/touch", `{"ttl_seconds":"60"}`, http.StatusUnprocessableEntity, "malformed_input"},
		{"POST", "/touch", `{"ttl":60}`, http.StatusUnprocessableEntity, "malformed_input"},
		{"DELETE", "", "", http.StatusNoContent, ""},
		{"DELETE", "", "", http.StatusNotFound, "session_not_found"},
		{"GET", "/data", "", http.StatusNotFound, "session_not_found"},
	}
	for _, s := range steps {
		t.Run(strings.TrimSpace(s.method+" "+s.target), func(t *testing.T) {
			res := f.do(s.method, path+s.target, s.body, "Content-Type", "text/csv")
			f.wantStatus(res, s.status)
			if !strings.Contains(res.body, s.want) {
				t.Errorf("%s does not have %s", res.body, s.want)
			}
		})
	}
}

// follow reads the page at target and those that it links to, and calls read with each document.
func (f *fixture) follow(target string, read func(map[string]any)) (pages int) {
	f.Helper()
	for {
		res := f.do("GET", target, "")
		f.wantStatus(res, http.StatusOK)
		pages++
		read(f.decode(res))
		link, ok := strings.CutSuffix(res.Header.Get("Link"), `>; rel="next"`)
		if !ok {
			return pages
		}
		target = strings.TrimPrefix(link, "<")
		if _, err := url.ParseRequestURI(target); err != nil {
			f.Fatal(err)
		}
	}
}

func TestPagesOfMarksAndOfTheAuditLogAreLinked(t *testing.T) {
	f := newFixture(t)
	path := f.upload("n,a&b\n" + strings.Repeat("1,2\n", 7))
	f.wantStatus(f.do("PUT", path+"/missing", `{"n":[6,0,1],"a&b":[2,3,4,5,6]}`), http.StatusOK)
	var marks []string
	pages := f.follow(path+"/missing?limit=3&column=a%26b&column=n", func(doc map[string]any) {
		marks = append(marks, fmt.Sprint(doc["intentional_missing"]))
	})
	if want := []string{"map[a&b:[2 3 4]]", "map[a&b:[5 6] n:[0]]", "map[n:[1 6]]"}; pages != 3 || !slices.Equal(marks, want) {
		t.Errorf("%d pages %q, want %q", pages, marks, want)
	}
	for i := range 5 {
		f.wantStatus(f.do("POST", path+"/audit", fmt.Sprintf(`{"entry":"%d"}`, i)), http.StatusCreated)
	}
	for _, order := range []string{"asc", "desc"} {
		var last []string
		pages := f.follow(path+"/audit?limit=3&order="+order, func(doc map[string]any) {
			for _, e := range doc["entries"].([]any) {
				text := e.(string)
				last = append(last, text[len(text)-1:])
			}
		})
		want := []string{"7", "s", "0", "1", "2", "3", "4"}
		if order == "desc" {
			slices.Reverse(want)
		}
		if pages != 3 || !slices.Equal(last, want) {
			t.Errorf("%s: %d pages of entries that end with %q, want %q", order, pages, last, want)
		}
	}
}

func TestMarksAreCachedByTheirVersion(t *testing.T) {
	f := newFixture(t)
	path := f.upload(prices)
	f.wantStatus(f.do("PUT", path+"/missing", `{"price":[1]}`), http.StatusOK)
	first := f.do("GET", path+"/missing", "")
	tag := first.Header.Get("ETag")
	f.wantStatus(f.do("PATCH", path, `{"metadata":{"k":1}}`), http.StatusOK)
	f.wantStatus(f.do("GET", path+"/missing", "", "If-None-Match", tag), http.StatusNotModified)
	if other := f.do("GET", path+"/missing?offset=1", "").Header.Get("ETag"); other == tag || tag == "" {
		t.Errorf("pages have the ETags %q and %q", tag, other)
	}
	if version := first.Header.Get(headerVersion); version != "2" {
		t.Errorf("the marks are of version %q, want 2", version)
	}
	f.wantStatus(f.do("PUT", path+"/missing", `{}`, "If-Match", tag), http.StatusOK)
	f.wantStatus(f.do("GET", path+"/missing", "", "If-None-Match", tag), http.StatusOK)
	f.wantProblem(f.do("PUT", path+"/missing", `{}`, "If-Match", tag), http.StatusPreconditionFailed, "precondition_failed")
}

func TestPagesAreLinked(t *testing.T) {
	f := newFixture(t)
	path := f.upload("n,a&b\n" + strings.Repeat("1,2\n", 7))
	target, rows := path+"/data?limit=3&column=a%26b", 0
	for range 3 {
		res := f.do("GET", target, "")
		f.wantStatus(res, http.StatusOK)
		page := f.decode(res)
		rows += int(page["returned_rows"].(float64))
		if fmt.Sprint(page["columns"]) != "[a&b]" || page["total_rows"] != 7.0 {
			t.Fatalf("%s", res.body)
		}
		link, ok := strings.CutSuffix(res.Header.Get("Link"), `>; rel="next"`)
		if target = strings.TrimPrefix(link, "<"); !ok {
			break
		}
		if _, err := url.ParseRequestURI(target); err != nil {
			t.Fatal(err)
		}
	}
	if rows != 7 || target != "" {
		t.Errorf("%d rows, then %q", rows, target)
	}
	if link := f.do("GET", path+"/data?limit=0", "").Header.Get("Link"); link != "" {
		t.Errorf("an empty page links to %s", link)
	}
}

func TestADryRunChangesNothing(t *testing.T) {
	f := newFixture(t)
	path := f.upload(prices)
	before := f.do("GET", path, "")
	res := f.do("PATCH", path+"/data?dry_run=true", `{"operations":[
		{"op":"set_values","column":"price","rows":[1],"value":2},
		{"op":"add_column","column":"n","values":[1,2,3]},
		{"op":"delete_rows","rows":[2]},
		{"op":"rename_columns","columns":{"item":"fruit"}}]}`)
	f.wantStatus(res, http.StatusOK)
	for _, want := range []string{`"rows_before":3,"rows_after":2`, `"columns_before":["item","price"],"columns_after":["fruit","price","n"]`, `"columns_changed":["fruit","price"]`} {
		if !strings.Contains(res.body, want) {
			t.Errorf("%s does not have %s", res.body, want)
		}
	}
	f.wantProblem(f.do("PATCH", path+"/data?dry_run=true", `{"operations":[{"op":"delete_rows","rows":[3]}]}`), http.StatusUnprocessableEntity, "invalid_operation")
	after := f.do("GET", path, "")
	if after.body != before.body || after.Header.Get("ETag") != before.Header.Get("ETag") || res.Header.Get(headerRevision) != before.Header.Get(headerRevision) {
		t.Errorf("before %s\nafter %s", before.body, after.body)
	}
}

func TestAFailingOperationLeavesTheTableAsItWas(t *testing.T) {
	f := newFixture(t)
	path := f.upload(prices)
	before := f.do("GET", path, "")
	detail := f.wantProblem(f.do("PATCH", path+"/data", `{"operations":[
		{"op":"set_values","column":"price","rows":[1],"value":2},
		{"op":"delete_rows","rows":[0]},
		{"op":"drop_columns","columns":["colour"]}]}`), http.StatusUnprocessableEntity, "column_not_found")
	if !strings.HasPrefix(detail, "operation 3: ") {
		t.Error(detail)
	}
	if after := f.do("GET", path, ""); after.body != before.body {
		t.Errorf("before %s\nafter %s", before.body, after.body)
	}
}

func TestAClientReadsItsOwnWritesOrIsToldSo(t *testing.T) {
	f := newFixture(t)
	path := f.upload(prices)
	first := f.do("GET", path, "").Header.Get(headerRevision)
	second := f.do("POST", path+"/versions", "").Header.Get(headerRevision)
	f.wantStatus(f.do("GET", path, "", headerRevision, first), http.StatusOK)
	f.wantStatus(f.do("GET", path, "", headerRevision, second), http.StatusOK)
	stale := f.do("GET", path, "", headerRevision, "3-0123456789abcdef")
	f.wantProblem(stale, http.StatusServiceUnavailable, "stale_read")
	if stale.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	f.wantProblem(f.do("GET", path, "", headerRevision, "2-0123456789abcdef"), http.StatusConflict, "conflict")
}
