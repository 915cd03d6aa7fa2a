//go:build !js

package native

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgeframe/api"
)

// TestBackendSelectionWithoutRedis covers the cases that need no server. Those with the real program
// and a real Redis are in cmd/edgeframe.
func TestBackendSelectionWithoutRedis(t *testing.T) {
	const (
		initialised = "[DataManager] DataManager initialized with InMemoryBackend (inmemory)\n"
		storage     = "💾 Storage backend: InMemoryBackend (inmemory)\n"
		trying      = "[DataManager] Redis enabled in settings\n[Redis] Initializing connection pool: redis://:***@localhost:1/0\n"
		cause       = "connection refused: nothing listens at localhost:1; is Redis running, and is this its port?"
		failed      = "[DataManager] Failed to initialize RedisBackend: " + cause + "\n"
	)
	url := "REDIS_URL=redis://:geheim@localhost:1/0"
	tests := []struct {
		name     string
		environ  []string
		lines    string
		err      string
		fallback string
	}{
		{
			name:  "Redis disabled gives the embedded store",
			lines: initialised + storage + "ℹ️  Redis: Disabled (using InMemory backend)\n",
		},
		{
			name:     "Redis that does not answer falls back where that is allowed",
			environ:  []string{"REDIS_ENABLED=true", url},
			lines:    trying + failed + "[DataManager] Falling back to InMemoryBackend\n" + initialised + storage + "⚠️  Redis: Enabled but not available (using fallback)\n",
			fallback: cause,
		},
		{
			name:    "Redis that does not answer stops the start otherwise",
			environ: []string{"REDIS_ENABLED=true", "STORAGE_FALLBACK_TO_MEMORY=false", url},
			lines:   trying + failed,
			err:     "REDIS_ENABLED=true, STORAGE_FALLBACK_TO_MEMORY=false: " + cause,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg := mustLoad(t, append(test.environ, "STORAGE_DIR=", "REDIS_SESSION_TTL_SECONDS=90")...)
			var out bytes.Buffer
			log := NewLog(cfg, &out)
			chosen, err := openBackend(cfg, planMemory(cfg, 1<<30, ""), log)
			if err == nil {
				chosen.announce(t.Context(), log)
			}
			if got := errorText(err); got != test.err {
				t.Errorf("error %q, want %q", got, test.err)
			}
			if diff := cmp.Diff(test.lines, out.String()); diff != "" {
				t.Error(diff)
			}
			if chosen == nil {
				return
			}
			defer chosen.store.Close()
			if chosen.ttl != time.Hour {
				t.Errorf("sessions live %s", chosen.ttl)
			}
			got := chosen.health
			if got.Fallback.Active == got.Fallback.Since.IsZero() {
				t.Errorf("the fallback is %t since %s", got.Fallback.Active, got.Fallback.Since)
			}
			got.Fallback.Since = time.Time{}
			want := api.Backend{
				Runtime:      "native",
				RedisEnabled: cfg.RedisEnabled,
				Fallback:     api.Fallback{Active: test.fallback != "", Reason: test.fallback},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return strings.TrimSpace(err.Error())
}
