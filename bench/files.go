//go:build !js

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The names of the measurements of files.
const (
	csvAgainstPandas = "CSV against pandas"
	largeParquet     = "large Parquet"
)

// vegaData is the directory of the files of vega-datasets.
const vegaData = "node_modules/vega-datasets/data"

// files measures how long the upload of a file takes on the embedded store: of CSV files, compared
// with pandas.read_csv on the same files, and of a Parquet file of 3,000,000 rows, with the peak
// memory of the server.
func (b *bench) files(ctx context.Context) error {
	if b.opt.match.MatchString(csvAgainstPandas) {
		if err := b.csvFiles(ctx); err != nil {
			return err
		}
	}
	if b.opt.match.MatchString(largeParquet) {
		return b.parquetFile(ctx)
	}
	return nil
}

// csvFiles measures how long the server and pandas take to read the same CSV files.
func (b *bench) csvFiles(ctx context.Context) error {
	i := slices.IndexFunc(b.backends, func(backend *backend) bool { return backend.redis == nil })
	if i < 0 {
		return nil
	}
	pandas, err := startPandas(ctx)
	if err != nil {
		return err
	}
	defer pandas.stop()
	b.out.printf("\nCSV file to session on the embedded store, and pandas.read_csv alone on the same file: p50 ms\n")
	b.out.printf("  %-36s%12s%12s%12s%12s\n", "", "size", "edgeframe", "pandas", "times")
	for _, rows := range sizes {
		path := filepath.Join(b.dir, fmt.Sprintf("%d x %d.csv", rows, columns))
		if err := os.WriteFile(path, generate(rows, columns), 0o600); err != nil {
			return err
		}
		if err := b.csvFile(ctx, b.backends[i], pandas, path); err != nil {
			return err
		}
	}
	for _, name := range []string{"birdstrikes.csv", "seattle-weather-hourly-normals.csv"} {
		if err := b.csvFile(ctx, b.backends[i], pandas, filepath.Join(vegaData, name)); err != nil {
			return err
		}
	}
	return nil
}

// csvFile measures one file.
func (b *bench) csvFile(ctx context.Context, backend *backend, pandas *pandas, path string) error {
	file, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	c := &client{ctx: ctx, base: backend.url}
	upload := measurement{next: func(c *client) (request, error) {
		return request{"POST", "/api/v1/sessions", "text/csv", file}, c.deleteMade()
	}}
	var ours result
	var theirs []time.Duration
	for range rounds {
		one, err := measure(upload, []*client{c}, b.opt.each/rounds)
		if err != nil {
			return err
		}
		ours.times = append(ours.times, one.times...)
		for range len(one.times) {
			took, err := pandas.read(path)
			if err != nil {
				return err
			}
			theirs = append(theirs, took)
		}
	}
	slices.Sort(ours.times)
	slices.Sort(theirs)
	other := result{times: theirs}
	b.out.printf("  %-36s%12s%12.2f%12.2f%12.2f\n", filepath.Base(path), size(float64(len(file))), ours.p50(), other.p50(), other.p50()/ours.p50())
	return c.deleteMade()
}

// pandas is a Python process that reads CSV files on demand.
type pandas struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// pandasScript reads paths, one per line, and prints the seconds that read_csv took for each.
const pandasScript = `
import sys, time, pandas
for line in sys.stdin:
    begin = time.perf_counter()
    pandas.read_csv(line.rstrip("\n"))
    print(time.perf_counter() - begin, flush=True)
`

func startPandas(ctx context.Context) (*pandas, error) {
	program := "/usr/bin/python3"
	if exec.CommandContext(ctx, program, "-c", "import pandas").Run() != nil {
		program = "python3"
	}
	p := &pandas{cmd: exec.CommandContext(ctx, program, "-c", pandasScript)}
	p.cmd.Stderr = os.Stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, p.out = in, bufio.NewReader(out)
	return p, p.cmd.Start()
}

// read returns how long pandas took to read a file.
func (p *pandas) read(path string) (time.Duration, error) {
	if _, err := fmt.Fprintln(p.in, path); err != nil {
		return 0, err
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("pandas, which make bench installs: %w", err)
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
	return time.Duration(seconds * float64(time.Second)), err
}

func (p *pandas) stop() {
	_ = p.in.Close()
	_ = p.cmd.Wait()
}

var peakMemory = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// parquetFile uploads a large Parquet file to a new server, whose peak memory is then that of the
// upload.
func (b *bench) parquetFile(ctx context.Context) error {
	file, err := os.ReadFile(filepath.Join(vegaData, "flights-3m.parquet"))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(b.dir, "parquet-")
	if err != nil {
		return err
	}
	s, err := start(ctx, b.program, dir, nil)
	if err != nil {
		return err
	}
	defer s.stop()
	peak := func() float64 {
		return float64(procNumber(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid), peakMemory) << 10)
	}
	idle := peak()
	c := &client{ctx: ctx, base: s.url}
	begin := time.Now()
	if _, err := c.do(request{"POST", "/api/v1/sessions", "application/vnd.apache.parquet", file}, http.StatusCreated); err != nil {
		return err
	}
	took := time.Since(begin)
	b.out.printf("\nflights-3m.parquet, 3,000,000 rows, %s, to a session on the embedded store: %s; the server took %s at most, %s before\n",
		size(float64(len(file))), took.Round(time.Millisecond), size(peak()), size(idle))
	return nil
}
