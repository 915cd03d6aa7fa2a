//go:build !js

package metamorphic

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"edgeframe/internal/testenv"
	"edgeframe/kv"
	"edgeframe/kv/disk"
	"edgeframe/kv/memory"
	"edgeframe/kv/redis"
)

var (
	runFor   = flag.Duration("metamorphic.for", 16*time.Second, "for how long sequences are run, on all stores together")
	oneSeed  = flag.Uint64("metamorphic.seed", 0, "run only the sequence of this seed")
	stepsOf  = flag.String("metamorphic.steps", "", "run only the steps in this file, one JSON object a line")
	backends = []struct {
		name string
		open func(*testing.T) *backend
	}{
		{"memory", func(*testing.T) *backend { return &backend{driver: memory.New()} }},
		{"disk", onDisk},
		{"redis", onRedis},
		{"eventual", func(*testing.T) *backend { return &backend{driver: memory.New(), eventual: true} }},
	}
)

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

func TestSequences(t *testing.T) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			on := b.open(t)
			switch {
			case *stepsOf != "":
				check(t, on, readSteps(t, *stepsOf), *stepsOf)
			case *oneSeed != 0:
				check(t, on, generate(*oneSeed), fmt.Sprint("seed ", *oneSeed))
			default:
				end := time.Now().Add(*runFor / time.Duration(len(backends)))
				first := rand.Uint64N(1 << 32)
				n := uint64(0)
				for ; n == 0 || time.Now().Before(end); n++ {
					check(t, on, generate(first+n), fmt.Sprint("seed ", first+n))
				}
				t.Logf("%d sequences of %d steps, seeds %d and on", n, length, first)
			}
		})
	}
}

// patience is far longer than a sequence takes.
const patience = 3 * time.Minute

// check runs a sequence. If it fails, it ends the test with the shortest one that does. One
// that does not end is named.
func check(t *testing.T, on *backend, steps []Step, name string) {
	t.Helper()
	watch := time.AfterFunc(patience, func() { panic(fmt.Sprintf("%s does not end on %s:\n%s", name, t.Name(), spell(steps))) })
	err := run(t.Context(), on, steps, nil)
	watch.Stop()
	if err == nil {
		return
	}
	shrunk := shrink(steps, func(candidate []Step) bool { return run(t.Context(), on, candidate, nil) != nil })
	t.Fatalf("%s fails on %s\n%v\n\nShrunk to these steps:\n%s\n\n%v", name, t.Name(), err, spell(shrunk), run(t.Context(), on, shrunk, nil))
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

func readSteps(t *testing.T, file string) []Step {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := parseSteps(string(text))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return steps
}
