package api

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"edgeframe/session"
)

func TestTagsOfAHeader(t *testing.T) {
	tests := []struct {
		name    string
		headers []string
		want    []string
	}{
		{"none", nil, nil},
		{"an empty header", []string{""}, nil},
		{"one", []string{`"a.1"`}, []string{`"a.1"`}},
		{"several, with spaces", []string{`"a.1" , "b.2"`}, []string{`"a.1"`, `"b.2"`}},
		{"weak ones as strong ones", []string{`W/"a.1"`}, []string{`"a.1"`}},
		{"any", []string{"*"}, []string{"*"}},
		{"those of repeated headers", []string{`"a"`, `"b"`}, []string{`"a"`, `"b"`}},
		{"empty parts are nothing", []string{`,"a",,`}, []string{`"a"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			for _, h := range tt.headers {
				r.Header.Add("If-Match", h)
			}
			if got := tags(r, "If-Match"); !slices.Equal(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestIfMatchComparesStates(t *testing.T) {
	v := &session.Session{
		Revision: session.Token{Revision: 7, Commit: [8]byte{1}},
		Expires:  time.UnixMilli(1_000_000),
	}
	v.Current.Tag = "v3-abcd"
	tests := []struct {
		name, header string
		want         bool
	}{
		{"the tag of the session document", sessionTag(v), true},
		{"the tag of any page of the current version", dataTag(v.Current, "csv"), true},
		{"a weakened tag", "W/" + sessionTag(v), true},
		{"one of several", `"x.1", ` + sessionTag(v), true},
		{"any state", "*", true},
		{"another revision", `"8-0100000000000000.1"`, false},
		{"another commit of the same revision", `"7-0200000000000000.1"`, false},
		{"another version", `"v2-abcd.1"`, false},
		{"an empty tag", `""`, false},
		{"an Edgeframe-Revision", v.Revision.String(), true},
		{"an Edgeframe-Revision in quotes", `"` + v.Revision.String() + `"`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("PATCH", "/", nil)
			r.Header.Set("If-Match", tt.header)
			if pre, err := ifMatch(r); err != nil || pre == nil || pre(v) != tt.want {
				t.Errorf("%v, want a precondition that is %v", err, tt.want)
			}
		})
	}
	if pre, err := ifMatch(httptest.NewRequest("PATCH", "/", nil)); pre != nil || err != nil {
		t.Errorf("a request without If-Match has a precondition, or %v", err)
	}
}

func TestAMalformedIfMatchIsRefusedWithTheFormThatIsAccepted(t *testing.T) {
	for _, header := range []string{"", ",", "nonsense", "7", `"7"`, `"7`, `7-01`, `"a"b"`, `"a b"`, `W/7`, `"x.1", 7`, "v3", "v3-abcd"} {
		r := httptest.NewRequest("PATCH", "/", nil)
		r.Header.Set("If-Match", header)
		_, err := ifMatch(r)
		if err == nil || toProblem(err).Status != http.StatusBadRequest || !strings.Contains(err.Error(), exampleTag) {
			t.Errorf("If-Match: %s: %v", header, err)
		}
	}
}

func TestConditionalRequests(t *testing.T) {
	f := newFixture(t)
	path := f.upload("a,b\n1,x\n2,y\n")

	document := f.do("GET", path, "")
	page := f.do("GET", path+"/data", "")
	if f.do("GET", path+"/data?format=csv", "").Header.Get("ETag") == page.Header.Get("ETag") {
		t.Error("two representations have one tag")
	}
	for target, res := range map[string]*response{path: document, path + "/data": page} {
		again := f.do("GET", target, "", "If-None-Match", res.Header.Get("ETag"))
		f.wantStatus(again, http.StatusNotModified)
		if again.body != "" || again.Header.Get("ETag") != res.Header.Get("ETag") || again.Header.Get(headerRevision) != res.Header.Get(headerRevision) {
			t.Errorf("304 of %s with body %q and headers %v", target, again.body, again.Header)
		}
	}

	edit := `{"operations":[{"op":"set_values","column":"a","rows":[0],"value":5}]}`
	f.wantStatus(f.do("PATCH", path+"/data", edit, "If-Match", page.Header.Get("ETag")), http.StatusOK)
	for _, tag := range []string{page.Header.Get("ETag"), document.Header.Get("ETag")} {
		f.wantProblem(f.do("PATCH", path+"/data", edit, "If-Match", tag), http.StatusPreconditionFailed, "precondition_failed")
	}
	f.wantStatus(f.do("GET", path+"/data", "", "If-None-Match", page.Header.Get("ETag")), http.StatusOK)
	f.wantStatus(f.do("GET", path+"/data?version=1", "", "If-None-Match", page.Header.Get("ETag")), http.StatusNotModified)
}
