//go:build !js

package edge_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"edgeframe/internal/testenv"
)

// misconfigured checks that a Worker answers every request, except for liveness, with what is wrong
// with its settings.
func misconfigured(t *testing.T, opt testenv.WorkerOptions, says ...string) {
	t.Helper()
	w := startWith(t, opt)
	for _, path := range []string{"/api/v1/sessions/123e4567-e89b-42d3-a456-426614174000", "/health", "/health/ready", "/health/storage"} {
		status, header, body := w.get(path)
		if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %s", path, status, body)
		}
		var doc struct {
			Status             any
			Code, Detail       string
			Error, BackendType string `json:",omitempty"`
			Reachable          bool
		}
		if err := json.Unmarshal([]byte(body), &doc); err != nil {
			t.Fatalf("%s: %v in %s", path, err, body)
		}
		switch {
		case strings.HasPrefix(path, "/api/") && doc.Code != "misconfigured":
			t.Errorf("%s: %s", path, body)
		case path == "/health/storage" && (doc.Status != "error" || doc.Reachable || doc.Error == ""):
			t.Errorf("%s: %s", path, body)
		}
		for _, s := range says {
			if strings.HasPrefix(path, "/api/") && !strings.Contains(doc.Detail, s) || path == "/health/storage" && !strings.Contains(doc.Error, s) {
				t.Errorf("%s does not say %q: %s", path, s, body)
			}
		}
	}
	if status, _, body := w.get("/health/live"); status != http.StatusOK {
		t.Errorf("live: %d %s", status, body)
	}
}

func TestAWorkerWithoutANamespaceSaysWhatToAdd(t *testing.T) {
	misconfigured(t, testenv.WorkerOptions{NoKV: true}, "[[kv_namespaces]]", `binding = "EDGEFRAME_KV"`, "wrangler.toml")
}

// The sentences are those with which the native server refuses to start.
func TestAWorkerWithASettingThatIsNotAcceptedSaysWhatIs(t *testing.T) {
	vars := map[string]string{"COMPRESSION_CODEC": "zip", "MAX_VERSIONS": "-1", "API_TOKENS": "a b"}
	code, output := testenv.RunServer(t, "COMPRESSION_CODEC=zip", "MAX_VERSIONS=-1", "API_TOKENS=a b")
	if code != 2 {
		t.Fatalf("the server ended with %d: %s", code, output)
	}
	var says []string
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, "  ") {
			says = append(says, strings.TrimSpace(line))
		}
	}
	if len(says) != len(vars) {
		t.Fatalf("the server says %q", says)
	}
	misconfigured(t, testenv.WorkerOptions{Vars: vars}, says...)
}

func TestAWorkerWithAnEmptyListOfTokensIsNotOpen(t *testing.T) {
	misconfigured(t, testenv.WorkerOptions{Vars: map[string]string{"API_TOKENS": ","}}, `API_TOKENS=",": it names no token`)
}

func TestAWorkerWarnsOfOpenAccess(t *testing.T) {
	w := startWith(t, testenv.WorkerOptions{Vars: map[string]string{"CORS_ORIGINS": "*"}})
	if status, _, body := w.get("/health/live"); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	w.logs("API tokens: none: everybody who knows the address of this Worker may read and write")
	w.logs("CORS_ORIGINS=* without API_TOKENS")
}

func TestASettingThatHasNoEffectAtTheEdgeIsLogged(t *testing.T) {
	w := startWith(t, testenv.WorkerOptions{Vars: map[string]string{"REDIS_ENABLED": "true", "ALLOWED_HOSTS": "a", "MAX_VERSION": "3"}})
	if status, _, body := w.get("/health/storage"); status != http.StatusOK || !strings.Contains(body, `"redis_enabled":false`) {
		t.Errorf("%d %s", status, body)
	}
	for _, says := range []string{"REDIS_ENABLED has no effect in a Worker", "ALLOWED_HOSTS has no effect in a Worker", "MAX_VERSION is not a known variable; did you mean MAX_VERSIONS?"} {
		w.logs(says)
	}
}

// TestServerTimingTellsTheTimeOfTheStore: the clock of a Worker advances with I/O only.
func TestServerTimingTellsTheTimeOfTheStore(t *testing.T) {
	w := startWith(t, testenv.WorkerOptions{Vars: map[string]string{"SERVER_TIMING": "true"}})
	_, header, _ := w.get("/health/storage")
	if got := header.Get("Server-Timing"); !strings.HasPrefix(got, "store;dur=") || !strings.Contains(got, ", total;dur=") {
		t.Errorf("Server-Timing: %q", got)
	}
}
