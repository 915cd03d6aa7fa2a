//go:build linux

package deploy

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"edgeframe/internal/testenv"
)

const (
	operatorPassword = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	serverPassword   = "8c1f0a4be2d94c7e9a35b1d06f82e7ac"
)

// startRedis runs the command of the compose file, on another port and with files of the test, and returns its
// address.
func startRedis(t *testing.T, script string) (addr string) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = free.Addr().String()
	free.Close()
	_, port, _ := net.SplitHostPort(addr)
	conf, err := filepath.Abs("redis.conf")
	if err != nil {
		t.Fatal(err)
	}
	script = strings.NewReplacer("$$", "$", "/etc/redis.conf", conf, "--dir /data", "--dir "+t.TempDir()+" --port "+port).Replace(script)
	cmd := exec.Command("sh", "-c", script)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "REDIS_OPERATOR_PASSWORD=" + operatorPassword, "REDIS_PASSWORD=" + serverPassword}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // redis-server is a child of the shell
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end := sync.OnceFunc(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	t.Cleanup(end)
	admin := client(t, addr, "", operatorPassword)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := admin.Ping(t.Context()).Err()
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			end()
			t.Fatalf("redis-server did not start: %v\n%s", err, &log)
		}
	}
	return addr
}

func client(t *testing.T, addr, user, password string) *goredis.Client {
	t.Helper()
	c := goredis.NewClient(&goredis.Options{Addr: addr, Username: user, Password: password, MaxRetries: -1})
	t.Cleanup(func() { c.Close() })
	return c
}

// TestTheComposeFileServes runs the two commands of the compose file with their environments: Redis with redis.conf,
// and edgeframe on it.
func TestTheComposeFileServes(t *testing.T) {
	services := readCompose(t).Services
	addr := startRedis(t, services["redis"].Command[2])

	environ := services["edgeframe"].Environment
	delete(environ, "API_TOKENS")
	delete(environ, "ALLOWED_HOSTS")
	environ["REDIS_PASSWORD"] = serverPassword
	environ["REDIS_URL"] = strings.Replace(environ["REDIS_URL"], "redis:6379", addr, 1)
	var env []string
	for name, value := range environ {
		env = append(env, name+"="+value)
	}
	s := testenv.StartServer(t, env...)
	if strings.Contains(s.Logs(), `"WARN"`) {
		t.Errorf("the start warns:\n%s", s.Logs())
	}
	useSession(t, s.URL)
	resp, err := http.Get(s.URL + "/health/storage?deep=true")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(body), `"status":"healthy","backend_type":"redis"`) {
		t.Errorf("%s, %v", body, err)
	}

	check := strings.ReplaceAll(services["redis"].HealthCheck.Test[1], "$$", "$")
	check = strings.Replace(check, "redis-cli", "redis-cli -u redis://"+addr, 1)
	for password, want := range map[string]bool{serverPassword: true, "another": false} {
		cmd := exec.Command("sh", "-c", check)
		cmd.Env = append(os.Environ(), "REDIS_PASSWORD="+password)
		if out, err := cmd.CombinedOutput(); (err == nil) != want {
			t.Errorf("the health check with the password %s: %v %s", password, err, out)
		}
	}
	wantSecure(t, addr)
}

// wantSecure checks what redis.conf sets, and what its users may not do.
func wantSecure(t *testing.T, addr string) {
	t.Helper()
	admin := client(t, addr, "", operatorPassword)
	for name, want := range map[string]string{
		"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction", "maxmemory": "1073741824", "requirepass": operatorPassword,
	} {
		if got, err := admin.ConfigGet(t.Context(), name).Result(); err != nil || got[name] != want {
			t.Errorf("%s is %v, %v, want %s", name, got, err, want)
		}
	}
	server := client(t, addr, "edgeframe", serverPassword)
	for command, want := range map[string]string{
		"FLUSHALL": "unknown command", "FLUSHDB": "unknown command", "CONFIG GET requirepass": "NOPERM", "SHUTDOWN": "NOPERM",
		"DEBUG OBJECT x": "not allowed", "KEYS *": "NOPERM", "GET other": "NOPERM", "GET edgeframe:x": "redis: nil", "PUBLISH x y": "NOPERM",
	} {
		var words []any
		for _, word := range strings.Fields(command) {
			words = append(words, word)
		}
		if err := server.Do(t.Context(), words...).Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", command, err, want)
		}
	}
	if err := client(t, addr, "", "").Ping(t.Context()).Err(); err == nil || !strings.Contains(err.Error(), "NOAUTH") {
		t.Errorf("without a password: %v", err)
	}
}
