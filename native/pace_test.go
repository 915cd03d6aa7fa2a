//go:build !js

package native

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// bodyResult is what a handler saw of a request body.
type bodyResult struct {
	n   int64
	err error
}

// dialPaced starts a server with a paced handler and opens a connection to it. Both end with the test.
func dialPaced(t *testing.T, p pacing, handler http.HandlerFunc) net.Conn {
	t.Helper()
	srv := httptest.NewServer(pace(handler, p))
	t.Cleanup(srv.Close)
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// readingInto reads bodies and sends what it saw of them.
func readingInto(results chan bodyResult) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		read, err := io.Copy(io.Discard, r.Body)
		results <- bodyResult{read, err}
	}
}

// upload sends a body of n bytes over a real connection, chunk bytes at a time with a pause
// after each, and returns what a paced handler saw. It gives up when the server does.
func upload(t *testing.T, p pacing, n, chunk int, pause time.Duration) bodyResult {
	t.Helper()
	results := make(chan bodyResult, 1)
	conn := dialPaced(t, p, readingInto(results))
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", n)
	for sent := 0; sent < n; sent += chunk {
		if _, err := io.WriteString(conn, strings.Repeat("x", min(chunk, n-sent))); err != nil {
			break
		}
		select {
		case r := <-results:
			return r
		case <-time.After(pause):
		}
	}
	select {
	case r := <-results:
		return r
	case <-time.After(10 * time.Second):
		t.Fatal("the body is still being read")
		return bodyResult{}
	}
}

func TestASlowBodyThatMakesProgressIsRead(t *testing.T) {
	t.Parallel()
	p := pacing{stall: 3 * time.Second, window: 3 * time.Second, windowBytes: 200, chunk: 1024}
	const n = 1000
	start := time.Now()
	if got := upload(t, p, n, 100, 400*time.Millisecond); got.n != n || got.err != nil {
		t.Errorf("got %d bytes and %v, want %d and no error", got.n, got.err, n)
	}
	if took := time.Since(start); took < p.stall {
		t.Fatalf("the upload took only %s, so nothing was shown", took)
	}
}

func TestAStalledBodyIsCut(t *testing.T) {
	p := pacing{stall: 100 * time.Millisecond, window: time.Hour, windowBytes: 1, chunk: 1024}
	got := upload(t, p, 1000, 100, time.Hour)
	if got.n != 100 || !errors.Is(got.err, os.ErrDeadlineExceeded) {
		t.Errorf("got %d bytes and %v, want 100 and a deadline", got.n, got.err)
	}
}

func TestADrippingBodyIsCut(t *testing.T) {
	p := pacing{stall: time.Hour, window: 200 * time.Millisecond, windowBytes: 1 << 20, chunk: 1024}
	got := upload(t, p, 1000, 1, 10*time.Millisecond)
	if got.n == 0 || got.n >= 1000 || !errors.Is(got.err, os.ErrDeadlineExceeded) {
		t.Errorf("got %d bytes and %v, want a part and a deadline", got.n, got.err)
	}
}

// TestWhatWasSentBeforeDoesNotPayForDripping sends nearly all of a large body at once.
func TestWhatWasSentBeforeDoesNotPayForDripping(t *testing.T) {
	p := pacing{stall: time.Hour, window: 300 * time.Millisecond, windowBytes: 1000, grace: time.Millisecond, chunk: 1024}
	results := make(chan bodyResult, 1)
	conn := dialPaced(t, p, readingInto(results))
	const much = 8 << 20
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", 2*much, strings.Repeat("x", much))
	drip, end := time.NewTicker(10*time.Millisecond), time.After(10*time.Second)
	defer drip.Stop()
	for {
		select {
		case got := <-results:
			if got.n < much || !errors.Is(got.err, os.ErrDeadlineExceeded) {
				t.Errorf("got %d bytes and %v, want at least %d and a deadline", got.n, got.err, much)
			}
			return
		case <-drip.C:
			_, _ = conn.Write([]byte("x"))
		case <-end:
			t.Fatal("the body is still being read")
		}
	}
}

func TestTheTimeOfTheHandlerIsNotTheClients(t *testing.T) {
	p := pacing{stall: time.Second, window: time.Second, windowBytes: 1 << 20, chunk: 1024}
	read := func(body *pacedBody) error {
		_, err := body.Read(make([]byte, 1))
		return err
	}
	srv := httptest.NewServer(pace(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := r.Body.(*pacedBody)
		if err := read(body); err != nil {
			t.Error(err)
		}
		// The work takes longer than a window.
		<-time.After(p.window + 100*time.Millisecond)
		if err := read(body); err != nil {
			t.Error(err)
		}
	}), p))
	defer srv.Close()
	resp, err := http.Post(srv.URL, "text/csv", strings.NewReader("abc"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

func TestPatience(t *testing.T) {
	p := progress{pacing: defaultPacing}
	for i, step := range []struct {
		n    int
		took time.Duration
		want time.Duration
	}{
		{0, 0, 30 * time.Second},                   // at the start: a stall
		{10, 25 * time.Second, 30 * time.Second},   // within the grace
		{10, 25 * time.Second, 10 * time.Second},   // the end of the grace
		{42 << 20, 0, 30 * time.Second},            // much at once: a new window
		{1, 10 * time.Second, 20 * time.Second},    // a drip
		{1, 10 * time.Second, 10 * time.Second},    // and another
		{120 << 10, time.Second, 30 * time.Second}, // enough for the next window
	} {
		p.advance(step.n, step.took)
		if got := p.patience(); got != step.want {
			t.Errorf("step %d: %s, want %s", i, got, step.want)
		}
	}
}

// TestALargeChunkHasTheTimeThatItsBytesTake covers clients that read at the slowest accepted rate.
func TestALargeChunkHasTheTimeThatItsBytesTake(t *testing.T) {
	p := progress{pacing: defaultPacing}
	rate := float64(p.windowBytes) / p.window.Seconds()
	for n, want := range map[int]time.Duration{1: 30 * time.Second, 120 << 10: 30 * time.Second, p.chunk: 64 * time.Second} {
		got := p.patienceFor(n)
		if got != want || float64(n)/got.Seconds() > rate {
			t.Errorf("a chunk of %d bytes: %s, want %s", n, got, want)
		}
	}
}

func TestABodyThatTheHandlerIgnoresDoesNotHoldTheConnection(t *testing.T) {
	p := pacing{stall: 100 * time.Millisecond, window: time.Hour, windowBytes: 1, chunk: 1024}
	conn := dialPaced(t, p, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
	})
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nonly this")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("got %s", resp.Status)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Errorf("the connection was not closed: %v", err)
	}
}

func TestARefusalDoesNotWaitForABodyThatWasNotSent(t *testing.T) {
	p := pacing{stall: time.Hour, window: time.Hour, windowBytes: 1, chunk: 1024}
	conn := dialPaced(t, p, http.NotFound)
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || resp.StatusCode != http.StatusNotFound {
		t.Errorf("got %v, %v", resp, err)
	}
}

func TestWorkAfterTheBodyMayTakeLongerThanAStall(t *testing.T) {
	p := pacing{stall: 50 * time.Millisecond, window: time.Hour, windowBytes: 1, chunk: 1024}
	srv := httptest.NewServer(pace(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-r.Context().Done():
			w.WriteHeader(http.StatusInternalServerError)
		case <-time.After(5 * p.stall):
		}
	}), p))
	defer srv.Close()
	resp, err := http.Post(srv.URL, "text/csv", strings.NewReader("a\n1\n"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Error("the request was cancelled while its handler worked")
	}
}

// download lets a paced handler write n bytes to a client that reads as read does, and
// returns the handler's error.
func download(t *testing.T, p pacing, n int, read func(context.Context, io.Reader)) error {
	t.Helper()
	results := make(chan error, 1)
	conn := dialPaced(t, p, func(w http.ResponseWriter, _ *http.Request) {
		_, err := w.Write(make([]byte, n))
		results <- err
	})
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go read(ctx, conn)
	select {
	case err := <-results:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("the handler is still writing")
		return nil
	}
}

func TestAClientThatStopsReadingIsCut(t *testing.T) {
	p := pacing{stall: 200 * time.Millisecond, window: time.Hour, windowBytes: 64 << 10, chunk: 64 << 10}
	err := download(t, p, 64<<20, func(ctx context.Context, _ io.Reader) { <-ctx.Done() })
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want a deadline", err)
	}
}

// TestAClientThatReadsNowAndThenIsCut writes little at a time, as streams do, so that no single write
// takes long.
func TestAClientThatReadsNowAndThenIsCut(t *testing.T) {
	p := pacing{stall: time.Hour, window: time.Second, windowBytes: 1 << 30, chunk: 1024}
	results := make(chan error, 1)
	conn := dialPaced(t, p, func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1024)); err != nil {
				results <- err
				return
			}
		}
	})
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	now, end := time.NewTicker(10*time.Millisecond), time.After(20*time.Second)
	defer now.Stop()
	for {
		select {
		case err := <-results:
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("got %v, want a deadline", err)
			}
			return
		case <-now.C:
			_, _ = conn.Read(make([]byte, 1024))
		case <-end:
			t.Fatal("the handler is still writing")
		}
	}
}

func TestASlowReaderThatMakesProgressGetsEverything(t *testing.T) {
	t.Parallel()
	p := pacing{stall: 3 * time.Second, window: 3 * time.Second, windowBytes: 1 << 20, chunk: 64 << 10}
	start := time.Now()
	err := download(t, p, 16<<20, func(ctx context.Context, conn io.Reader) {
		buf := make([]byte, 64<<10)
		for ctx.Err() == nil {
			if _, err := conn.Read(buf); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	if err != nil {
		t.Errorf("got %v after %s", err, time.Since(start))
	}
	if took := time.Since(start); took < p.stall {
		t.Fatalf("the download took only %s, so nothing was shown", took)
	}
}
