//go:build !js

package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

// relay passes on what a server and Redis say to each other.
type relay struct {
	to, addr string

	mu    sync.Mutex
	ln    net.Listener
	conns []net.Conn
	// cut is called with each request that swaps a head, and says whether it is passed on and whether its answer is.
	cut func() (request, answer bool)
}

// open lets connections through.
func (r *relay) open(t *testing.T) {
	t.Helper()
	ln, err := net.Listen("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	r.ln, r.addr = ln, ln.Addr().String()
	r.mu.Unlock()
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			redis, err := net.Dial("tcp", r.to)
			if err != nil {
				client.Close()
				continue
			}
			r.mu.Lock()
			r.conns = append(r.conns, client, redis)
			r.mu.Unlock()
			answers := make(chan bool, 1)
			go r.ask(redis, client, answers)
			go r.answer(client, redis, answers)
		}
	}()
}

// close ends all connections, and refuses new ones.
func (r *relay) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ln.Close()
	for _, conn := range r.conns {
		conn.Close()
	}
	r.conns = nil
}

// ask passes requests on. answers gets a value when no answer must be passed on any more.
func (r *relay) ask(to, from net.Conn, answers chan<- bool) {
	defer to.Close()
	buffer := make([]byte, 1<<20)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		request := true
		if said := bytes.ToLower(buffer[:n]); bytes.Contains(said, []byte("evalsha")) && bytes.Contains(said, []byte("}:head")) {
			r.mu.Lock()
			cut := r.cut
			r.mu.Unlock()
			if cut != nil {
				var answer bool
				if request, answer = cut(); !answer {
					answers <- false
				}
			}
		}
		if request {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
	}
}

func (r *relay) answer(to, from net.Conn, stop <-chan bool) {
	defer to.Close()
	buffer := make([]byte, 1<<20)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		select {
		case <-stop:
			// The request has been carried out, unless it was not passed on.
			_, _ = io.Copy(io.Discard, from)
			return
		default:
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// TestWhatAnotherServerDeletesStaysDeletedWhereverTheMoveIsKilled kills the server before and after each of the two swaps
// in Redis by which a session moves there, lets another server delete the session, and starts it again.
func TestWhatAnotherServerDeletesStaysDeletedWhereverTheMoveIsKilled(t *testing.T) {
	redis := testenv.StartRedis(t, "--appendonly", "yes", "--appendfsync", "always")
	other := testenv.StartServer(t, "REDIS_ENABLED=true", "REDIS_URL="+redis.URL)
	between := &relay{to: redis.Addr, addr: "127.0.0.1:0"}
	between.open(t)
	t.Cleanup(between.close)
	o := &outage{T: t, client: &http.Client{}, env: []string{
		"REDIS_ENABLED=true", "STORAGE_RUNTIME_FALLBACK=true", "BREAKER_FAILURES=3", "BREAKER_OPEN_FOR=0.2",
		"STORAGE_DIR=" + t.TempDir(), "REDIS_URL=redis://" + between.addr,
	}}
	t.Cleanup(o.client.CloseIdleConnections)
	o.start()
	// Redis knows the script of swaps from now on, so each of them is one request.
	o.create(1)
	for _, end := range []struct {
		name          string
		swap          int
		carriedOut    bool
		delete, after int
	}{
		{"before the announcement", 1, false, http.StatusNotFound, http.StatusOK},
		{"after the announcement", 1, true, http.StatusServiceUnavailable, http.StatusOK},
		{"before the session", 2, false, http.StatusServiceUnavailable, http.StatusOK},
		{"after the session", 2, true, http.StatusNoContent, http.StatusNotFound},
	} {
		between.close()
		o.gone()
		path := o.create(3)
		o.want(http.StatusOK, "PATCH", path+"/data", set(7))
		key := "edgeframe:{" + path[strings.LastIndex(path, "/")+1:] + "}:head"
		swaps, killed := 0, make(chan bool)
		server := o.server
		between.mu.Lock()
		between.cut = func() (request, answer bool) {
			if swaps++; swaps < end.swap {
				return true, true
			}
			if swaps == end.swap {
				before := redis.Do("GET", key)
				go func() {
					for end.carriedOut && redis.Do("GET", key) == before {
						time.Sleep(time.Millisecond)
					}
					server.Kill9()
					close(killed)
				}()
			}
			return swaps == end.swap && end.carriedOut, false
		}
		between.mu.Unlock()
		between.open(t)
		<-killed
		between.mu.Lock()
		between.cut = nil
		between.mu.Unlock()

		seen := &outage{T: t, client: o.client, server: other}
		if status, answer, header := seen.ask("DELETE", path, ""); status != end.delete || (status == http.StatusServiceUnavailable) != (header.Get("Retry-After") != "") {
			t.Errorf("killed %s: the other server deletes: %d, want %d: %s", end.name, status, end.delete, answer)
		}
		o.start()
		o.moved()
		for _, at := range []*outage{o, seen} {
			if status, answer, _ := at.ask("GET", path, ""); status != end.after {
				t.Errorf("killed %s: %d, want %d: %.300s", end.name, status, end.after, answer)
			} else if status == http.StatusOK && at.first(path) != 7 {
				t.Errorf("killed %s: it has %d", end.name, at.first(path))
			}
		}
	}
}
