//go:build !js

package testenv

import (
	"bytes"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestAServerRunsUntilItIsStopped(t *testing.T) {
	s := StartServer(t)
	resp, err := http.Get(s.URL + "/health/live")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("got %s", resp.Status)
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if !strings.Contains(s.Logs(), "stopped") {
		t.Errorf("its last words are missing:\n%s", s.Logs())
	}
}

func TestAKilledServerHasNoTimeForLastWords(t *testing.T) {
	s := StartServer(t)
	s.Kill9()
	status := s.Cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !status.Signaled() || status.Signal() != syscall.SIGKILL || strings.Contains(s.Logs(), "stopped") {
		t.Errorf("ended with %v:\n%s", s.Cmd.ProcessState, s.Logs())
	}
}

func TestVariablesOfTheTestDoNotReachTheServer(t *testing.T) {
	t.Setenv("LOG_FORMAT", "json")
	if s := StartServer(t); !strings.Contains(s.Logs(), "\n🚀") {
		t.Errorf("the log is not text:\n%s", s.Logs())
	}
}

func TestAServerThatDoesNotStartTellsItsExitCode(t *testing.T) {
	if code, output := RunServer(t, "PORT=x"); code != 2 || !strings.Contains(output, `PORT="x"`) {
		t.Errorf("got %d and %q", code, output)
	}
}

func TestVegaFilesAreTheRealOnes(t *testing.T) {
	for name, begin := range map[string]string{
		"movies.json":        "[\r\n    {\"Title\": \"The Land Girls\"",
		"birdstrikes.csv":    "Airport Name,",
		"flights-200k.arrow": "ARROW1",
		"flights-3m.parquet": "PAR1",
	} {
		data, err := os.ReadFile(VegaFile(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(data, []byte(begin)) {
			t.Errorf("%s begins with %q", name, data[:min(len(data), 30)])
		}
	}
}

func TestAServerTellsItsUsage(t *testing.T) {
	s := StartPlainServer(t, "STORAGE_DIR=")
	if n := s.Resident(); n < 1<<20 || n > 1<<30 {
		t.Errorf("%d bytes are resident", n)
	}
	before := s.CPU()
	for s.CPU() == before { // until the requests have cost a tick
		resp, err := http.Get(s.URL + "/health")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	s.Kill9()
	if n, cpu := s.Resident(), s.CPU(); n != 0 || cpu != 0 {
		t.Errorf("an ended server has %d bytes and used %s", n, cpu)
	}
}

// TestALimitedServerIsKilledBeyondItsLimit starts a server with less memory than it takes to start.
func TestALimitedServerIsKilledBeyondItsLimit(t *testing.T) {
	limit := LimitMemory(t, 4<<20)
	s := startLimited(t, limit, nil)
	if !limit.Enforced() {
		if !slices.Contains(s.Cmd.Env, "MAX_MEMORY_MB=4") {
			t.Errorf("the server is not told its limit: %v", s.Cmd.Env)
		}
		return
	}
	s.Wait()
	if status := s.Cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGKILL {
		t.Errorf("ended with %v:\n%s", s.Cmd.ProcessState, s.Logs())
	}
}
