//go:build !js

package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"
)

// scripted is a server that answers each request with the next of its handlers, the last one again and again, and
// keeps the headers and bodies of the requests.
type scripted struct {
	*Client
	mu      sync.Mutex
	headers []http.Header
	bodies  []string
}

func start(t *testing.T, answers ...http.HandlerFunc) *scripted {
	t.Helper()
	s := &scripted{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		n := len(s.headers)
		s.headers = append(s.headers, r.Header)
		s.bodies = append(s.bodies, string(body))
		s.mu.Unlock()
		answers[min(n, len(answers)-1)](w, r)
	}))
	t.Cleanup(server.Close)
	s.Client = &Client{Base: server.URL, Token: "secret", Budget: 5 * time.Second}
	return s
}

// tries is how many requests have come.
func (s *scripted) tries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.headers)
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"a":1}`)) }

func refuse(status int, code, retryAfter string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"status":1,"code":"` + code + `","detail":"No.","request_id":"r"}`))
	}
}

// drop closes the connection without an answer.
func drop(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// breakOff closes the connection in the middle of an answer.
func breakOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = w.Write([]byte("half"))
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func all(text *string) func(*http.Response) error {
	return func(resp *http.Response) error {
		body, err := io.ReadAll(resp.Body)
		*text = string(body)
		return err
	}
}

func TestARequestIsRepeatedWithItsKeyAndItsBody(t *testing.T) {
	for name, failure := range map[string]http.HandlerFunc{
		"503": refuse(503, "storage_unavailable", ""), "429": refuse(429, "rate_limited", ""), "502": refuse(502, "", ""), "504": refuse(504, "", ""),
		"no answer": drop, "half an answer": breakOff,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, failure, failure, ok)
			var text string
			err := s.Do(context.Background(), Request{Method: "PATCH", Path: "/x", Body: Bytes("text/csv", []byte("body"))}, all(&text))
			if err != nil || text != `{"a":1}` || s.tries() != 3 {
				t.Fatalf("got %q, %v after %d tries", text, err, s.tries())
			}
			for i, h := range s.headers {
				if h.Get("Idempotency-Key") == "" || h.Get("Idempotency-Key") != s.headers[0].Get("Idempotency-Key") {
					t.Errorf("try %d has the key %q, the first one %q", i, h.Get("Idempotency-Key"), s.headers[0].Get("Idempotency-Key"))
				}
				if s.bodies[i] != "body" || h.Get("Content-Type") != "text/csv" || h.Get("Content-Length") != "" && h.Get("Content-Length") != "4" {
					t.Errorf("try %d has the body %q and %v", i, s.bodies[i], h)
				}
			}
		})
	}
}

func TestTwoRequestsHaveDifferentKeysAndQueriesHaveNone(t *testing.T) {
	s := start(t, ok)
	var text string
	for _, path := range []string{"/x", "/x", "/api/v1/sessions/1/data/query"} {
		if err := s.Do(context.Background(), Request{Method: "POST", Path: path}, all(&text)); err != nil {
			t.Fatal(err)
		}
	}
	a, b, c := s.headers[0].Get("Idempotency-Key"), s.headers[1].Get("Idempotency-Key"), s.headers[2].Get("Idempotency-Key")
	if a == b || a == "" || c != "" {
		t.Errorf("the keys are %q, %q and %q", a, b, c)
	}
}

func TestRetryAfterIsWaitedForWithinTheBudget(t *testing.T) {
	s := start(t, refuse(503, "storage_unavailable", "1"), ok)
	begin, text := time.Now(), ""
	if err := s.Do(context.Background(), Request{Method: "GET", Path: "/x"}, all(&text)); err != nil || time.Since(begin) < time.Second {
		t.Errorf("got %v after %s", err, time.Since(begin))
	}
	s = start(t, refuse(503, "storage_unavailable", "6"), ok)
	err := s.Do(context.Background(), Request{Method: "GET", Path: "/x"}, all(&text))
	if p := new(Problem); !errors.As(err, &p) || p.Code != "storage_unavailable" || p.Status != 503 || s.tries() != 1 {
		t.Errorf("got %v after %d tries", err, s.tries())
	}
}

func TestWhatIsNotRepeated(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		once   bool
	}{
		"400": {refuse(400, "invalid_parameter", ""), false}, "412": {refuse(412, "cell_changed", ""), false},
		"409": {refuse(409, "conflict", ""), false}, "500": {refuse(500, "internal", ""), false},
		"an answer of which a part is used": {breakOff, true},
	} {
		s := start(t, test.answer)
		var text string
		if err := s.Do(context.Background(), Request{Method: "GET", Path: "/x", Once: test.once}, all(&text)); err == nil || s.tries() != 1 {
			t.Errorf("%s: got %v after %d tries", name, err, s.tries())
		}
	}
}

func TestADeletionThatIsRepeatedMayFindNothing(t *testing.T) {
	s := start(t, drop, refuse(404, "session_not_found", ""))
	var text string
	if err := s.Do(context.Background(), Request{Method: "DELETE", Path: "/x"}, all(&text)); err != nil {
		t.Error(err)
	}
	if err := s.Do(context.Background(), Request{Method: "DELETE", Path: "/x"}, all(&text)); err == nil {
		t.Error("a deletion of what is not there succeeds")
	}
}

func TestTheRevisionIsSentBack(t *testing.T) {
	revision := func(text string, next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Edgeframe-Revision", text)
			next(w, r)
		}
	}
	s := start(t, revision("7-a", ok), revision("5-b", ok), revision("6-c", refuse(409, "conflict", "")), ok)
	sent := []string{"", "7-a", "7-a", "6-c"}
	for range sent {
		_ = s.Do(context.Background(), Request{Method: "GET", Path: "/api/v1/sessions/one/data"}, func(*http.Response) error { return nil })
	}
	for i, want := range sent {
		if got := s.headers[i].Get("Edgeframe-Revision"); got != want {
			t.Errorf("request %d has the revision %q, want %q", i, got, want)
		}
	}
	_ = s.Do(context.Background(), Request{Method: "GET", Path: "/api/v1/sessions/other"}, func(*http.Response) error { return nil })
	if got := s.headers[4].Get("Edgeframe-Revision"); got != "" {
		t.Errorf("another session has the revision %q", got)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	other := start(t, ok)
	s := start(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.Base+"/y", http.StatusFound) })
	err := s.Do(context.Background(), Request{Method: "GET", Path: "/x", Query: url.Values{"a": {"b"}}}, func(*http.Response) error { return nil })
	if p := new(Problem); !errors.As(err, &p) || p.Code != UnexpectedAnswer || !strings.Contains(p.Detail, other.Base) || other.tries() != 0 {
		t.Errorf("got %v, and %d requests went elsewhere", err, other.tries())
	}
}

func TestABodyThatCannotBeReadIsNoLostConnection(t *testing.T) {
	broken := errors.New("the disk is gone")
	for name, from := range map[string]io.Reader{
		"an error": io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)),
		"too few":  strings.NewReader("half"),
	} {
		s := start(t, ok)
		body := &Body{Type: "text/csv", Size: 1 << 20, Open: func() (io.ReadCloser, error) { return io.NopCloser(from), nil }}
		err := s.Do(context.Background(), Request{Method: "POST", Path: "/x", Body: body}, func(*http.Response) error { return nil })
		if !errors.As(err, new(*BodyError)) || s.tries() > 1 {
			t.Errorf("%s: got %v after %d tries", name, err, s.tries())
		}
	}
}

func TestAnEarlyRefusalIsSeen(t *testing.T) {
	server := httptest.NewServer(refuse(413, "payload_too_large", ""))
	defer server.Close()
	c := &Client{Base: server.URL, Budget: time.Second}
	big := Bytes("text/csv", make([]byte, 32<<20))
	err := c.Do(context.Background(), Request{Method: "POST", Path: "/x", Body: big}, func(*http.Response) error { return nil })
	if p := new(Problem); !errors.As(err, &p) || p.Code != "payload_too_large" {
		t.Errorf("got %v", err)
	}
}

func TestAddressesAreChecked(t *testing.T) {
	for address, want := range map[string]string{
		"http://127.0.0.1:8000": "http://127.0.0.1:8000", "https://tables.example.com/": "https://tables.example.com", "https://example.com/tables/": "https://example.com/tables",
		"": "", "127.0.0.1:8000": "", "ftp://x": "", "http://": "", "http://user:pass@x": "", "http://x?a=b": "", "http://x#a": "", "http://a b": "",
	} {
		got, err := ParseBase(address)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v", address, got, err)
		}
		if err != nil && (strings.Contains(err.Error(), "pass") || strings.Contains(err.Error(), "a=b")) {
			t.Errorf("the error shows what may be a secret: %v", err)
		}
	}
}
