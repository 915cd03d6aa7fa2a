package api

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/formats"
)

// discarded is a response that keeps the header and the length of the body.
type discarded struct {
	header http.Header
	status int
	bytes  int
}

func (d *discarded) Header() http.Header    { return d.header }
func (d *discarded) WriteHeader(status int) { d.status = status }
func (d *discarded) Write(p []byte) (int, error) {
	d.bytes += len(p)
	return len(p), nil
}

// benchmarkRequests sends the same request to the handler core again and again.
func benchmarkRequests(b *testing.B, h http.Handler, method, target string, body []byte, status int) {
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(method, target, bytes.NewReader(body))
		if body != nil {
			r.Header.Set("Content-Type", "text/csv")
		}
		w := &discarded{header: http.Header{}, status: http.StatusOK}
		h.ServeHTTP(w, r)
		if w.status != status {
			b.Fatalf("%s %s answers %d", method, target, w.status)
		}
	}
}

// BenchmarkRequests is what the handler core takes for requests that do little, over a store in memory.
// To make the request is a part of it: about a microsecond.
func BenchmarkRequests(b *testing.B) {
	f := newFixture(b, func(c *Config) { c.MaxUploadBytes, c.CacheBytes = 10<<20, 8<<20 })
	var file bytes.Buffer
	if err := formats.ByName("csv").Encode(&file, codectest.Generate(1_000, 10, 1), codec.WriteOptions{}); err != nil {
		b.Fatal(err)
	}
	at := f.do("POST", "/api/v1/sessions", file.String(), "Content-Type", "text/csv").Header.Get("Location")
	for _, c := range []struct {
		name, method, target string
	}{
		{"live", "GET", "/health/live"},
		{"ready", "GET", "/health/ready"},
		{"document", "GET", at},
		{"versions", "GET", at + "/versions"},
		{"page", "GET", at + "/data?limit=100"},
		{"csv", "GET", at + "/data?format=csv"},
	} {
		b.Run(c.name, func(b *testing.B) { benchmarkRequests(b, f.handler, c.method, c.target, nil, http.StatusOK) })
	}
	b.Run("upload", func(b *testing.B) {
		benchmarkRequests(b, f.handler, "POST", "/api/v1/sessions", file.Bytes(), http.StatusCreated)
	})
	for _, c := range []struct{ name, file string }{{"narrow", file.String()}, {"wide", wideFile()}} {
		at := f.do("POST", "/api/v1/sessions", c.file, "Content-Type", "text/csv").Header.Get("Location")
		f.do("POST", at+"/versions", "")
		b.Run("undo and redo/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, step := range []string{"/undo", "/redo"} {
					w := &discarded{header: http.Header{}}
					if f.handler.ServeHTTP(w, httptest.NewRequest("POST", at+step, nil)); w.status != http.StatusOK {
						b.Fatal(step, w.status)
					}
				}
			}
		})
		b.Run("snapshot/"+c.name, func(b *testing.B) {
			benchmarkRequests(b, f.handler, "POST", at+"/versions", nil, http.StatusCreated)
		})
	}
}

// wideFile is a file with many columns.
func wideFile() string {
	var names []string
	for i := range 50 {
		names = append(names, fmt.Sprintf("column_%d", i))
	}
	return strings.Join(names, ",") + "\n" + strings.Repeat(strings.Repeat("1,", 49)+"2\n", 100)
}
