//go:build !js

package native

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// startServing serves h on a free port until stop is called, which returns serve's error.
func startServing(t *testing.T, h http.Handler, grace time.Duration) (url string, stop func() error) {
	t.Helper()
	ln, err := listen(t.Context(), mustLoad(t, "PORT=0"))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	srv, err := newServer(h, newConnections(maxDefaultConnections, log), log, telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, srv, ln, 0, grace) }()
	return "http://" + ln.Addr().String(), func() error {
		cancel()
		return <-ended
	}
}

func TestBothProtocolsAreServed(t *testing.T) {
	url, stop := startServing(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
	}), time.Second)
	for want, protocols := range map[string]func(*http.Protocols){
		"HTTP/1.1": func(p *http.Protocols) { p.SetHTTP1(true) },
		"HTTP/2.0": func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) },
	} {
		var p http.Protocols
		protocols(&p)
		client := &http.Client{Transport: &http.Transport{Protocols: &p}}
		resp, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		client.CloseIdleConnections()
		if string(got) != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestHeadersHaveABound(t *testing.T) {
	url, stop := startServing(t, http.NotFoundHandler(), time.Second)
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Large", strings.Repeat("x", 2*maxHeaderBytes))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %s", resp.Status)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// slowHandler answers when release is closed and says when a request has come in.
func slowHandler() (h http.Handler, entered, release chan struct{}) {
	entered, release = make(chan struct{}), make(chan struct{})
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		_, _ = io.WriteString(w, "done")
	}), entered, release
}

func TestRequestsInFlightAreFinished(t *testing.T) {
	h, entered, release := slowHandler()
	url, stop := startServing(t, h, 10*time.Second)
	answers := make(chan string, 1)
	go func() {
		resp, err := http.Get(url)
		if err != nil {
			answers <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		answers <- string(body)
	}()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	waitUntilRefused(t, url)
	close(release)
	if got := <-answers; got != "done" {
		t.Errorf("got %q, want done", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// waitUntilRefused waits until the server accepts no more connections.
func waitUntilRefused(t *testing.T, url string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			return
		}
		conn.Close()
	}
	t.Fatal("the server still accepts connections")
}

func TestRequestsThatOutlastTheGraceAreCut(t *testing.T) {
	h, entered, release := slowHandler()
	defer close(release)
	url, stop := startServing(t, h, 50*time.Millisecond)
	failed := make(chan error, 1)
	go func() {
		resp, err := http.Get(url)
		if err == nil {
			resp.Body.Close()
		}
		failed <- err
	}()
	<-entered
	if err := stop(); !errors.Is(err, errCut) {
		t.Errorf("got %v, want errCut", err)
	}
	if err := <-failed; err == nil {
		t.Error("the request that was cut got an answer")
	}
}

func TestAnAddressThatCannotBeListenedOnIsAClearError(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	for variable, want := range map[string]string{
		"PORT=" + port:      "listen on 127.0.0.1:" + port + ": another program listens there; stop it or set PORT to a free port",
		"HOST=192.0.2.1":    "listen on 192.0.2.1:8000 (HOST and PORT): ",
		"HOST=host.invalid": "listen on host.invalid:8000 (HOST and PORT): ",
	} {
		_, err := listen(t.Context(), mustLoad(t, variable))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", variable, err, want)
		}
	}
}

func TestLocalURLs(t *testing.T) {
	for host, want := range map[string]string{
		"127.0.0.1": "http://127.0.0.1:1", "0.0.0.0": "http://127.0.0.1:1", "::": "http://[::1]:1", "::1": "http://[::1]:1", "a.b": "http://a.b:1",
	} {
		if got := localURL(host, "1"); got != want {
			t.Errorf("%s: got %s, want %s", host, got, want)
		}
	}
}
