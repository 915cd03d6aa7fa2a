//go:build !js

package testenv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// Redis is a running redis-server.
type Redis struct {
	// Addr is its host:port on the loopback interface, URL its address without a password.
	Addr, URL string
	// Admin is a client of the test's own, as the user "default" with the password that the
	// arguments set.
	Admin *goredis.Client

	t    testing.TB
	dir  string
	args []string
	cmd  *exec.Cmd
	log  *buffer
}

// StartRedis starts redis-server on a free port with the arguments args, which are lines of
// redis.conf such as "--requirepass", "geheim", and waits until it answers. It keeps nothing
// on disk unless args say so; its files are in a directory of the test. It is killed at the
// end of the test.
func StartRedis(t testing.TB, args ...string) *Redis {
	t.Helper()
	for range 10 {
		r := newRedis(t, freePort(t), args)
		if r.start() == nil {
			return r
		}
	}
	t.Fatal("redis-server did not find a free port")
	return nil
}

func newRedis(t testing.TB, port int, args []string) *Redis {
	r := &Redis{Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), t: t, dir: t.TempDir(), args: args}
	r.URL = "redis://" + r.Addr
	r.Admin = goredis.NewClient(&goredis.Options{Addr: r.Addr, Password: following(args, "--requirepass")})
	t.Cleanup(func() {
		_ = r.Admin.Close()
		r.Kill9()
	})
	return r
}

func freePort(t testing.TB) int {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	return free.Addr().(*net.TCPAddr).Port
}

// following is the argument after name, "" if there is none.
func following(args []string, name string) string {
	for i, arg := range args[:max(0, len(args)-1)] {
		if arg == name {
			return args[i+1]
		}
	}
	return ""
}

var errPortTaken = errors.New("the port is taken")

// start runs the server and waits until it has loaded its data.
func (r *Redis) start() error {
	r.t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		r.t.Fatalf("the tests need redis-server; make test installs it: %v", err)
	}
	_, port, _ := net.SplitHostPort(r.Addr)
	r.log = &buffer{}
	r.cmd = exec.Command(program, append([]string{"--port", port, "--bind", "127.0.0.1", "--dir", r.dir, "--save", ""}, r.args...)...)
	r.cmd.Stdout, r.cmd.Stderr = r.log, r.log
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if strings.Contains(r.log.String(), "Address already in use") {
			r.Kill9()
			return errPortTaken
		}
		if strings.Contains(r.log.String(), "Ready to accept connections") {
			return nil
		}
	}
	r.t.Fatalf("redis-server did not start within %s:\n%s", patience, r.log)
	return nil
}

// Kill9 ends the server as a crash would.
func (r *Redis) Kill9() {
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait() // also an error if it was waited for before
}

// Restart starts the server again on the same port and files, after Kill9.
func (r *Redis) Restart() {
	r.t.Helper()
	// The port was ours a moment ago; what could take it is a connection that is closing.
	for end := time.Now().Add(patience); r.start() != nil; {
		if time.Now().After(end) {
			r.t.Fatalf("port of %s is taken", r.Addr)
		}
	}
}

// Pause stops the process without ending it, as a machine that hangs.
func (r *Redis) Pause() { r.signal(syscall.SIGSTOP) }

// Resume lets a paused process go on.
func (r *Redis) Resume() { r.signal(syscall.SIGCONT) }

func (r *Redis) signal(sig os.Signal) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(sig); err != nil {
		r.t.Fatalf("signal redis-server: %v", err)
	}
}

// Do sends a command and fails the test if it is refused.
func (r *Redis) Do(args ...any) any {
	r.t.Helper()
	answer, err := r.Admin.Do(context.Background(), args...).Result()
	if err != nil && !errors.Is(err, goredis.Nil) {
		r.t.Fatalf("%v: %v", args, err)
	}
	return answer
}

// Info is a field of what INFO answers.
func (r *Redis) Info(name string) string {
	r.t.Helper()
	for line := range strings.Lines(fmt.Sprint(r.Do("INFO", "everything"))) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	r.t.Fatalf("INFO has no %s", name)
	return ""
}
