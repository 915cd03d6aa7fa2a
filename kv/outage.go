package kv

import (
	"context"
	"time"
)

// Outage is an [ErrUnavailable] of an engine that is not asked at the moment, because it did not answer
// before.
type Outage struct {
	// RetryAfter is how long it is until the engine is asked again.
	RetryAfter time.Duration
	// Err says why the engine is not asked.
	Err error
}

func (o *Outage) Error() string { return o.Err.Error() }

// Unwrap makes errors.Is find both the sentinel and the cause.
func (o *Outage) Unwrap() []error { return []error{ErrUnavailable, o.Err} }

type freshKey struct{}

// Fresh returns a context for the calls that store something new: keys to which nothing in the store
// refers yet. An engine that consists of several may put them where it likes.
func Fresh(ctx context.Context) context.Context {
	return context.WithValue(ctx, freshKey{}, true)
}

// Existing returns a context for calls about keys that may be stored already, in the work of a request with a context
// of [Fresh].
func Existing(ctx context.Context) context.Context {
	return context.WithValue(ctx, freshKey{}, false)
}

// IsFresh reports whether ctx comes from [Fresh].
func IsFresh(ctx context.Context) bool {
	fresh, _ := ctx.Value(freshKey{}).(bool)
	return fresh
}
