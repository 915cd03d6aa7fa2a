//go:build !js

package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"edgeframe/internal/testenv"
)

const (
	operatorToken = "token-of-the-operator"
	tokenSecret   = "a secret of more than thirty-two bytes"
)

// patience bounds how long a scenario may take.
const patience = 3 * time.Minute

// parts are those of scenario.mjs.
var parts = []string{
	"upload", "page", "rows", "query", "edit", "history", "operations", "exact integers", "conflict", "choose a sheet", "cancel",
	"lost answers", "busy", "watch", "errors", "share and export",
}

// place is where the client runs: it takes what the scenario is given and returns the report.
type place struct {
	name     string
	progress bool
	run      func(t *testing.T, p *trickster, where string) (report string)
}

// TestTheClientDoesTheSameInEachPlace runs the same scenario with the same built file in Node, in Chromium and in a
// Worker, against both builds, and against the Worker with either of its stores.
func TestTheClientDoesTheSameInEachPlace(t *testing.T) {
	t.Parallel()
	build(t)
	worker := testenv.StartScript(t, filepath.Join(testenv.Root(), "web", "client"), "test/worker.mjs", "dist/index.js", "dist/history.js", "test/scenario.mjs")
	places := []place{{"node", false, inNode}, {"chromium", true, inChromium}, {"workerd", false, inWorker(worker)}}
	for name, start := range map[string]func(t *testing.T) string{
		"native": func(t *testing.T) string {
			return testenv.StartServer(t, "STORAGE_DIR=", "API_TOKENS="+operatorToken, "TOKEN_SECRET="+tokenSecret).URL
		},
		"edge":         func(t *testing.T) string { return startWorker(t, false) },
		withWebSockets: func(t *testing.T) string { return startWorker(t, true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := start(t)
			p := newTrickster(t, server)
			t.Run("in", func(t *testing.T) {
				for _, place := range places {
					t.Run(place.name, func(t *testing.T) {
						t.Parallel()
						where := map[string]any{
							"server": server, "proxy": p.URL, "progress": place.progress, "sockets": name == withWebSockets,
							"create": sign(t, "guest of "+place.name, "create"), "owner": sign(t, "owner of "+place.name, "create own"),
						}
						text, err := json.Marshal(where)
						if err != nil {
							t.Fatal(err)
						}
						checkReport(t, place.run(t, p, string(text)))
					})
				}
			})
		})
	}
}

// withWebSockets is the server that tells of changes over a WebSocket: the Worker with Durable Objects.
const withWebSockets = "edge with Durable Objects"

func startWorker(t *testing.T, heads bool) string {
	vars := map[string]string{"API_TOKENS": operatorToken, "TOKEN_SECRET": tokenSecret}
	return testenv.StartWorker(t, testenv.WorkerOptions{Heads: heads, Vars: vars}).URL
}

func checkReport(t *testing.T, text string) {
	var report struct{ Done, Failures []string }
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		t.Fatalf("%v in the report %.2000q", err, text)
	}
	for _, failure := range report.Failures {
		t.Error(failure)
	}
	if diff := cmp.Diff(parts, report.Done); diff != "" {
		t.Errorf("the parts that were run:\n%s", diff)
	}
}

func sign(t *testing.T, subject, scope string) string {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": subject, "scope": scope, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString([]byte(tokenSecret))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func inNode(t *testing.T, _ *trickster, where string) string {
	var errors bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", filepath.Join("test", "node.mjs"), where)
	cmd.Stderr = &errors
	report, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v: %s", err, errors.String())
	}
	return string(report)
}

func inChromium(t *testing.T, p *trickster, where string) string {
	testenv.Browse(t, p.URL+"/test/page.html?"+url.Values{"where": {where}}.Encode())
	select {
	case report := <-p.reports:
		return report
	case <-time.After(patience):
		t.Fatal("the page reports nothing")
		return ""
	}
}

func inWorker(w *testenv.Worker) func(t *testing.T, _ *trickster, where string) string {
	return func(t *testing.T, _ *trickster, where string) string {
		client := http.Client{Timeout: patience}
		response, err := client.Post(w.URL, "application/json", strings.NewReader(where))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var report bytes.Buffer
		if _, err := report.ReadFrom(response.Body); err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s %v %s\n%s", response.Status, err, report.String(), w.Logs())
		}
		return report.String()
	}
}

var buildOnce = sync.OnceValue(func() error {
	if out, err := exec.Command("npm", "run", "--silent", "build").CombinedOutput(); err != nil {
		return fmt.Errorf("npm run build: %w\n%s", err, out)
	}
	return nil
})

// build makes dist, with the compiler's checks.
func build(t *testing.T) {
	t.Helper()
	testenv.NodeModules(t)
	if err := buildOnce(); err != nil {
		t.Fatal(err)
	}
}

// command runs a program and returns what it prints.
func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	var out, errors bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errors
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", cmd, err, out.String(), errors.String())
	}
	return out.String()
}
