package kv_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"edgeframe/kv"
)

// mapDriver is the smallest driver: a map behind a mutex. It removes what has expired whenever
// it is called. An engine that does not do so itself is a [kv.Sweeper].
type mapDriver struct {
	mu    sync.Mutex
	items map[string]mapItem
}

type mapItem struct {
	kv.Item
	ends time.Time // zero: never
}

func newMapDriver() kv.Driver { return &mapDriver{items: map[string]mapItem{}} }

func (d *mapDriver) Info() kv.Info {
	return kv.Info{
		Type:         "map",
		Class:        "MapBackend",
		Capabilities: kv.Capabilities{Consistency: kv.Strong, CompareAndSwap: true, NativeExpiry: true},
	}
}

// run calls do with the items that have not expired, unless ctx is done.
func (d *mapDriver) run(ctx context.Context, do func(map[string]mapItem) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(d.items, func(_ string, it mapItem) bool { return !it.ends.IsZero() && !it.ends.After(time.Now()) })
	if err := ctx.Err(); err != nil {
		return err
	}
	return do(d.items)
}

func end(ttl time.Duration) time.Time {
	if ttl == 0 {
		return time.Time{}
	}
	return time.Now().Add(ttl)
}

func (d *mapDriver) Get(ctx context.Context, keys []string) (values [][]byte, err error) {
	err = d.run(ctx, func(items map[string]mapItem) error {
		for _, key := range keys {
			values = append(values, items[key].Value) // nil if it is absent
		}
		return nil
	})
	return values, err
}

func (d *mapDriver) Set(ctx context.Context, set []kv.Item, ttl time.Duration) error {
	return d.run(ctx, func(items map[string]mapItem) error {
		for _, it := range set {
			items[it.Key] = mapItem{it, end(ttl)}
		}
		return nil
	})
}

func (d *mapDriver) CompareAndSwap(ctx context.Context, item kv.Item, old kv.Revision, ttl time.Duration) error {
	return d.run(ctx, func(items map[string]mapItem) error {
		current, present := items[item.Key]
		if present == (old == kv.Revision{}) || kv.RevisionOf(current.Value) != old {
			return kv.ErrConflict
		}
		items[item.Key] = mapItem{item, end(ttl)}
		return nil
	})
}

func (d *mapDriver) Delete(ctx context.Context, keys []string) error {
	return d.run(ctx, func(items map[string]mapItem) error {
		for _, key := range keys {
			delete(items, key)
		}
		return nil
	})
}

func (d *mapDriver) Touch(ctx context.Context, keys []string, ttl time.Duration) error {
	return d.run(ctx, func(items map[string]mapItem) error {
		for _, key := range keys {
			it, present := items[key]
			if until := end(ttl); present && !it.ends.IsZero() && (until.IsZero() || until.After(it.ends)) {
				items[key] = mapItem{it.Item, until}
			}
		}
		return nil
	})
}

// List continues a listing after the key that is the cursor.
func (d *mapDriver) List(ctx context.Context, prefix, cursor string, limit int) (page kv.Page, err error) {
	err = d.run(ctx, func(items map[string]mapItem) error {
		for _, key := range slices.Sorted(maps.Keys(items)) {
			if !strings.HasPrefix(key, prefix) || key <= cursor {
				continue
			}
			if len(page.Keys) == limit {
				page.Cursor = page.Keys[limit-1]
				break
			}
			page.Keys = append(page.Keys, key)
		}
		return nil
	})
	return page, err
}

// Count of an engine that is to hold many items must not go through all of them.
func (d *mapDriver) Count(ctx context.Context) (count kv.Count, err error) {
	count.Exact = true
	err = d.run(ctx, func(items map[string]mapItem) error {
		for _, it := range items {
			if it.Counted {
				count.N++
			}
		}
		return nil
	})
	return count, err
}

func (d *mapDriver) Health(ctx context.Context) (map[string]any, error) {
	return nil, d.run(ctx, func(map[string]mapItem) error { return nil })
}

func (d *mapDriver) Close() error { return nil }

// A new storage engine is a Driver. The Store in front of it validates arguments, adds the
// prefix of the keys and wraps errors; kvtest.Run holds the driver to its contract.
func ExampleDriver() {
	ctx := context.Background()
	store := kv.New(newMapDriver(), "app")
	if err := store.SetMany(ctx, []kv.Item{{Key: "greeting", Value: []byte("hello")}}, time.Minute); err != nil {
		fmt.Println(err)
	}
	value, err := store.Get(ctx, "greeting")
	fmt.Printf("%s %v\n", value, err)
	_, err = store.Get(ctx, "absent")
	fmt.Println(err)
	// Output:
	// hello <nil>
	// kv get "absent": not found
}
