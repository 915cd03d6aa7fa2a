package kv

import "context"

type passingKey struct{}

// Passing returns a context for reads whose values are used once and in passing: a cache in front of
// the engine should not keep them.
func Passing(ctx context.Context) context.Context {
	return context.WithValue(ctx, passingKey{}, true)
}

// IsPassing reports whether ctx comes from [Passing].
func IsPassing(ctx context.Context) bool {
	passing, _ := ctx.Value(passingKey{}).(bool)
	return passing
}
