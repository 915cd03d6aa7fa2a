//go:build !js

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// growth measures the server as sessions, columns, rows and clients become more, on the embedded store and on Redis.
// Beside each row is its limit, in turns: a handler of net/http that sends the same bytes from memory (the loopback),
// one GET of the same bytes from the same Redis, a copy of the uploaded file in memory, or a write of 4 KiB that is
// synced. The ratio says how many times as long the server takes.
func (b *bench) growth(ctx context.Context) error {
	if err := b.provide(ctx); err != nil {
		return err
	}
	r := &peerRun{bench: b, ctx: ctx, results: newPeerResults()}
	areas := []func() error{r.growingSessions, r.growingColumns, r.growingRows, r.growingClients, r.synced}
	return r.measure(areas, r.results.grownTables)
}

// grown is a server whose requests are measured, and what its limits need.
type grown struct {
	run *peerRun
	*backend
	client *client
	dir    string
	redis  *goredis.Client // nil for the embedded store
}

// growSettings let a server take large tables.
var growSettings = []string{"MAX_UPLOAD_SIZE_MB=1000", "MAX_DATAFRAME_SIZE_MB=2000"}

// grow starts a server that takes large tables on an empty store.
func (r *peerRun) grow(store string, settings ...string) (*grown, error) {
	dir, err := r.scratch()
	if err != nil {
		return nil, err
	}
	g := &grown{run: r, dir: dir, backend: &backend{name: store}}
	settings = append(settings, growSettings...)
	if store == onRedis {
		if g.backend.redis, err = startRedis(r.ctx, dir); err != nil {
			return nil, err
		}
		settings = append(settings, onRedisAt(g.backend.redis.address)...)
		g.redis = goredis.NewClient(&goredis.Options{Addr: g.backend.redis.address})
		r.later(func() { _ = g.redis.Close() })
	}
	r.later(g.backend.stop)
	g.server, err = start(r.ctx, r.program, dir, settings)
	return g, err
}

// load uploads a table, which the measurements are about.
func (g *grown) load(rows, columns int) error {
	if g.client != nil {
		g.client.made = append(g.client.made, g.client.id)
		if err := g.client.deleteMade(); err != nil {
			return err
		}
	}
	g.client = &client{ctx: g.run.ctx, base: g.url, rows: rows, file: generate(rows, columns), random: rand.New(rand.NewPCG(1, uint64(rows)))}
	return g.client.prepare()
}

// growing are the requests that are measured.
var growing = []measurement{
	{name: "upload", next: predecessorWorks[0].next},
	{name: "page of 100 rows", next: func(c *client) (request, error) {
		return request{method: "GET", path: c.session(fmt.Sprintf("/data?offset=%d", c.random.IntN(max(1, c.rows-100))))}, nil
	}},
	{name: "edit of 100 cells", next: func(c *client) (request, error) {
		rows, values := make([]int, 100), make([]int, 100)
		for i := range rows {
			rows[i], values[i] = c.random.IntN(c.rows), c.random.IntN(1000)
		}
		slices.Sort(rows)
		return c.operations(map[string]any{"op": "set_values", "column": "c0", "rows": slices.Compact(rows), "value": values[0]})
	}},
	{name: "snapshot", next: func(c *client) (request, error) {
		return request{method: "POST", path: c.session("/versions")}, nil
	}},
	{name: wholeTableName, next: func(c *client) (request, error) {
		return request{method: "GET", path: c.session(wholeTable)}, nil
	}},
	{name: "health", next: getting("/health/storage")},
}

// measure races some of the requests with their limits. what is the size that the rows are about.
func (g *grown) measure(what string, names ...string) error {
	for _, m := range growing {
		if !slices.Contains(names, m.name) {
			continue
		}
		title := what + ": " + m.name
		ours := &peer{name: "edgeframe, " + g.name, pids: []int{g.cmd.Process.Pid}}
		if g.backend.redis != nil {
			ours.pids = append(ours.pids, g.backend.redis.cmd.Process.Pid)
		}
		ours.prepare, ours.work = requesting(g.client, m.next)
		l, err := g.limits(m)
		if err == nil {
			err = g.run.race(title, append([]*peer{ours}, l.peers...)...)
			l.stop()
		}
		if err != nil {
			return err
		}
		if err := g.client.deleteMade(); err != nil {
			return err
		}
	}
	return nil
}

// limits are what bounds a request.
type limits struct {
	peers []*peer
	// url is that of the handler of net/http.
	url  string
	stop func()
}

// limits returns what bounds a request: sending its answer, and for uploads reading the file. On Redis also getting as
// many bytes from there.
func (g *grown) limits(m measurement) (l limits, err error) {
	if m.name == "upload" {
		return limits{[]*peer{copying(g.client.file)}, "", func() {}}, nil
	}
	sent, err := m.next(g.client)
	if err != nil {
		return l, err
	}
	answer, err := g.client.do(sent, http.StatusOK, http.StatusCreated)
	if err != nil {
		return l, err
	}
	content := bytes.Clone(answer)
	if g.redis != nil {
		if err := g.redis.Set(g.run.ctx, sentKey, content, 0).Err(); err != nil {
			return l, err
		}
		l.peers = append(l.peers, &peer{name: "Redis, one GET", pids: []int{g.backend.redis.cmd.Process.Pid}, work: timing(func() error {
			return g.redis.Get(g.run.ctx, sentKey).Err()
		})})
	}
	bare, err := startBare(g.run.ctx, g.dir, content)
	if err != nil {
		return l, err
	}
	p := &peer{name: "net/http, from memory", pids: []int{bare.cmd.Process.Pid}}
	p.prepare, p.work = requesting(&client{ctx: g.run.ctx, base: bare.url}, getting("/"))
	l.peers, l.url, l.stop = append(l.peers, p), bare.url, bare.stop
	return l, nil
}

// timing returns work that is one call.
func timing(call func() error) func() ([]time.Duration, error) {
	return func() ([]time.Duration, error) {
		begin := time.Now()
		err := call()
		return []time.Duration{time.Since(begin)}, err
	}
}

// copying copies a file in memory, which is as fast as memory can be read and written. Its work is many copies if they
// are short.
func copying(file []byte) *peer {
	to := make([]byte, len(file))
	once := timing(func() error {
		copy(to, file)
		return nil
	})
	return &peer{name: "memory, one copy", work: func() (times []time.Duration, err error) {
		for end := time.Now().Add(peerTurn); len(times) == 0 || time.Now().Before(end) && len(times) < maxRequests; {
			took, _ := once()
			times = append(times, took...)
		}
		return times, nil
	}}
}

func (r *peerRun) growingSessions() error {
	r.area("growth of sessions", "A table of 1,000 x 10 among so many sessions.")
	var failed error
	for _, store := range []string{embedded, onRedis} {
		failed = errors.Join(failed, r.growingSessionsOn(store))
	}
	return failed
}

func (r *peerRun) growingSessionsOn(store string) error {
	g, err := r.grow(store)
	if err == nil {
		err = g.load(1000, 10)
	}
	if err != nil {
		return err
	}
	for _, n := range []int64{10, 1_000, 100_000} {
		title := fmt.Sprintf("%d sessions", n)
		if !r.wants(r.results.last().Name, title) {
			continue
		}
		if err := g.fill(r.ctx, n, r.out); err != nil {
			return err
		}
		if err := g.measure(title, "page of 100 rows", "snapshot", "health"); err != nil {
			return err
		}
	}
	return nil
}

func (r *peerRun) growingColumns() error {
	r.area("growth of columns", "Tables of 1,000 rows.")
	return r.growTables([][2]int{{1000, 1}, {1000, 50}, {1000, 1000}}, 1)
}

func (r *peerRun) growingRows() error {
	r.area("growth of rows", "Tables of 2 columns.")
	return r.growTables([][2]int{{1000, 2}, {100_000, 2}, {1_000_000, 2}, {10_000_000, 2}}, 0)
}

// growTables measures tables with so many rows and columns on the embedded store. vary says which of the two grows.
func (r *peerRun) growTables(sizes [][2]int, vary int) error {
	g, err := r.grow(embedded)
	if err != nil {
		return err
	}
	for _, size := range sizes {
		title := fmt.Sprintf("%d %s", size[vary], []string{"rows", "columns"}[vary])
		if !r.wants(r.results.last().Name, title) {
			continue
		}
		if err := g.load(size[0], size[1]); err != nil {
			return err
		}
		if err := g.measure(title, "upload", "page of 100 rows", "edit of 100 cells", "snapshot", wholeTableName); err != nil {
			return err
		}
	}
	return nil
}

// growingClients measures pages for many clients at once, each with its own session, beside as many that ask net/http.
func (r *peerRun) growingClients() error {
	r.area("growth of clients", "Pages of tables of 1,000 x 50, each client with a session of its own, on the embedded store.")
	g, err := r.grow(embedded)
	if err != nil {
		return err
	}
	page := growing[1]
	var all []*client
	for _, n := range []int{1, 8, 64, 256} {
		title := fmt.Sprintf("%d clients", n)
		if !r.wants(r.results.last().Name, title) {
			continue
		}
		for len(all) < n {
			if err := g.load(1000, 50); err != nil {
				return err
			}
			all, g.client = append(all, g.client), nil
		}
		g.client = all[0]
		l, err := g.limits(page)
		g.client = nil
		if err == nil {
			bare := l.peers[0]
			err = r.race(title, together("edgeframe", g.cmd.Process.Pid, page, all[:n]),
				together(bare.name, bare.pids[0], measurement{next: getting("/")}, newClients(r.ctx, l.url, n)))
			l.stop()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// together is a peer that answers clients at the same time.
func together(name string, pid int, m measurement, of []*client) *peer {
	return &peer{name: name, pids: []int{pid}, work: func() ([]time.Duration, error) { return repeatAll(m, of, peerTurn, 1) }}
}

// synced measures changes that are on the disk when they are acknowledged.
func (r *peerRun) synced() error {
	r.area("durability", "A table of 1,000 x 10 with STORAGE_SYNC=always, beside a file whose writes are synced.")
	const title = "snapshot, synced"
	if !r.wants(r.results.last().Name, title) {
		return nil
	}
	g, err := r.grow(embedded, "STORAGE_SYNC=always")
	if err == nil {
		err = g.load(1000, 10)
	}
	if err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(g.dir, "synced"))
	if err != nil {
		return err
	}
	defer file.Close()
	ours := &peer{name: "edgeframe", pids: []int{g.cmd.Process.Pid}}
	ours.prepare, ours.work = requesting(g.client, growing[3].next)
	block := make([]byte, 4<<10)
	return r.race(title, ours, &peer{name: "write of 4 KiB and fsync", work: timing(func() error {
		if _, err := file.Write(block); err != nil {
			return err
		}
		return file.Sync()
	})})
}
