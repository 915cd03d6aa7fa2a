//go:build !js

package native

import "testing"

func TestUnknownVariablesGetTheNearestName(t *testing.T) {
	for variable, want := range map[string]string{
		"REDIS_MAXCONNECTIONS=5":  "REDIS_MAXCONNECTIONS is not a known variable; did you mean REDIS_MAX_CONNECTIONS?",
		"ALLOWED_HOST=x":          "ALLOWED_HOST is not a known variable; did you mean ALLOWED_HOSTS?",
		"STORAGE_DIRECTORY=x":     "STORAGE_DIRECTORY is not a known variable; did you mean STORAGE_DIR?",
		"SESSION_TIMEOUT_MINUTE=": "SESSION_TIMEOUT_MINUTE is not a known variable; did you mean SESSION_TIMEOUT_MINUTES?",
		"STORAGE_BACKEND=redis":   "STORAGE_BACKEND is not needed: REDIS_ENABLED chooses between Redis and the embedded store",
		"REDIS_LOCK_TIMEOUT=10":   "REDIS_LOCK_TIMEOUT is not needed: sessions are changed by compare-and-swap, without locks",
	} {
		t.Run(variable, func(t *testing.T) {
			_, warnings, err := Load([]string{variable})
			if err != nil {
				t.Fatal(err)
			}
			if len(warnings) != 1 || warnings[0].Text != want {
				t.Errorf("got %v, want %s", warnings, want)
			}
		})
	}
}
