package kv

import "context"

type passingKey struct{}

// Passing returns a context for reads whose values are used once and in passing: a cache in front of
// the engine should not keep them. Engines that copy values copy them into memory that the function makes; nil makes
// new memory. What is in it before does not matter.
func Passing(ctx context.Context, memory func(size int) []byte) context.Context {
	if memory == nil {
		memory = fresh
	}
	return context.WithValue(ctx, passingKey{}, memory)
}

// IsPassing reports whether ctx comes from [Passing].
func IsPassing(ctx context.Context) bool { return ctx.Value(passingKey{}) != nil }

// MemoryOf returns the function that makes the memory for values that are read with ctx.
func MemoryOf(ctx context.Context) func(size int) []byte {
	if memory, ok := ctx.Value(passingKey{}).(func(size int) []byte); ok {
		return memory
	}
	return fresh
}

func fresh(size int) []byte { return make([]byte, size) }
