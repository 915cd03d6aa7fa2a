package core_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"edgeframe/api"
	"edgeframe/config"
	"edgeframe/core"
	"edgeframe/kv"
	"edgeframe/kv/memory"
)

func TestTheHandlerCoreFollowsTheSettings(t *testing.T) {
	var settings config.Common
	environ := []string{"API_TOKENS=t1,t2", "CORS_ORIGINS=https://a.b", "MAX_UPLOAD_SIZE_MB=1", "MAX_VERSIONS=1", "SESSION_TIMEOUT_MINUTES=7"}
	if _, err := config.Parse(&settings, environ, config.Options{}); err != nil {
		t.Fatal(err)
	}
	handler := core.New(settings, core.Runtime{
		Store:   kv.New(memory.New(), settings.KeyPrefix),
		TTL:     90 * time.Second,
		Backend: api.Backend{Runtime: "somewhere"},
	})
	send := func(method, path, body, token string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "text/csv")
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Origin", "https://a.b")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	created := send("POST", "/api/v1/sessions", "a,b\n1,2\n", "t2")
	session := created.Header().Get("Location")
	for i := range 3 {
		if w := send("POST", session+"/versions", "", "t1"); w.Code != http.StatusCreated {
			t.Fatalf("snapshot %d: %d %s", i, w.Code, w.Body)
		}
	}
	answers := []struct {
		name string
		*httptest.ResponseRecorder
		status int
		says   string
	}{
		{"the TTL is the one that is passed", created, http.StatusCreated, `"ttl_seconds":90`},
		{"tokens", send("GET", session, "", "t3"), http.StatusUnauthorized, ""},
		{"the largest body", send("POST", "/api/v1/sessions", "a\n"+strings.Repeat("1\n", 1<<19), "t1"), http.StatusRequestEntityTooLarge, ""},
		{"kept versions", send("GET", session+"/versions", "", "t1"), http.StatusOK, `"current_version":4`},
		{"version 1 is not kept", send("GET", session+"/data?version=1", "", "t1"), http.StatusNotFound, "version_not_found"},
		{"version 3 is kept", send("GET", session+"/data?version=3", "", "t1"), http.StatusOK, `"data"`},
		{"the runtime", send("GET", "/health/storage", "", ""), http.StatusOK, `"somewhere"`},
	}
	for _, a := range answers {
		if a.Code != a.status || !strings.Contains(a.Body.String(), a.says) {
			t.Errorf("%s: got %d %s, want %d %s", a.name, a.Code, a.Body, a.status, a.says)
		}
	}
	if got := created.Header().Get("Access-Control-Allow-Origin"); got != "https://a.b" {
		t.Errorf("the allowed origin is %q", got)
	}
}
