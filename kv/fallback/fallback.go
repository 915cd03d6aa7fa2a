//go:build !js

// Package fallback is a [kv.Driver] over two engines: a primary one on the network, and one of this
// process that takes what is new while the primary one cannot be used.
//
// Keys with the same text between their first braces ([kv.HashTag]) are an item; all of an item is on one
// engine. Where an item is stored is decided when its first keys are stored with [kv.Fresh]. What is not
// known to be on the engine of this process is on the primary one, so while that one cannot be used such
// items are unavailable, and never absent.
//
// The owner moves items to the primary engine when it can be used again. For that it copies the item, then
// takes a [Hold], which makes other changes of the item wait, copies what has changed since, and says
// with [Hold.Moved] that the item is on the primary engine from now on. Reads do not wait. The package
// knows nothing about what an item consists of.
package fallback

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"edgeframe/internal/lru"
	"edgeframe/kv"
)

// Options configure a driver.
type Options struct {
	// Primary is the engine on the network, Local that of this process.
	Primary, Local kv.Driver
	// Usable reports whether new items go to the primary engine.
	Usable func() bool
	// Prefix is what all keys begin with. It is no part of an item's text.
	Prefix string
}

// rememberedBytes bounds the memory for the new items that were sent to the primary engine.
const rememberedBytes = 8 << 20

// Driver stores items on two engines.
type Driver struct {
	opt  Options
	info kv.Info

	mu    sync.RWMutex
	items map[string]*item // those on the local engine
	// sent has the new items that were sent to the primary engine, whatever came of it. One with a name that
	// its sender may repeat must not be stored a second time while it is not known whether it is there.
	sent *lru.Cache[struct{}]
}

// item is an item on the local engine.
type item struct {
	// mu is held for reading by changes, and for writing by a Hold.
	mu    sync.RWMutex
	where atomic.Int32
	// until is when everything that was stored of the item has expired, in Unix nanoseconds.
	until atomic.Int64
	// counted says that something was stored that is counted.
	counted atomic.Bool
}

// The values of item.where.
const (
	onLocal int32 = iota
	// inDoubt says that the primary engine may have the item.
	inDoubt
	onPrimary
)

var (
	_ kv.Driver    = (*Driver)(nil)
	_ kv.Committer = (*Driver)(nil)
	_ kv.Confirmer = (*Driver)(nil)
	_ kv.Watcher   = (*Driver)(nil)
)

// New returns a driver over two engines. It knows no items on the local engine; see [Driver.Add].
func New(opt Options) *Driver {
	info := opt.Primary.Info()
	local := opt.Local.Info().Capabilities
	info.Capabilities.MaxKeyBytes = lower(info.Capabilities.MaxKeyBytes, local.MaxKeyBytes)
	info.Capabilities.MaxValueBytes = lower(info.Capabilities.MaxValueBytes, local.MaxValueBytes)
	info.Capabilities.LiveUpdates = info.Capabilities.LiveUpdates && local.LiveUpdates
	// An item may be listed on both engines while it moves.
	info.Capabilities.RepeatsKeys = true
	return &Driver{opt: opt, info: info, items: map[string]*item{}, sent: lru.New[struct{}](rememberedBytes)}
}

// lower returns the lower of two limits, of which 0 is none.
func lower(a, b int) int {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// Tag returns the text of the item that a key belongs to.
func (d *Driver) Tag(key string) string { return kv.HashTag(strings.TrimPrefix(key, d.opt.Prefix)) }

// Add says that an item without anything that is counted is on the local engine until a time.
func (d *Driver) Add(tag string, until time.Time) {
	it := &item{}
	it.keepUntil(until)
	d.add(tag, it)
}

// AddCounted says that an item with something that is counted is on the local engine, and whether the primary one
// may have it too.
func (d *Driver) AddCounted(tag string, doubtful bool) {
	it := &item{}
	it.counted.Store(true)
	if doubtful {
		it.where.Store(inDoubt)
	}
	d.add(tag, it)
}

func (d *Driver) add(tag string, it *item) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.items[tag] = it
}

// Waiting returns the number of items on the local engine with something that is counted.
func (d *Driver) Waiting() (n int) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, it := range d.items {
		if it.counted.Load() {
			n++
		}
	}
	return n
}

// Tags returns the items on the local engine, first those in doubt.
func (d *Driver) Tags() []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var doubtful, certain []string
	for tag, it := range d.items {
		if it.where.Load() == inDoubt {
			doubtful = append(doubtful, tag)
		} else {
			certain = append(certain, tag)
		}
	}
	return append(doubtful, certain...)
}

func (d *Driver) item(tag string) *item {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.items[tag]
}

func (d *Driver) remove(tag string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.items, tag)
}

func (it *item) keepUntil(until time.Time) {
	if n := until.UnixNano(); n > it.until.Load() {
		it.until.Store(n)
	}
}

// errDoubt is the cause of the error about an item in doubt.
var errDoubt = errors.New("the item was being moved, and it is not known yet whether it has arrived")

func doubtful() error { return &kv.Outage{RetryAfter: time.Second, Err: errDoubt} }

// errMayExist is the cause of the error about a new item that was stored before, or may have been.
var errMayExist = errors.New("the item may have been stored before, on the engine that cannot be used at the moment")

// place returns the local item of a tag, nil if the tag is on the primary engine. A new item whose first keys are
// stored now becomes a local one unless the primary engine is usable.
func (d *Driver) place(ctx context.Context, tag string) (*item, error) {
	if it := d.item(tag); it != nil || !kv.IsFresh(ctx) {
		return it, nil
	}
	if d.opt.Usable() {
		d.sent.Add(tag, struct{}{}, int64(len(tag))+sentBytes)
		return nil, nil
	}
	if _, before := d.sent.Get(tag); before {
		return nil, &kv.Outage{RetryAfter: time.Second, Err: errMayExist}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	it := d.items[tag]
	if it == nil {
		it = &item{}
		d.items[tag] = it
	}
	return it, nil
}

// sentBytes is about what an entry of sent takes besides its text.
const sentBytes = 128

// effect is what a change means for the life of an item: it lives for ttl at least, 0 for ever.
type effect struct {
	ttl     time.Duration
	counted bool
}

// nothing is the effect of a change that stores nothing.
var nothing = effect{ttl: time.Nanosecond}

// change runs op, which changes a single item, on the engine that has it.
func (d *Driver) change(ctx context.Context, tag string, e effect, op func(kv.Driver) error) error {
	it, err := d.place(ctx, tag)
	if err != nil {
		return err
	}
	if it == nil {
		return op(d.opt.Primary)
	}
	it.mu.RLock()
	defer it.mu.RUnlock()
	switch it.where.Load() {
	case onPrimary:
		return op(d.opt.Primary)
	case inDoubt:
		return doubtful()
	}
	if e.ttl == 0 {
		e.ttl = maxLife
	}
	it.keepUntil(time.Now().Add(e.ttl))
	err = op(d.opt.Local)
	if err == nil && e.counted {
		it.counted.Store(true)
	}
	return err
}

// maxLife is how long an item is known as local of which nothing is stored any more.
const maxLife = 62 * 24 * time.Hour
