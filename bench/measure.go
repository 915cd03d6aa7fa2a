//go:build !js

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// clients is how many clients send requests at once, in turn.
var clients = []int{1, 8}

const (
	// minRequests is for all clients together, but each sends one at least.
	minRequests = 3
	maxRequests = 5000
)

// client is one client with a session of its own.
type client struct {
	ctx    context.Context
	base   string
	id     string
	rows   int
	file   []byte
	random *rand.Rand
	made   []string // sessions to delete
}

// request is what is timed.
type request struct {
	method, path, contentType string
	body                      []byte
}

// measurement is one kind of request.
type measurement struct {
	name string
	// next prepares, while the clock stands, the next request of a client.
	next func(c *client) (request, error)
	// stores says that it makes a version, once that it does not depend on the size of the table.
	stores, once bool
}

var measurements = []measurement{
	{name: "upload CSV", stores: true, next: func(c *client) (request, error) {
		return request{"POST", "/api/v1/sessions?ttl_seconds=600", "text/csv", c.file}, c.deleteMade()
	}},
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
	{name: "snapshot", stores: true, next: func(c *client) (request, error) {
		return request{method: "POST", path: c.session("/versions")}, nil
	}},
	{name: "undo", next: func(c *client) (request, error) {
		_, err := c.do(request{method: "POST", path: c.session("/redo")}, http.StatusOK, http.StatusConflict)
		return request{method: "POST", path: c.session("/undo")}, err
	}},
	{name: "whole table as Arrow", next: func(c *client) (request, error) {
		return request{method: "GET", path: c.session("/data?format=arrow")}, nil
	}},
	{name: "health", once: true, next: func(*client) (request, error) {
		return request{method: "GET", path: "/health/storage"}, nil
	}},
}

// measureTable takes every measurement on a table of that many rows.
func measureTable(ctx context.Context, s *server, rows int, opt options, out *report) error {
	var wanted []measurement
	for _, m := range measurements {
		if opt.match.MatchString(fmt.Sprintf("%d %s", rows, m.name)) && (!m.once || rows == sizes[len(sizes)-1]) {
			wanted = append(wanted, m)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	file := generate(rows)
	all := make([]*client, slices.Max(clients))
	for i := range all {
		c := &client{ctx: ctx, base: s.url, rows: rows, file: file, random: rand.New(rand.NewPCG(uint64(rows), uint64(i)))}
		if err := c.prepare(); err != nil {
			return err
		}
		all[i] = c
	}
	out.table(rows, len(file), s)
	for _, m := range wanted {
		for _, n := range clients {
			r, err := measure(s, m, all[:n], opt.each)
			if err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			out.line(m.name, n, r)
			for _, c := range all[:n] {
				if err := c.deleteMade(); err != nil {
					return err
				}
			}
		}
	}
	for _, c := range all {
		c.made = append(c.made, c.id)
		if err := c.deleteMade(); err != nil {
			return err
		}
	}
	return nil
}

// result is what one measurement found.
type result struct {
	times []time.Duration
	// written is what the server wrote to the disk, stored what the last request added to the
	// session's segments.
	written, stored int64
}

// measure lets clients send requests for about the given time.
func measure(s *server, m measurement, of []*client, each time.Duration) (result, error) {
	before := s.written()
	times := make([][]time.Duration, len(of))
	errs := make([]error, len(of))
	var group sync.WaitGroup
	for i, c := range of {
		group.Go(func() { times[i], errs[i] = c.repeat(m, each, max(1, minRequests/len(of))) })
	}
	group.Wait()
	r := result{times: slices.Concat(times...), written: s.written() - before}
	for _, err := range errs {
		if err != nil {
			return r, err
		}
	}
	slices.Sort(r.times)
	if !m.stores {
		return r, nil
	}
	id := of[0].id
	if made := of[0].made; len(made) > 0 {
		id = made[0]
	}
	var err error
	r.stored, err = of[0].stored(id)
	return r, err
}

// repeat sends at least the given number of requests, and goes on for about the given time.
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
		if r.method == "POST" && r.contentType == "text/csv" {
			if err := c.remember(answer); err != nil {
				return nil, err
			}
		}
	}
	return times, nil
}

// prepare uploads the client's session and makes versions to undo.
func (c *client) prepare() error {
	answer, err := c.do(request{"POST", "/api/v1/sessions", "text/csv", c.file}, http.StatusCreated)
	if err != nil {
		return err
	}
	if err := c.remember(answer); err != nil {
		return err
	}
	c.id, c.made = c.made[0], nil
	_, err = c.do(request{method: "POST", path: c.session("/versions")}, http.StatusCreated)
	return err
}

func (c *client) session(below string) string { return "/api/v1/sessions/" + c.id + below }

// edit sets 1,000 cells of the second column, a float one, spread over all rows.
func (c *client) edit() ([]byte, error) {
	const cells = 1000
	rows, values := make([]int, cells), make([]float64, cells)
	for i := range rows {
		rows[i] = i * (c.rows / cells)
		values[i] = c.random.NormFloat64()
	}
	operation := map[string]any{"op": "set_values", "column": "c1", "rows": rows, "values": values}
	return json.Marshal(map[string]any{"operations": []any{operation}})
}

func (c *client) remember(answer []byte) error {
	var doc struct {
		ID string `json:"session_id"`
	}
	err := json.Unmarshal(answer, &doc)
	c.made = append(c.made, doc.ID)
	return err
}

func (c *client) deleteMade() error {
	for _, id := range c.made {
		if _, err := c.do(request{method: "DELETE", path: "/api/v1/sessions/" + id}, http.StatusNoContent); err != nil {
			return err
		}
	}
	c.made = nil
	return nil
}

// stored is the new_bytes of the newest version of a session.
func (c *client) stored(id string) (int64, error) {
	answer, err := c.do(request{method: "GET", path: "/api/v1/sessions/" + id + "/versions"}, http.StatusOK)
	if err != nil {
		return 0, err
	}
	var doc struct {
		Versions []struct {
			NewBytes int64 `json:"new_bytes"`
		} `json:"versions"`
	}
	if err := json.Unmarshal(answer, &doc); err != nil {
		return 0, err
	}
	return doc.Versions[len(doc.Versions)-1].NewBytes, nil
}

var transport = &http.Transport{MaxIdleConnsPerHost: 16, DisableCompression: true}

// do sends a request and reads the whole answer, whose status must be one of accepted.
func (c *client) do(r request, accepted ...int) ([]byte, error) {
	sent, err := http.NewRequestWithContext(c.ctx, r.method, c.base+r.path, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	if r.contentType != "" {
		sent.Header.Set("Content-Type", r.contentType)
	}
	answer, err := transport.RoundTrip(sent)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && !slices.Contains(accepted, answer.StatusCode) {
		err = fmt.Errorf("%s %s: status %d: %.200s", r.method, r.path, answer.StatusCode, body)
	}
	return body, err
}
