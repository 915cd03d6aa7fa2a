package config

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgeframe/api"
	"edgeframe/codec/compress"
	"edgeframe/kv"
	"edgeframe/kv/memory"
)

func TestDerivedValues(t *testing.T) {
	c := mustParse(t, "SESSION_TIMEOUT_MINUTES=2", "MAX_DATAFRAME_SIZE_MB=4096",
		"MAX_UPLOAD_SIZE_MB=3", "CACHE_SIZE_MB=1", "API_TOKENS= a ,, b")
	got := []any{
		c.SessionTTL(), c.MaxDataframeBytes(), c.MaxUploadBytes(), c.CacheBytes(),
		string(c.APITokens[0]), string(c.APITokens[1]), c.Codec(),
		mustParse(t, "COMPRESSION_ENABLED=false", "COMPRESSION_CODEC=zstd").Codec(),
	}
	want := []any{
		2 * time.Minute, int64(4096 << 20), int64(3 << 20), int64(1 << 20),
		"a", "b", compress.Snappy,
		compress.None,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheLevelIsTheOneAskedForOrThatOfDebugging(t *testing.T) {
	for environ, want := range map[string]slog.Level{
		"":                           slog.LevelInfo,
		"LOG_LEVEL=debug":            slog.LevelDebug,
		"LOG_LEVEL=warn":             slog.LevelWarn,
		"LOG_LEVEL=warning":          slog.LevelWarn,
		"LOG_LEVEL=Error":            slog.LevelError,
		"DEBUG=true":                 slog.LevelDebug,
		"DEBUG=true LOG_LEVEL=":      slog.LevelDebug,
		"DEBUG=true LOG_LEVEL=error": slog.LevelError,
		"DEBUG=false":                slog.LevelInfo,
	} {
		if got := mustParse(t, strings.Fields(environ)...).Level(); got != want {
			t.Errorf("%q: the level is %s, want %s", environ, got, want)
		}
	}
}

func TestTheHandlerCoreFollowsTheSettings(t *testing.T) {
	c := mustParse(t, "API_TOKENS=t1,t2", "CORS_ORIGINS=https://a.b", "MAX_UPLOAD_SIZE_MB=1", "MAX_VERSIONS=1", "SESSION_TIMEOUT_MINUTES=7")
	core := c.API(kv.New(memory.New(), c.KeyPrefix), 90*time.Second, api.Backend{Runtime: "somewhere"}, nil)
	handler := api.New(core)
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
