//go:build !js

package main

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

func TestAnOutageIsALineASecond(t *testing.T) {
	redis := testenv.StartRedis(t)
	s := testenv.StartServer(t, "REDIS_ENABLED=true", "STORAGE_FALLBACK_TO_MEMORY=false", "REDIS_URL="+redis.URL)
	session := upload(t, s.URL, "a\n1\n")
	redis.Kill9()

	start := time.Now()
	const clients, each = 50, 20
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for range each {
				resp, err := client.Get(session)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode != http.StatusServiceUnavailable {
					t.Errorf("got %s", resp.Status)
				}
			}
		})
	}
	all.Wait()
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	seconds := int(time.Since(start)/time.Second) + 1

	failed := 0
	for line := range strings.Lines(s.Logs()) {
		if strings.Contains(line, "level=ERROR") {
			failed++
		}
	}
	// One at once, one per second, and one at the end.
	if failed < 2 || failed > seconds+2 {
		t.Errorf("%d failures within %d s are %d lines:\n%s", clients*each, seconds, failed, s.Logs())
	}
	if !strings.Contains(s.Logs(), " repeated=") {
		t.Errorf("no line says how many there were:\n%s", s.Logs())
	}
}

func TestHealthSaysWhyRedisCannotBeUsed(t *testing.T) {
	redis := testenv.StartRedis(t, "--requirepass", "before")
	s := testenv.StartServer(t, "REDIS_ENABLED=true", "STORAGE_FALLBACK_TO_MEMORY=false", "REDIS_URL="+redis.URL, "REDIS_PASSWORD=before")
	if status, doc := storageHealth(t, s.URL); status != http.StatusOK || doc["error"] != nil {
		t.Fatalf("got %d, %v", status, doc)
	}
	redis.Do("CONFIG", "SET", "requirepass", "after")
	redis.Do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	status, doc := storageHealth(t, s.URL)
	if status != http.StatusServiceUnavailable || doc["error"] != "authentication failed: Redis at "+redis.Addr+" does not accept this user and password; check REDIS_PASSWORD and REDIS_URL" {
		t.Errorf("with another password: got %d, %v", status, doc)
	}
	redis.Kill9()
	status, doc = storageHealth(t, s.URL)
	if status != http.StatusServiceUnavailable || doc["error"] != "connection refused: nothing listens at "+redis.Addr+"; is Redis running, and is this its port?" {
		t.Errorf("without Redis: got %d, %v", status, doc)
	}
}
