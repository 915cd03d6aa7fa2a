//go:build !js

package native

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// serveLimited serves h with at most limit connections and returns its address.
func serveLimited(t *testing.T, limit int, h http.Handler) string {
	t.Helper()
	ln, err := listen(t.Context(), mustLoad(t, "PORT=0"))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	conns := newConnections(limit, log)
	srv, err := newServer(h, conns, log, telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(limitListener(ln, conns)) }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

// client is one connection.
type client struct {
	net.Conn
	in *bufio.Reader
}

func connect(t *testing.T, address string) client {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return client{conn, bufio.NewReader(conn)}
}

// get requests path and returns the body of the answer.
func (c client) get(path string) (string, error) {
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
	return c.answer()
}

func (c client) answer() (string, error) {
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func mustGet(t *testing.T, c client) {
	t.Helper()
	if body, err := c.get("/a"); body != "/a" || err != nil {
		t.Errorf("got %q, %v", body, err)
	}
}

var echoPath = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) })

func TestTheConnectionThatIsUnusedLongestMakesRoom(t *testing.T) {
	address := serveLimited(t, 2, echoPath)
	first, second, third := connect(t, address), connect(t, address), connect(t, address)
	mustGet(t, first)
	// The server notes that a connection is unused a moment after the client has the answer.
	time.Sleep(unusedGrace / 5)
	mustGet(t, second)
	mustGet(t, third)
	mustGet(t, third)
	mustGet(t, second)
	if body, err := first.get("/a"); err == nil {
		t.Errorf("the oldest connection is still open: %q", body)
	}
}

func TestAConnectionThatIsAnsweredIsNotClosed(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	address := serveLimited(t, 1, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(entered)
			<-release
		}
		echoPath(w, r)
	}))
	slow, next := connect(t, address), connect(t, address)
	fmt.Fprint(slow, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
	<-entered
	fmt.Fprint(next, "GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
	close(release)
	if body, err := slow.answer(); body != "/slow" || err != nil {
		t.Errorf("got %q, %v", body, err)
	}
	if body, err := next.answer(); body != "/next" || err != nil {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestSilentConnectionsMakeRoom(t *testing.T) {
	address := serveLimited(t, 3, echoPath)
	var silent []client
	for range 3 {
		silent = append(silent, connect(t, address))
	}
	start := time.Now()
	mustGet(t, connect(t, address))
	if took := time.Since(start); took < unusedGrace/2 || took > readHeaderTimeout {
		t.Errorf("it took %s", took)
	}
	if _, err := silent[0].Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the oldest silent connection: got %v, want EOF", err)
	}
}

func TestConnectionsOfHTTP2AreIdleBetweenRequests(t *testing.T) {
	address := serveLimited(t, 1, echoPath)
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	for range 3 {
		h2 := &http.Client{Transport: &http.Transport{Protocols: &p}, Timeout: 20 * time.Second}
		defer h2.CloseIdleConnections()
		resp, err := h2.Get("http://" + address + "/a")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	mustGet(t, connect(t, address))
}

func TestAServerWithoutRoomCanBeStopped(t *testing.T) {
	h, entered, release := slowHandler()
	defer close(release)
	address := serveLimited(t, 1, h)
	fmt.Fprint(connect(t, address), "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-entered
	connect(t, address)
}

func TestDescriptorsAreDivided(t *testing.T) {
	type division struct{ disk, connections int }
	for _, test := range []struct {
		limit   int
		environ string
		want    division
		warning string
	}{
		{1 << 20, "", division{500, 10_000}, ""},
		{20_000, "MAX_CONNECTIONS=15000", division{500, 15_000}, ""},
		{1024, "", division{500, 500}, ""},
		{1024, "MAX_CONNECTIONS=100", division{500, 100}, ""},
		{1024, "MAX_CONNECTIONS=5000", division{500, 500}, "leaves room for 500 connections"},
		{1024, "STORAGE_DIR=", division{500, 1000}, ""},
		{256, "", division{128, 104}, ""},
		{256, "STORAGE_DIR= REDIS_ENABLED=true", division{128, 182}, ""},
		{1024, "REDIS_ENABLED=true REDIS_MAX_CONNECTIONS=100000", division{500, 488}, ""},
		{120, "", division{74, 22}, "leaves room for 22 connections only"},
		{64, "", division{74, 4}, "leaves room for 4 connections only"},
	} {
		got := divideDescriptors(test.limit, mustLoad(t, strings.Split(test.environ, " ")...))
		if diff := cmp.Diff(test.want, division{got.disk, got.connections}, cmp.AllowUnexported(division{})); diff != "" {
			t.Errorf("%d %s: %s", test.limit, test.environ, diff)
		}
		if (got.warning == "") != (test.warning == "") || !strings.Contains(got.warning, test.warning) {
			t.Errorf("%d %s: warning %q, want %q", test.limit, test.environ, got.warning, test.warning)
		}
	}
}
