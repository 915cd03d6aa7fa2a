//go:build !js

package testenv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
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
	// TLSAddr is the host:port where it speaks TLS, if it was started for that.
	TLSAddr string
	// Admin is a client of the test's own, as the user "default" with the password that the
	// arguments set.
	Admin *goredis.Client

	t    testing.TB
	dir  string
	port []string
	// busPort is where the nodes of a Cluster speak to one another.
	busPort string
	args    []string
	cmd     *exec.Cmd
	log     *buffer
}

// StartRedis starts redis-server on a free port with the arguments args, which are lines of
// redis.conf such as "--requirepass", "geheim", and waits until it answers. It keeps nothing
// on disk unless args say so; its files are in a directory of the test. With the arguments of
// [Certificates.Redis] it speaks TLS too, with "--cluster-enabled", "yes" it is a node of a
// Cluster. It is killed at the end of the test.
func StartRedis(t testing.TB, args ...string) *Redis {
	t.Helper()
	for range 10 {
		r := &Redis{t: t, dir: t.TempDir(), args: args}
		Secret(r.argument("--requirepass"), r.argument("--masterauth"))
		r.listenOn(FreePort(t), FreePort(t))
		if r.start() != nil {
			continue
		}
		r.Admin = goredis.NewClient(&goredis.Options{Addr: r.Addr, Password: r.argument("--requirepass")})
		t.Cleanup(func() {
			_ = r.Admin.Close()
			r.Kill9()
		})
		return r
	}
	t.Fatal("redis-server did not find a free port")
	return nil
}

// listenOn sets the addresses. A server with a certificate speaks TLS on the second port. A
// node of a Cluster gets a third one, because the usual port of its bus, 10000 higher than the
// first, may be taken or not exist.
func (r *Redis) listenOn(port, tlsPort string) {
	r.Addr = net.JoinHostPort("127.0.0.1", port)
	r.URL = "redis://" + r.Addr
	r.port = []string{"--port", port}
	if r.argument("--tls-cert-file") != "" {
		r.TLSAddr = net.JoinHostPort("127.0.0.1", tlsPort)
		r.port = append(r.port, "--tls-port", tlsPort)
	}
	if r.argument("--cluster-enabled") == "yes" {
		r.busPort = FreePort(r.t)
		r.port = append(r.port, "--cluster-port", r.busPort)
	}
}

// FreePort returns a port of the loopback interface on which nothing listens.
func FreePort(t testing.TB) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	_, port, _ := net.SplitHostPort(free.Addr().String())
	return port
}

// argument is what follows name in the arguments, "" if it is not there.
func (r *Redis) argument(name string) string {
	if i := slices.Index(r.args, name); i >= 0 {
		return r.args[i+1]
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
	args := slices.Concat(r.port, []string{"--bind", "127.0.0.1", "--dir", r.dir, "--save", ""}, r.args)
	if slices.Contains(r.args, "--sentinel") {
		args = r.args // all else is in its file
	}
	r.log = &buffer{}
	r.cmd = exec.Command(program, args...)
	r.cmd.Stdout, r.cmd.Stderr = r.log, r.log
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if strings.Contains(r.log.String(), "Address already in use") {
			r.Kill9()
			return errPortTaken
		}
		if strings.Contains(r.log.String(), "Ready to accept connections") || strings.Contains(r.log.String(), "Sentinel ID is") {
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

// SetPassword changes the password of the default user until the server ends, and closes the connections of that user.
// The arguments of the server must have "--masteruser" and "--masterauth", a user who may do that.
func (r *Redis) SetPassword(password string) {
	r.t.Helper()
	ctx := context.Background()
	other := goredis.NewClient(&goredis.Options{Addr: r.Addr, Username: r.argument("--masteruser"), Password: r.argument("--masterauth")})
	defer other.Close()
	if err := errors.Join(other.ConfigSet(ctx, "requirepass", password).Err(), other.Do(ctx, "CLIENT", "KILL", "USER", "default").Err()); err != nil {
		r.t.Fatalf("change the password of %s: %v", r.Addr, err)
	}
	_ = r.Admin.Close()
	r.Admin = goredis.NewClient(&goredis.Options{Addr: r.Addr, Password: password})
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
