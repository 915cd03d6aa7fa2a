package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

const (
	sessions = 80
	segments = 16
	segSize  = 256 << 10
	headSize = 4 << 10
	edits    = 600
	writers  = 4
	headRead = 4000
	segRead  = 1500
)

// phase is one kind of operation: how many, in how many seconds, latencies in milliseconds.
type phase struct {
	N                 int
	Seconds, P50, P99 float64
}

func (p phase) rate() float64 { return float64(p.N) / p.Seconds }

type result struct {
	Creates, Edits, Heads, Segments phase
	ChurnMiB, ExpiredMiB, AnonMiB   float64
}

// run runs the workload: it creates, edits and reads sessions, and deletes nine tenths of them.
func run(s store, dir string) (r result, err error) {
	stop := watchMemory(&r.AnonMiB)
	defer stop()
	if r.Creates, err = measure(sessions, func(i int, rng *rand.Rand) error {
		put := map[string][]byte{head(i): value(rng, headSize)}
		for seg := range segments {
			put[segment(i, seg, 0)] = value(rng, segSize)
		}
		return s.write(put, nil)
	}); err != nil {
		return r, err
	}
	// An edit stores one or two segments under new keys and deletes the previous ones.
	if r.Edits, err = measure(edits, func(i int, rng *rand.Rand) error {
		id, generation := i%sessions, i/sessions
		put := map[string][]byte{head(id): value(rng, headSize)}
		var del []string
		for seg := range 1 + rng.IntN(2) {
			put[segment(id, seg, generation+1)] = value(rng, segSize)
			del = append(del, segment(id, seg, generation))
		}
		return s.write(put, del)
	}); err != nil {
		return r, err
	}
	r.ChurnMiB = settledMiB(dir)
	if r.Heads, err = measure(headRead, func(_ int, rng *rand.Rand) error {
		return present(s.read(head(rng.IntN(sessions))))
	}); err != nil {
		return r, err
	}
	if r.Segments, err = measure(segRead, func(_ int, rng *rand.Rand) error {
		return present(s.read(segment(rng.IntN(sessions), 2+rng.IntN(segments-2), 0)))
	}); err != nil {
		return r, err
	}
	if _, err = measure(sessions*9/10, func(i int, _ *rand.Rand) error {
		del := []string{head(i)}
		for seg := range segments {
			for generation := range edits/sessions + 2 {
				del = append(del, segment(i, seg, generation))
			}
		}
		return s.write(nil, del)
	}); err != nil {
		return r, err
	}
	if err = s.settle(); err != nil {
		return r, err
	}
	r.ExpiredMiB = settledMiB(dir)
	return r, nil
}

func head(id int) string { return fmt.Sprintf("{%04d}:head", id) }

func segment(id, seg, generation int) string {
	return fmt.Sprintf("{%04d}:seg:%03d-%03d", id, seg, generation)
}

// value is half random and half zero, in runs of 1 KiB.
func value(rng *rand.Rand, size int) []byte {
	v := make([]byte, size)
	for at := 0; at < size; at += 2048 {
		for i := at; i < at+1024; i += 8 {
			x := rng.Uint64()
			for b := range 8 {
				v[i+b] = byte(x >> (8 * b))
			}
		}
	}
	return v
}

func present(v []byte, err error) error {
	if err == nil && len(v) == 0 {
		err = fmt.Errorf("a value is missing")
	}
	return err
}

// measure calls op for 0 ≤ i < n from several goroutines.
func measure(n int, op func(i int, rng *rand.Rand) error) (phase, error) {
	var (
		wg    sync.WaitGroup
		took  = make([]float64, n)
		errs  [writers]error
		start = time.Now()
	)
	for w := range writers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(w), uint64(n)))
			for i := w; i < n && errs[w] == nil; i += writers {
				began := time.Now()
				errs[w] = op(i, rng)
				took[i] = float64(time.Since(began).Microseconds()) / 1000
			}
		})
	}
	wg.Wait()
	p := phase{N: n, Seconds: time.Since(start).Seconds()}
	slices.Sort(took)
	p.P50, p.P99 = took[n/2], took[n*99/100]
	for _, err := range errs {
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

// watchMemory records the peak of the process's anonymous memory in *peak until it is stopped.
func watchMemory(peak *float64) (stop func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			status, _ := os.ReadFile("/proc/self/status")
			var kib float64
			if at := bytes.Index(status, []byte("RssAnon:")); at >= 0 {
				_, _ = fmt.Sscan(string(status[at+len("RssAnon:"):]), &kib)
			}
			*peak = max(*peak, kib/1024)
			select {
			case <-done:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	return func() { close(done); wg.Wait() }
}

func allocated(info os.FileInfo) int64 { return info.Sys().(*syscall.Stat_t).Blocks * 512 }
