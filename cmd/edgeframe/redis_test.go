//go:build !js

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"edgeframe/internal/testenv"
)

// These tests run the real program with a real Redis, or with one that does not answer.

// storageHealth is the parsed /health/storage of a server.
func storageHealth(t *testing.T, url string) (status int, doc map[string]any) {
	t.Helper()
	resp, err := http.Get(url + "/health/storage")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	testenv.ShowsNoSecrets(t, "the health document", string(body))
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, doc
}

// upload creates a session and returns its URL.
func upload(t *testing.T, server, csv string) string {
	t.Helper()
	resp, err := http.Post(server+"/api/v1/sessions", "text/csv", strings.NewReader(csv))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		body, _ := io.ReadAll(resp.Body)
		t.Fatalf("%s: %s", resp.Status, body)
	}
	return server + resp.Header.Get("Location")
}

// withoutNumbers makes latencies comparable.
func withoutNumbers(log string) string {
	return regexp.MustCompile(`latency: [0-9.]+ms`).ReplaceAllString(log, "latency: Xms")
}

// The lines of the seed, in their order, and the one about access.
const (
	linesOnRedis = `📊 Session timeout: 60 minutes
🧠 Memory: 2048 MB (MAX_MEMORY_MB), of which requests share 1113 MB
[DataManager] Redis enabled in settings
[Redis] Initializing connection pool: redis://:***@%[1]s/0
[Redis] ✓ Connection pool initialized successfully
[RedisBackend] Initialized successfully
[DataManager] DataManager initialized with RedisBackend (redis)
💾 Storage backend: RedisBackend (redis)
✅ Redis: Connected (latency: Xms)
🔓 API tokens: none: everybody who reaches this address may read and write
`
	linesFallback = `📊 Session timeout: 60 minutes
🧠 Memory: 2048 MB (MAX_MEMORY_MB), of which requests share 1113 MB
[DataManager] Redis enabled in settings
[Redis] Initializing connection pool: redis://:***@127.0.0.1:1/0
[DataManager] Failed to initialize RedisBackend: connection refused: nothing listens at 127.0.0.1:1; is Redis running, and is this its port?
[DataManager] Falling back to InMemoryBackend
[DataManager] DataManager initialized with InMemoryBackend (inmemory)
💾 Storage backend: InMemoryBackend (inmemory)
⚠️  Redis: Enabled but not available (using fallback)
🔓 API tokens: none: everybody who reaches this address may read and write
`
	linesDisabled = `📊 Session timeout: 60 minutes
🧠 Memory: 2048 MB (MAX_MEMORY_MB), of which requests share 1113 MB
[DataManager] DataManager initialized with InMemoryBackend (inmemory)
💾 Storage backend: InMemoryBackend (inmemory)
ℹ️  Redis: Disabled (using InMemory backend)
🔓 API tokens: none: everybody who reaches this address may read and write
`
)

// TestTheMatrixOfConfigurations has the four rows of the matrix in docs/operations.md.
func TestTheMatrixOfConfigurations(t *testing.T) {
	redis := testenv.StartRedis(t, "--requirepass", "geheim")
	up := "REDIS_URL=redis://:geheim@" + redis.Addr + "/0"
	const down = "REDIS_URL=redis://:geheim@127.0.0.1:1/0"
	rows := []struct {
		name    string
		environ []string
		lines   string
		health  map[string]any
	}{
		{
			"disabled",
			[]string{"REDIS_ENABLED=false", up},
			linesDisabled,
			map[string]any{"backend_type": "inmemory", "backend_class": "InMemoryBackend", "redis_enabled": false, "redis_available": false},
		},
		{
			"enabled and running",
			[]string{"REDIS_ENABLED=true", "STORAGE_FALLBACK_TO_MEMORY=false", up},
			fmt.Sprintf(linesOnRedis, redis.Addr),
			map[string]any{"backend_type": "redis", "backend_class": "RedisBackend", "redis_enabled": true, "redis_available": true},
		},
		{
			"enabled, down, with fallback",
			[]string{"REDIS_ENABLED=true", "STORAGE_FALLBACK_TO_MEMORY=true", down},
			linesFallback,
			map[string]any{"backend_type": "inmemory", "backend_class": "InMemoryBackend", "redis_enabled": true, "redis_available": false},
		},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := testenv.StartServer(t, append(row.environ, "MAX_MEMORY_MB=2048")...)
			upload(t, s.URL, "a\n1\n")
			status, doc := storageHealth(t, s.URL)
			if status != http.StatusOK || doc["status"] != "healthy" || doc["reachable"] != true || doc["active_sessions"] != 1.0 {
				t.Errorf("%d %v", status, doc)
			}
			for field, want := range row.health {
				if doc[field] != want {
					t.Errorf("%s is %v, want %v", field, doc[field], want)
				}
			}
			fallback := doc["fallback"].(map[string]any)
			if active := doc["redis_enabled"] != doc["redis_available"]; fallback["active"] != active || (fallback["reason"] != nil) != active {
				t.Errorf("fallback %v", fallback)
			}
			if code := s.Stop(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			_, log, _ := strings.Cut(s.Logs(), "🚀 edgeframe starting up...\n")
			log, _, _ = strings.Cut(log, "🌐")
			if diff := cmp.Diff(row.lines, withoutNumbers(log)); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(s.Logs(), "geheim") {
				t.Error("the log has the password")
			}
		})
	}
	t.Run("enabled, down, without fallback", func(t *testing.T) {
		code, output := testenv.RunServer(t, "REDIS_ENABLED=true", "STORAGE_FALLBACK_TO_MEMORY=false", down)
		want := "edgeframe: cannot serve: REDIS_ENABLED=true, STORAGE_FALLBACK_TO_MEMORY=false: connection refused: nothing listens at 127.0.0.1:1; is Redis running, and is this its port?\n"
		if code != 1 || !strings.HasSuffix(output, want) || strings.Contains(output, "geheim") || strings.Contains(output, "Listening") {
			t.Errorf("exit code %d:\n%s", code, output)
		}
	})
}

// TestWhyRedisIsNotAvailableIsSaidInOneLine tries everything that may be at the address in place of
// a usable Redis.
func TestWhyRedisIsNotAvailableIsSaidInOneLine(t *testing.T) {
	certificates := testenv.NewCertificates(t)
	plain := testenv.StartRedis(t)
	secured := testenv.StartRedis(t, append(certificates.Redis(), "--requirepass", "geheim")...)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	at := func(server string) string { return "REDIS_URL=" + server }
	tests := []struct {
		name    string
		environ []string
		says    string
	}{
		{"a wrong password", []string{at("redis://:falsch@" + secured.Addr)}, "authentication failed: Redis at " + secured.Addr + " does not accept this user and password; check REDIS_PASSWORD and REDIS_URL"},
		{"an unknown user", []string{at("redis://ann:falsch@" + secured.Addr)}, "authentication failed: .* does not accept"},
		{"no password", []string{at(secured.URL)}, "authentication failed: .* requires a password; set REDIS_PASSWORD"},
		{"a wrong port", []string{at("redis://:falsch@localhost:1")}, "connection refused: nothing listens at localhost:1; "},
		{"an unknown host", []string{at("redis://:falsch@nowhere.invalid:1")}, "unknown host: the name in nowhere.invalid:1 cannot be resolved"},
		{"an unreachable host", []string{at("redis://:falsch@" + blackHole(t))}, "timeout: no answer from 127.0.0.1:[0-9]+ within 5s"},
		{"a host that is silent", []string{at("redis://:falsch@" + silent.Addr().String())}, "timeout: no answer from .* within 5s"},
		{"a web server", []string{at("redis://:falsch@" + strings.TrimPrefix(web.URL, "http://"))}, "not Redis: what listens at .* does not speak its protocol"},
		{"TLS without rediss", []string{at("redis://:falsch@" + secured.TLSAddr)}, "connection closed: .* must begin with rediss://"},
		{"rediss without TLS", []string{at("rediss://:falsch@" + plain.Addr)}, "timeout: no answer .* Redis with TLS that listens there"},
		{"an unknown authority", []string{at("rediss://:falsch@" + secured.TLSAddr)}, "TLS failed: .*unknown authority; .*REDIS_TLS_CA"},
		{"no certificate of the client", []string{at("rediss://:falsch@" + secured.TLSAddr), "REDIS_TLS_CA=" + certificates.CA}, "TLS failed: .*requires a certificate of its clients[;,] set REDIS_TLS_CERT and REDIS_TLS_KEY"},
		{"a database that is not there", []string{at(plain.URL + "/9999")}, "ERR DB index is out of range"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			code, output := testenv.RunServer(t, append(test.environ, "REDIS_ENABLED=true", "STORAGE_FALLBACK_TO_MEMORY=false")...)
			if took := time.Since(start); code != 1 || took > 6*time.Second {
				t.Errorf("exit code %d after %s", code, took)
			}
			failed := regexp.MustCompile(`(?m)^\[DataManager\] Failed to initialize RedisBackend: (.*)$`).FindStringSubmatch(output)
			if failed == nil || !regexp.MustCompile("^.*"+test.says).MatchString(failed[1]) {
				t.Fatalf("want %q in:\n%s", test.says, output)
			}
			lines := strings.Split(strings.TrimSpace(output), "\n")
			if last := lines[len(lines)-1]; last != "edgeframe: cannot serve: REDIS_ENABLED=true, STORAGE_FALLBACK_TO_MEMORY=false: "+failed[1] {
				t.Errorf("the last line is %q", last)
			}
			if strings.Contains(output, "falsch") || strings.Contains(output, "geheim") {
				t.Errorf("a password is shown:\n%s", output)
			}
			t.Log(failed[1])
		})
	}
}

// blackHole returns an address that never answers connections, like a host behind a firewall: its
// queue of connections is full.
func blackHole(t *testing.T) string {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	bound, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", fmt.Sprint(bound.(*unix.SockaddrInet4).Port))
	for range 8 {
		conn, err := net.DialTimeout("tcp", address, 100*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	t.Fatal("the queue does not fill")
	return ""
}

// TestTheHealthOfRedisHasEveryFieldOfTheSeed has the list of fields of the previous service.
func TestTheHealthOfRedisHasEveryFieldOfTheSeed(t *testing.T) {
	redis := testenv.StartRedis(t)
	s := testenv.StartServer(t, "REDIS_ENABLED=true", "REDIS_URL="+redis.URL)
	_, doc := storageHealth(t, s.URL)
	for _, field := range []string{
		"status", "backend_type", "backend_class", "reachable", "latency_ms", "active_sessions", "redis_enabled", "redis_available", "redis_info",
	} {
		if _, ok := doc[field]; !ok {
			t.Errorf("no %s", field)
		}
	}
	info := doc["redis_info"].(map[string]any)
	if got := info["version"]; got != redis.Info("redis_version") {
		t.Errorf("version %v", got)
	}
	for field, least := range map[string]float64{"used_memory_mb": 0.1, "connected_clients": 1, "total_commands_processed": 1} {
		if got, ok := info[field].(float64); !ok || got < least {
			t.Errorf("%s is %v", field, info[field])
		}
	}
	if len(info) != 4 {
		t.Errorf("redis_info %v", info)
	}
	if latency := doc["latency_ms"].(float64); latency <= 0 || latency > 1000 {
		t.Errorf("latency %v ms", latency)
	}
}

func TestRedisWithTLSAndACertificateOfTheClient(t *testing.T) {
	certificates := testenv.NewCertificates(t)
	redis := testenv.StartRedis(t, append(certificates.Redis(), "--user", "ann", "on", ">geheim", "~edgeframe:*", "+@all", "-@admin", "-@dangerous", "+info")...)
	s := testenv.StartServer(t, "REDIS_ENABLED=true", "STORAGE_FALLBACK_TO_MEMORY=false", "REDIS_PASSWORD=geheim",
		"REDIS_URL=rediss://ann:${REDIS_PASSWORD}@"+redis.TLSAddr,
		"REDIS_TLS_CA="+certificates.CA, "REDIS_TLS_CERT="+certificates.ClientCert, "REDIS_TLS_KEY="+certificates.ClientKey)
	upload(t, s.URL, "a\n1\n")
	if status, doc := storageHealth(t, s.URL); status != http.StatusOK || doc["active_sessions"] != 1.0 {
		t.Errorf("%d %v", status, doc)
	}
	if !strings.Contains(s.Logs(), "rediss://ann:***@"+redis.TLSAddr) {
		t.Error(s.Logs())
	}
}

// seedConf is the secure redis.conf of the specification.
const seedConf = `requirepass YOUR_STRONG_PASSWORD_HERE
rename-command FLUSHDB ""
rename-command FLUSHALL ""
rename-command CONFIG ""
rename-command SHUTDOWN ""
`

func TestARedisWithDangerousCommandsRenamedAwayIsEnough(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "redis.conf")
	if err := os.WriteFile(conf, []byte(seedConf), 0o600); err != nil {
		t.Fatal(err)
	}
	redis := testenv.StartRedis(t, "--include", conf)
	s := testenv.StartServer(t, "REDIS_ENABLED=true", "STORAGE_FALLBACK_TO_MEMORY=false", "REDIS_URL=redis://default:YOUR_STRONG_PASSWORD_HERE@"+redis.Addr)
	session := upload(t, s.URL, "a\n1\n2\n")
	for _, step := range []struct{ method, path, body string }{
		{"PATCH", "/data", `{"operations":[{"op":"set_values","column":"a","rows":[0],"value":7}]}`},
		{"POST", "/undo", ""},
		{"POST", "/redo", ""},
		{"POST", "/versions", ""},
		{"POST", "/touch", ""},
		{"GET", "/data", ""},
		{"DELETE", "", ""},
	} {
		send(t, step.method, session+step.path, step.body)
	}
	if status, doc := storageHealth(t, s.URL); status != http.StatusOK || doc["active_sessions"] != 0.0 {
		t.Errorf("%d %v", status, doc)
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestTheLifeOfSessionsOnRedisIsItsOwnSetting(t *testing.T) {
	redis := testenv.StartRedis(t, "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
	settings := []string{"REDIS_ENABLED=true", "SESSION_TIMEOUT_MINUTES=30", "REDIS_SESSION_TTL_SECONDS=90"}
	ttl := func(s *testenv.Server) any {
		resp, err := http.Get(upload(t, s.URL, "a\n1\n"))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var doc map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
			t.Fatal(err)
		}
		return doc["ttl_seconds"]
	}
	timeouts := func(s *testenv.Server) []string {
		return regexp.MustCompile("Session timeout: .*").FindAllString(s.Logs(), -1)
	}
	on := testenv.StartServer(t, append(settings, "REDIS_URL="+redis.URL)...)
	if got, lines := ttl(on), timeouts(on); got != 90.0 || !slices.Equal(lines, []string{"Session timeout: 90 seconds"}) {
		t.Errorf("%v s on Redis, %q", got, lines)
	}
	if !strings.Contains(on.Logs(), "maxmemory-policy is allkeys-lru") {
		t.Errorf("no warning of the eviction policy:\n%s", on.Logs())
	}
	off := testenv.StartServer(t, append(settings, "REDIS_URL=redis://127.0.0.1:1")...)
	if got, lines := ttl(off), timeouts(off); got != 1800.0 || !slices.Equal(lines, []string{"Session timeout: 90 seconds", "Session timeout: 30 minutes"}) {
		t.Errorf("%v s on the fallback, %q", got, lines)
	}
}

// TestEveryKindOfRedisIsServedByItsSettings creates, edits and deletes a session on a Cluster, whose
// address is that of all nodes or of one, and on a master that Sentinel finds.
func TestEveryKindOfRedisIsServedByItsSettings(t *testing.T) {
	cluster, sentinel := testenv.StartRedisCluster(t, 3), testenv.StartRedisSentinel(t)
	var nodes []string
	for _, node := range cluster.Nodes {
		nodes = append(nodes, node.URL)
	}
	for name, settings := range map[string][]string{
		"a Cluster":             {"REDIS_URL=" + strings.Join(nodes, ",")},
		"one node of a Cluster": {"REDIS_URL=" + nodes[1]},
		"a Sentinel":            {"REDIS_URL=redis://" + sentinel.Addr, "REDIS_SENTINEL_MASTER=" + sentinel.Name},
	} {
		t.Run(name, func(t *testing.T) {
			s := testenv.StartServer(t, append(settings, "REDIS_ENABLED=true", "STORAGE_FALLBACK_TO_MEMORY=false")...)
			session := upload(t, s.URL, "a\n1\n2\n")
			send(t, "PATCH", session+"/data", `{"operations":[{"op":"set_values","column":"a","rows":[0],"value":7}]}`)
			send(t, "POST", session+"/undo", "")
			send(t, "POST", session+"/redo", "")
			if got := get(t, session+"/data?format=csv"); got != "a\n7\n2\n" {
				t.Errorf("the table is %q", got)
			}
			status, doc := storageHealth(t, s.URL)
			if status != http.StatusOK || doc["backend_type"] != "redis" || doc["status"] != "healthy" || doc["active_sessions"] != 1.0 {
				t.Errorf("%d %v", status, doc)
			}
			if exact := name == "a Sentinel"; doc["active_sessions_exact"] != exact {
				t.Errorf("the count says that it is exact: %v", doc["active_sessions_exact"])
			}
			send(t, "DELETE", session, "")
			if code := s.Stop(); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s, %v", url, resp.Status, body, err)
	}
	return string(body)
}
