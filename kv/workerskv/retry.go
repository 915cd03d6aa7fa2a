//go:build js && wasm

package workerskv

import (
	"context"
	"fmt"
	"regexp"
	"syscall/js"

	"edgeframe/internal/promise"
	"edgeframe/kv"
)

// pauses are the milliseconds before a call that failed in passing is made again. Together they
// last longer than the second in which the platform takes one write of a key.
var pauses = []int{200, 1000}

// The texts of failures, which are all that the platform tells: "KV PUT failed: 429 Too Many
// Requests".
var (
	passing  = regexp.MustCompile(`\b(429|5\d\d)\b|(?i)network|timed? ?out|connection|internal error`)
	tooLarge = regexp.MustCompile(`\b413\b`)
)

// persist makes the calls start to end, all at once, and again those that fail in passing.
func persist(ctx context.Context, start, end int, call func(i int) js.Value, got func(i int, value js.Value)) error {
	todo := make([]int, 0, end-start)
	for i := start; i < end; i++ {
		todo = append(todo, i)
	}
	for try := 0; ; try++ {
		failed, err := attempt(ctx, todo, call, got)
		switch {
		case err == nil:
			return nil
		case tooLarge.MatchString(err.Error()):
			return fmt.Errorf("%w: %w", kv.ErrTooLarge, err)
		case try == len(pauses) || failed == nil || !passing.MatchString(err.Error()):
			return err
		}
		if _, err := promise.Await(ctx, js.Global().Get("scheduler").Call("wait", pauses[try])); err != nil {
			return err
		}
		todo = failed
	}
}

// attempt makes calls at once and returns those that failed, with the error of one of them.
// There are none if the failure is that of ctx.
func attempt(ctx context.Context, todo []int, call func(i int) js.Value, got func(i int, value js.Value)) (failed []int, err error) {
	promises := make([]any, len(todo))
	for n, i := range todo {
		if promises[n], err = begin(call, i); err != nil {
			return nil, err
		}
	}
	settled, err := promise.Await(ctx, promise.AllSettled(promises))
	if err != nil {
		return nil, err
	}
	for n, i := range todo {
		switch result := settled.Index(n); {
		case result.Get("status").String() == "rejected":
			failed = append(failed, i)
			err = promise.Error(result.Get("reason"))
		case got != nil:
			got(i, result.Get("value"))
		}
	}
	return failed, err
}

// begin makes one call. A binding throws what it can tell without asking the platform.
func begin(call func(i int) js.Value, i int) (p js.Value, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = errThrown(thrown)
		}
	}()
	return call(i), nil
}
