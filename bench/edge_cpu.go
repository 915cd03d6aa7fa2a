//go:build !js

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"edgeframe/internal/calls"
)

// How often each endpoint is measured warm and cold, and how many rounds warm it up: V8 optimizes the code that
// is used.
const cpuWarm, cpuCold, cpuWarmUp = 30, 3, 60

// The prices of the Workers paid plan, in USD for a million, beyond what the plan includes; docs/edge.md names
// the price lists and their date.
const (
	pricePerRequest      = 0.30
	pricePerMillisecond  = 0.02
	pricePerKVRead       = 0.50
	pricePerKVChange     = 5.00 // a write, a deletion or a listing
	pricePerObjectCall   = 0.15
	pricePerRowRead      = 0.001
	pricePerRowWritten   = 1.00
	objectGet            = "object.get"
	processorNanoseconds = "/proc/%s/task/*/schedstat"
)

// used is the CPU time and the calls of an endpoint.
type used struct {
	warm, cold time.Duration
	made, new  []calls.Call
}

// edgeCPU prints the CPU time of each endpoint beside its calls and what a million of them cost.
//
// workerd has no meter of CPU time. So it is the time of all threads of the workerd process during one request
// and what it leaves for after the answer, less that of a request that does nothing. It includes the runtime:
// HTTP, garbage collection and compilation by V8. It does not include Workers KV, which is a map in the isolate
// here; it includes Durable Objects.
func (b *bench) edgeCPU(ctx context.Context, plain program) error {
	const name = "CPU"
	if !b.opt.match.MatchString(name) {
		return nil
	}
	for _, heads := range headsOf(plain) {
		p, err := plain.recorded(b.dir, heads)
		if err != nil {
			return err
		}
		all := make([]used, len(calls.Endpoints))
		nothing, err := b.cpuWarm(ctx, p, all)
		if err == nil {
			err = b.cpuCold(ctx, p, nothing, all)
		}
		if err != nil {
			return err
		}
		b.out.cpu(p.store(heads), all)
	}
	return nil
}

// cpuWarm measures requests to an instance that knows the session. It returns the CPU time of a request that does
// nothing, which the times do not have.
func (b *bench) cpuWarm(ctx context.Context, p program, all []used) (nothing time.Duration, err error) {
	w, c, err := b.startForCPU(ctx, p, nil)
	if err != nil {
		return 0, err
	}
	defer w.stop()
	times := make([][]time.Duration, len(all))
	var idle []time.Duration
	for round := range cpuWarmUp + cpuWarm {
		for i, e := range calls.Endpoints {
			if e.KnowsSession() {
				if err := c.Know(); err != nil {
					return 0, err
				}
			}
			took, made, err := w.cpuOf(c, func() error { _, err := c.Send(e); return err })
			if err != nil {
				return 0, err
			}
			if round >= cpuWarmUp {
				times[i] = append(times[i], took)
				all[i].made = made
			}
		}
		took, _, err := w.cpuOf(c, c.Nothing)
		if err != nil {
			return 0, err
		}
		idle = append(idle, took)
	}
	nothing = median(idle)
	for i := range all {
		all[i].warm = max(median(times[i])-nothing, 0)
	}
	return nothing, nil
}

// cpuCold measures each endpoint as the first request of a workerd.
func (b *bench) cpuCold(ctx context.Context, p program, nothing time.Duration, all []used) error {
	times := make([][]time.Duration, len(all))
	for range cpuCold {
		dir, err := os.MkdirTemp(b.dir, "kv-")
		if err != nil {
			return err
		}
		var keys []byte
		session := ""
		for i, e := range calls.Endpoints {
			w, c, err := p.startRecorded(ctx, dir, generate(edgeRows, edgeColumns))
			if err != nil {
				return err
			}
			c.Session = session
			var took time.Duration
			if err = c.KeepInMemory(keys); err == nil {
				took, all[i].new, err = w.cpuOf(c, func() error { _, err := c.Send(e); return err })
			}
			if err == nil {
				keys, err = c.Memory()
			}
			w.stop()
			if err != nil {
				return err
			}
			session = c.Session
			times[i] = append(times[i], took)
		}
	}
	for i := range all {
		all[i].cold = max(median(times[i])-nothing, 0)
	}
	return nil
}

// startForCPU starts a Worker that keeps the keys of Workers KV in its isolate.
func (b *bench) startForCPU(ctx context.Context, p program, keys []byte) (*workerd, *calls.Client, error) {
	dir, err := os.MkdirTemp(b.dir, "kv-")
	if err != nil {
		return nil, nil, err
	}
	w, c, err := p.startRecorded(ctx, dir, generate(edgeRows, edgeColumns))
	if err != nil {
		return nil, nil, err
	}
	if err := c.KeepInMemory(keys); err != nil {
		w.stop()
		return nil, nil, err
	}
	return w, c, nil
}

// cpuOf returns the CPU time of workerd during work, and the calls that it makes.
func (w *workerd) cpuOf(c *calls.Client, work func() error) (took time.Duration, made []calls.Call, err error) {
	if _, err := c.Calls(); err != nil {
		return 0, nil, err
	}
	before, err := w.cpu()
	if err != nil {
		return 0, nil, err
	}
	if err := work(); err != nil {
		return 0, nil, err
	}
	if made, err = c.Calls(); err != nil {
		return 0, nil, err
	}
	after, err := w.cpu()
	return after - before, made, err
}

// cpu is the CPU time that workerd has used until now, as Linux counts it for its threads.
func (w *workerd) cpu() (used time.Duration, err error) {
	for _, pid := range w.pids() {
		threads, err := filepath.Glob(fmt.Sprintf(processorNanoseconds, pid))
		if err != nil {
			return 0, err
		}
		for _, path := range threads {
			text, err := os.ReadFile(path)
			if err != nil {
				continue // the thread has ended
			}
			nanoseconds := int64(0)
			if _, err := fmt.Sscan(string(text), &nanoseconds); err != nil {
				return 0, err
			}
			used += time.Duration(nanoseconds)
		}
	}
	if used == 0 {
		return 0, errors.New("the CPU time of workerd is not known: this needs the schedstat files of Linux")
	}
	return used, nil
}

func median(of []time.Duration) time.Duration {
	return percentile(slices.Sorted(slices.Values(of)), 0.5)
}

// cost is what a million requests cost in USD.
func cost(cpu time.Duration, made []calls.Call) float64 {
	usd := pricePerRequest + pricePerMillisecond*milliseconds(cpu)
	usd += pricePerKVRead*float64(calls.Count(made, "kv.get")) + pricePerKVChange*float64(calls.Count(made, "kv.put", "kv.delete", "kv.list"))
	objects, gets := calls.Count(made, "object."), calls.Count(made, objectGet)
	return usd + pricePerObjectCall*float64(objects) + pricePerRowRead*float64(gets) + pricePerRowWritten*float64(objects-gets)
}

// cpu prints the table of CPU time, calls and costs, as the documentation has it.
func (r *report) cpu(store string, all []used) {
	r.printf("\nCPU time of workerd, calls and costs, %s: warm, median of %d, and cold, median of %d, in ms; calls to Workers KV (reads/writes/deletions/listings) and to Durable Objects; USD for a million requests, warm\n\n", store, cpuWarm, cpuCold)
	r.printf("| request | CPU warm | CPU cold | KV warm | KV cold | objects warm | objects cold | USD |\n|---|%s\n", strings.Repeat("---|", 7))
	for i, e := range calls.Endpoints {
		u := all[i]
		r.printf("| `%s` | %.2f | %.0f | %s | %s | %d | %d | %.2f |\n", e.Name(), milliseconds(u.warm), milliseconds(u.cold),
			kvCalls(u.made), kvCalls(u.new), calls.Count(u.made, "object."), calls.Count(u.new, "object."), cost(u.warm, u.made))
	}
}

func kvCalls(made []calls.Call) string {
	return fmt.Sprintf("%d/%d/%d/%d", calls.Count(made, "kv.get"), calls.Count(made, "kv.put"), calls.Count(made, "kv.delete"), calls.Count(made, "kv.list"))
}
