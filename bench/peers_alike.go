//go:build !js

package main

import (
	"fmt"
	"net/http"
	"slices"
)

const alikeArea = "alike"

// alikeWorks are changes that write the head of a session alone, so that they do not take longer for larger tables.
var alikeWorks = []measurement{
	predecessorWorkNamed("snapshot"),
	predecessorWorkNamed("undo"),
	{name: "redo", next: func(c *client) (request, error) {
		_, err := c.do(request{method: "POST", path: c.session("/undo")}, http.StatusOK, http.StatusConflict)
		return request{method: "POST", path: c.session("/redo")}, err
	}},
}

func alikeTitle(m measurement, store string) string { return m.name + ", " + store }

// alike measures what shall take as long for tables of 1,000 and of 100,000 rows, in turns.
func (r *peerRun) alike() error {
	r.area(alikeArea, "The same change of a small and of a large table of 50 columns, on one server.")
	for _, store := range []string{embedded, onRedis} {
		wants := func(m measurement) bool { return r.wants(alikeArea, alikeTitle(m, store)) }
		if !slices.ContainsFunc(alikeWorks, wants) {
			continue
		}
		if err := r.alikeOn(store, sizes[0], sizes[len(sizes)-1]); err != nil {
			return err
		}
	}
	return nil
}

func (r *peerRun) alikeOn(store string, all ...int) error {
	defer r.end()
	ours, err := startBackend(r.ctx, store, r.program, r.dir)
	if err != nil {
		return err
	}
	r.later(ours.stop)
	pids := []int{ours.server.cmd.Process.Pid}
	if ours.redis != nil {
		pids = append(pids, ours.redis.cmd.Process.Pid)
	}
	clients := make([]*client, len(all))
	for i, rows := range all {
		clients[i] = &client{ctx: r.ctx, base: ours.url, rows: rows, file: generate(rows, columns)}
		if err := clients[i].prepare(); err != nil {
			return err
		}
	}
	for _, m := range alikeWorks {
		peers := make([]*peer, len(all))
		for i, rows := range all {
			peers[i] = &peer{name: fmt.Sprintf("edgeframe, %d rows", rows), pids: pids}
			peers[i].prepare, peers[i].work = requesting(clients[i], m.next)
		}
		if err := r.race(alikeTitle(m, store), peers...); err != nil {
			return err
		}
	}
	return nil
}
