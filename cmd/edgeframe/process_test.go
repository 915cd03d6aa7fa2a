//go:build !js

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgeframe/internal/testenv"
)

// These tests run the real program as a process.

func TestStartPrintsTheDocumentedLines(t *testing.T) {
	s := testenv.StartServer(t, "MAX_MEMORY_MB=2048")
	want := strings.Join([]string{
		"======================================================================",
		"🚀 edgeframe starting up...",
		"📊 Session timeout: 60 minutes",
		"🧠 Memory: 2048 MB (MAX_MEMORY_MB), of which requests share 1113 MB",
		"[DataManager] DataManager initialized with InMemoryBackend (inmemory)",
		"💾 Storage backend: InMemoryBackend (inmemory)",
		"ℹ️  Redis: Disabled (using InMemory backend)",
		"🔓 API tokens: none: everybody who reaches this address may read and write",
		"🌐 Listening on " + s.URL,
		"   Try: curl -F file=@table.csv " + s.URL + "/api/v1/sessions",
		"======================================================================",
		"",
	}, "\n")
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	got, end, _ := strings.Cut(s.Logs(), "time=")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !strings.HasSuffix(end, "level=INFO msg=stopped\n") {
		t.Errorf("the log ends with %q", end)
	}
}

func TestStartInJSONHasTheSameMessages(t *testing.T) {
	s := testenv.StartServer(t, "LOG_FORMAT=json", "MAX_MEMORY_MB=2048", "REDIS_ENABLED=true", "REDIS_URL=redis://:geheim@127.0.0.1:1/0", "REDIS_MAXCONNECTIONS=2", "API_TOKENS=geheim")
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	var got []string
	fields := map[string]string{}
	for line := range strings.Lines(s.Logs()) {
		var record struct{ Time, Level, Msg, Event, Backend, Addr, Reason string }
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if record.Event == "" {
			t.Errorf("no event in %s", line)
		}
		fields[record.Event] = strings.Join([]string{record.Backend, record.Addr, record.Reason}, "|")
		got = append(got, record.Level+" "+record.Msg)
	}
	want := []string{
		"INFO 🚀 edgeframe starting up...",
		"INFO 📊 Session timeout: 60 minutes",
		"WARN ⚠️  REDIS_MAXCONNECTIONS is not a known variable; did you mean REDIS_MAX_CONNECTIONS?",
		"INFO 🧠 Memory: 2048 MB (MAX_MEMORY_MB), of which requests share 1113 MB",
		"INFO [DataManager] Redis enabled in settings",
		"INFO [Redis] Initializing connection pool: redis://:***@127.0.0.1:1/0",
		"WARN [DataManager] Failed to initialize RedisBackend: connection refused: nothing listens at 127.0.0.1:1; is Redis running, and is this its port?",
		"WARN [DataManager] Falling back to InMemoryBackend",
		"INFO [DataManager] DataManager initialized with InMemoryBackend (inmemory)",
		"INFO 💾 Storage backend: InMemoryBackend (inmemory)",
		"WARN ⚠️  Redis: Enabled but not available (using fallback)",
		"INFO 🔑 API tokens: 1",
		"WARN ⚠️  API_TOKENS: 1 of 1 tokens are shorter than 16 characters, so they can be guessed; `openssl rand -hex 32` prints a better one",
		"INFO 🌐 Listening on " + s.URL,
		"INFO stopped",
	}
	const reason = "connection refused: nothing listens at 127.0.0.1:1; is Redis running, and is this its port?"
	for event, want := range map[string]string{
		"backend_failed":   "redis|redis://:***@127.0.0.1:1/0|" + reason,
		"backend_fallback": "inmemory||" + reason,
		"backend_chosen":   "inmemory||",
		"listening":        "|" + strings.TrimPrefix(s.URL, "http://") + "|",
	} {
		if fields[event] != want {
			t.Errorf("%s has %q, want %q", event, fields[event], want)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDotenvOfTheWorkingDirectoryIsRead(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte("PORT=wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code := run([]string{"serve"}, nil, io.Discard, io.Discard); code != 2 {
		t.Errorf("exit code %d, want 2", code)
	}
}

func TestAServerThatCannotStartSaysWhyInOneLine(t *testing.T) {
	running := testenv.StartServer(t, "STORAGE_DIR="+t.TempDir())
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(running.URL, "http://"))
	locked := t.TempDir()
	testenv.StartServer(t, "STORAGE_DIR="+locked)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		environ []string
		code    int
		last    string
	}{
		{"a port in use", []string{"PORT=" + port}, 1, "edgeframe: cannot serve: listen on 127.0.0.1:" + port + ": another program listens there; stop it or set PORT to a free port"},
		{"a storage directory in use", []string{"STORAGE_DIR=" + locked}, 1, "edgeframe: cannot serve: STORAGE_DIR=" + locked + " is in use by another edgeframe process; stop it or set another directory"},
		{"a storage directory that is a file", []string{"STORAGE_DIR=" + file}, 1, "edgeframe: cannot serve: STORAGE_DIR=" + file + ": .*not a directory"},
		{"tokens that are none", []string{"API_TOKENS= ,"}, 2, `  API_TOKENS=" ,": it names no token, so everybody could read and write; set tokens, or remove the variable if that is what you want`},
		{"no text for tokens", []string{"API_TOKENS="}, 2, `  API_TOKENS="": it names no token.*`},
		{"a wrong value", []string{"MAX_VERSIONS=many"}, 2, `  MAX_VERSIONS="many": accepted is a whole number from 0 to 1000`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			start := time.Now()
			code, output := testenv.RunServer(t, test.environ...)
			if took := time.Since(start); took > 6*time.Second {
				t.Errorf("it took %s", took)
			}
			lines := strings.Split(strings.TrimSpace(output), "\n")
			last := lines[len(lines)-1]
			if code != test.code || !regexp.MustCompile("^(?:"+test.last+")$").MatchString(last) {
				t.Errorf("exit code %d and %q, want %d and %q", code, last, test.code, test.last)
			}
			if strings.Contains(output, "Listening") || strings.Contains(output, "goroutine") {
				t.Errorf("unexpected output:\n%s", output)
			}
		})
	}
}

func TestASignalLetsAnUploadInFlightFinish(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run(sig.String(), func(t *testing.T) {
			s := testenv.StartServer(t)
			address := strings.TrimPrefix(s.URL, "http://")
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
			const body = "a,b\n1,2\n"
			reader := bufio.NewReader(conn)
			// The server's 100 Continue shows that the handler is reading the body.
			fmt.Fprintf(conn, "POST /api/v1/sessions?filename=t.csv HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(body))
			if resp, err := http.ReadResponse(reader, nil); err != nil || resp.StatusCode != http.StatusContinue {
				t.Fatalf("got %v, %v", resp, err)
			}
			fmt.Fprint(conn, body[:4])

			s.Signal(sig)
			waitUntilRefused(t, address)
			fmt.Fprint(conn, body[4:])
			resp, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != http.StatusCreated {
				t.Errorf("got %s, %v: %s", resp.Status, err, answer)
			}
			if code := s.Wait(); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// waitUntilRefused waits until nothing listens on address.
func waitUntilRefused(t *testing.T, address string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		conn.Close()
	}
	t.Fatal("the server still accepts connections")
}

func TestASecondSignalEndsAtOnce(t *testing.T) {
	s := testenv.StartServer(t)
	address := strings.TrimPrefix(s.URL, "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n")
	if resp, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || resp.StatusCode != http.StatusContinue {
		t.Fatalf("got %v, %v", resp, err)
	}
	start := time.Now()
	s.Signal(syscall.SIGTERM)
	waitUntilRefused(t, address)
	if code := s.Stop(); code != -1 {
		t.Errorf("exit code %d, want the end by a signal", code)
	}
	if took := time.Since(start); took > 8*time.Second {
		t.Errorf("it took %s", took)
	}
}
