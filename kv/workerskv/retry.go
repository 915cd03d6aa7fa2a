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

// pauses are the times before retries after a transient failure, in milliseconds. Together they are
// longer than the second in which the platform accepts one write of a key.
var pauses = []int{200, 1000}

// Patterns for the texts of failures, such as "KV PUT failed: 429 Too Many Requests". The platform
// provides nothing else.
const (
	transient = `\b(429|5\d\d)\b|(?i)network|timed? ?out|connection|internal error`
	tooLarge  = `\b413\b`
)

// says reports whether the text of a failure matches a pattern. The pattern is compiled here and not
// at the start, because failures are rare and the first request waits for the start.
func says(err error, pattern string) bool {
	return regexp.MustCompile(pattern).MatchString(err.Error())
}

// persist makes the calls from start to end concurrently, and retries those with transient failures.
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
		case says(err, tooLarge):
			return fmt.Errorf("%w: %w", kv.ErrTooLarge, err)
		case try == len(pauses) || failed == nil || !says(err, transient):
			return err
		}
		if _, err := promise.Await(ctx, js.Global().Get("scheduler").Call("wait", pauses[try])); err != nil {
			return err
		}
		todo = failed
	}
}

// attempt makes calls concurrently and returns those that failed, with the error of one of them. If
// ctx is done, it returns no calls, only the error.
func attempt(ctx context.Context, todo []int, call func(i int) js.Value, got func(i int, value js.Value)) (failed []int, err error) {
	promises := make([]any, len(todo))
	for n, i := range todo {
		if promises[n], err = begin(call, i); err != nil {
			return nil, err
		}
	}
	if len(todo) == 1 {
		// Most calls are about one key. They do not need an array of promises.
		value, err := promise.Await(ctx, promises[0].(js.Value))
		switch {
		case err != nil && ctx.Err() == nil:
			failed = todo
		case err == nil && got != nil:
			got(todo[0], value)
		}
		return failed, err
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

// begin makes one call. A binding may throw an error instead of returning a promise.
func begin(call func(i int) js.Value, i int) (p js.Value, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = errThrown(thrown)
		}
	}()
	return call(i), nil
}
