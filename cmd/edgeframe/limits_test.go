//go:build !js

package main

import (
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

// fetch returns the status and the body of one request, on a connection of its own.
func fetch(t *testing.T, client *http.Client, url string) (status int, body string) {
	t.Helper()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

func TestManyConnectionsLeaveRoomForTheStore(t *testing.T) {
	const limit, connections = 120, 200
	s := testenv.StartServerWithFiles(t, limit)
	if !strings.Contains(s.Logs(), "the limit of 120 open files leaves room for 22 connections only") {
		t.Errorf("no warning:\n%s", s.Logs())
	}
	session := upload(t, s.URL, "a\n1\n")
	var clients []*http.Client
	for range connections {
		client := &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}
		defer client.CloseIdleConnections()
		clients = append(clients, client)
		if status, body := fetch(t, client, session); status != http.StatusOK {
			t.Fatalf("with %d connections: %d %s", len(clients), status, body)
		}
	}
	if open := s.OpenFiles(); open >= limit {
		t.Errorf("%d of %d files are open", open, limit)
	}
	for range 10 {
		if status, body := fetch(t, clients[connections-1], session+"/data?format=csv"); status != http.StatusOK {
			t.Errorf("on an open connection: %d %s", status, body)
		}
		upload(t, s.URL, "b\n2\n")
	}
	if strings.Contains(s.Logs(), "too many open files") {
		t.Errorf("descriptors ran out:\n%s", s.Logs())
	}
}

func TestAServerThatWillStopSaysSoAndServes(t *testing.T) {
	s := testenv.StartServer(t, "SHUTDOWN_DELAY=1")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if status, body := fetch(t, client, s.URL+"/health/ready"); status != http.StatusOK || body != `{"status":"ready"}` {
		t.Errorf("before: %d %s", status, body)
	}
	start := time.Now()
	s.Signal(syscall.SIGTERM)
	if code := s.Wait(); code != 0 || time.Since(start) < time.Second {
		t.Errorf("exit code %d after %s, want 0 after a second", code, time.Since(start))
	}

	s = testenv.StartServer(t, "SHUTDOWN_DELAY=3600")
	s.Signal(syscall.SIGTERM)
	status, body := http.StatusOK, ""
	for end := time.Now().Add(10 * time.Second); status == http.StatusOK && time.Now().Before(end); {
		status, body = fetch(t, client, s.URL+"/health/ready")
	}
	if status != http.StatusServiceUnavailable || body != `{"status":"shutting down"}` {
		t.Errorf("after the signal: %d %s", status, body)
	}
	session := upload(t, s.URL, "a\n1\n")
	if status, body := fetch(t, client, session); status != http.StatusOK {
		t.Errorf("a session: %d %s", status, body)
	}
	if status, body := fetch(t, client, s.URL+"/health/live"); status != http.StatusOK {
		t.Errorf("alive: %d %s", status, body)
	}

	start = time.Now()
	s.Signal(syscall.SIGTERM)
	if code := s.Wait(); code != -1 || time.Since(start) > 5*time.Second {
		t.Errorf("second signal: exit code %d after %s", code, time.Since(start))
	}
}
