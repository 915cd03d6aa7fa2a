//go:build !js

// Command bench measures the server, or the Worker, by HTTP requests.
//
// It builds the server, starts it on the embedded store and on a Redis of its own, both empty, and
// measures the times of requests for tables of several sizes, from one client and from eight
// concurrent clients.
//
// The two servers take turns for each measurement, so that other load on the machine affects both.
// Every client has its own session, so eight clients show how much the server can do concurrently,
// not how long clients wait for one another. Edits of one column set 1,000 cells, spread evenly, so
// that every row group of the column is rewritten. Versions to undo are made outside the measured
// time. With -against, another build of the server takes turns as well, so that two versions can be
// compared in one run; -rounds makes the turns shorter and more. Requests per second are the number of
// clients divided by the mean time of a request. The p99 of fewer than 100 requests is the slowest. The
// clients run on the same machine as the servers and share its CPUs.
//
// Last, 4 to 64 writers change one session at the same time, on one server and on four servers that
// share a Redis, which shows how much work and how many changes are lost to conflicts.
//
// With -edge it measures the Worker instead of the server; see [bench.edge]. With -peers it measures the server
// beside programs that do the same work; see [bench.peers]. With -growth it measures the server as tables, sessions and
// clients become more; see [bench.growth]. With -capacity it measures what a session takes; see [bench.capacity].
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	var opt options
	flag.BoolVar(&opt.edge, "edge", false, "build and measure the Worker instead of the server")
	flag.StringVar(&opt.server, "server", "", "the `program` to measure; by default the server is built")
	flag.StringVar(&opt.backends, "backends", embedded+","+onRedis, "`list` of the backends to measure, separated by commas")
	flag.StringVar(&opt.against, "against", "", "another build of the server, a `program` that takes turns with this one on the same backends")
	flag.IntVar(&opt.rounds, "rounds", 1, "the number of turns in which each measurement is taken")
	flag.DurationVar(&opt.each, "each", time.Second, "the approximate time of each measurement")
	flag.TextVar(&opt.match, "match", &pattern{*regexp.MustCompile("")}, "`expression` for the measurements to take, for instance '100000.*page' or 'health$'")
	opt.clients = counts{1, 8}
	flag.Var(&opt.clients, "clients", "the `numbers` of concurrent clients, each of which is measured, separated by commas")
	flag.BoolVar(&opt.peers, "peers", false, "measure the server beside other engines and servers")
	flag.BoolVar(&opt.growth, "growth", false, "measure the server as tables, sessions and clients grow, beside what limits it")
	flag.BoolVar(&opt.capacity, "capacity", false, "measure what a session takes: bytes in the store and processor time")
	flag.StringVar(&opt.json, "json", "", "a `file` for the results of -peers and -growth")
	flag.Parse()
	if err := begin(opt, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func begin(opt options, args []string) error {
	if len(args) == 3 && args[0] == serveCommand {
		return serve(args[1], args[2])
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, opt)
}

type options struct {
	edge     bool
	peers    bool
	growth   bool
	capacity bool
	json     string
	server   string
	backends string
	against  string
	rounds   int
	each     time.Duration
	clients  counts
	match    pattern
}

// pattern is a regular expression as a flag.
type pattern struct{ regexp.Regexp }

// counts are positive numbers as a flag.
type counts []int

func (c *counts) String() string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(*c), "[]"), " ", ",")
}

// Set reads numbers that are separated by commas.
func (c *counts) Set(text string) error {
	*c = nil
	for field := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 {
			return fmt.Errorf("%q is not a positive number", field)
		}
		*c = append(*c, n)
	}
	return nil
}

// bench is one run of the benchmark.
type bench struct {
	opt      options
	dir      string
	program  string
	backends []*backend
	out      *report
}

func run(ctx context.Context, opt options) error {
	fmt.Printf("edgeframe bench: %s %s/%s, %d CPUs shared with the clients, %s per measurement\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), opt.each)
	dir, err := os.MkdirTemp("", "edgeframe-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{opt: opt, dir: dir, out: &report{w: os.Stdout}}
	if opt.edge {
		return b.edge(ctx)
	}
	if opt.peers {
		return b.peers(ctx)
	}
	if opt.growth {
		return b.growth(ctx)
	}
	if opt.capacity {
		return b.capacity(ctx)
	}
	return b.server(ctx)
}

// server measures the server.
func (b *bench) server(ctx context.Context) error {
	b.out.printf("edit: 1,000 cells of one column, spread evenly; stored: added to segments; disk: written by the process on the embedded store\n")
	if err := b.provide(ctx); err != nil {
		return err
	}
	defer b.stop()
	for name := range strings.SplitSeq(b.opt.backends, ",") {
		if b.opt.against != "" {
			if err := b.start(ctx, name, name+", other", b.opt.against); err != nil {
				return err
			}
		}
		if err := b.start(ctx, name, name, b.program); err != nil {
			return err
		}
	}
	b.out.backends = b.backends
	return b.measure(ctx)
}

// provide builds the server, unless one is given.
func (b *bench) provide(ctx context.Context) (err error) {
	if b.program = b.opt.server; b.program == "" {
		b.program, err = build(ctx, b.dir)
	}
	return err
}

// start starts a program on a backend. It is called title in the results.
func (b *bench) start(ctx context.Context, name, title, program string) error {
	started, err := startBackend(ctx, name, program, b.dir)
	if err != nil {
		return err
	}
	started.name = title
	b.backends = append(b.backends, started)
	return nil
}

func (b *bench) measure(ctx context.Context) error {
	for _, rows := range sizes {
		if err := b.tables(ctx, rows); err != nil {
			return err
		}
	}
	if err := b.files(ctx); err != nil {
		return err
	}
	if err := b.queries(ctx); err != nil {
		return err
	}
	if err := b.compare(ctx); err != nil {
		return err
	}
	if err := b.health(ctx); err != nil {
		return err
	}
	return b.contend(ctx)
}

func (b *bench) stop() {
	for _, backend := range b.backends {
		backend.stop()
	}
}
