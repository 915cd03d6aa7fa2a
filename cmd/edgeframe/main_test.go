//go:build !js

package main

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// result is what one run printed and its exit code.
type result struct {
	Code           int
	Stdout, Stderr string
}

func runCommand(t *testing.T, environ []string, args ...string) result {
	t.Helper()
	t.Chdir(t.TempDir())
	var stdout, stderr bytes.Buffer
	code := run(args, environ, &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}

func TestVersionIsPrinted(t *testing.T) {
	got := runCommand(t, []string{"PORT=not read"}, "version")
	if got.Code != 0 || !strings.HasPrefix(got.Stdout, "edgeframe ") || got.Stderr != "" {
		t.Errorf("got %+v", got)
	}
}

func TestTheLinkedVersionWins(t *testing.T) {
	defer func(old string) { version = old }(version)
	built := "built with " + runtime.Version() + " for " + runtime.GOOS + "/" + runtime.GOARCH + "\n"
	for linked, want := range map[string]string{
		"1.2.3":               "edgeframe 1.2.3\n" + built,
		"1.2.3+1ca5d04-dirty": "edgeframe 1.2.3\ncommit 1ca5d04-dirty\n" + built,
	} {
		version = linked
		if diff := cmp.Diff(result{0, want, ""}, runCommand(t, nil, "version")); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(result{0, "edgeframe " + linked + "\n", ""}, runCommand(t, nil, "--version")); diff != "" {
			t.Error(diff)
		}
	}
}

func TestHelpNamesTheCommands(t *testing.T) {
	got := runCommand(t, nil, "--help")
	for _, word := range []string{"serve", "health", "version"} {
		if !strings.Contains(got.Stdout, word) {
			t.Errorf("no %s in\n%s", word, got.Stdout)
		}
	}
	if got.Code != 0 {
		t.Errorf("exit code %d", got.Code)
	}
}

func TestWrongArgumentsExitWith2(t *testing.T) {
	for _, tt := range []struct {
		args []string
		help string
	}{
		{[]string{"nonsense"}, "edgeframe --help"},
		{[]string{"serve", "--port=1"}, "edgeframe serve --help"},
		{[]string{"health", "--timeout=soon"}, "edgeframe health --help"},
	} {
		got := runCommand(t, nil, tt.args...)
		if got.Code != 2 || got.Stdout != "" || !strings.HasSuffix(got.Stderr, "; see "+tt.help+"\n") {
			t.Errorf("%v: got %+v", tt.args, got)
		}
	}
}

func TestWrongConfigurationExitsWith2AndNamesEveryMistake(t *testing.T) {
	want := result{2, "", `edgeframe: invalid configuration:
  PORT="x": accepted is a port number from 1 to 65535, or 0 for any free one
  DEBUG="y": accepted is true or false
`}
	for _, args := range [][]string{nil, {"serve"}, {"health"}} {
		if diff := cmp.Diff(want, runCommand(t, []string{"PORT=x", "DEBUG=y"}, args...)); diff != "" {
			t.Errorf("%v: %s", args, diff)
		}
	}
}

// probed runs the health command against a server that answers with status and body.
func probed(t *testing.T, status int, body string, args ...string) (got result, asked string) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Method + " " + r.URL.Path
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	defer srv.Close()
	_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
	return runCommand(t, []string{"HOST=0.0.0.0", "PORT=" + port}, append([]string{"health"}, args...)...), asked
}

func TestHealthOfAHealthyServerExitsWith0(t *testing.T) {
	got, asked := probed(t, 200, `{"status":"ready"}`)
	if diff := cmp.Diff(result{0, `{"status":"ready"}` + "\n", ""}, got); diff != "" || asked != "GET /health/ready" {
		t.Errorf("asked %s: %s", asked, diff)
	}
}

func TestHealthOfTheStorageIsAskedFor(t *testing.T) {
	if _, asked := probed(t, 200, `{}`, "--storage"); asked != "GET /health/storage" {
		t.Errorf("asked %s", asked)
	}
}

func TestHealthOfAnUnhealthyServerExitsWith1(t *testing.T) {
	got, _ := probed(t, 503, `{"status":"not ready"}`)
	if got.Code != 1 || got.Stdout != `{"status":"not ready"}`+"\n" || !strings.Contains(got.Stderr, "answered 503 Service Unavailable") {
		t.Errorf("got %+v", got)
	}
}

func TestHealthWithoutAServerExitsWith1(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(free.Addr().String())
	free.Close()
	for variable, want := range map[string]string{"PORT=" + port: "connection refused", "PORT=0": "set PORT to its port"} {
		got := runCommand(t, []string{variable}, "health")
		if got.Code != 1 || got.Stdout != "" || !strings.Contains(got.Stderr, want) {
			t.Errorf("%s: got %+v, want %s", variable, got, want)
		}
	}
}

func TestHealthOfAServerThatHangsTimesOut(t *testing.T) {
	hang, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer hang.Close()
	_, port, _ := net.SplitHostPort(hang.Addr().String())
	got := runCommand(t, []string{"PORT=" + port}, "health", "--timeout=50ms")
	if got.Code != 1 || !strings.Contains(got.Stderr, "deadline exceeded") {
		t.Errorf("got %+v", got)
	}
}
