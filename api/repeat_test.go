package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"
)

func TestCallersMayChooseTheSameKey(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Tokens = []string{"first", "second"} })
	ids := map[string]string{}
	for _, token := range []string{"first", "second", "first", "second"} {
		made := f.do("POST", "/api/v1/sessions", "n\n1\n", "Content-Type", "text/csv", "Idempotency-Key", "key", "Authorization", "Bearer "+token)
		known := ids[token] != ""
		if made.StatusCode != http.StatusCreated || (made.Header.Get(headerReplay) == "true") != known {
			t.Fatalf("%s: status %d, replay %q", token, made.StatusCode, made.Header.Get(headerReplay))
		}
		if at := made.Header.Get("Location"); known && at != ids[token] {
			t.Errorf("%s: %s, then %s", token, ids[token], at)
		}
		ids[token] = made.Header.Get("Location")
	}
	if ids["first"] == ids["second"] {
		t.Error("two callers share a session")
	}
	// In a session that both change, each has keys of its own.
	path := ids["first"] + "/data?action_summary=x"
	for _, token := range []string{"first", "second"} {
		a := f.do("POST", path, "n\n1\n", "Content-Type", "text/csv", "Idempotency-Key", "edit", "Authorization", "Bearer "+token)
		if a.StatusCode != http.StatusOK || a.Header.Get(headerReplay) != "" {
			t.Errorf("%s: status %d, replay %q", token, a.StatusCode, a.Header.Get(headerReplay))
		}
	}
}

// Without a key, and for requests that change nothing, the request goes on as it is.
func TestARequestWithoutAKeyIsNotTouched(t *testing.T) {
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		r := httptest.NewRequest(method, "/", strings.NewReader("body"))
		if method == "GET" || method == "HEAD" || method == "DELETE" {
			r.Header.Set(headerKey, "key")
		}
		if got, err := withKey(r); got != r || err != nil {
			t.Errorf("%s: another request, %v", method, err)
		}
	}
}

// What a decoder has left of the body counts too.
func TestTheRestOfABodyCounts(t *testing.T) {
	content := func(body string, read int) [8]byte {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set(headerKey, "key")
		r, err := withKey(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = r.Body.Read(make([]byte, read))
		return requestOf(r.Context()).content()
	}
	if content("body", 4) != content("body", 1) {
		t.Error("it depends on how much was read")
	}
	if content("body", 4) == content("body+", 4) {
		t.Error("the rest does not count")
	}
}

func FuzzIdempotencyKey(f *testing.F) {
	for _, key := range []string{"", "a", "\x7f", "schlüssel", `"quoted"`, strings.Repeat("k", 256)} {
		f.Add(key, "token")
	}
	f.Fuzz(func(t *testing.T, key, token string) {
		r := httptest.NewRequest("POST", "/api/v1/sessions", nil)
		r.Header[headerKey] = []string{key}
		r.Header["Authorization"] = []string{"Bearer " + token}
		r, err := withKey(r)
		if err != nil {
			if p := toProblem(err); p.Status != http.StatusBadRequest || p.Code != "invalid_parameter" {
				t.Errorf("%q: %+v", key, p)
			}
			return
		}
		if len(key) == 0 || len(key) > maxKey {
			t.Errorf("%q is accepted", key)
		}
		q := requestOf(r.Context())
		one, another := q.id(newSession), q.id(heldUpload)
		if id, err := uuid.Parse(one); err != nil || id.String() != one || id.Version() != 8 || one == another {
			t.Errorf("ids %s and %s: %v", one, another, err)
		}
	})
}
