//go:build js && wasm

package workerskv

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall/js"
	"unicode"

	"edgeframe/internal/promise"
	"edgeframe/kv"
)

// pauses are the times before retries after a transient failure, in milliseconds. Together they are
// longer than the second in which the platform accepts one write of a key.
var pauses = []int{200, 1000}

// isTooLarge and isTransient tell kinds of failures by their texts, such as "KV PUT failed: 429 Too Many
// Requests". The platform provides nothing else.
func isTooLarge(err error) bool {
	return hasStatus(err, func(code string) bool { return code == "413" })
}

func isTransient(err error) bool {
	text := strings.ToLower(err.Error())
	for _, sign := range []string{"network", "timeout", "time out", "timedout", "timed out", "connection", "internal error"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return hasStatus(err, func(code string) bool { return code == "429" || len(code) == 3 && code[0] == '5' })
}

// hasStatus reports whether one of the words of an error's text is a number that is accepted.
func hasStatus(err error, accepted func(code string) bool) bool {
	words := strings.FieldsFunc(err.Error(), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '_' })
	return slices.ContainsFunc(words, func(word string) bool {
		return strings.Trim(word, "0123456789") == "" && accepted(word)
	})
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
		case isTooLarge(err):
			return fmt.Errorf("%w: %w", kv.ErrTooLarge, err)
		case try == len(pauses) || failed == nil || !isTransient(err):
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
