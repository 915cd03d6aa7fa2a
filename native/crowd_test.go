//go:build !js

package native

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

	"edgeframe/internal/parallel"
)

// TestCrowdsGetProcessors answers more requests than there are processors.
func TestCrowdsGetProcessors(t *testing.T) {
	before := parallel.Processors()
	release := make(chan struct{})
	srv := httptest.NewServer(pace(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }), defaultPacing))
	defer srv.Close()
	var group sync.WaitGroup
	ask := func(path string) {
		group.Go(func() {
			resp, err := http.Get(srv.URL + path)
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
		})
	}
	becomes := func(want int) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); runtime.GOMAXPROCS(0) != want; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("GOMAXPROCS stays %d, want %d", runtime.GOMAXPROCS(0), want)
			}
		}
		if now := parallel.Processors(); now != before {
			t.Errorf("computations may use %d processors, want %d", now, before)
		}
	}
	for range before + 1 {
		ask("/api/v1/sessions/x/events")
	}
	for range before {
		ask("/")
	}
	for inFlight.Load() < int64(before) {
		time.Sleep(time.Millisecond)
	}
	if crowded() {
		t.Error("followers of events are counted")
	}
	ask("/")
	becomes(2 * before)
	close(release)
	group.Wait()
	becomes(before)
}
