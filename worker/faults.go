//go:build js && wasm && faults

package worker

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"time"

	"edgeframe/edge"
	"edgeframe/edge/border"
)

// instance is a random number by which tests tell instances apart.
var instance = strconv.FormatUint(rand.Uint64(), 36)

// withFaults adds routes with which tests make this Worker fail.
func withFaults(core http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", core)
	mux.HandleFunc("/fault/panic", func(http.ResponseWriter, *http.Request) { panic("a handler") })
	mux.HandleFunc("/fault/broken", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 3<<20))
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/fault/goroutine", func(_ http.ResponseWriter, r *http.Request) {
		go panic("a goroutine")
		_ = edge.Sleep(r.Context(), 10*time.Second)
	})
	mux.HandleFunc("/fault/exit", func(http.ResponseWriter, *http.Request) { os.Exit(3) })
	mux.HandleFunc("/fault/memory", func(http.ResponseWriter, *http.Request) { exhaust() })
	mux.HandleFunc("/fault/stack", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{recurse(1)}) })
	mux.HandleFunc("/fault/nil", func(http.ResponseWriter, *http.Request) { var none *http.Server; none.Addr = "" })
	// A response that JavaScript refuses.
	mux.HandleFunc("/fault/refused", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(1000) })
	// Stays in flight for ten seconds.
	mux.HandleFunc("/fault/wait", func(w http.ResponseWriter, r *http.Request) {
		_ = edge.Sleep(r.Context(), 10*time.Second)
		_, _ = w.Write([]byte("waited"))
	})
	// Is over after the instance has been ended, if that is soon.
	mux.HandleFunc("/fault/sleep", func(_ http.ResponseWriter, r *http.Request) {
		_ = edge.Sleep(r.Context(), 100*time.Millisecond)
	})
	// Makes the memory grow without a failure.
	mux.HandleFunc("/fault/grow", func(w http.ResponseWriter, _ *http.Request) {
		grown := make([]byte, 80<<20)
		for i := 0; i < len(grown); i += 4096 {
			grown[i] = 1
		}
		_, _ = w.Write(grown[:1])
	})
	mux.HandleFunc("/fault/state", func(w http.ResponseWriter, _ *http.Request) {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		_ = json.NewEncoder(w).Encode(map[string]any{
			"instance": instance, "running": running, "goroutines": runtime.NumGoroutine() - edge.Idle(),
			"memory": m.Sys, "heap": m.HeapAlloc, "waits": border.Waiting(),
		})
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		running++
		defer func() { running-- }()
		mux.ServeHTTP(w, r)
	})
}

// running is the number of requests in flight.
var running int

var kept [][]byte

func exhaust() {
	for {
		kept = append(kept, make([]byte, 1<<20))
	}
}

func recurse(n byte) byte {
	var frame [1024]byte
	frame[n] = n
	return recurse(frame[n]+1) + frame[n]
}
