//go:build !js

package redis

import (
	"context"
	"fmt"
	"slices"
	"strings"

	goredis "github.com/redis/go-redis/v9"
	"github.com/tinylib/msgp/msgp"
	"github.com/zeebo/xxh3"

	"edgeframe/kv"
)

// position is where a listing continues: first with the pending keys, which SCAN returned beyond the
// limit and would not return again, and then at a cursor of a server, which may be one of the
// masters of a Cluster.
type position struct {
	node    int
	cursor  uint64
	process uint64 // identifies the server's process, which the cursor belongs to; 0 if unknown
	slots   uint64 // identifies the assignment of slots in a Cluster, 0 before the first page
	pending []string
}

// List implements [kv.Driver] with SCAN, in the server's order. Each page takes one round trip, on a
// Cluster two. A complete listing examines every key of the database.
func (d *Driver) List(ctx context.Context, prefix, cursor string, limit int) (kv.Page, error) {
	at, err := decodePosition(cursor)
	if err != nil {
		return kv.Page{}, err
	}
	if len(at.pending) == 0 {
		err = d.within(ctx, 0, func(ctx context.Context) error { return d.scan(ctx, &at, prefix, limit) })
		if err != nil {
			return kv.Page{}, err
		}
	}
	n := min(limit, len(at.pending))
	page := kv.Page{Keys: at.pending[:n:n]}
	at.pending = at.pending[n:]
	if len(at.pending) > 0 || at.node != lastNode {
		page.Cursor = at.encode()
	}
	return page, nil
}

// lastNode is the node of the position at the end of a listing.
const lastNode = -1

// scan reads the next keys and advances at. At the end of the listing it sets at.node to lastNode.
//
// If slots of a Cluster have moved, keys may be on nodes that were read before, so the listing begins
// again. If a server was restarted or replaced, the listing of that server begins again.
func (d *Driver) scan(ctx context.Context, at *position, prefix string, limit int) error {
	for {
		nodes, err := d.masters(ctx)
		if err != nil {
			return err
		}
		if at.node >= len(nodes) {
			// The number of nodes has decreased.
			*at = position{}
		}
		a, err := d.scanAt(ctx, nodes[at.node], at.cursor, prefix, limit)
		if err != nil {
			return err
		}
		if at.slots != 0 && at.slots != a.slots {
			*at = position{slots: a.slots}
			continue
		}
		if at.cursor != 0 && at.process != a.process {
			at.cursor = 0
			continue
		}
		// SCAN may repeat keys within one answer.
		slices.Sort(a.keys)
		at.pending = slices.DeleteFunc(slices.Compact(a.keys), func(k string) bool { return k == d.opt.Index })
		at.cursor, at.process, at.slots = a.cursor, a.process, a.slots
		if a.cursor == 0 {
			if at.node++; at.node == len(nodes) {
				at.node = lastNode
			}
		}
		return nil
	}
}

// scanned is the answer of a server to SCAN, with the state of the server.
type scanned struct {
	keys                   []string
	cursor, process, slots uint64
}

func (d *Driver) scanAt(ctx context.Context, node *goredis.Client, cursor uint64, prefix string, limit int) (a scanned, err error) {
	var slots *goredis.ClusterSlotsCmd
	var info *goredis.StringCmd
	var scan *goredis.ScanCmd
	_ = pipelined(ctx, node, func(pipe goredis.Pipeliner) {
		if d.cluster {
			slots = pipe.ClusterSlots(ctx)
		}
		info = pipe.Info(ctx, "server")
		scan = pipe.Scan(ctx, cursor, escapeGlob(prefix)+"*", int64(limit))
	})
	if slots != nil {
		if a.slots, err = ownership(slots); err != nil {
			return a, err
		}
	}
	if err := info.Err(); err == nil {
		a.process = xxh3.HashString(infoField(info.Val(), "run_id"))
	} else if !goredis.HasErrorPrefix(err, "NOPERM") {
		return a, err
	}
	a.keys, a.cursor, err = scan.Result()
	return a, err
}

// ownership returns a hash of the assignment of slots to masters in a Cluster.
func ownership(c *goredis.ClusterSlotsCmd) (uint64, error) {
	slots, err := c.Result()
	var b []byte
	for _, s := range slots {
		for _, master := range s.Nodes[:min(1, len(s.Nodes))] {
			b = fmt.Appendf(b, "%d-%d %s\n", s.Start, s.End, master.ID)
		}
	}
	return xxh3.Hash(b), err
}

var globEscaper = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)

// escapeGlob returns a pattern for SCAN that matches only s.
func escapeGlob(s string) string { return globEscaper.Replace(s) }

// encode encodes a position as MessagePack.
func (p position) encode() string {
	b := msgp.AppendInt(nil, p.node)
	for _, n := range []uint64{p.cursor, p.process, p.slots} {
		b = msgp.AppendUint64(b, n)
	}
	for _, key := range p.pending {
		b = msgp.AppendString(b, key)
	}
	return string(b)
}

func decodePosition(s string) (p position, err error) {
	if s == "" {
		return position{}, nil
	}
	b := []byte(s)
	p.node, b, err = msgp.ReadIntBytes(b)
	for _, n := range []*uint64{&p.cursor, &p.process, &p.slots} {
		if err == nil {
			*n, b, err = msgp.ReadUint64Bytes(b)
		}
	}
	for err == nil && len(b) > 0 {
		var key string
		key, b, err = msgp.ReadStringBytes(b)
		p.pending = append(p.pending, key)
	}
	if err != nil || p.node < lastNode || p.node == lastNode && p.pending == nil {
		return position{}, fmt.Errorf("%w: the cursor is not from this engine", kv.ErrInvalid)
	}
	return p, nil
}
