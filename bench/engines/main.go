// Command engines compares embedded storage engines with the workload of edgeframe: sessions of 16
// segments of 256 KiB, half of it compressible, and a head of 4 KiB that every edit replaces. It is a
// module of its own, so that the server does not depend on the engines that were not chosen.
//
//	go run .          # all engines, both ways of syncing, about a minute
//	go run . pebble   # only the engines whose names begin with this
//
// Every engine runs in a process of its own, so that its memory can be measured.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// store is an engine with the methods that the comparison needs.
type store interface {
	// write stores all of put and removes all of del in one acknowledged step.
	write(put map[string][]byte, del []string) error
	read(key string) ([]byte, error)
	// settle makes the engine reclaim space, if it has a method for that.
	settle() error
	close() error
}

// engines has a function to open each engine. With always it must fsync before every acknowledgement;
// otherwise a write only has to survive the end of the process.
var engines = map[string]func(dir string, always bool) (store, error){
	"pebble":       openPebble,
	"pebble-blobs": openPebbleBlobs,
	"bbolt":        openBolt,
	"badger":       openBadger,
}

var order = []string{"pebble", "pebble-blobs", "bbolt", "badger"}

func main() {
	log.SetFlags(0)
	if len(os.Args) == 4 && os.Args[1] == "-run" {
		if err := child(os.Args[2], os.Args[3] == "always"); err != nil {
			log.Fatal(err)
		}
		return
	}
	only := strings.Join(os.Args[1:], "")
	fmt.Println("| engine | sync | create/s | create p99 ms | edits/s | edit p50 ms | edit p99 ms | head reads/s | head p99 ms | segment reads/s | MiB after churn | MiB after expiry | peak anonymous MiB |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|---|---|")
	for _, sync := range []string{"interval", "always"} {
		for _, name := range order {
			if !strings.HasPrefix(name, only) {
				continue
			}
			cmd := exec.Command(os.Args[0], "-run", name, sync)
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				log.Fatalf("%s %s: %v", name, sync, err)
			}
			var r result
			if err := json.Unmarshal(out, &r); err != nil {
				log.Fatal(err)
			}
			fmt.Printf("| %s | %s | %.0f | %.1f | %.0f | %.2f | %.1f | %.0f | %.2f | %.0f | %.0f | %.0f | %.0f |\n",
				name, sync, r.Creates.rate(), r.Creates.P99, r.Edits.rate(), r.Edits.P50, r.Edits.P99,
				r.Heads.rate(), r.Heads.P99, r.Segments.rate(), r.ChurnMiB, r.ExpiredMiB, r.AnonMiB)
		}
	}
}

// child runs the workload on one engine and prints the result as JSON.
func child(name string, always bool) error {
	dir, err := os.MkdirTemp("", "engines-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := engines[name](dir, always)
	if err != nil {
		return err
	}
	r, err := run(s, dir)
	if err != nil {
		return err
	}
	if err := s.close(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// settledMiB waits until the directory has not changed for a second, at most ten, and
// returns its size as allocated on disk.
func settledMiB(dir string) float64 {
	last, since := int64(-1), time.Now()
	for start := time.Now(); time.Since(start) < 10*time.Second && time.Since(since) < time.Second; time.Sleep(100 * time.Millisecond) {
		if now := diskBytes(dir); now != last {
			last, since = now, time.Now()
		}
	}
	return float64(last) / (1 << 20)
}

func diskBytes(dir string) (total int64) {
	_ = filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			total += allocated(info)
		}
		return nil
	})
	return total
}
