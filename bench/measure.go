//go:build !js

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// minRequests is the smallest number of requests of all clients together. Each client sends at
	// least one.
	minRequests = 3
	maxRequests = 5000
)

// measurement is one kind of request.
type measurement struct {
	name string
	// next prepares the next request of a client. Its time is not measured.
	next func(c *client) (request, error)
	// stores is true if the request makes a version.
	stores bool
	// sessions is the number of sessions that must exist.
	sessions int64
	// most is the largest number of rows that is measured, 0 for all.
	most int
	// format is the format of the file that is uploaded, if it is not CSV.
	format string
}

// ofTables are the measurements for each size of table.
var ofTables = []measurement{
	{name: "upload CSV", stores: true, next: func(c *client) (request, error) {
		return request{"POST", "/api/v1/sessions?ttl_seconds=600", "text/csv", c.file}, c.deleteMade()
	}},
	{name: "upload CSV with dtype=", stores: true, next: func(c *client) (request, error) {
		path := "/api/v1/sessions?ttl_seconds=600"
		for i := range columns {
			path += fmt.Sprintf("&dtype=c%d:%s", i, dtypes[i%len(dtypes)])
		}
		return request{"POST", path, "text/csv", c.file}, c.deleteMade()
	}},
	uploadAs("Parquet", "parquet", "application/vnd.apache.parquet", 0),
	uploadAs("XLSX", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", 10_000),
	{name: "page, first 100 rows", next: func(c *client) (request, error) {
		return request{method: "GET", path: c.session("/data")}, nil
	}},
	{name: "page, 100 rows anywhere", next: func(c *client) (request, error) {
		return request{method: "GET", path: c.session(fmt.Sprintf("/data?offset=%d", c.random.IntN(c.rows-100)))}, nil
	}},
	{name: "edit of one column", stores: true, next: func(c *client) (request, error) {
		body, err := c.edit()
		return request{"PATCH", c.session("/data"), "application/json", body}, err
	}},
	{name: "cast to text and back", stores: true, next: func(c *client) (request, error) {
		return c.operations(
			map[string]any{"op": "cast", "column": "c0", "dtype": "utf8"},
			map[string]any{"op": "cast", "column": "c0", "dtype": "int64"},
		)
	}},
	{name: "clear and fill", stores: true, next: func(c *client) (request, error) {
		rows := make([]int, c.rows/10)
		for i := range rows {
			rows[i] = 10 * i
		}
		return c.operations(
			map[string]any{"op": "set_values", "column": "c6", "rows": rows, "value": nil},
			map[string]any{"op": "fill_missing", "columns": []string{"c6"}, "method": "constant", "value": 0.5},
		)
	}},
	{name: "snapshot", stores: true, next: func(c *client) (request, error) {
		return request{method: "POST", path: c.session("/versions")}, nil
	}},
	{name: "undo", next: func(c *client) (request, error) {
		_, err := c.do(request{method: "POST", path: c.session("/redo")}, http.StatusOK, http.StatusConflict)
		return request{method: "POST", path: c.session("/undo")}, err
	}},
	{name: wholeTableName, next: func(c *client) (request, error) {
		return request{method: "GET", path: c.session(wholeTable)}, nil
	}},
}

const wholeTableName, wholeTable = "whole table as Arrow", "/data?format=arrow"

// ofHealth are the measurements of the health document.
var ofHealth = []measurement{
	{name: "health", next: getting("/health/storage")},
	{name: "health, 100,000 sessions", sessions: 100_000, next: getting("/health/storage")},
}

// getting returns the next function of a measurement that requests the same path every time.
func getting(path string) func(*client) (request, error) {
	return func(*client) (request, error) { return request{method: "GET", path: path}, nil }
}

// uploadAs returns the measurement of uploads of the table as a file of another format, up to that many
// rows. The first server has made the file, so that all read the same bytes.
func uploadAs(name, format, contentType string, most int) measurement {
	return measurement{name: "upload " + name, stores: true, most: most, format: format, next: func(c *client) (request, error) {
		return request{"POST", "/api/v1/sessions?ttl_seconds=600", contentType, c.files[format]}, c.deleteMade()
	}}
}

// wanted returns the measurements that the flag -match selects, by their name with prefix before it.
func (b *bench) wanted(all []measurement, prefix string) (wanted []measurement) {
	for _, m := range all {
		if b.opt.match.MatchString(prefix + m.name) {
			wanted = append(wanted, m)
		}
	}
	return wanted
}

// tables takes the measurements with a table of that many rows.
func (b *bench) tables(ctx context.Context, rows int) error {
	wanted := slices.DeleteFunc(b.wanted(ofTables, fmt.Sprintf("%d ", rows)), func(m measurement) bool {
		return m.most > 0 && rows > m.most
	})
	if len(wanted) == 0 {
		return nil
	}
	file := generate(rows, columns)
	of := make([][]*client, len(b.backends))
	for i, backend := range b.backends {
		of[i] = newClients(ctx, backend.url, slices.Max(b.opt.clients))
		for j, c := range of[i] {
			c.rows, c.file, c.random = rows, file, rand.New(rand.NewPCG(uint64(rows), uint64(j)))
			if err := c.prepare(); err != nil {
				return fmt.Errorf("%s: %w", backend.name, err)
			}
		}
	}
	files, err := of[0][0].download(wanted)
	if err != nil {
		return err
	}
	for _, c := range slices.Concat(of...) {
		c.files = files
	}
	if err := b.out.table(ctx, rows, len(file)); err != nil {
		return err
	}
	for _, m := range wanted {
		if err := b.take(m, of); err != nil {
			return err
		}
	}
	for _, c := range slices.Concat(of...) {
		c.made = append(c.made, c.id)
		if err := c.deleteMade(); err != nil {
			return err
		}
	}
	return nil
}

// health takes the measurements of the health document.
func (b *bench) health(ctx context.Context) error {
	wanted := b.wanted(ofHealth, "")
	if len(wanted) == 0 {
		return nil
	}
	of := make([][]*client, len(b.backends))
	for i, backend := range b.backends {
		of[i] = newClients(ctx, backend.url, slices.Max(b.opt.clients))
	}
	b.out.section("/health/storage")
	for _, m := range wanted {
		for _, backend := range b.backends {
			if err := backend.fill(ctx, m.sessions, b.out); err != nil {
				return fmt.Errorf("%s: %w", backend.name, err)
			}
		}
		if err := b.take(m, of); err != nil {
			return err
		}
	}
	return nil
}

// take takes one measurement of each backend, with its own clients, one after another.
func (b *bench) take(m measurement, of [][]*client) error {
	for _, n := range b.opt.clients {
		results := make([]result, len(of))
		for range b.opt.rounds {
			for i, backend := range b.backends {
				before := backend.written()
				turn, err := measure(m, of[i][:n], b.opt.each/time.Duration(b.opt.rounds))
				if err != nil {
					return fmt.Errorf("%s, %s: %w", backend.name, m.name, err)
				}
				turn.written = backend.written() - before
				results[i].add(turn)
			}
		}
		b.out.line(m.name, n, results)
		for _, c := range slices.Concat(of...) {
			if err := c.deleteMade(); err != nil {
				return err
			}
		}
	}
	return nil
}

// result is the result of one measurement.
type result struct {
	times []time.Duration
	// written is the number of bytes that the server wrote to the disk, stored the number that
	// the last request added to the session's segments.
	written, stored int64
}

// add adds the result of another turn.
func (r *result) add(turn result) {
	r.times = append(r.times, turn.times...)
	slices.Sort(r.times)
	r.written += turn.written
	r.stored = turn.stored
}

// measure makes clients send requests for about the given time.
func measure(m measurement, of []*client, each time.Duration) (result, error) {
	times, err := repeatAll(m, of, each, max(1, minRequests/len(of)))
	slices.Sort(times)
	r := result{times: times}
	if err != nil || !m.stores {
		return r, err
	}
	id := of[0].id
	if made := of[0].made; len(made) > 0 {
		id = made[0]
	}
	r.stored, err = of[0].stored(id)
	return r, err
}

// repeatAll makes all clients repeat concurrently.
func repeatAll(m measurement, of []*client, each time.Duration, least int) ([]time.Duration, error) {
	times := make([][]time.Duration, len(of))
	errs := make([]error, len(of))
	var group sync.WaitGroup
	for i, c := range of {
		group.Go(func() { times[i], errs[i] = c.repeat(m, each, least) })
	}
	group.Wait()
	return slices.Concat(times...), errors.Join(errs...)
}

// repeat sends requests for about the given time, and at least the given number.
func (c *client) repeat(m measurement, each time.Duration, least int) (times []time.Duration, err error) {
	for end := time.Now().Add(each); len(times) < maxRequests && (len(times) < least || time.Now().Before(end)); {
		r, err := m.next(c)
		if err != nil {
			return nil, err
		}
		start := time.Now()
		answer, err := c.do(r, http.StatusOK, http.StatusCreated)
		times = append(times, time.Since(start))
		if err != nil {
			return nil, err
		}
		if r.method == "POST" && r.contentType != "" {
			if err := c.remember(answer); err != nil {
				return nil, err
			}
		}
	}
	return times, nil
}
