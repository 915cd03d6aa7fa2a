//go:build js && wasm

package durableobjects

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"edgeframe/kv"
)

// shardOf returns the shard of the index that knows a key. edge/heads.mjs has the same function.
func shardOf(key string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key)) // never returns an error
	return int(h.Sum32() % shards)
}

func (d *Driver) callShard(ctx context.Context, shard int, method string, list []byte) ([][]byte, error) {
	return d.call(ctx, "index:"+strconv.Itoa(shard), method, list)
}

// register tells the index that there are items, provisionally, while their objects store them. Errors are ignored: the
// objects tell it again.
func (d *Driver) register(ctx context.Context, items []kv.Item, ttl time.Duration) error {
	lists := map[int][][]byte{}
	for _, it := range items {
		shard, options := shardOf(it.Key), ""
		if lists[shard] == nil {
			lists[shard] = [][]byte{milliseconds(ttl)}
		}
		if it.Counted {
			options = "C"
		}
		lists[shard] = append(lists[shard], []byte(it.Key), []byte(options))
	}
	d.callShards(ctx, "register", lists)
	return nil
}

// forget tells the index that keys were deleted. Errors are ignored: the index forgets them at their expiry.
func (d *Driver) forget(ctx context.Context, keys []string) error {
	lists := map[int][][]byte{}
	for _, key := range keys {
		lists[shardOf(key)] = append(lists[shardOf(key)], []byte(key))
	}
	d.callShards(ctx, "forget", lists)
	return nil
}

func (d *Driver) callShards(ctx context.Context, method string, lists map[int][][]byte) {
	var calls []func() error
	for shard, list := range lists {
		calls = append(calls, func() error {
			_, err := d.callShard(ctx, shard, method, pack(list...))
			return err
		})
	}
	_ = together(calls...)
}

// allShards calls a method of all shards and returns their results.
func (d *Driver) allShards(ctx context.Context, method string, list []byte) (results [shards][][]byte, err error) {
	calls := make([]func() error, shards)
	for shard := range calls {
		calls[shard] = func() (err error) {
			results[shard], err = d.callShard(ctx, shard, method, list)
			return err
		}
	}
	return results, together(calls...)
}

// Count implements [kv.Driver]. The count is exact, except that after a failure it may be wrong for a minute.
func (d *Driver) Count(ctx context.Context) (kv.Count, error) {
	results, err := d.allShards(ctx, "count", nil)
	count := kv.Count{Exact: true}
	for _, result := range results {
		if err != nil {
			return kv.Count{}, err
		}
		if len(result) != 1 {
			return kv.Count{}, errResult
		}
		n, err := strconv.ParseInt(string(result[0]), 10, 64)
		if err != nil {
			return kv.Count{}, errResult
		}
		count.N += n
	}
	return count, nil
}

// Cursors begin with the driver that has the next keys.
const (
	inObjects = "o"
	inOther   = "k"
)

// List implements [kv.Driver]: first the keys in objects, then the others.
func (d *Driver) List(ctx context.Context, prefix, cursor string, limit int) (kv.Page, error) {
	if after, ok := strings.CutPrefix(cursor, inOther); ok {
		return d.listOther(ctx, prefix, after, limit)
	}
	page, err := d.listObjects(ctx, prefix, cursor, limit, "")
	switch {
	case err != nil || page.Cursor != "":
		return page, err
	case len(page.Keys) > 0:
		page.Cursor = inOther
		return page, nil
	}
	return d.listOther(ctx, prefix, "", limit)
}

func (d *Driver) listOther(ctx context.Context, prefix, cursor string, limit int) (kv.Page, error) {
	page, err := d.other.List(ctx, prefix, cursor, limit)
	if page.Cursor != "" {
		page.Cursor = inOther + page.Cursor
	}
	return page, err
}

// ListCounted implements [kv.CountedLister].
func (d *Driver) ListCounted(ctx context.Context, prefix, cursor string, limit int) (kv.Page, error) {
	return d.listObjects(ctx, prefix, cursor, limit, "C")
}

// listObjects lists keys in objects, in order. The cursor is the last key of the page before.
func (d *Driver) listObjects(ctx context.Context, prefix, cursor string, limit int, options string) (kv.Page, error) {
	after, ok := strings.CutPrefix(cursor, inObjects)
	if !ok && cursor != "" {
		return kv.Page{}, fmt.Errorf("%w: the cursor is not one of this engine", kv.ErrInvalid)
	}
	list := pack([]byte(prefix), []byte(after), strconv.AppendInt(nil, int64(limit)+1, 10), []byte(options))
	results, err := d.allShards(ctx, "list", list)
	if err != nil {
		return kv.Page{}, err
	}
	var keys []string
	for _, result := range results {
		for _, key := range result {
			keys = append(keys, string(key))
		}
	}
	slices.Sort(keys)
	if len(keys) <= limit {
		return kv.Page{Keys: keys}, nil
	}
	keys = keys[:limit]
	return kv.Page{Keys: keys, Cursor: inObjects + keys[limit-1]}, nil
}
