//go:build !js

package testenv

import (
	"fmt"
	"os/exec"
	"slices"
	"strconv"
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

// TestALeakInTheOutputOfACommandFailsItsTest runs programs that print what a command must not print, on either output.
func TestALeakInTheOutputOfACommandFailsItsTest(t *testing.T) {
	const id, address = "3b05d244-0000-4000-8000-0123456789ab", "redis://user:planted-phrase@127.0.0.1:1"
	env := []string{"TOKEN_SECRET=planted-secret-of-thirty-two-bytes", "EDGEFRAME_TOKEN=planted-token"}
	for _, test := range []struct {
		verb, text string
		code       int
		leaks      bool
	}{
		{"backup", "planted-secret-of-thirty-two-bytes", 0, true},
		{"restore", "Bearer planted-token", 1, true},
		{"migrate", address, 1, true},
		{"migrate", "redis://user:***@127.0.0.1:1", 0, false},
		{"repair", "session " + id + " is lost", 3, true},
		{"repair", "session 3b05d244… is lost", 3, false},
		{"upload", "planted-token", 0, true},
	} {
		for _, output := range []string{"1", "2"} {
			r := &recorder{TB: t}
			script := []string{"-c", `echo "$1" >&$2; exit $3`, test.verb, test.text, output, strconv.Itoa(test.code)}
			got := runToEnd(r, "/bin/sh", nil, append(env, "REDIS_URL="+address), test.verb, script...)
			if found := len(r.errors) > 0; found != test.leaks || got.Code != test.code {
				t.Errorf("%s, %q: found is %v, exit code %d: %s", test.verb, test.text, found, got.Code, strings.Join(r.errors, "; "))
			}
		}
	}
	// Verbs for people print ids; backups have them.
	for verb, text := range map[string]string{"upload": id, "backup": id + `\000`} {
		r := &recorder{TB: t}
		runToEnd(r, "/bin/sh", nil, nil, verb, "-c", `printf '%b' "$0"`, text)
		if r.errors != nil {
			t.Errorf("%s: %s", verb, strings.Join(r.errors, "; "))
		}
	}
}
