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

// position is where a listing goes on: at a server, one of the masters of a Cluster, and at the
// cursor that its SCAN answered, after the keys that SCAN found beyond the limit. It has to
// hold those, because SCAN cannot be asked for them again.
type position struct {
	node    int
	cursor  uint64
	process uint64 // the server's process, which alone knows the cursor; 0 if it does not say
	slots   uint64 // what belongs to whom in a Cluster, 0 before the first page
	pending []string
}

// List implements [kv.Driver] by SCAN, whose order is the server's. Each page costs a round
// trip, on a Cluster two, and a whole listing reads every key of the database.
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

// lastNode is the node of a position after the whole listing.
const lastNode = -1

// scan reads on from at. Its node is lastNode once there is no more.
//
// If the slots of a Cluster have changed hands, keys may have gone to nodes that were read
// before, and it begins again; if the server was restarted or replaced, with that server.
func (d *Driver) scan(ctx context.Context, at *position, prefix string, limit int) error {
	for {
		nodes, err := d.masters(ctx)
		if err != nil {
			return err
		}
		if at.node >= len(nodes) {
			// There were more of them.
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
		// Within one answer SCAN repeats keys too.
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

// scanned is what a server answers to SCAN, and what it says of itself.
type scanned struct {
	keys                   []string
	cursor, process, slots uint64
}

func (d *Driver) scanAt(ctx context.Context, node *goredis.Client, cursor uint64, prefix string, limit int) (a scanned, err error) {
	var slots *goredis.ClusterSlotsCmd
	var info *goredis.StringCmd
	var scan *goredis.ScanCmd
	_, _ = node.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		if d.cluster {
			slots = pipe.ClusterSlots(ctx)
		}
		info = pipe.Info(ctx, "server")
		scan = pipe.Scan(ctx, cursor, escapeGlob(prefix)+"*", int64(limit))
		return nil
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

// ownership is a number for what belongs to whom in a Cluster.
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

// escapeGlob makes a pattern of SCAN that matches s alone.
func escapeGlob(s string) string { return globEscaper.Replace(s) }

// encode writes a position as MessagePack.
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
		return position{}, fmt.Errorf("%w: the cursor is none of this engine", kv.ErrInvalid)
	}
	return p, nil
}
