//go:build !js

package disk

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// losses are items that are damaged or lost, as far as that can be told from what is left of them.
type losses struct {
	// items are all of them, counted those that count, which are the sessions.
	items, counted int
	// rebuilt are items whose meta record or index entries were lost and could be rebuilt.
	rebuilt int
}

func (l losses) String() string {
	return fmt.Sprintf("%d sessions without a readable record and %d other values, as far as something is left of them; %d incomplete entries were rebuilt", l.counted, l.items-l.counted, l.rebuilt)
}

// adoptedTTL is how long a value is kept whose expiry is lost: the longest TTL of a session. A session
// has its expiry in its value too, so none of them lives longer because of it.
const adoptedTTL = 30 * 24 * time.Hour

// reindexed makes the entries of all items agree after some were lost. Meta records are rebuilt from
// the indexes and the indexes from meta records. An item whose value is lost keeps its meta record,
// so that reading it says that it is damaged.
func (d *Driver) reindexed(ctx context.Context) (l losses, err error) {
	w := &reindexer{d: d, batch: d.db.NewBatch(), losses: &l}
	defer func() { _ = w.batch.Close() }()
	for _, pass := range []func(context.Context) error{w.indexes, w.values, w.metas} {
		if err := pass(ctx); err != nil {
			return l, err
		}
		if err := w.flush(); err != nil {
			return l, err
		}
	}
	return l, nil
}

type reindexer struct {
	d      *Driver
	batch  *pebble.Batch
	losses *losses
}

func (w *reindexer) flush() error {
	err := w.d.try(func() error { return w.batch.Commit(pebble.Sync) })
	if err == nil {
		w.batch.Reset()
	}
	return err
}

func (w *reindexer) flushIfLarge() error {
	if w.batch.Len() < batchBytes {
		return nil
	}
	return w.flush()
}

// indexes removes entries that their items do not have, and rebuilds the meta records that are missing
// for entries.
func (w *reindexer) indexes(ctx context.Context) error {
	orphans := map[string]meta{}
	for _, space := range []byte{expirySpace, countedSpace} {
		err := w.d.scan(ctx, []byte{space}, after([]byte{space}), func(k, _ []byte) (bool, error) {
			expires, key := splitIndexKey(k)
			m, ok, err := w.d.meta(key)
			if err != nil {
				return false, err
			}
			if ok && m.expires == expires && (space == expirySpace || m.counted) {
				return true, nil
			}
			if !ok {
				o := orphans[key]
				orphans[key] = meta{expires: max(o.expires, expires), counted: o.counted || space == countedSpace}
			}
			if err := w.batch.Delete(bytes.Clone(k), nil); err != nil {
				return false, err
			}
			return true, w.flushIfLarge()
		})
		if err != nil {
			return err
		}
	}
	for key, m := range orphans {
		size, _ := w.d.size(key)
		m.size = uint32(size)
		w.losses.rebuilt++
		if err := w.describe(key, m); err != nil {
			return err
		}
	}
	return nil
}

// values adopts values without a meta record.
func (w *reindexer) values(ctx context.Context) error {
	return w.d.scanKeys(ctx, valueSpace, func(key string) error {
		if key[len(key)-1] == 0 { // from addFiller
			return w.batch.Delete(spaceKey(valueSpace, key), nil)
		}
		_, ok, err := w.d.meta(key)
		if ok || err != nil {
			return err
		}
		size, ok := w.d.size(key)
		if !ok {
			return nil
		}
		w.losses.rebuilt++
		return w.describe(key, meta{expires: expiry(w.d.now().UnixNano(), adoptedTTL), size: uint32(size)})
	})
}

// metas adds the index entries that are missing, and counts the items whose value is lost.
func (w *reindexer) metas(ctx context.Context) error {
	return w.d.scanKeys(ctx, metaSpace, func(key string) error {
		m, ok, err := w.d.meta(key)
		if !ok || err != nil {
			return err
		}
		if size, ok := w.d.size(key); !ok || size != int(m.size) {
			w.losses.items++
			if m.counted {
				w.losses.counted++
			}
		}
		missing := false
		for space, has := range map[byte]bool{expirySpace: m.expires != never, countedSpace: m.counted} {
			if !has {
				continue
			}
			entry, err := w.d.read(indexKey(space, m.expires, key))
			if err != nil {
				return err
			}
			missing = missing || entry == nil
		}
		if !missing {
			return nil
		}
		w.losses.rebuilt++
		return w.describe(key, m)
	})
}

// describe stores a meta record and its index entries.
func (w *reindexer) describe(key string, m meta) error {
	c := change{d: w.d, batch: w.batch, soonest: never}
	if err := c.describe(key, m); err != nil {
		return err
	}
	return w.flushIfLarge()
}

// size returns the size of the value of key, if it can be read.
func (d *Driver) size(key string) (n int, ok bool) {
	value, err := d.read(spaceKey(valueSpace, key))
	return len(value), err == nil && value != nil
}

// scanKeys calls visit with all keys of a space, without reading their values.
func (d *Driver) scanKeys(ctx context.Context, space byte, visit func(key string) error) error {
	return d.try(func() (err error) {
		it, err := d.db.NewIterWithContext(ctx, &pebble.IterOptions{LowerBound: []byte{space}, UpperBound: after([]byte{space})})
		if err != nil {
			return err
		}
		for ok := it.First(); ok && err == nil; ok = it.Next() {
			err = visit(string(it.Key()[1:]))
		}
		if closeErr := it.Close(); err == nil {
			err = closeErr
		}
		return err
	})
}
