//go:build !js

package main

import (
	"fmt"
	"io"
	"math"
	"time"
)

// report prints the results as they come.
type report struct{ w io.Writer }

func newReport(w io.Writer) *report { return &report{w} }

// table begins the lines about one table.
func (r *report) table(rows, fileBytes int, s *server) {
	fmt.Fprintf(r.w, "%d x %d: CSV of %s; the directory has %s with a session for each client\n", rows, columns, size(float64(fileBytes)), size(float64(s.stored())))
	fmt.Fprintf(r.w, "  %-24s %7s %8s %10s %10s %10s %12s %12s\n", "", "clients", "requests", "p50 ms", "p99 ms", "req/s", "stored/req", "disk/req")
}

// line prints one measurement. Stored is what the request added to the session's segments,
// disk what the process wrote to the disk.
func (r *report) line(name string, clients int, res result) {
	n := len(res.times)
	var sum time.Duration
	for _, t := range res.times {
		sum += t
	}
	perSecond := float64(clients) / (sum.Seconds() / float64(n))
	fmt.Fprintf(r.w, "  %-24s %7d %8d %10.2f %10.2f %10.0f %12s %12s\n", name, clients, n,
		milliseconds(percentile(res.times, 0.50)), milliseconds(percentile(res.times, 0.99)), perSecond,
		size(float64(res.stored)), size(float64(res.written)/float64(n)))
}

// percentile returns the smallest time that the given part of sorted times does not exceed.
func percentile(sorted []time.Duration, part float64) time.Duration {
	return sorted[max(0, int(math.Ceil(part*float64(len(sorted))))-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// size spells a number of bytes with a unit.
func size(n float64) string {
	for _, unit := range []string{"B", "KB", "MB"} {
		if n < 1000 {
			return fmt.Sprintf("%.3g %s", n, unit)
		}
		n /= 1000
	}
	return fmt.Sprintf("%.3g GB", n)
}
