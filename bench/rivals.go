//go:build !js

package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// rival is a server that answers requests for path with the same bytes as the others.
type rival struct {
	url, path string
	of        []*client
}

// answering returns a function that requests path and returns an error if it is not answered.
func answering(ctx context.Context, base, path string) func() error {
	c := &client{ctx: ctx, base: base}
	return func() error {
		_, err := c.do(request{method: "GET", path: path}, http.StatusOK)
		return err
	}
}

// bare is an HTTP server that answers every request with the same bytes.
func bare(content []byte) *http.Server {
	return &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		_, _ = w.Write(content)
	})}
}

// listenBare starts a bare server in this process.
func listenBare(content []byte) (*http.Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := bare(content)
	s.Addr = listener.Addr().String()
	go func() { _ = s.Serve(listener) }()
	return s, nil
}

// serveCommand is the argument that makes this program a bare server. An address and a file follow
// it.
const serveCommand = "serve"

// serve serves a file, or, if content is a URL of Redis, what Redis has at sentKey for each request.
func serve(address, content string) error {
	if strings.HasPrefix(content, redisScheme) {
		return serveRedis(address, content)
	}
	file, err := os.ReadFile(content)
	if err != nil {
		return err
	}
	s := bare(file)
	s.Addr = address
	return s.ListenAndServe()
}

const (
	redisScheme = "redis://"
	// sentKey is the key of the bytes that servers send from Redis.
	sentKey = "bench"
	// webdisPath is where webdis has them.
	webdisPath = "/GET/" + sentKey + ".bin"
)

func serveRedis(address, url string) error {
	options, err := goredis.ParseURL(url)
	if err != nil {
		return err
	}
	client := goredis.NewClient(options)
	return http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, err := client.Get(r.Context(), sentKey).Bytes()
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		_, _ = w.Write(content)
	}))
}

// process is an HTTP server in a process of its own.
type process struct {
	*sidecar
	url string
}

// startBare starts this program again, as a bare server.
func startBare(ctx context.Context, dir string, content []byte) (*process, error) {
	file := filepath.Join(dir, "content")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return nil, err
	}
	return startServing(ctx, dir, file)
}

// startServing starts this program again, to serve a file or from Redis.
func startServing(ctx context.Context, dir, content string) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	p := &process{url: "http://" + address}
	p.sidecar, err = startSidecar(ctx, dir, answering(ctx, p.url, "/"), program, serveCommand, address, content)
	return p, err
}

// startWebdis starts webdis, an HTTP server in C that sends values of Redis. It returns nil if webdis
// is not installed.
func startWebdis(ctx context.Context, r *redis, dir string) (*process, error) {
	program, err := exec.LookPath("webdis")
	if err != nil {
		return nil, nil
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(address)
	_, redisPort, _ := net.SplitHostPort(r.address)
	file := filepath.Join(dir, "webdis.json")
	config, err := json.Marshal(map[string]any{
		"http_host": "127.0.0.1", "http_port": json.Number(port),
		"redis_host": "127.0.0.1", "redis_port": json.Number(redisPort),
		"threads": runtime.NumCPU(), "daemonize": false, "logfile": filepath.Join(dir, "webdis.log"),
	})
	if err == nil {
		err = os.WriteFile(file, config, 0o600)
	}
	if err != nil {
		return nil, err
	}
	p := &process{url: "http://" + address}
	p.sidecar, err = startSidecar(ctx, dir, answering(ctx, p.url, "/PING"), program, file)
	return p, err
}
