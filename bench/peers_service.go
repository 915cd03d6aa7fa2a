//go:build !js

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// predecessorWorks are what is asked of the server and of the predecessor. Both have the same paths.
var predecessorWorks = []measurement{
	{name: "upload", next: func(c *client) (request, error) {
		return request{"POST", "/api/v1/sessions", "text/csv", c.file}, c.deleteMade()
	}},
	{name: "page, first after an upload", next: func(c *client) (request, error) {
		if err := c.deleteMade(); err != nil {
			return request{}, err
		}
		answer, err := c.do(request{"POST", "/api/v1/sessions", "text/csv", c.file}, http.StatusCreated)
		if err != nil {
			return request{}, err
		}
		if err := c.remember(answer); err != nil {
			return request{}, err
		}
		return request{method: "GET", path: "/api/v1/sessions/" + c.made[0] + "/data"}, nil
	}},
	{name: "page again", next: func(c *client) (request, error) {
		return request{method: "GET", path: c.session("/data")}, nil
	}},
	{name: "edit of 1,000 cells", next: func(c *client) (request, error) {
		body, err := c.edit()
		return request{"PATCH", c.session("/data"), "application/json", body}, err
	}},
	{name: "snapshot", next: func(c *client) (request, error) {
		return request{method: "POST", path: c.session("/versions")}, nil
	}},
	{name: "undo", next: func(c *client) (request, error) {
		_, err := c.do(request{method: "POST", path: c.session("/redo")}, http.StatusOK, http.StatusConflict)
		return request{method: "POST", path: c.session("/undo")}, err
	}},
	{name: "whole table, Arrow and JSON", next: func(c *client) (request, error) {
		return request{method: "GET", path: c.session(wholeTable)}, nil
	}},
	{name: "health", next: getting("/health/storage")},
}

// predecessor measures the server beside a service of the design that it replaces, on disk and on Redis. Uploads
// are also measured beside pandas.read_csv and Polars, which only read the file.
func (r *peerRun) predecessor() error {
	for _, store := range []string{embedded, onRedis} {
		if err := r.predecessorOn(store); err != nil {
			return err
		}
	}
	return nil
}

func predecessorArea(store string) string { return "predecessor, " + store }

func (r *peerRun) predecessorOn(store string) error {
	name := predecessorArea(store)
	defer r.end()
	var named []string
	wanted := map[string]bool{}
	for _, rows := range sizes {
		for _, m := range predecessorWorks {
			if title := predecessorTitle(m, rows); r.wants(name, title) {
				named, wanted[title] = append(named, title), true
			}
		}
	}
	if len(named) == 0 {
		return nil
	}
	pair, err := r.startPair(store)
	if err != nil {
		return err
	}
	r.area(name, "FastAPI with pickled DataFrames of pandas, and edgeframe, each on "+map[string]string{embedded: "its directory", onRedis: "a Redis of its own"}[store]+"; 50 columns, over HTTP. The whole table is Arrow here and JSON there.")
	for _, rows := range sizes {
		if err := r.predecessorTable(pair, rows, wanted); err != nil {
			return err
		}
	}
	return nil
}

// predecessorWorkNamed returns the work of a name.
func predecessorWorkNamed(name string) measurement {
	return predecessorWorks[slices.IndexFunc(predecessorWorks, func(m measurement) bool { return m.name == name })]
}

func predecessorTitle(m measurement, rows int) string {
	return fmt.Sprintf("%s, %d rows", m.name, rows)
}

// servedPeer is a server of the pair.
type servedPeer struct {
	name, url string
	pids      []int
}

// startPair starts the server and the predecessor on empty stores of the same kind.
func (r *peerRun) startPair(store string) ([]servedPeer, error) {
	ours, err := startBackend(r.ctx, store, r.program, r.dir)
	if err != nil {
		return nil, err
	}
	r.later(ours.stop)
	pair := []servedPeer{{"edgeframe", ours.url, []int{ours.server.cmd.Process.Pid}}}
	dir, err := r.scratch()
	if err != nil {
		return nil, err
	}
	env, pids := []string{"DIRECTORY=" + dir}, []int(nil)
	if ours.redis != nil {
		theirs, err := startRedis(r.ctx, dir)
		if err != nil {
			return nil, err
		}
		r.later(theirs.stop)
		pair[0].pids = append(pair[0].pids, ours.redis.cmd.Process.Pid)
		env, pids = []string{"REDIS_URL=redis://" + theirs.address}, []int{theirs.cmd.Process.Pid}
	}
	service, err := startPredecessor(r.ctx, dir, env)
	if err != nil {
		return nil, err
	}
	r.later(service.stop)
	return append(pair, servedPeer{"predecessor", service.url, append(pids, service.cmd.Process.Pid)}), nil
}

// startPredecessor starts the service of bench/peers/service.py.
func startPredecessor(ctx context.Context, dir string, env []string) (*process, error) {
	scripts, err := filepath.Abs(filepath.Join("bench", "peers"))
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(address)
	p := &process{url: "http://" + address}
	// The command env sets the variables, so that the process that is started becomes the service.
	args := append(env, "PYTHONDONTWRITEBYTECODE=1", python(ctx, "fastapi, uvicorn, redis, pandas"), "-m", "uvicorn", "service:app",
		"--app-dir", scripts, "--host", host, "--port", port, "--no-access-log", "--log-level", "warning")
	p.sidecar, err = startSidecar(ctx, dir, answering(ctx, p.url, "/health/storage"), "env", args...)
	return p, err
}

// predecessorTable takes the measurements with a table of that many rows.
func (r *peerRun) predecessorTable(pair []servedPeer, rows int, wanted map[string]bool) error {
	file := generate(rows, columns)
	clients := make([]*client, len(pair))
	for i, p := range pair {
		clients[i] = &client{ctx: r.ctx, base: p.url, rows: rows, file: file, random: rand.New(rand.NewPCG(uint64(rows), uint64(i)))}
		if err := clients[i].prepare(); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	for _, m := range predecessorWorks {
		title := predecessorTitle(m, rows)
		if !wanted[title] {
			continue
		}
		var all []*peer
		for i, p := range pair {
			one := &peer{name: p.name, pids: p.pids}
			one.prepare, one.work = requesting(clients[i], m.next)
			all = append(all, one)
		}
		if m.name == "upload" {
			readers, stop, err := r.readers(file)
			if err != nil {
				return err
			}
			err = r.race(title, append(all, readers...)...)
			stop()
			if err != nil {
				return err
			}
		} else if err := r.race(title, all...); err != nil {
			return err
		}
		for _, c := range clients {
			if err := c.deleteMade(); err != nil {
				return err
			}
		}
	}
	for _, c := range clients {
		c.made = append(c.made, c.id)
		if err := c.deleteMade(); err != nil {
			return err
		}
	}
	return nil
}

// readers returns engines that read a file.
func (r *peerRun) readers(file []byte) (all []*peer, stop func(), err error) {
	var started []*engine
	stop = func() {
		for _, e := range started {
			e.stop()
		}
	}
	dir, err := r.scratch()
	if err != nil {
		return nil, stop, err
	}
	path := filepath.Join(dir, "table.csv")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		return nil, stop, err
	}
	for _, one := range []struct {
		name  string
		start func(context.Context) (*engine, error)
	}{{"pandas.read_csv", startPandasEngine}, {"Polars readCSV", startPolars}} {
		e, err := one.start(r.ctx)
		if err != nil {
			stop()
			return nil, stop, err
		}
		started = append(started, e)
		all = append(all, &peer{name: one.name, pids: []int{e.cmd.Process.Pid}, work: func() ([]time.Duration, error) {
			a, err := e.ask(map[string]any{"work": "load", "path": path})
			return []time.Duration{a.took()}, err
		}})
	}
	return all, stop, nil
}
