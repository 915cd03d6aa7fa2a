//go:build !js

package conformance

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"edgeframe/internal/testenv"
)

// native starts the server with small limits, so that the tests can exceed them cheaply.
func native(t *testing.T, env ...string) Target {
	t.Helper()
	return nativeBy(t, testenv.StartServer, env...)
}

// plainNative is native without the race detector: for servers that run the same code as others that have it.
func plainNative(t *testing.T, env ...string) Target {
	t.Helper()
	return nativeBy(t, testenv.StartPlainServer, env...)
}

func nativeBy(t *testing.T, start func(testing.TB, ...string) *testenv.Server, env ...string) Target {
	t.Helper()
	env = append([]string{"MAX_UPLOAD_SIZE_MB=8", "MAX_DATAFRAME_SIZE_MB=64", "CORS_ORIGINS=https://app.example.com"}, env...)
	server := start(t, env...)
	return Target{
		URL:            server.URL,
		MaxUploadBytes: 8 << 20,
		MaxVersions:    5,
		TTLSeconds:     3600,
		Origin:         "https://app.example.com",
		BackendType:    "inmemory",
		BackendClass:   "InMemoryBackend",
		Runtime:        "native",
	}
}

func TestNativeServerOnDisk(t *testing.T) {
	Run(t, native(t, "STORAGE_DIR="+t.TempDir()))
}

func TestNativeServerInMemory(t *testing.T) {
	target := plainNative(t, "STORAGE_DIR=", "API_TOKENS=first-token,second-token", "TOKEN_SECRET="+tokenSecret, "LOG_LEVEL=debug", "METRICS=true")
	target.Token, target.TokenSecret = "second-token", tokenSecret
	countSeries(t, target)
	Run(t, target)
}

func TestNativeServerOnRedis(t *testing.T) {
	redis := testenv.StartRedis(t)
	Run(t, onRedis(t, native, redis.URL))
}

// onRedis is a server with tokens on the Redis at url. It counts requests against a limit that no test reaches, so that
// all answers are compared with that switched on too.
func onRedis(t *testing.T, native func(*testing.T, ...string) Target, url string, env ...string) Target {
	t.Helper()
	env = append([]string{"REDIS_ENABLED=true", "STORAGE_FALLBACK_TO_MEMORY=false", "REDIS_URL=" + url, "API_TOKENS=first-token", "TOKEN_SECRET=" + tokenSecret, "LOG_LEVEL=debug", "RATE_LIMIT_PER_MINUTE=1000000"}, env...)
	target := native(t, env...)
	target.Token, target.TokenSecret = "first-token", tokenSecret
	target.BackendType, target.BackendClass = "redis", "RedisBackend"
	return target
}

var everywhere = flag.Bool("everywhere", false, "check every claim on a Cluster and behind Sentinel too")

// runOnStore is Run for a store that differs from others in how it keeps what it is given. Unless -everywhere is set it
// leaves out the groups that are about files, formats and computing.
func runOnStore(t *testing.T, target Target) {
	if !*everywhere {
		target.Groups = []string{
			"create", "session", "metadata", "expiry", "page", "caching", "edit", "append and replace", "version", "missing", "audit",
			"revision", "concurrency", "health", "stream", "workbook", "repeat", "access",
		}
	}
	Run(t, target)
}

// TestNativeServerOnCluster has a Cluster of three masters. Each has a replica, which changes wait for.
func TestNativeServerOnCluster(t *testing.T) {
	cluster := testenv.StartRedisCluster(t, 3)
	for i := range 3 {
		cluster.AddReplica(i)
	}
	runOnStore(t, onRedis(t, plainNative, "redis://"+cluster.Nodes[0].Addr, "REDIS_WAIT_REPLICAS=1", "REDIS_WAIT_TIMEOUT=20"))
}

// TestNativeServerBehindSentinel has a master whose address a Sentinel tells, and a replica, which changes wait for.
func TestNativeServerBehindSentinel(t *testing.T) {
	s := testenv.StartRedisSentinel(t)
	runOnStore(t, onRedis(t, plainNative, "redis://"+s.Addr, "REDIS_SENTINEL_MASTER="+s.Name, "REDIS_WAIT_REPLICAS=1", "REDIS_WAIT_TIMEOUT=20"))
}

// TestNativeServerCompresses tests the compression, which only the native server has.
func TestNativeServerCompresses(t *testing.T) {
	c := newClient(t, native(t, "STORAGE_DIR="))
	s := c.create(numbers(2000))
	plain := s.get("/data", "format=csv")
	for coding, open := range map[string]func(io.Reader) (io.Reader, error){
		"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"zstd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) },
	} {
		a := s.do("GET", s.path("/data", "format=csv"), nil, "Accept-Encoding: "+coding).is(http.StatusOK).has("Content-Encoding", coding)
		r, err := open(bytes.NewReader(a.body))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(body, plain.body) || len(a.body) >= len(plain.body) {
			t.Errorf("%s: %d bytes became %d: %v", coding, len(a.body), len(body), err)
		}
		tag := a.header.Get("ETag")
		s.do("GET", s.path("/data", "format=csv"), nil, "Accept-Encoding: "+coding, "If-None-Match: "+tag).is(http.StatusNotModified)
		s.do("PATCH", s.path("/data", "dry_run=true"), map[string]any{"operations": []op{{"op": "delete_rows", "rows": []int{0}}}}, "If-Match: "+tag).is(http.StatusOK)
	}
}

// TestPagesOfTheOwnMachineMayCallByDefault checks the default of CORS_ORIGINS, and that it opens the server to
// nobody else.
func TestPagesOfTheOwnMachineMayCallByDefault(t *testing.T) {
	server := testenv.StartServer(t, "STORAGE_DIR=")
	c := newClient(t, Target{URL: server.URL})
	for origin, status := range map[string]int{
		"http://localhost:3001": http.StatusCreated, "https://localhost:5173": http.StatusCreated, "http://127.0.0.1:49152": http.StatusCreated, "http://[::1]:8080": http.StatusCreated,
		"http://localhost.evil.example:80": http.StatusForbidden, "http://127.0.0.1.evil.example:80": http.StatusForbidden, "https://evil.example": http.StatusForbidden,
		"http://192.168.0.7:3000": http.StatusForbidden, "null": http.StatusForbidden,
	} {
		allowed := origin
		if status == http.StatusForbidden {
			allowed = ""
		}
		for range 2 {
			c.do("POST", "/api/v1/sessions", people, "Content-Type: text/csv", "Origin: "+origin, "Sec-Fetch-Site: cross-site").is(status).has("Access-Control-Allow-Origin", allowed)
		}
		logged := strings.Count(server.Logs(), "origin="+origin+" ") + strings.Count(server.Logs(), "origin=\""+origin+"\" ")
		if want := map[bool]int{true: 1}[allowed == ""]; logged != want {
			t.Errorf("%s is logged %d times, want %d", origin, logged, want)
		}
	}
}

// TestClientsThatSendBeforeTheyReadSeeTheRefusal sends bodies as urllib of Python does.
func TestClientsThatSendBeforeTheyReadSeeTheRefusal(t *testing.T) {
	target := native(t, "STORAGE_DIR=", "API_TOKENS=secret-token-of-tests")
	address := strings.TrimPrefix(target.URL, "http://")
	body := bytes.Repeat([]byte("1,2,3,4,5,6\n"), 30<<20/12)
	for _, tt := range []struct {
		claim, header string
		status        int
	}{
		{"a body over the limit", "Authorization: Bearer secret-token-of-tests\r\nContent-Type: text/csv\r\n", http.StatusRequestEntityTooLarge},
		{"a wrong token", "Authorization: Bearer wrong\r\nContent-Type: text/csv\r\n", http.StatusUnauthorized},
	} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
		fmt.Fprintf(conn, "POST /api/v1/sessions HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n%s\r\n", address, len(body), tt.header)
		if _, err := conn.Write(body); err != nil {
			t.Errorf("%s: the client cannot send: %v", tt.claim, err)
			continue
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%s: %v", tt.claim, err)
			continue
		}
		response.Body.Close()
		if response.StatusCode != tt.status {
			t.Errorf("%s: status %d, want %d", tt.claim, response.StatusCode, tt.status)
		}
	}
}

// TestHostileFilesDoNotMakeTheServerGrow sends every bad file, several concurrently, and then checks
// the peak memory of the server.
func TestHostileFilesDoNotMakeTheServerGrow(t *testing.T) {
	// Each of the concurrent requests may use the memory of the largest dataframe and of its body,
	// and the collector lets the heap grow to twice the memory in use.
	const (
		atOnce = 4
		most   = 2*atOnce*(64<<20+8<<20) + 256<<20
	)
	server := testenv.StartServer(t, "STORAGE_DIR=", "MAX_UPLOAD_SIZE_MB=8", "MAX_DATAFRAME_SIZE_MB=64")
	c := newClient(t, Target{URL: server.URL, MaxUploadBytes: 8 << 20})
	bad := c.badUploads()
	var group sync.WaitGroup
	for range atOnce {
		group.Go(func() {
			for _, b := range bad {
				a, err := c.try("POST", "/api/v1/sessions", b.body, "Content-Type: "+b.contentType)
				if err != nil || a.status != b.status {
					t.Errorf("%s: %v, %v", b.claim, a, err)
				}
			}
		})
	}
	group.Wait()
	peak := peakMemory(t, server)
	if peak > most {
		t.Errorf("the server took %d bytes, at most %d are expected", peak, most)
	}
	t.Logf("the server took %d MiB at most", peak>>20)
}

// TestLongFilesComeBackEqual uploads the files that exceed the small limits of the other tests. The
// largest bodies are the Arrow files that are uploaded again.
func TestLongFilesComeBackEqual(t *testing.T) {
	// What is in memory counts here, and not how long the collector waits.
	server := testenv.StartPlainServer(t, "STORAGE_DIR="+t.TempDir(), "MAX_UPLOAD_SIZE_MB=200", "GOGC=100")
	c := newClient(t, Target{URL: server.URL, MaxUploadBytes: 200 << 20})
	if s := c.upload(parquetType, c.vega("flights-3m.parquet")); s.made.Shape != [2]int{3_000_000, 5} {
		t.Errorf("shape %v", s.made.Shape)
	}
	// The table alone is larger than this, and the server took 43 MB before.
	const most = 200 << 20
	if peak := peakMemory(t, server); peak > most {
		t.Errorf("the server took %d bytes for flights-3m.parquet, at most %d are expected", peak, most)
	}
	for _, name := range []string{"flights-200k.json", "flights-3m.parquet"} {
		c.comesBack(name)
	}
}

// peakMemory returns the peak memory of a server in bytes, as the kernel reports it.
func peakMemory(t *testing.T, server *testenv.Server) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", server.Cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		t.Fatal("the kernel does not tell")
	}
	kilobytes, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}
