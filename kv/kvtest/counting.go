package kvtest

import (
	"context"
	"slices"
	"sync"
	"time"

	"edgeframe/kv"
)

// The names of the operations, as [Counting] and [Failing] use them.
const (
	OpGet            = "get"
	OpSet            = "set"
	OpCompareAndSwap = "compare-and-swap"
	OpDelete         = "delete"
	OpTouch          = "touch"
	OpList           = "list"
	OpCount          = "count"
	OpHealth         = "health"
	OpSweep          = "sweep"
)

// Tally counts the calls of an operation.
type Tally struct {
	// Calls is the number of calls, including failed ones.
	Calls int
	// Keys is the number of keys in the calls; for a list, of the returned keys.
	Keys int
	// Bytes is the size of the values that a get returned, or that a set or a swap was given.
	Bytes int64
}

// Counting is a driver that counts its calls and makes them on another driver. Keys include the
// prefix. It is safe for concurrent use.
type Counting struct {
	driver kv.Driver

	mu      sync.Mutex
	tallies map[string]Tally
	read    []string
	written []string
}

var (
	_ kv.Driver  = (*Counting)(nil)
	_ kv.Sweeper = (*Counting)(nil)
)

// NewCounting returns a Counting that wraps d.
func NewCounting(d kv.Driver) *Counting {
	return &Counting{driver: d, tallies: map[string]Tally{}}
}

// Reset sets all counts to zero.
func (c *Counting) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tallies, c.read, c.written = map[string]Tally{}, nil, nil
}

// Of returns the tally of one operation, for instance [OpGet].
func (c *Counting) Of(op string) Tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tallies[op]
}

// Total returns the sum over all operations.
func (c *Counting) Total() (t Tally) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.tallies {
		t.Calls += one.Calls
		t.Keys += one.Keys
		t.Bytes += one.Bytes
	}
	return t
}

// KeysRead returns the keys of all gets, in order, including repeated ones.
func (c *Counting) KeysRead() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.read)
}

// KeysWritten returns the keys of all sets and swaps, in order, including repeated ones.
func (c *Counting) KeysWritten() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.written)
}

func (c *Counting) add(op string, keys int, bytes int64, read, written []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.tallies[op]
	c.tallies[op] = Tally{Calls: t.Calls + 1, Keys: t.Keys + keys, Bytes: t.Bytes + bytes}
	c.read = append(c.read, read...)
	c.written = append(c.written, written...)
}

// Info implements [kv.Driver]. It is not counted, because it costs nothing.
func (c *Counting) Info() kv.Info { return inSteps(c.driver.Info()) }

// inSteps is the info of a driver whose commits are made one call after another, so that nobody is told of them.
func inSteps(info kv.Info) kv.Info {
	info.Capabilities.LiveUpdates = false
	return info
}

// Get implements [kv.Driver].
func (c *Counting) Get(ctx context.Context, keys []string) ([][]byte, error) {
	values, err := c.driver.Get(ctx, keys)
	var size int64
	for _, v := range values {
		size += int64(len(v))
	}
	c.add(OpGet, len(keys), size, keys, nil)
	return values, err
}

// Set implements [kv.Driver].
func (c *Counting) Set(ctx context.Context, items []kv.Item, ttl time.Duration) error {
	var size int64
	keys := itemKeys(items)
	for _, it := range items {
		size += int64(len(it.Value))
	}
	c.add(OpSet, len(items), size, nil, keys)
	return c.driver.Set(ctx, items, ttl)
}

// CompareAndSwap implements [kv.Driver].
func (c *Counting) CompareAndSwap(ctx context.Context, item kv.Item, old kv.Revision, ttl time.Duration) error {
	c.add(OpCompareAndSwap, 1, int64(len(item.Value)), nil, []string{item.Key})
	return c.driver.CompareAndSwap(ctx, item, old, ttl)
}

// Delete implements [kv.Driver].
func (c *Counting) Delete(ctx context.Context, keys []string) error {
	c.add(OpDelete, len(keys), 0, nil, nil)
	return c.driver.Delete(ctx, keys)
}

// Touch implements [kv.Driver].
func (c *Counting) Touch(ctx context.Context, keys []string, ttl time.Duration) error {
	c.add(OpTouch, len(keys), 0, nil, nil)
	return c.driver.Touch(ctx, keys, ttl)
}

// List implements [kv.Driver].
func (c *Counting) List(ctx context.Context, prefix, cursor string, limit int) (kv.Page, error) {
	page, err := c.driver.List(ctx, prefix, cursor, limit)
	c.add(OpList, len(page.Keys), 0, nil, nil)
	return page, err
}

// Count implements [kv.Driver].
func (c *Counting) Count(ctx context.Context) (kv.Count, error) {
	c.add(OpCount, 0, 0, nil, nil)
	return c.driver.Count(ctx)
}

// Health implements [kv.Driver].
func (c *Counting) Health(ctx context.Context) (map[string]any, error) {
	c.add(OpHealth, 0, 0, nil, nil)
	return c.driver.Health(ctx)
}

// Sweep implements [kv.Sweeper]. It removes nothing if the driver is not a sweeper.
func (c *Counting) Sweep(ctx context.Context, limit int) (int, error) {
	c.add(OpSweep, 0, 0, nil, nil)
	return sweep(ctx, c.driver, limit)
}

// Close implements [kv.Driver].
func (c *Counting) Close() error { return c.driver.Close() }

func sweep(ctx context.Context, d kv.Driver, limit int) (int, error) {
	if s, ok := d.(kv.Sweeper); ok {
		return s.Sweep(ctx, limit)
	}
	return 0, nil
}

func itemKeys(items []kv.Item) []string {
	keys := make([]string, len(items))
	for i, it := range items {
		keys[i] = it.Key
	}
	return keys
}
