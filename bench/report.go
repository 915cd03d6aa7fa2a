//go:build !js

package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// report prints the results.
type report struct {
	w        io.Writer
	backends []*backend
}

func (r *report) printf(format string, args ...any) { fmt.Fprintf(r.w, format, args...) }

// table prints the header of the lines about one table.
func (r *report) table(ctx context.Context, rows, fileBytes int) error {
	var held []string
	for _, b := range r.backends {
		holds, err := b.holds(ctx)
		if err != nil {
			return err
		}
		held = append(held, holds)
	}
	r.section(fmt.Sprintf("%d x %d: CSV of %s; with a session for each client %s", rows, columns, size(float64(fileBytes)), strings.Join(held, ", ")))
	return nil
}

// section prints a title and the names of the columns.
func (r *report) section(title string) {
	r.printf("\n%s\n", title)
	names := make([]string, len(r.backends))
	for i, b := range r.backends {
		names[i] = b.name
	}
	r.servers(names...)
	if len(r.backends) > 1 {
		r.printf("%16s", "p50 "+r.last().name+" /")
	}
	r.columns(len(r.backends))
	if len(r.backends) > 1 {
		r.printf("%16s", r.backends[0].name)
	}
	r.printf("%12s", "stored/req")
	if r.embedded() >= 0 {
		r.printf("%11s", "disk/req")
	}
	r.printf("\n")
}

// servers prints the first line of the column names.
func (r *report) servers(names ...string) {
	r.printf("  %-24s %7s", "", "")
	for _, name := range names {
		r.printf("   %s %s", name, strings.Repeat("-", 24-len(name)))
	}
}

// columns prints the second line of the column names.
func (r *report) columns(servers int) {
	r.printf("\n  %-24s %7s", "", "clients")
	for range servers {
		r.printf("%10s%10s%8s", "p50 ms", "p99 ms", "req/s")
	}
}

// cells prints the values of those columns.
func (r *report) cells(name string, clients int, results []result) {
	r.printf("  %-24s %7d", name, clients)
	for _, res := range results {
		r.printf("%10.2f%10.2f%8.0f", res.p50(), milliseconds(percentile(res.times, 0.99)), res.perSecond(clients))
	}
}

func (r *report) last() *backend { return r.backends[len(r.backends)-1] }

func (r *report) embedded() int {
	return slices.IndexFunc(r.backends, func(b *backend) bool { return b.redis == nil })
}

// line prints one measurement with the results of the backends. "Stored" is what the request added to
// the session's segments, which is equal on all backends. "Disk" is what the process with the embedded
// store wrote.
func (r *report) line(name string, clients int, results []result) {
	r.cells(name, clients, results)
	if n := len(results); n > 1 {
		r.printf("%16.2f", results[n-1].p50()/results[0].p50())
	}
	r.printf("%12s", size(float64(results[0].stored)))
	if i := r.embedded(); i >= 0 {
		r.printf("%11s", size(float64(results[i].written)/float64(len(results[i].times))))
	}
	r.printf("\n")
}

// filled prints how long it took to create sessions.
func (r *report) filled(backend string, sessions int64, took time.Duration) {
	r.printf("  %s: %d sessions after %s of uploads by %d clients\n", backend, sessions, took.Round(100*time.Millisecond), fillClients)
}

// comparison prints the header of the lines that compare the server on Redis with others that send the
// same bytes.
func (r *report) comparison(webdis bool) {
	others := []string{"webdis", "net/http", "net/http here"}
	if !webdis {
		others = others[1:]
	}
	r.printf("\n%s by the server on Redis, and the same bytes by others: req/s, and how many times theirs the server answers\n", wholeTableName)
	r.printf("  %-24s %7s%12s", "", "clients", "edgeframe")
	for _, name := range others {
		r.printf("%14s%9s", name, "times")
	}
	r.printf("\n")
}

// comparisonLine prints the requests per second of all servers, ours first.
func (r *report) comparisonLine(rows, bytes, clients int, results []result) {
	ours := results[0].perSecond(clients)
	r.printf("  %-24s %7d%12.0f", fmt.Sprintf("%d rows, %s", rows, size(float64(bytes))), clients, ours)
	for _, other := range results[1:] {
		n := other.perSecond(clients)
		r.printf("%14.0f%9.2f", n, ours/n)
	}
	r.printf("\n")
}

// contest prints what writers of one session have met.
func (r *report) contest(name string, writers int, edits, patches outcome) {
	r.printf("  %-24s %7d%10.0f%9.2f%%%10.1f%10.1f%11.0f%9.2f%%\n", name, writers,
		edits.perSecond(), edits.lost(), edits.p50(), milliseconds(percentile(edits.times, 0.99)),
		patches.perSecond(), patches.lost())
}

// lost returns the part of the changes that were answered with a conflict, in percent.
func (o outcome) lost() float64 { return 100 * float64(o.conflicts) / float64(len(o.times)) }

// perSecond returns the number of changes per second that were made.
func (o outcome) perSecond() float64 {
	return float64(len(o.times)-o.conflicts) / o.took.Seconds()
}

// p50 returns the median in milliseconds.
func (r result) p50() float64 { return milliseconds(percentile(r.times, 0.50)) }

// perSecond returns the number of requests per second, given the number of clients.
func (r result) perSecond(clients int) float64 {
	var sum time.Duration
	for _, t := range r.times {
		sum += t
	}
	return float64(clients) / (sum.Seconds() / float64(len(r.times)))
}

// percentile returns the smallest of sorted times that at least the given part of them does not
// exceed.
func percentile(sorted []time.Duration, part float64) time.Duration {
	return sorted[max(0, int(math.Ceil(part*float64(len(sorted))))-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// size formats a number of bytes with a unit.
func size(n float64) string {
	for _, unit := range []string{"B", "KB", "MB"} {
		if n < 1000 {
			return fmt.Sprintf("%.3g %s", n, unit)
		}
		n /= 1000
	}
	return fmt.Sprintf("%.3g GB", n)
}
