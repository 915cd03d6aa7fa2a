//go:build !js

package native

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgeframe/internal/lru"

	"golang.org/x/time/rate"
)

// limited returns a limit with a clock that the test sets.
func limited(perMinute int) (l *rateLimit, now *time.Time) {
	now = new(time.Unix(1700000000, 0))
	return &rateLimit{perMinute: perMinute, now: func() time.Time { return *now }, limiters: lru.New[*rate.Limiter](maxLimited)}, now
}

func from(address string) *http.Request { return &http.Request{RemoteAddr: address} }

func TestRequestsBeyondTheLimitHaveToWait(t *testing.T) {
	l, now := limited(60)
	for n := range 60 {
		if r := l.count(from("192.0.2.1:1000"), ""); r.Wait != 0 || r.Left != 59-n || r.Full.Round(time.Millisecond) != time.Duration(n+1)*time.Second {
			t.Fatalf("request %d: %+v", n, r)
		}
	}
	if r := l.count(from("192.0.2.1:2000"), ""); r.Left != 0 || r.Wait.Round(time.Millisecond) != time.Second {
		t.Errorf("one too many: %+v", r)
	}
	*now = now.Add(1001 * time.Millisecond)
	if r := l.count(from("192.0.2.1:1000"), ""); r.Wait != 0 {
		t.Errorf("after a second: %+v", r)
	}
	if r := l.count(from("192.0.2.1:1000"), ""); r.Wait == 0 {
		t.Errorf("and another: %+v", r)
	}
}

func TestEverySenderHasALimitOfItsOwn(t *testing.T) {
	l, _ := limited(1)
	for _, test := range []struct {
		address, who string
		first        bool
	}{
		{"192.0.2.1:1", "", true},
		{"192.0.2.1:2", "", false},
		{"192.0.2.2:1", "", true},
		{"192.0.2.1:1", "actor a", true},
		{"192.0.2.9:1", "actor a", false},
		{"[2001:db8::1]:1", "", true},
		{"[2001:db8::2]:1", "", false},
		{"[2001:db8:0:1::]:1", "", true},
	} {
		if r := l.count(from(test.address), test.who); (r.Wait == 0) != test.first {
			t.Errorf("%+v: %+v", test, r)
		}
	}
}

func TestTheTableOfSendersIsBounded(t *testing.T) {
	l, _ := limited(1)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for n := range 4 * maxLimited {
		l.count(from(fmt.Sprintf("10.%d.%d.%d:1", n>>16, n>>8&255, n&255)), "")
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > maxLimited*600 {
		t.Errorf("%d senders take %d bytes", maxLimited, grown)
	}
	if r := l.count(from("10.0.255.255:1"), ""); r.Wait == 0 {
		t.Error("a sender of a moment ago is forgotten")
	}
}

// TestTheServerLimitsRequests uses the whole handler: with two operator's tokens, and without any.
func TestTheServerLimitsRequests(t *testing.T) {
	scheme := "Bearer "
	get := func(h http.Handler, path, token string) (status int, headers string) {
		r := httptest.NewRequest("GET", path, nil)
		r.Host = "localhost"
		if token != "" {
			r.Header.Set("Authorization", scheme+token)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		a := w.Header()
		return w.Code, strings.Join([]string{a.Get("RateLimit-Policy"), a.Get("RateLimit"), a.Get("Retry-After")}, " ")
	}
	handler := func(environ ...string) http.Handler {
		cfg := mustLoad(t, append(environ, "STORAGE_DIR=", "RATE_LIMIT_PER_MINUTE=2")...)
		b, err := openBackend(cfg, memoryPlan{store: 1 << 20}, NewLog(cfg, t.Output()))
		if err != nil {
			t.Fatal(err)
		}
		return newHandler(t.Context(), cfg, b, nil, NewLog(cfg, t.Output()).Logger, telemetry{})
	}
	type answer struct {
		Status  int
		Headers string
	}
	ask := func(h http.Handler, path, token string) answer {
		status, headers := get(h, path, token)
		return answer{status, headers}
	}
	const session = "/api/v1/sessions/123e4567-e89b-42d3-a456-426614174000"
	const policy = `"requests";q=2;w=60 "requests";r=`
	open := handler()
	tokens := handler("API_TOKENS=0123456789abcdef,fedcba9876543210")
	var got []answer
	for range 3 {
		got = append(got, ask(open, session, ""))
	}
	got = append(got, ask(open, "/health/ready", ""), ask(open, "/openapi.json", ""))
	for range 3 {
		got = append(got, ask(tokens, session, "0123456789abcdef"))
	}
	// Another spelling of the header is no other token.
	scheme = "bearer  "
	got = append(got, ask(tokens, session, "0123456789abcdef"))
	got = append(got, ask(tokens, session, "fedcba9876543210"), ask(tokens, session, ""))
	three := []answer{{404, policy + "1;t=30 "}, {404, policy + "0;t=60 "}, {429, policy + "0;t=60 30"}}
	want := append(append(three[:3:3], answer{200, "  "}, answer{200, "  "}), three...)
	want = append(want, three[2], three[0], answer{401, "  "})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
