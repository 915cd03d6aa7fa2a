//go:build !js

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	contendName = "writers of one session"
	contendRows = 5_000
	// contendTime is how many times as long as another measurement each number of writers is
	// measured.
	contendTime = 3
)

// contenders are the numbers of writers that change one session at the same time.
var contenders = []int{4, 8, 16, 32, 64}

// contest is one or more servers on one backend, and the redis-server they share, if any.
type contest struct {
	name    string
	servers []*server
	redis   *redis
}

// contend measures writers that compete for one session: half of them set a cell, half patch the
// metadata. Redis syncs each write to the disk here, so that a commit takes as long as it does where
// data must not be lost.
func (b *bench) contend(ctx context.Context) error {
	if !b.opt.match.MatchString(contendName) {
		return nil
	}
	b.out.printf("\n%s of %d rows, half of which set a cell, half patch the metadata; Redis with appendfsync always\n", contendName, contendRows)
	b.out.printf("  %-24s %7s%10s%10s%10s%10s%11s%10s\n", "", "writers", "edits/s", "409", "p50 ms", "p99 ms", "patches/s", "409")
	programs := [][2]string{{"", b.program}}
	if b.opt.against != "" {
		programs = [][2]string{{", other", b.opt.against}, {"", b.program}}
	}
	for name := range strings.SplitSeq(b.opt.backends, ",") {
		for _, servers := range []int{1, 4} {
			if servers > 1 && name != onRedis {
				continue
			}
			for _, p := range programs {
				if err := b.hold(ctx, name, p[0], p[1], servers); err != nil {
					return fmt.Errorf("%s: %w", contendName, err)
				}
			}
		}
	}
	return nil
}

// hold starts the servers of a contest and measures each number of writers.
func (b *bench) hold(ctx context.Context, backend, title, program string, servers int) error {
	c := &contest{name: backend + title}
	if servers > 1 {
		c.name = fmt.Sprintf("%d servers, %s", servers, c.name)
	}
	defer c.stop()
	if err := c.start(ctx, backend, program, b.dir, servers); err != nil {
		return err
	}
	for _, writers := range contenders {
		edits, patches, err := c.measure(ctx, writers, contendTime*b.opt.each)
		if err != nil {
			return err
		}
		b.out.contest(c.name, writers, edits, patches)
	}
	return nil
}

func (c *contest) start(ctx context.Context, backend, program, parent string, servers int) error {
	dir, err := os.MkdirTemp(parent, "contest-")
	if err != nil {
		return err
	}
	var env []string
	if backend == onRedis {
		if c.redis, err = startRedis(ctx, dir, "--appendonly", "yes", "--appendfsync", "always"); err != nil {
			return err
		}
		env = onRedisAt(c.redis.address)
	}
	for i := range servers {
		own := filepath.Join(dir, fmt.Sprint(i))
		if err := os.Mkdir(own, 0o700); err != nil {
			return err
		}
		s, err := start(ctx, program, own, env)
		if err != nil {
			return err
		}
		c.servers = append(c.servers, s)
	}
	return nil
}

func (c *contest) stop() {
	for _, s := range c.servers {
		s.stop()
	}
	if c.redis != nil {
		c.redis.stop()
	}
}

// outcome is what writers of one kind have met.
type outcome struct {
	result
	conflicts int
	took      time.Duration
}

// measure makes that many writers change a new session for the given time. Writers are spread evenly
// over the servers.
func (c *contest) measure(ctx context.Context, writers int, each time.Duration) (edits, patches outcome, err error) {
	owner := &client{ctx: ctx, base: c.servers[0].url, file: generate(contendRows, 2)}
	if err := owner.prepare(); err != nil {
		return edits, patches, err
	}
	of := make([]outcome, writers)
	errs := make([]error, writers)
	var group sync.WaitGroup
	for w := range writers {
		// Every server gets writers of both kinds.
		s := c.servers[w/2%len(c.servers)]
		group.Go(func() { of[w], errs[w] = (&client{ctx: ctx, base: s.url, id: owner.id}).contend(w, each) })
	}
	group.Wait()
	for w, one := range of {
		sum := &edits
		if w%2 == 1 {
			sum = &patches
		}
		sum.add(one.result)
		sum.conflicts += one.conflicts
		sum.took = max(sum.took, one.took)
	}
	owner.made = append(owner.made, owner.id)
	return edits, patches, errors.Join(append(errs, owner.deleteMade())...)
}

// contend changes the client's session for about the given time: a cell if w is even, otherwise the
// metadata.
func (c *client) contend(w int, each time.Duration) (o outcome, err error) {
	for start := time.Now(); o.took < each; o.took = time.Since(start) {
		n := len(o.times)
		r := request{"PATCH", c.session("/data"), "application/json", fmt.Appendf(nil, `{"operations":[{"op":"set_values","column":"c0","rows":[%d],"values":[%d]}]}`, w, n)}
		if w%2 == 1 {
			r.path, r.body = c.session(""), fmt.Appendf(nil, `{"metadata":{"w%d":%d}}`, w, n)
		}
		sent := time.Now()
		if _, err := c.do(r, http.StatusOK, http.StatusConflict); err != nil {
			return o, err
		}
		o.times = append(o.times, time.Since(sent))
		if c.header.Get("Content-Type") == "application/problem+json" {
			o.conflicts++
		}
	}
	return o, nil
}
