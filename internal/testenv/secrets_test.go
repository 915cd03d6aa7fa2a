//go:build !js

package testenv

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// recorder is a test that keeps its errors.
type recorder struct {
	testing.TB
	errors   []string
	cleanups []func()
}

func (r *recorder) Helper()                   {}
func (r *recorder) Cleanup(f func())          { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(f string, a ...any) { r.errors = append(r.errors, fmt.Sprintf(f, a...)) }

// TestALeakInTheLogOfAServerFailsItsTest starts programs that print what no server may print.
func TestALeakInTheLogOfAServerFailsItsTest(t *testing.T) {
	env := []string{
		"API_TOKENS=token-of-tests-1,token-of-tests-2", "TOKEN_SECRET=secret-of-thirty-two-bytes-and-more", "REDIS_PASSWORD=hidden-word",
		"REDIS_URL=redis://user:p%40ss%20phrase@127.0.0.1:1,rediss://:other-phrase@127.0.0.1:2/0",
	}
	for text, leaks := range map[string]bool{
		"the token token-of-tests-2 is refused":            true,
		"TOKEN_SECRET=secret-of-thirty-two-bytes-and-more": true,
		"WRONGPASS hidden-word":                            true,
		"redis://user:p%40ss%20phrase@127.0.0.1:1":         true,
		"p@ss phrase":       true,
		"AUTH other-phrase": true,
		"path=/api/v1/sessions/1?token=abc status=200":              true,
		"Bearer eyJhbGciOiJIUzI1NiJ9.eyJzY29wZSI6InJlYWQifQ.c2lnbg": true,
		"session 3b05d244-0000-4000-8000-0123456789ab is damaged":   true,
		"session 3b05d244… is damaged":                              false,
		"request_id=3b05d244-0000-4000-8000-0123456789ab path=/":    false,
		`{"request_id":"3b05d244-0000-4000-8000-0123456789ab"}`:     false,
		"redis://user:***@127.0.0.1:1, limit=1 200, token refused":  false,
		"ids look like 123e4567-e89b-42d3-a456-426614174000":        false,
	} {
		r := &recorder{TB: t}
		StartCommand(r, exec.Command("sh", "-c", `echo "$0"; echo "Listening on http://127.0.0.1:1 "; exec sleep 60`, text), env...)
		for _, cleanup := range slices.Backward(r.cleanups) {
			cleanup()
		}
		if found := len(r.errors) > 0; found != leaks {
			t.Errorf("%q: found is %v: %s", text, found, strings.Join(r.errors, "; "))
		}
	}
}
