//go:build !js

package redis

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	goredis "github.com/redis/go-redis/v9"
	"github.com/tinylib/msgp/msgp"

	"edgeframe/kv"
)

// position is where a listing goes on: at a node of a Cluster, at the cursor that its SCAN
// answered, after the keys that SCAN found beyond the limit. It has to hold those, because
// SCAN cannot be asked for them again.
type position struct {
	node    int
	cursor  uint64
	pending []string
}

// List implements [kv.Driver] by SCAN, whose order is the server's. Each page costs a round
// trip, and a whole listing reads every key of the database.
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
func (d *Driver) scan(ctx context.Context, at *position, prefix string, limit int) error {
	nodes, err := d.nodes(ctx)
	if err != nil {
		return err
	}
	if at.node >= len(nodes) {
		at.node = lastNode
		return nil
	}
	keys, next, err := nodes[at.node].Scan(ctx, at.cursor, escapeGlob(prefix)+"*", int64(limit)).Result()
	if err != nil {
		return err
	}
	// Within one answer SCAN repeats keys too.
	slices.Sort(keys)
	at.pending = slices.DeleteFunc(slices.Compact(keys), func(k string) bool { return k == d.opt.Index })
	if at.cursor = next; next == 0 {
		if at.node++; at.node == len(nodes) {
			at.node = lastNode
		}
	}
	return nil
}

// nodes are the servers that hold keys, in a stable order.
func (d *Driver) nodes(ctx context.Context) ([]goredis.Cmdable, error) {
	cluster, ok := d.client.(*goredis.ClusterClient)
	if !ok {
		return []goredis.Cmdable{d.client}, nil
	}
	var mu sync.Mutex
	var masters []*goredis.Client
	err := cluster.ForEachMaster(ctx, func(_ context.Context, c *goredis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		masters = append(masters, c)
		return nil
	})
	slices.SortFunc(masters, func(a, b *goredis.Client) int { return cmp.Compare(a.Options().Addr, b.Options().Addr) })
	nodes := make([]goredis.Cmdable, len(masters))
	for i, m := range masters {
		nodes[i] = m
	}
	return nodes, err
}

var globEscaper = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)

// escapeGlob makes a pattern of SCAN that matches s alone.
func escapeGlob(s string) string { return globEscaper.Replace(s) }

// encode writes a position as MessagePack.
func (p position) encode() string {
	b := msgp.AppendInt(nil, p.node)
	b = msgp.AppendUint64(b, p.cursor)
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
	if p.node, b, err = msgp.ReadIntBytes(b); err == nil {
		p.cursor, b, err = msgp.ReadUint64Bytes(b)
	}
	for err == nil && len(b) > 0 {
		var key string
		key, b, err = msgp.ReadStringBytes(b)
		p.pending = append(p.pending, key)
	}
	if err != nil {
		return position{}, fmt.Errorf("%w: the cursor is none of this engine", kv.ErrInvalid)
	}
	return p, nil
}
