//go:build linux

package attack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

// The variables that make the test program probe a server.
const (
	probeURL     = "ATTACK_PROBE_URL"
	probeSession = "ATTACK_PROBE_SESSION"
)

// findings are what the probes saw while an attack ran.
type findings struct {
	Live, Storage, Edit latencies
	// Machine is about an HTTP server of the probing process, which nobody attacks: it is as late
	// as the machine is busy.
	Machine latencies
}

// latencies are the times of requests that were answered 200, and the other answers.
type latencies struct {
	Count        int
	Slowest, P99 time.Duration
	// Failed has the first few, with their time.
	Failed []string
	times  []time.Duration
}

func (l *latencies) add(took time.Duration, err error) {
	l.Count++
	if err != nil && len(l.Failed) < 5 {
		l.Failed = append(l.Failed, fmt.Sprintf("after %s: %v", took.Round(time.Millisecond), err))
	}
	l.times = append(l.times, took)
}

func (l *latencies) finish() {
	slices.Sort(l.times)
	if n := len(l.times); n > 0 {
		l.Slowest, l.P99 = l.times[n-1], l.times[(n*99+99)/100-1]
	}
}

func (l latencies) String() string {
	return fmt.Sprintf("%d, p99 %s, slowest %s", l.Count, l.P99.Round(time.Millisecond), l.Slowest.Round(time.Millisecond))
}

// probe asks a server for health and edits a session until its standard input is closed. It then
// prints its findings.
func probe(url, session string) error {
	// The probes must not wait for the clients of the attack. It fails for users other than root.
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, -10)
	machine := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer machine.Close()
	done := make(chan struct{})
	var found findings
	var group sync.WaitGroup
	every := func(pause time.Duration, l *latencies, method, url string, body func(n int) string) {
		group.Go(func() {
			client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
			defer l.finish()
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				case <-time.After(pause):
				}
				begin := time.Now()
				err := once(client, method, url, body(n))
				l.add(time.Since(begin), err)
			}
		})
	}
	nothing := func(int) string { return "" }
	every(25*time.Millisecond, &found.Machine, "GET", machine.URL, nothing)
	every(25*time.Millisecond, &found.Live, "GET", url+"/health/live", nothing)
	every(100*time.Millisecond, &found.Storage, "GET", url+"/health/storage", nothing)
	every(50*time.Millisecond, &found.Edit, "PATCH", url+"/api/v1/sessions/"+session+"/data", func(n int) string {
		return fmt.Sprintf(`{"operations":[{"op":"set_values","column":"n","rows":[0],"value":%d}]}`, n)
	})
	_, _ = io.Copy(io.Discard, os.Stdin)
	close(done)
	group.Wait()
	return json.NewEncoder(os.Stdout).Encode(found)
}

// once sends a request, which must be answered 200.
func once(client *http.Client, method, url, body string) error {
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %.300s", response.StatusCode, answer)
	}
	return err
}

// prober is a process that probes a server.
type prober struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	stdout bytes.Buffer
}

func startProber(t *testing.T, server *testenv.Server, session string) *prober {
	t.Helper()
	p := &prober{cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(os.Environ(), probeURL+"="+server.URL, probeSession+"="+session)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, os.Stderr
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait() // also an error if it was waited for before
	})
	return p
}

// stop ends the probes.
func (p *prober) stop(t *testing.T) (found findings) {
	t.Helper()
	_ = p.stdin.Close()
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("the prober: %v", err)
	}
	if err := json.Unmarshal(p.stdout.Bytes(), &found); err != nil {
		t.Fatalf("the prober printed %.300q: %v", p.stdout.String(), err)
	}
	return found
}
