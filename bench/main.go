//go:build !js

// Command bench measures the server from the outside: it builds it, starts it on an empty
// directory, and times requests for tables of several sizes, from one client and from eight
// at once.
//
// Every client works on a session of its own, so eight clients show what the server can do
// beside one another and not how they wait for one another. One-column edits set 1,000 cells,
// spread evenly, so that every row group of the column is written again. What has to be
// undone is made before the clock runs. Requests per second are clients divided by the mean
// time of a request. The clients run on the machine of the server and share its CPUs.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var opt options
	flag.StringVar(&opt.server, "server", "", "the `program` to measure; by default it is built")
	flag.DurationVar(&opt.each, "each", time.Second, "about how long each measurement takes")
	flag.TextVar(&opt.match, "match", &pattern{*regexp.MustCompile("")}, "`expression` for the measurements to take, for instance '100000.*page'")
	flag.Parse()
	if err := run(ctx, opt); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	server string
	each   time.Duration
	match  pattern
}

// pattern is a regular expression as a flag.
type pattern struct{ regexp.Regexp }

func run(ctx context.Context, opt options) error {
	fmt.Printf("edgeframe bench: %s %s/%s, %d CPUs shared with the clients, embedded store, %s per line\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), opt.each)
	fmt.Printf("edit: 1,000 cells of one column, spread evenly; stored: added to segments; disk: written by the process\n\n")
	dir, err := os.MkdirTemp("", "edgeframe-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if opt.server == "" {
		if opt.server, err = build(ctx, dir); err != nil {
			return err
		}
	}
	s, err := start(ctx, opt.server, dir)
	if err != nil {
		return err
	}
	defer s.stop()

	out := newReport(os.Stdout)
	for _, rows := range sizes {
		if err := measureTable(ctx, s, rows, opt, out); err != nil {
			return err
		}
	}
	return nil
}
