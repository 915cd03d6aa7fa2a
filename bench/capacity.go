//go:build !js

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// capacities are the sizes of sessions whose cost is measured: rows, how many are uploaded and how many are edited.
var capacities = []struct{ rows, sessions, edits int }{{20, 5000, 2500}, {1000, 1500, 2500}, {20_000, 150, 450}}

// capacity measures what a session takes: bytes in the store, which do not depend on the load of the machine, and
// processor time, which a busy machine makes longer. The bytes of the embedded store are those of its directory after a
// stop and two restarts, which tidy it up.
func (b *bench) capacity(ctx context.Context) error {
	if err := b.provide(ctx); err != nil {
		return err
	}
	b.out.printf("\nprocessor times are of edgeframe, and of Redis besides, for one request of a single client\n\n")
	b.out.printf("| store | a session | takes | one more version | upload | page of 100 rows | edit | undo | memory |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, size := range capacities {
		for _, store := range []string{embedded, onRedis} {
			if err := b.capacityOf(ctx, store, size.rows, size.sessions, size.edits); err != nil {
				return fmt.Errorf("%s, %d rows: %w", store, size.rows, err)
			}
		}
	}
	return nil
}

// filling is a backend that is filled with sessions of one kind.
type filling struct {
	*backend
	*client
	bench *bench
	dir   string
	env   []string
	file  []byte
}

func (b *bench) capacityOf(ctx context.Context, store string, rows, sessions, edits int) error {
	f, err := b.filling(ctx, store, rows)
	if f != nil {
		defer f.stop()
	}
	if err != nil {
		return err
	}
	on := func(i int, method, below string, body []byte) error {
		f.id = f.made[i%len(f.made)]
		_, err := f.do(request{method, f.session(below), "application/json", body}, http.StatusOK)
		return err
	}
	page := func(i int) error { return on(i, "GET", "/data?limit=100", nil) }
	undo := func(i int) error { return on(i, "POST", "/undo", nil) }
	edit := func(i int) error {
		change, err := priceChange(rows)
		if err != nil {
			return err
		}
		return on(i, "PATCH", "/data", change)
	}
	phases := []struct {
		n    int
		work func(i int) error
		// tidied says that the bytes of the store are measured afterwards.
		tidied bool
	}{
		{0, nil, true},
		{sessions, f.upload, true},
		{edits, edit, true},
		{1000, page, false},
		{min(edits, sessions), undo, false},
	}
	times, taken := make([]string, len(phases)), make([]int64, len(phases))
	for i, p := range phases {
		if times[i], err = f.each(p.n, p.work); err == nil && p.tidied {
			taken[i], err = f.bytes(ctx)
		}
		if err != nil {
			return err
		}
	}
	resident := procNumber("/proc/"+f.pid()+"/status", residentKB) << 10
	b.out.printf("| %s | %d rows, %s | %s | %s | %s | %s | %s | %s | %s |\n", store, rows, size(float64(len(f.file))),
		size(float64(taken[1]-taken[0])/float64(sessions)), size(float64(taken[2]-taken[1])/float64(edits)),
		times[1], times[3], times[2], times[4], size(float64(resident)))
	return nil
}

// filling starts a server on an empty store.
func (b *bench) filling(ctx context.Context, store string, rows int) (*filling, error) {
	dir, err := os.MkdirTemp(b.dir, "capacity-")
	if err != nil {
		return nil, err
	}
	f := &filling{backend: &backend{name: store}, bench: b, dir: dir, env: []string{"MAX_MEMORY_MB=2048", "MAX_VERSIONS=50"}, file: priceList(rows)}
	if store == onRedis {
		if f.redis, err = startRedis(ctx, dir, "--appendonly", "yes", "--appendfsync", "always"); err != nil {
			return f, err
		}
		f.env = append(f.env, onRedisAt(f.redis.address)...)
	}
	return f, f.start(ctx)
}

// upload makes a session.
func (f *filling) upload(int) error {
	answer, err := f.do(request{"POST", "/api/v1/sessions", "text/csv", f.file}, http.StatusCreated)
	if err == nil {
		err = f.remember(answer)
	}
	return err
}

// priceList is a CSV file with five columns: a number, a text, a price, a date, and true or false.
func priceList(rows int) []byte {
	random := rand.New(rand.NewPCG(1, uint64(rows)))
	var b bytes.Buffer
	b.WriteString("number,item,price,bought,paid\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d,item-%d,%d.%02d,2026-%02d-%02d,%t\n", i, random.IntN(1000), random.IntN(1000), random.IntN(100), 1+random.IntN(12), 1+random.IntN(28), random.IntN(2) == 0)
	}
	return b.Bytes()
}

// priceChange is an edit that gives new prices to at most 1,000 rows, spread evenly.
func priceChange(rows int) ([]byte, error) {
	var at []int
	var prices []float64
	for row := 0; row < rows; row += max(rows/1000, 1) {
		at, prices = append(at, row), append(prices, float64(rand.IntN(100_000))/100)
	}
	return json.Marshal(map[string]any{"operations": []map[string]any{{"op": "set_values", "column": "price", "rows": at, "values": prices}}})
}

func (f *filling) start(ctx context.Context) (err error) {
	if f.server, err = start(ctx, f.bench.program, f.dir, f.env); err != nil {
		return err
	}
	var made []string
	if f.client != nil {
		made = f.made
	}
	f.client = &client{ctx: ctx, base: f.url, made: made}
	return nil
}

func (f *filling) pid() string { return strconv.Itoa(f.cmd.Process.Pid) }

// bytes is what the store takes, tidied up.
func (f *filling) bytes(ctx context.Context) (int64, error) {
	if f.redis != nil {
		doc, err := f.health(ctx)
		return int64(doc.Redis.Memory * (1 << 20)), err
	}
	for range 2 {
		f.server.stop()
		if err := f.start(ctx); err != nil {
			return 0, err
		}
	}
	return f.server.stored(), nil
}

// each makes requests one after another and returns the processor time of one: that of edgeframe, and that of Redis.
func (f *filling) each(n int, work func(i int) error) (string, error) {
	before, err := f.used()
	for i := 0; i < n && err == nil; i++ {
		err = work(i)
	}
	if err != nil {
		return "", err
	}
	after, err := f.used()
	var times []string
	for i := range after {
		times = append(times, fmt.Sprintf("%.1f ms", milliseconds(after[i]-before[i])/float64(max(n, 1))))
	}
	return strings.Join(times, " + "), err
}

// used is the processor time that the server and Redis have used.
func (f *filling) used() (times []time.Duration, err error) {
	processes := []*exec.Cmd{f.server.cmd}
	if f.redis != nil {
		processes = append(processes, f.redis.cmd)
	}
	for _, p := range processes {
		used, err := processorTime(strconv.Itoa(p.Process.Pid))
		if err != nil {
			return nil, err
		}
		times = append(times, used)
	}
	return times, nil
}
