//go:build !js

package metamorphic

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"edgeframe/internal/testenv"
	"edgeframe/kv"
	"edgeframe/kv/disk"
	"edgeframe/kv/memory"
	"edgeframe/kv/redis"
)

var backends = []struct {
	name string
	open func(*testing.T) *backend
}{
	{"memory", func(*testing.T) *backend { return &backend{driver: memory.New()} }},
	{"disk", onDisk},
	{"redis", onRedis},
	{"eventual", func(*testing.T) *backend { return &backend{driver: memory.New(), eventual: true} }},
}

func contextOf(t *testing.T) context.Context { return t.Context() }

func onDisk(t *testing.T) *backend {
	dir := t.TempDir()
	open := func() (*disk.Driver, error) { return disk.Open(dir, disk.Options{CacheBytes: 32 << 20}) }
	d, err := open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return &backend{driver: d, reopen: func() (kv.Driver, error) {
		err := d.Close()
		if err != nil {
			return nil, err
		}
		d, err = open()
		return d, err
	}}
}

func onRedis(t *testing.T) *backend {
	server := testenv.StartRedis(t)
	d, err := redis.Open(t.Context(), redis.Options{
		Addrs: []string{server.Addr}, PoolSize: 10, Index: "edgeframe:index",
		ConnectTimeout: 5 * time.Second, SocketTimeout: 10 * time.Second, IdleTimeout: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return &backend{driver: d}
}

// TestSequencesInAWorker runs sequences within a Worker, on its stores.
func TestSequencesInAWorker(t *testing.T) {
	// Most of the time is that of the other stores, which are faster.
	output := testenv.RunTestsInWorker(t, "session/metamorphic", fmt.Sprintf("-metamorphic.for=%s", *runFor/4))
	t.Log(output)
}

// TestKeptSequences runs the sequences that have failed once. The name of a file is what it
// claims.
func TestKeptSequences(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			on := b.open(t)
			for _, file := range files {
				check(t, on, readSteps(t, file), file)
			}
		})
	}
}
