//go:build !js

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// The size of the table for measuring the Workers.
const edgeRows, edgeColumns = 1000, 10

// edgeWarmUp is how long a Worker gets mixed requests before measurements: V8 gradually optimizes the
// WebAssembly code that is used.
const edgeWarmUp = 6 * time.Second

// edgeClients are the numbers of concurrent clients of a Worker. Each is measured.
var edgeClients = []int{1, 8, 32}

// ofEdge are the measurements of Workers.
var ofEdge = []measurement{
	{name: "health, no storage", next: getting("/health/live")},
	{name: "health, 1 KV read", next: getting("/health/ready")},
	{name: "session metadata", next: nextMetadata},
	{name: "page of 100 rows", next: nextPage},
	{name: "upload CSV", next: nextUpload},
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

// edge compares the Worker with the same handler core on the stock runtime and with a Worker in
// JavaScript. Then it measures the Worker behind slow networks, and its CPU time.
//
// All run under the same version of workerd, each with its own Workers KV, which miniflare keeps on
// disk. Metadata and pages read the head. The segment of a page is in the memory of the isolate, except with
// the stock runtime, which begins every request without state. For an upload the Worker in JavaScript makes the
// calls that ours has been seen to make. /health/storage is not measured, because a listing would take most of
// the time.
func (b *bench) edge(ctx context.Context) error {
	programs, err := buildPrograms(ctx, b.dir)
	if err != nil {
		return err
	}
	for _, heads := range headsOf(programs[0]) {
		if err := b.edgeWith(ctx, programs, heads); err != nil {
			return err
		}
	}
	return errors.Join(b.edgeDelays(ctx, programs[0]), b.edgeCPU(ctx, programs[0]))
}

// edgeWith takes the measurements with one kind of heads. Only Workers KV is measured on the stock runtime.
func (b *bench) edgeWith(ctx context.Context, built []program, heads bool) error {
	if !slices.ContainsFunc([]string{coldStart, memory}, b.opt.match.MatchString) && len(b.wanted(ofEdge, "")) == 0 {
		return nil
	}
	upload, err := b.uploadCalls(ctx, built[0], heads)
	if err != nil {
		return err
	}
	script, err := inJavaScript(b.dir, upload, heads)
	if err == nil {
		err = b.sameCalls(ctx, upload, script, heads)
	}
	if err != nil {
		return err
	}
	programs := append(slices.Clone(built), script)
	if heads {
		programs = slices.Delete(programs, 1, 2)
		programs[0].heads = true
	}
	b.out.printf("\n%s. %s is this repository's Worker, %s one that answers the same", programs[0].store(heads), programs[0].name, script.name)
	if !heads {
		b.out.printf(", %s its handler core with a program for each request", programs[1].name)
	}
	b.out.printf(". Calls of an upload: %s\n", describeCalls(upload))
	if err := b.coldStarts(ctx, programs); err != nil {
		return err
	}
	if err := b.edgeRequests(ctx, programs); err != nil {
		return err
	}
	return b.edgeMemory(ctx, programs[0], script)
}

// startAll starts Workers. stop stops those that were started, also after an error.
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

// edgeRequests takes the measurements. The first and the last of the programs, edgeframe and JavaScript, take
// turns. The stock runtime, which may be between them, is measured after them, because its requests may take
// longer than a turn.
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
	ours, stock, script := all[0], all[1:len(all)-1], all[len(all)-1]
	file := generate(edgeRows, edgeColumns)
	for _, w := range stock {
		if err := w.upload(file); err != nil {
			return err
		}
	}
	if err := prepare(ours, script, file); err != nil {
		return err
	}
	if err := sameAnswers(ours, script, stock...); err != nil {
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
			results, err := race([]turn{{m, ours.of[:n]}, {m, script.of[:n]}}, b.opt.each)
			if err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			for i, w := range stock {
				alone, err := measure(m, w.of[:n], b.opt.each)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", w.name, m.name, err)
				}
				results = slices.Insert(results, 1+i, alone)
			}
			b.out.edgeLine(m.name, n, results)
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

// The names of the measurements that are not about single requests.
const coldStart, memory = "cold start", "memory"

// coldStarts is how often each Worker is started.
const coldStarts = 5

// coldStarts measures the first request of a fresh workerd: starting the instance, reading the
// settings, and one read of a cold KV. The time until workerd listens, which includes compiling the
// module, is shown separately.
func (b *bench) coldStarts(ctx context.Context, programs []program) error {
	if !b.opt.match.MatchString(coldStart) {
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

// reads is a mix of all requests except uploads. In mixed one request in ten is an upload, so that the
// KV namespace grows, and the caches until they are full.
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

// memoryRequests are the numbers of requests after which memory is measured.
var memoryRequests = []int{100, 5_000, 10_000, 15_000}

// edgeMemory measures the memory of workerd after the first requests and after many more. It grows
// with JavaScript too, because V8 does not collect garbage while there is free memory, and because
// miniflare's KV is in the same process. A test in edge checks the memory of the Go instance.
func (b *bench) edgeMemory(ctx context.Context, programs ...program) error {
	if !b.opt.match.MatchString(memory) {
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

// newEdgeClients returns clients, each with its own random order of mixed requests.
func newEdgeClients(ctx context.Context, url string) []*client {
	all := newClients(ctx, url, slices.Max(edgeClients))
	for i, c := range all {
		c.random = rand.New(rand.NewPCG(32, uint64(i)))
	}
	return all
}
