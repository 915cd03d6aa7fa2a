package api

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
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

// sendOnce sends a request without what httptest does to make one.
func sendOnce(b *testing.B, h http.Handler, method string, target *url.URL, body []byte, status int) {
	u := *target
	r := &http.Request{
		Method: method, URL: &u, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Host: "localhost",
		Header: http.Header{"Content-Type": {"text/csv"}},
		Body:   io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
	w := &discarded{header: make(http.Header, 16), status: http.StatusOK}
	h.ServeHTTP(w, r)
	if w.status != status {
		b.Fatalf("%s %s answers %d", method, target, w.status)
	}
}

// benchmarkRequests sends requests with these targets to the handler core again and again.
func benchmarkRequests(b *testing.B, h http.Handler, status int, method string, body []byte, targets ...string) {
	benchmarkBodies(b, h, status, method, func() []byte { return body }, targets...)
}

// benchmarkBodies is benchmarkRequests with a body for each request.
func benchmarkBodies(b *testing.B, h http.Handler, status int, method string, body func() []byte, targets ...string) {
	var parsed []*url.URL
	for _, target := range targets {
		u, err := url.Parse(target)
		if err != nil {
			b.Fatal(err)
		}
		parsed = append(parsed, u)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, u := range parsed {
			sendOnce(b, h, method, u, body(), status)
		}
	}
}

// BenchmarkRequests is what the handler core takes for requests that do little, over a store in memory.
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
		b.Run(c.name, func(b *testing.B) { benchmarkRequests(b, f.handler, http.StatusOK, c.method, nil, c.target) })
	}
	b.Run("upload", func(b *testing.B) {
		benchmarkRequests(b, f.handler, http.StatusCreated, "POST", file.Bytes(), "/api/v1/sessions")
	})
	for _, c := range []struct{ name, file string }{{"narrow", file.String()}, {"wide", wideFile()}} {
		at := f.do("POST", "/api/v1/sessions", c.file, "Content-Type", "text/csv").Header.Get("Location")
		f.do("POST", at+"/versions", "")
		b.Run("undo and redo/"+c.name, func(b *testing.B) {
			benchmarkRequests(b, f.handler, http.StatusOK, "POST", nil, at+"/undo", at+"/redo")
		})
		b.Run("snapshot/"+c.name, func(b *testing.B) {
			benchmarkRequests(b, f.handler, http.StatusCreated, "POST", nil, at+"/versions")
		})
	}
	benchmarkEdits(b, f)
}

// benchmarkEdits edits 1,000 cells of a column of a table of 1,000 x 50.
func benchmarkEdits(b *testing.B, f *fixture) {
	var file bytes.Buffer
	if err := formats.ByName("csv").Encode(&file, codectest.Generate(1_000, 50, 1), codec.WriteOptions{}); err != nil {
		b.Fatal(err)
	}
	at := f.do("POST", "/api/v1/sessions", file.String(), "Content-Type", "text/csv").Header.Get("Location")
	random := rand.New(rand.NewPCG(1, 1))
	edit := func() []byte {
		body := []byte(`{"operations":[{"op":"set_values","column":"column_2","rows":[0`)
		for row := 1; row < 1_000; row++ {
			body = strconv.AppendInt(append(body, ','), int64(row), 10)
		}
		body = append(body, `],"values":[0`...)
		for range 999 {
			body = strconv.AppendFloat(append(body, ','), random.NormFloat64(), 'g', -1, 64)
		}
		return append(body, `]}]}`...)
	}
	var edits [64][]byte
	for i := range edits {
		edits[i] = edit()
	}
	n := 0
	b.Run("edit", func(b *testing.B) {
		benchmarkBodies(b, f.handler, http.StatusOK, "PATCH", func() []byte {
			n++
			return edits[n%len(edits)]
		}, at+"/data")
	})
}

// wideFile is a file with many columns.
func wideFile() string {
	var names []string
	for i := range 50 {
		names = append(names, fmt.Sprintf("column_%d", i))
	}
	return strings.Join(names, ",") + "\n" + strings.Repeat(strings.Repeat("1,", 49)+"2\n", 100)
}
