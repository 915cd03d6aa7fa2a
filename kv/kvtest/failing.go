package kvtest

import (
	"context"
	"time"

	"edgeframe/kv"
)

// Failing is a driver that calls Hook before each call of the driver that it wraps. If Hook returns an
// error, Failing returns it and does not make the call. Hook may also change the store, to cause a
// race. It is given the name of the operation, for instance [OpGet], and its keys (for a list, the
// prefix). If the driver is used concurrently, Hook must be safe for concurrent use and must not be
// replaced. A nil Hook never fails.
type Failing struct {
	kv.Driver
	Hook func(op string, keys []string) error
}

var (
	_ kv.Driver  = (*Failing)(nil)
	_ kv.Sweeper = (*Failing)(nil)
)

func (f *Failing) ask(op string, keys ...string) error {
	if f.Hook == nil {
		return nil
	}
	return f.Hook(op, keys)
}

// Info implements [kv.Driver].
func (f *Failing) Info() kv.Info { return inSteps(f.Driver.Info()) }

// Get implements [kv.Driver].
func (f *Failing) Get(ctx context.Context, keys []string) ([][]byte, error) {
	if err := f.ask(OpGet, keys...); err != nil {
		return nil, err
	}
	return f.Driver.Get(ctx, keys)
}

// Set implements [kv.Driver].
func (f *Failing) Set(ctx context.Context, items []kv.Item, ttl time.Duration) error {
	if err := f.ask(OpSet, itemKeys(items)...); err != nil {
		return err
	}
	return f.Driver.Set(ctx, items, ttl)
}

// CompareAndSwap implements [kv.Driver].
func (f *Failing) CompareAndSwap(ctx context.Context, item kv.Item, old kv.Revision, ttl time.Duration) error {
	if err := f.ask(OpCompareAndSwap, item.Key); err != nil {
		return err
	}
	return f.Driver.CompareAndSwap(ctx, item, old, ttl)
}

// Delete implements [kv.Driver].
func (f *Failing) Delete(ctx context.Context, keys []string) error {
	if err := f.ask(OpDelete, keys...); err != nil {
		return err
	}
	return f.Driver.Delete(ctx, keys)
}

// Touch implements [kv.Driver].
func (f *Failing) Touch(ctx context.Context, keys []string, ttl time.Duration) error {
	if err := f.ask(OpTouch, keys...); err != nil {
		return err
	}
	return f.Driver.Touch(ctx, keys, ttl)
}

// List implements [kv.Driver].
func (f *Failing) List(ctx context.Context, prefix, cursor string, limit int) (kv.Page, error) {
	if err := f.ask(OpList, prefix); err != nil {
		return kv.Page{}, err
	}
	return f.Driver.List(ctx, prefix, cursor, limit)
}

// Count implements [kv.Driver].
func (f *Failing) Count(ctx context.Context) (kv.Count, error) {
	if err := f.ask(OpCount); err != nil {
		return kv.Count{}, err
	}
	return f.Driver.Count(ctx)
}

// Health implements [kv.Driver].
func (f *Failing) Health(ctx context.Context) (map[string]any, error) {
	if err := f.ask(OpHealth); err != nil {
		return nil, err
	}
	return f.Driver.Health(ctx)
}

// Sweep implements [kv.Sweeper]. It removes nothing if the driver is not a sweeper.
func (f *Failing) Sweep(ctx context.Context, limit int) (int, error) {
	if err := f.ask(OpSweep); err != nil {
		return 0, err
	}
	return sweep(ctx, f.Driver, limit)
}
