//go:build !js

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"
)

const (
	// peerTurn is about how long a peer works in one turn. Longer work is done once.
	peerTurn = 100 * time.Millisecond
	// leastTurns is how many turns each peer has at least.
	leastTurns = 3
)

// peer does the work of a measurement.
type peer struct {
	name string
	// pids are its processes, whose CPU time and memory count, with those that they have started.
	pids []int
	// prepare, unless nil, makes ready for the work. It is not measured.
	prepare func() error
	// work does the work and returns the time of each piece of it.
	work func() ([]time.Duration, error)
}

// peers measures the server beside others that do the same work: DuckDB, Polars and pandas with a table in memory;
// a service of the design that this one replaces; and servers that only send the bytes of an answer.
//
// The first peer of each measurement is the server. All have the same data, and take turns: A B C A B C. So other
// load on the machine affects all of them, and ratios mean more than times. A turn is 100 ms of work, or one piece
// of work that takes longer. Each measurement takes about -each for each peer, and at least three turns. The
// engines work in their own process. The server works over HTTP, and what it changes is stored when its time ends.
// The CPU time is that of all threads of a peer, and of its Redis. The memory is the peak during the measurement,
// and includes the tables that the peer has.
func (b *bench) peers(ctx context.Context) error {
	if err := b.provide(ctx); err != nil {
		return err
	}
	r := &peerRun{bench: b, ctx: ctx, results: newPeerResults()}
	return r.measure([]func() error{r.engines, r.predecessor, r.senders, r.alike, r.memory}, r.results.judge)
}

// measure takes the measurements of areas, and then prints a summary. If an area fails, the others are measured.
func (r *peerRun) measure(areas []func() error, summary func() string) (failed error) {
	for _, area := range areas {
		if r.ctx.Err() == nil {
			failed = errors.Join(failed, area())
			r.end()
		}
	}
	r.out.printf("\n%s", summary())
	if r.opt.json != "" {
		failed = errors.Join(failed, r.results.write(r.opt.json))
	}
	return failed
}

// peerRun is one run of the measurements.
type peerRun struct {
	*bench
	ctx     context.Context
	results *peerResults
	// stops end what an area has started.
	stops []func()
}

// area begins a table of results.
func (r *peerRun) area(name, about string) {
	r.results.Areas = append(r.results.Areas, peerArea{Name: name, About: about})
	r.out.printf("\n%s", r.results.last().head())
}

// later has stop called when the area ends.
func (r *peerRun) later(stop func()) { r.stops = append(r.stops, stop) }

func (r *peerRun) end() {
	for _, stop := range slices.Backward(r.stops) {
		stop()
	}
	r.stops = nil
}

// wants reports whether a measurement of an area is to be taken.
func (r *peerRun) wants(area, name string) bool { return r.opt.match.MatchString(area + ": " + name) }

// race takes a measurement of all peers, unless -match leaves it out.
func (r *peerRun) race(name string, all ...*peer) error {
	if !r.wants(r.results.last().Name, name) {
		return nil
	}
	measured := make([]measuredPeer, len(all))
	for i, p := range all {
		measured[i].Name = p.name
		if err := p.forgetPeak(); err != nil {
			return err
		}
	}
	begin, most := time.Now(), time.Duration(len(all))*r.opt.each
	for turn := 0; turn < leastTurns || time.Since(begin) < most; turn++ {
		for i, p := range all {
			if err := p.turn(&measured[i]); err != nil {
				return fmt.Errorf("%s: %s: %w", name, p.name, err)
			}
		}
	}
	for i, p := range all {
		measured[i].PeakBytes = p.peak()
		measured[i].summarize()
	}
	r.row(name, measured)
	return nil
}

// row adds a measurement to the last area.
func (r *peerRun) row(name string, measured []measuredPeer) {
	compareWithFirst(measured)
	row, area := peerRow{Name: name, Peers: measured}, r.results.last()
	area.Rows = append(area.Rows, row)
	r.out.printf("%s", row.lines())
}

// turn lets the peer work for a turn.
func (p *peer) turn(m *measuredPeer) error {
	for worked := time.Duration(0); worked < peerTurn; {
		if p.prepare != nil {
			if err := p.prepare(); err != nil {
				return err
			}
		}
		begin := time.Now()
		if err := p.piece(m); err != nil {
			return err
		}
		worked += time.Since(begin)
	}
	return nil
}

// piece lets the peer do one piece of work.
func (p *peer) piece(m *measuredPeer) error {
	before, err := p.used()
	if err != nil {
		return err
	}
	times, err := p.work()
	if err != nil {
		return err
	}
	after, err := p.used()
	m.times = append(m.times, times...)
	m.used += after - before
	return err
}

// all returns all processes of the peer.
func (p *peer) all() (all []string) {
	for _, pid := range p.pids {
		all = append(all, family(strconv.Itoa(pid))...)
	}
	return all
}

// used is the CPU time that the peer has used until now.
func (p *peer) used() (sum time.Duration, err error) {
	for _, pid := range p.all() {
		one, err := processorTime(pid)
		if err != nil {
			return 0, err
		}
		sum += one
	}
	return sum, nil
}

func (p *peer) forgetPeak() error {
	for _, pid := range p.all() {
		if err := forgetPeak(pid); err != nil {
			return err
		}
	}
	return nil
}

// peak is the peak memory of the peer's processes together.
func (p *peer) peak() (bytes int64) {
	for _, pid := range p.all() {
		bytes += procNumber("/proc/"+pid+"/status", peakMemory) << 10
	}
	return bytes
}

// requesting returns work that is one request. next prepares it.
func requesting(c *client, next func(*client) (request, error)) (prepare func() error, work func() ([]time.Duration, error)) {
	var sent request
	prepare = func() (err error) {
		sent, err = next(c)
		return err
	}
	return prepare, func() ([]time.Duration, error) {
		begin := time.Now()
		answer, err := c.do(sent, 200, 201)
		took := time.Since(begin)
		if err == nil && sent.method == "POST" && sent.contentType != "" {
			err = c.remember(answer)
		}
		return []time.Duration{took}, err
	}
}

// scratch returns a new directory.
func (r *peerRun) scratch() (string, error) { return os.MkdirTemp(r.dir, "peers-") }
