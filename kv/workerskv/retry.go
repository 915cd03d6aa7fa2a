//go:build js && wasm

package workerskv

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"edgeframe/edge"
	"edgeframe/kv"
)

// pauses are the times before retries after a transient failure. Together they are longer than the second
// in which the platform accepts one write of a key.
var pauses = []time.Duration{200 * time.Millisecond, time.Second}

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
func persist(ctx context.Context, start, end int, call func(i int) *edge.Pending, got func(i int, value []byte)) error {
	todo := make([]int, 0, end-start)
	for i := start; i < end; i++ {
		todo = append(todo, i)
	}
	for try := 0; ; try++ {
		failed, err := attempt(todo, call, got)
		switch {
		case err == nil:
			return nil
		case isTooLarge(err):
			return fmt.Errorf("%w: %w", kv.ErrTooLarge, err)
		case ctx.Err() != nil, try == len(pauses), !isTransient(err):
			return err
		}
		if err := edge.Sleep(ctx, pauses[try]); err != nil {
			return err
		}
		todo = failed
	}
}

// attempt makes calls concurrently and returns those that failed, with the error of one of them.
func attempt(todo []int, call func(i int) *edge.Pending, got func(i int, value []byte)) (failed []int, err error) {
	var array [connections]*edge.Pending
	pending := array[:len(todo)]
	for n, i := range todo {
		pending[n] = call(i)
	}
	for n, i := range todo {
		switch value, failure := pending[n].Await(); {
		case failure != nil:
			failed, err = append(failed, i), failure
		case got != nil:
			got(i, value)
		}
	}
	return failed, err
}
