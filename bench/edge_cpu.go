//go:build !js

package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"edgeframe/internal/calls"
)

// How often each endpoint is measured warm and cold, and how many rounds warm it up: V8 optimizes the code that
// is used.
const cpuWarm, cpuCold, cpuWarmUp = 30, 5, 30

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
	return b.eachRecorded(ctx, plain, func(p program, store string) error {
		all, err := b.cpuOfAll(ctx, p)
		if err == nil {
			b.out.cpu(store, all)
		}
		return err
	})
}

// cpuOfAll measures the endpoints, warm and then cold. The keys of Workers KV stay in the isolate when the
// instance is ended.
func (b *bench) cpuOfAll(ctx context.Context, p program) ([]used, error) {
	dir, err := os.MkdirTemp(b.dir, "kv-")
	if err != nil {
		return nil, err
	}
	w, c, err := p.startRecorded(ctx, dir, generate(edgeRows, edgeColumns))
	if err != nil {
		return nil, err
	}
	defer w.stop()
	if err := c.KeepInMemory(); err != nil {
		return nil, err
	}
	all := make([]used, len(calls.Endpoints))
	warm, cold := make([][]time.Duration, len(all)), make([][]time.Duration, len(all))
	var nothing []time.Duration
	for round := range cpuWarmUp + cpuWarm + cpuCold {
		isCold := round >= cpuWarmUp+cpuWarm
		for i, e := range calls.Endpoints {
			took, made, err := w.cpuOf(c, e, isCold)
			if err != nil {
				return nil, err
			}
			if isCold {
				cold[i], all[i].new = append(cold[i], took), made
			} else if round >= cpuWarmUp {
				warm[i], all[i].made = append(warm[i], took), made
			}
		}
		took, err := w.cpuOfNothing(c)
		if err != nil {
			return nil, err
		}
		nothing = append(nothing, took)
	}
	for i := range all {
		all[i].warm, all[i].cold = max(median(warm[i])-median(nothing), 0), max(median(cold[i])-median(nothing), 0)
	}
	return all, nil
}

// cpuOf returns the CPU time of workerd during a request, and the calls that the Worker makes.
func (w *workerd) cpuOf(c *calls.Client, e calls.Endpoint, cold bool) (took time.Duration, made []calls.Call, err error) {
	if err := makeReady(c, e, cold); err != nil {
		return 0, nil, err
	}
	return w.cpuDuring(c, func() error { _, err := c.Send(e); return err })
}

// cpuOfNothing is the CPU time of a request that does nothing.
func (w *workerd) cpuOfNothing(c *calls.Client) (time.Duration, error) {
	took, _, err := w.cpuDuring(c, c.Nothing)
	return took, err
}

// cpuDuring is the CPU time during a request and what it leaves for after the answer.
func (w *workerd) cpuDuring(c *calls.Client, work func() error) (took time.Duration, made []calls.Call, err error) {
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
		one, err := processorTime(pid)
		if err != nil {
			return 0, err
		}
		used += one
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
