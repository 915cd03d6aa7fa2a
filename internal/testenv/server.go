//go:build !js

package testenv

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds how long a start or an end may take.
const patience = 30 * time.Second

// Server is a running server process.
type Server struct {
	// URL is where it listens, without a slash at the end.
	URL string
	// Cmd is the process.
	Cmd *exec.Cmd

	t      testing.TB
	log    *buffer
	exited chan struct{}
}

// StartServer starts the server with the variables env (NAME=value) and waits until it
// listens. Unless env says otherwise it listens on a free port of the loopback interface and
// keeps its data in a directory of the test. Its environment has nothing of the test's own,
// but for PATH. It is killed at the end of the test.
func StartServer(t testing.TB, env ...string) *Server {
	t.Helper()
	return start(t, BuildServer(t), env).listen()
}

// StartPlainServer is StartServer without the race detector, which multiplies memory: for tests of
// how much the server takes.
func StartPlainServer(t testing.TB, env ...string) *Server {
	t.Helper()
	return start(t, buildServer(t, false), env).listen()
}

// StartServerWithFiles is StartServer for a process that may have no more than n files and
// connections open.
func StartServerWithFiles(t testing.TB, n int, env ...string) *Server {
	t.Helper()
	return start(t, "/bin/sh", env, "-c", fmt.Sprintf(`ulimit -n %d && exec "$0"`, n), BuildServer(t)).listen()
}

// StartServerIn is StartServer for the program in dir, which make build has put there. If the test is
// root, dir is the root directory of the process, so that nothing else is there to start it with.
func StartServerIn(t testing.TB, dir string, env ...string) *Server {
	t.Helper()
	cmd := exec.Command(filepath.Join(dir, "edgeframe"))
	cmd.Dir = dir
	if os.Geteuid() == 0 {
		cmd = exec.Command("/edgeframe")
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: dir}
	}
	return startCommand(t, cmd, env).listen()
}

// StartCommand is StartServer for a command that starts the server.
func StartCommand(t testing.TB, cmd *exec.Cmd, env ...string) *Server {
	t.Helper()
	return startCommand(t, cmd, env).listen()
}

// listen waits until the server listens.
func (s *Server) listen() *Server {
	s.t.Helper()
	address := s.waitForLine(listening)
	if address == nil {
		s.t.Fatalf("the server did not start within %s:\n%s", patience, s.Logs())
	}
	s.URL = address[1]
	return s
}

var listening = regexp.MustCompile(`Listening on (http://[^\s"]+)[\s"]`)

// RunServer runs the server to its end, for a configuration with which it does not start,
// and returns its exit code and what it printed.
func RunServer(t testing.TB, env ...string) (code int, output string) {
	t.Helper()
	s := start(t, BuildServer(t), env)
	return s.Wait(), s.Logs()
}

func start(t testing.TB, program string, env []string, args ...string) *Server {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = t.TempDir()
	return startCommand(t, cmd, env)
}

func startCommand(t testing.TB, cmd *exec.Cmd, env []string) *Server {
	t.Helper()
	noteSecrets(env)
	s := &Server{t: t, Cmd: cmd, log: &buffer{}, exited: make(chan struct{})}
	// A server with the race detector would sleep for a second before it ends.
	s.Cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOST=127.0.0.1", "PORT=0", "GORACE=atexit_sleep_ms=10"}, env...)
	s.Cmd.Stdout, s.Cmd.Stderr = s.log, s.log
	if err := s.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.exited)
		_ = s.Cmd.Wait() // the exit code is in ProcessState
	}()
	t.Cleanup(func() {
		s.Kill9()
		if strings.Contains(s.Logs(), "WARNING: DATA RACE") {
			t.Errorf("data race in the server:\n%s", s.Logs())
		}
		ShowsNoSecrets(t, "the log of the server", s.Logs(), env...)
	})
	return s
}

// Logs is all that the server has printed.
func (s *Server) Logs() string { return s.log.String() }

// Signal sends a signal and does not wait.
func (s *Server) Signal(sig os.Signal) {
	if err := s.Cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.t.Errorf("signal the server: %v", err)
	}
}

// Kill9 ends the process as a crash would, and waits for the end.
func (s *Server) Kill9() {
	s.Signal(syscall.SIGKILL)
	<-s.exited
}

// OpenFiles is the number of files and connections that the process has open.
func (s *Server) OpenFiles() int {
	s.t.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.Cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(open)
}

// Exited is closed when the process has ended.
func (s *Server) Exited() <-chan struct{} { return s.exited }

// Goroutines ends the process and returns how many goroutines it had, and what they were
// doing.
func (s *Server) Goroutines() (n int, stacks string) {
	s.t.Helper()
	s.Signal(syscall.SIGQUIT)
	s.Wait()
	_, stacks, _ = strings.Cut(s.Logs(), "SIGQUIT: quit")
	return strings.Count(stacks, "\ngoroutine "), stacks
}

// Stop asks the server to end, waits for it, and returns its exit code.
func (s *Server) Stop() int {
	s.t.Helper()
	s.Signal(syscall.SIGTERM)
	return s.Wait()
}

// Wait waits for the end of the process and returns its exit code, -1 if a signal ended it.
func (s *Server) Wait() int {
	s.t.Helper()
	select {
	case <-s.exited:
	case <-time.After(patience):
		s.t.Fatalf("the server did not end within %s:\n%s", patience, s.Logs())
	}
	return s.Cmd.ProcessState.ExitCode()
}

// WaitForLog waits until the log has a match, and fails the test if it gets none.
func (s *Server) WaitForLog(line *regexp.Regexp) {
	s.t.Helper()
	if s.waitForLine(line) == nil {
		s.t.Fatalf("the log has no %s:\n%s", line, s.Logs())
	}
}

// waitForLine waits for a match in the log and returns it with its groups, nil if the
// process ends or time passes without.
func (s *Server) waitForLine(line *regexp.Regexp) []string {
	deadline := time.After(patience)
	for {
		// Both are asked before the log is read, so that nothing after it is missed.
		more, ended := s.log.changed(), s.ended()
		if match := line.FindStringSubmatch(s.Logs()); match != nil || ended {
			return match
		}
		select {
		case <-s.exited:
		case <-more:
		case <-deadline:
			return nil
		}
	}
}

func (s *Server) ended() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

// buffer collects output and tells when there is more.
type buffer struct {
	mu    sync.Mutex
	bytes bytes.Buffer
	more  chan struct{}
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.more != nil {
		close(b.more)
		b.more = nil
	}
	return b.bytes.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bytes.String()
}

// changed returns a channel that is closed at the next write.
func (b *buffer) changed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.more == nil {
		b.more = make(chan struct{})
	}
	return b.more
}
