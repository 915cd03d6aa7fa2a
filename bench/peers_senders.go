//go:build !js

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const sendersArea = "whole tables"

// senders measures the server on Redis, sending a whole table as Arrow, beside servers that only send the same
// bytes: webdis and net/http from the same Redis, nginx from a file, and net/http from memory.
func (r *peerRun) senders() error {
	const name = sendersArea
	defer r.end()
	if !slices.ContainsFunc(sizes, func(rows int) bool { return r.wantsSize(name, rows) }) {
		return nil
	}
	ours, err := startBackend(r.ctx, onRedis, r.program, r.dir)
	if err != nil {
		return err
	}
	r.later(ours.stop)
	r.area(name, "The same bytes, a table as Arrow, from edgeframe on Redis, from webdis and net/http with one GET of the same Redis, from nginx with a file, and from net/http with them in memory.")
	for _, rows := range sizes {
		if !r.wantsSize(name, rows) {
			continue
		}
		if err := r.sendersOf(ours, rows); err != nil {
			return err
		}
	}
	return nil
}

func (r *peerRun) wantsSize(area string, rows int) bool {
	return slices.ContainsFunc(r.opt.clients, func(n int) bool { return r.wants(area, senderTitle(rows, n)) })
}

func senderTitle(rows, clients int) string {
	if clients == 1 {
		return fmt.Sprintf("%d rows, 1 client", rows)
	}
	return fmt.Sprintf("%d rows, %d clients", rows, clients)
}

// sendersOf measures a table of that many rows.
func (r *peerRun) sendersOf(ours *backend, rows int) error {
	c := &client{ctx: r.ctx, base: ours.url, rows: rows, file: generate(rows, columns)}
	if err := c.prepare(); err != nil {
		return err
	}
	answer, err := c.do(request{method: "GET", path: c.session(wholeTable)}, http.StatusOK)
	if err != nil {
		return err
	}
	table := bytes.Clone(answer)
	if err := ours.redis.do("SET", sentKey, string(table)); err != nil {
		return err
	}
	dir, err := r.scratch()
	if err != nil {
		return err
	}
	senders, stop, err := startSenders(r.ctx, ours.redis, dir, table)
	defer stop()
	if err != nil {
		return err
	}
	redis := ours.redis.cmd.Process.Pid
	senders = slices.Insert(senders, 0, sender{rival{url: c.base, path: c.session(wholeTable)}, "edgeframe", []int{ours.server.cmd.Process.Pid, redis}})
	for i, s := range senders {
		senders[i].of = newClients(r.ctx, s.url, slices.Max(r.opt.clients))
		answer, err := senders[i].of[0].do(request{method: "GET", path: s.path}, http.StatusOK)
		if err != nil {
			return err
		}
		if !bytes.Equal(answer, table) {
			return fmt.Errorf("%s sends other bytes than the server", s.name)
		}
	}
	for _, n := range r.opt.clients {
		var all []*peer
		for _, s := range senders {
			all = append(all, &peer{name: s.name, pids: s.pids, work: func() ([]time.Duration, error) {
				return repeatAll(measurement{next: getting(s.path)}, s.of[:n], peerTurn, 1)
			}})
		}
		if err := r.race(senderTitle(rows, n), all...); err != nil {
			return err
		}
	}
	c.made = append(c.made, c.id)
	return c.deleteMade()
}

// sender is a server that sends the same bytes as the others.
type sender struct {
	rival
	name string
	pids []int
}

// startSenders starts the servers that send content, which Redis has at sentKey.
func startSenders(ctx context.Context, r *redis, dir string, content []byte) (all []sender, stop func(), err error) {
	var started []*process
	stop = func() {
		for _, p := range started {
			p.stop()
		}
	}
	redis := r.cmd.Process.Pid
	for _, s := range []struct {
		name, path string
		start      func() (*process, error)
		redis      bool
	}{
		{"webdis", webdisPath, func() (*process, error) { return startWebdis(ctx, r, dir) }, true},
		{"net/http, one GET", "/", func() (*process, error) { return startServing(ctx, dir, redisScheme+r.address) }, true},
		{"nginx", "/content", func() (*process, error) { return startNginx(ctx, dir, content) }, false},
		{"net/http, from memory", "/", func() (*process, error) { return startBare(ctx, dir, content) }, false},
	} {
		p, err := s.start()
		if err == nil && p == nil {
			err = errors.New("is not installed; make bench-peers installs it")
		}
		if err != nil {
			return nil, stop, fmt.Errorf("%s: %w", s.name, err)
		}
		started = append(started, p)
		one := sender{rival{url: p.url, path: s.path}, s.name, []int{p.cmd.Process.Pid}}
		if s.redis {
			one.pids = append(one.pids, redis)
		}
		all = append(all, one)
	}
	return all, stop, nil
}

// nginxConfig is the configuration of nginx; {address} and {dir} are replaced. Its workers run as the user who
// starts it, to whom the directory belongs.
const nginxConfig = `daemon off;
{user}
worker_processes auto;
pid {dir}/nginx.pid;
error_log stderr;
events {}
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	client_body_temp_path {dir}/body;
	proxy_temp_path {dir}/proxy;
	fastcgi_temp_path {dir}/fastcgi;
	uwsgi_temp_path {dir}/uwsgi;
	scgi_temp_path {dir}/scgi;
	server {
		listen {address};
		root {dir};
	}
}
`

// startNginx starts nginx, which serves content from a file. Debian has it where only root's PATH looks.
func startNginx(ctx context.Context, dir string, content []byte) (*process, error) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx"
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	user := ""
	if os.Getuid() == 0 {
		user = "user root;"
	}
	config := filepath.Join(dir, "nginx.conf")
	text := strings.NewReplacer("{address}", address, "{dir}", dir, "{user}", user).Replace(nginxConfig)
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "content"), content, 0o600), os.WriteFile(config, []byte(text), 0o600)); err != nil {
		return nil, err
	}
	p := &process{url: "http://" + address}
	p.sidecar, err = startSidecar(ctx, dir, answering(ctx, p.url, "/content"), program, "-e", "stderr", "-p", dir, "-c", config)
	return p, err
}
