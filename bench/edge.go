//go:build !js

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// The table that the Workers are measured with.
const edgeRows, edgeColumns = 1000, 10

// edgeWarmUp is for how long a Worker gets mixed requests before the clock runs: V8 compiles
// WebAssembly for speed little by little, as it sees what is used.
const edgeWarmUp = 6 * time.Second

// edgeClients is how many clients send requests to a Worker at once, in turn.
var edgeClients = []int{1, 8, 32}

// ofEdge are the measurements of the Workers.
var ofEdge = []measurement{
	{name: "health, no storage", next: getting("/health/live")},
	{name: "health, 1 KV read", next: getting("/health/ready")},
	{name: "session metadata", next: nextMetadata},
	{name: "page of 100 rows", next: nextPage},
	{name: "upload CSV, 4 KV writes", next: nextUpload},
}

func nextMetadata(c *client) (request, error) {
	return request{method: "GET", path: c.session("")}, nil
}

func nextPage(c *client) (request, error) {
	return request{method: "GET", path: c.session("/data")}, nil
}

func nextUpload(c *client) (request, error) { return uploadOf(c.file), nil }

func uploadOf(file []byte) request {
	return request{"POST", "/api/v1/sessions", "text/csv", file}
}

// edge measures the Worker against the same handler core on the stock runtime and against a
// Worker in JavaScript.
//
// All three run under the same version of workerd, each with a Workers KV that miniflare keeps on
// disk, and make as many calls of it for the same request. Metadata and pages read the head: the
// segment of a page is in the memory of the isolate, except with the stock runtime, which begins
// every request with nothing. An upload writes a segment, the head and a copy of it, and after
// the answer the life of the session. /health/storage is not measured, because a listing would be
// most of it.
func (b *bench) edge(ctx context.Context) error {
	programs, err := buildPrograms(ctx, b.dir)
	if err != nil {
		return err
	}
	b.out.printf("%s is this repository's Worker, %s its handler core with a program for each request, %s a Worker that answers the same\n", programs[0].name, programs[1].name, programs[2].name)
	if err := b.coldStarts(ctx, programs); err != nil {
		return err
	}
	if err := b.edgeRequests(ctx, programs); err != nil {
		return err
	}
	return b.edgeMemory(ctx, programs[0], programs[2])
}

// startAll starts Workers; stop ends those that were started, also after an error.
func startAll(ctx context.Context, dir string, programs ...program) (all []*workerd, stop func(), err error) {
	stop = func() {
		for _, w := range all {
			w.stop()
		}
	}
	for _, p := range programs {
		w, err := p.start(ctx, dir)
		if err != nil {
			return all, stop, err
		}
		all = append(all, w)
	}
	return all, stop, nil
}

// edgeRequests takes the measurements. Edgeframe and JavaScript take turns; the stock runtime,
// whose requests may take longer than a turn, comes after them.
func (b *bench) edgeRequests(ctx context.Context, programs []program) error {
	wanted := b.wanted(ofEdge, "")
	if len(wanted) == 0 {
		return nil
	}
	all, stop, err := startAll(ctx, b.dir, programs...)
	defer stop()
	if err != nil {
		return err
	}
	ours, stock, script := all[0], all[1], all[2]
	file := generate(edgeRows, edgeColumns)
	if err := stock.upload(file); err != nil {
		return err
	}
	if err := prepare(ours, script, file); err != nil {
		return err
	}
	if err := sameAnswers(ours, stock, script); err != nil {
		return err
	}
	for _, w := range []*workerd{ours, script} {
		if _, err := repeatAll(mixed, w.of[:edgeClients[1]], edgeWarmUp, 1); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	b.out.edge(programs, len(file))
	for _, m := range wanted {
		for _, n := range edgeClients {
			raced, err := race([]turn{{m, ours.of[:n]}, {m, script.of[:n]}}, b.opt.each)
			if err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			alone, err := measure(m, stock.of[:n], b.opt.each)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", stock.name, m.name, err)
			}
			b.out.edgeLine(m.name, n, []result{raced[0], alone, raced[1]})
		}
	}
	return nil
}

// prepare gives both Workers the same session.
func prepare(ours, script *workerd, file []byte) error {
	if err := ours.upload(file); err != nil {
		return err
	}
	return script.bring(ours.of[0])
}

// coldStarts is how often each Worker is started anew.
const coldStarts = 5

// coldStarts measures the first request of a fresh workerd: the instance, the settings, and one
// read of KV, which is cold too. What workerd does before it listens, compiling the module
// included, is shown apart.
func (b *bench) coldStarts(ctx context.Context, programs []program) error {
	const name = "cold start"
	if !b.opt.match.MatchString(name) {
		return nil
	}
	first := make([][]time.Duration, len(programs))
	ready := make([][]time.Duration, len(programs))
	for range coldStarts {
		for i, p := range programs {
			w, err := p.start(ctx, b.dir)
			if err != nil {
				return err
			}
			times, err := w.of[0].repeat(measurement{next: getting("/health/ready")}, 0, 1)
			w.stop()
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			first[i] = append(first[i], times...)
			ready[i] = append(ready[i], w.ready)
		}
	}
	b.out.coldStarts(programs, first, ready)
	return nil
}

// reads are all requests but uploads, mixed. With uploads, one in ten, the KV namespace grows,
// and the caches until they are full.
var (
	reads = measurement{name: "reads", next: nextRead}
	mixed = measurement{name: "reads and one upload in ten", next: func(c *client) (request, error) {
		if c.random.IntN(10) == 0 {
			return nextUpload(c)
		}
		return nextRead(c)
	}}
)

func nextRead(c *client) (request, error) {
	switch c.random.IntN(9) {
	case 0:
		return getting("/health/ready")(c)
	case 1, 2, 3, 4:
		return nextMetadata(c)
	}
	return nextPage(c)
}

// memoryRequests are the numbers of requests after each of which memory is looked at.
var memoryRequests = []int{100, 5_000, 10_000, 15_000}

// edgeMemory measures what workerd takes after the first requests and after many more. Under
// JavaScript it grows too: V8 lets garbage lie as long as there is room, and miniflare's KV is in
// the same process. What the instance of Go takes is asserted by a test of edge.
func (b *bench) edgeMemory(ctx context.Context, programs ...program) error {
	const name = "memory"
	if !b.opt.match.MatchString(name) {
		return nil
	}
	all, stop, err := startAll(ctx, b.dir, programs...)
	defer stop()
	if err != nil {
		return err
	}
	if err := prepare(all[0], all[1], generate(edgeRows, edgeColumns)); err != nil {
		return err
	}
	of := edgeClients[1]
	for _, load := range []measurement{reads, mixed} {
		b.out.memory(load.name, of)
		for _, w := range all {
			sizes, sent := []int64{}, 0
			for _, total := range memoryRequests {
				if _, err := repeatAll(load, w.of[:of], 0, (total-sent)/of); err != nil {
					return fmt.Errorf("%s: %w", w.name, err)
				}
				sent = total
				sizes = append(sizes, w.resident())
			}
			b.out.memoryLine(w.name, sizes)
		}
	}
	return nil
}

// newEdgeClients returns clients with their own order of mixed requests.
func newEdgeClients(ctx context.Context, url string) []*client {
	all := newClients(ctx, url, slices.Max(edgeClients))
	for i, c := range all {
		c.random = rand.New(rand.NewPCG(32, uint64(i)))
	}
	return all
}
