//go:build !js

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// compared is the name of the measurement, without the number of rows before it.
const compared = wholeTableName + " against others"

// rounds is how often the rivals take turns in one measurement. Because the ratios matter, a moment in
// which the machine is busy should affect all of them.
const rounds = 5

// compare compares the server on Redis, sending a whole table, with servers that only send the same
// bytes: webdis, if it is installed, from the same Redis, and net/http from memory. The latter is
// measured as a process of its own, like the others, and in the process of the clients. There,
// requests wake no other process, which takes most of the time of small answers; what remains is
// the maximum that the clients can measure.
func (b *bench) compare(ctx context.Context) error {
	i := slices.IndexFunc(b.backends, func(backend *backend) bool { return backend.redis != nil })
	if i < 0 {
		return nil
	}
	var wanted []int
	for _, rows := range sizes[:2] {
		if b.opt.match.MatchString(fmt.Sprintf("%d %s", rows, compared)) {
			wanted = append(wanted, rows)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	backend := b.backends[i]
	webdis, err := startWebdis(ctx, backend.redis, b.dir)
	if err != nil {
		return err
	}
	if webdis != nil {
		defer webdis.stop()
	}
	b.out.comparison(webdis != nil)
	for _, rows := range wanted {
		if err := b.compareTable(ctx, rows, backend, webdis); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) compareTable(ctx context.Context, rows int, backend *backend, webdis *process) error {
	c := &client{ctx: ctx, base: backend.url, rows: rows, file: generate(rows, columns)}
	if err := c.prepare(); err != nil {
		return err
	}
	answer, err := c.do(request{method: "GET", path: c.session(wholeTable)}, http.StatusOK)
	if err != nil {
		return err
	}
	table := bytes.Clone(answer)
	rivals := []rival{{url: c.base, path: c.session(wholeTable)}}
	if webdis != nil {
		if err := backend.redis.do("SET", sentKey, string(table)); err != nil {
			return err
		}
		rivals = append(rivals, rival{url: webdis.url, path: webdisPath})
	}
	beside, err := startBare(ctx, b.dir, table)
	if err != nil {
		return err
	}
	defer beside.stop()
	here, err := listenBare(table)
	if err != nil {
		return err
	}
	defer here.Close()
	rivals = append(rivals, rival{url: beside.url, path: "/"}, rival{url: "http://" + here.Addr, path: "/"})
	for i, r := range rivals {
		rivals[i].of = newClients(ctx, r.url, slices.Max(b.opt.clients))
		answer, err := rivals[i].of[0].do(request{method: "GET", path: r.path}, http.StatusOK)
		if err != nil {
			return err
		}
		if !bytes.Equal(answer, table) {
			return fmt.Errorf("%s sends other bytes than the server", r.url+r.path)
		}
	}
	for _, n := range b.opt.clients {
		turns := make([]turn, len(rivals))
		for i, r := range rivals {
			turns[i] = turn{measurement{next: getting(r.path)}, r.of[:n]}
		}
		results, err := race(turns, b.opt.each)
		if err != nil {
			return err
		}
		b.out.comparisonLine(rows, len(table), n, results)
	}
	c.made = append(c.made, c.id)
	return c.deleteMade()
}

// turn is a measurement of one of several servers, with its own clients.
type turn struct {
	measurement
	of []*client
}

// race takes several measurements in turn, for the same time each.
func race(turns []turn, each time.Duration) ([]result, error) {
	results := make([]result, len(turns))
	for range rounds {
		for i, t := range turns {
			one, err := measure(t.measurement, t.of, each/rounds)
			if err != nil {
				return nil, err
			}
			results[i].times = append(results[i].times, one.times...)
		}
	}
	for _, r := range results {
		slices.Sort(r.times)
	}
	return results, nil
}
