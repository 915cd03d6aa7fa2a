package api_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"edgeframe/api"
	"edgeframe/kv"
	"edgeframe/kv/memory"
	"edgeframe/session"
)

func TestServerTimingIsInAnswersIfItIsAskedFor(t *testing.T) {
	form := regexp.MustCompile(`^store;dur=[\d.]+, compute;dur=[\d.]+, encode;dur=[\d.]+, total;dur=[\d.]+$`)
	for _, on := range []bool{true, false} {
		store := kv.New(memory.New(), "")
		h := api.New(api.Config{Store: store, Sessions: session.New(session.Options{Store: store}), ServerTiming: on})
		for _, path := range []string{"/health", "/api/v1/sessions", "/nowhere", "/openapi.json"} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
			if got := w.Header().Get("Server-Timing"); on != form.MatchString(got) || !on && got != "" {
				t.Errorf("on %v, %s: %q", on, path, got)
			}
		}
	}
}
