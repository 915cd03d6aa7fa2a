//go:build !js

package main

import (
	"slices"
	"time"
)

// edge prints the header of the lines about requests to Workers. The first Worker is ours.
func (r *report) edge(programs []program, fileBytes int) {
	r.printf("\n%d x %d: CSV of %s\n", edgeRows, edgeColumns, size(float64(fileBytes)))
	names := make([]string, len(programs))
	for i, p := range programs {
		names[i] = p.name
	}
	r.servers(names...)
	r.printf("%24s", "req/s times that of")
	r.columns(len(programs))
	for _, name := range names[1:] {
		r.printf("%12s", name)
	}
	r.printf("\n")
}

// edgeLine prints one measurement of the Workers.
func (r *report) edgeLine(name string, clients int, results []result) {
	r.cells(name, clients, results)
	for _, other := range results[1:] {
		r.printf("%12.2f", results[0].perSecond(clients)/other.perSecond(clients))
	}
	r.printf("\n")
}

// coldStarts prints the medians, and how much larger they are than that of the last Worker.
func (r *report) coldStarts(programs []program, first, ready [][]time.Duration) {
	r.printf("\nCold start: GET /health/ready as the first request of a fresh workerd; median and extremes of %d, in ms\n", coldStarts)
	last := percentile(slices.Sorted(slices.Values(first[len(first)-1])), 0.5)
	for i, p := range programs {
		slices.Sort(first[i])
		slices.Sort(ready[i])
		median := percentile(first[i], 0.5)
		r.printf("  %-12s %6.0f (%.0f to %.0f), %.0f more than %s; workerd listened after %.0f\n", p.name,
			milliseconds(median), milliseconds(first[i][0]), milliseconds(first[i][coldStarts-1]),
			milliseconds(median-last), programs[len(programs)-1].name, milliseconds(percentile(ready[i], 0.5)))
	}
}

// memory prints the header of the lines about memory.
func (r *report) memory(load string, clients int) {
	r.printf("\nResident memory of workerd, which includes the KV namespace, by number of requests: %s, %d clients\n  %-12s", load, clients, "")
	for _, n := range memoryRequests {
		r.printf("%12d", n)
	}
	r.printf("\n")
}

// memoryLine prints the memory of a Worker after each number of requests.
func (r *report) memoryLine(name string, sizes []int64) {
	r.printf("  %-12s", name)
	for _, n := range sizes {
		r.printf("%12s", size(float64(n)))
	}
	r.printf("\n")
}
