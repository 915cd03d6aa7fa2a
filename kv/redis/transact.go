//go:build !js

package redis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"

	goredis "github.com/redis/go-redis/v9"
)

// transact sends the commands of queue as a transaction, and those of after (which may be nil) behind it, in
// one round trip. If any command of the transaction is rejected, none is executed. answers has the
// answers to the commands, see [answerOf]; it is nil if none was executed. err is the first error of
// the transaction. unconfirmed is that of [Driver.pipelined].
//
// The transactions of the client library end their round trip, so nothing could wait for the replicas on
// the same connection. They also cannot be read if a command of the transaction fails in a way that the
// library has a type for.
func (d *Driver) transact(ctx context.Context, server *goredis.Client, queue, after func(goredis.Pipeliner)) (answers []any, err, unconfirmed error) {
	planned := server.Pipeline()
	queue(planned)
	exec := goredis.NewRawCmd(ctx, "EXEC")
	queued := make([]*goredis.Cmd, planned.Len())
	_, unconfirmed = d.pipelined(ctx, server, func(pipe goredis.Pipeliner) {
		pipe.Do(ctx, "MULTI")
		for i, c := range planned.Cmds() {
			queued[i] = pipe.Do(ctx, c.Args()...)
		}
		_ = pipe.Process(ctx, exec)
		if after != nil {
			after(pipe)
		}
	})
	if err := exec.Err(); err != nil {
		return nil, err, unconfirmed
	}
	answers, err = parseAnswers(exec.Val())
	if err == nil {
		for _, a := range answers {
			if _, err := answerOf(a); err != nil {
				return answers, err, unconfirmed
			}
		}
		return answers, nil, unconfirmed
	}
	// The error of the transaction does not say why it was discarded. That of the rejected command does.
	for _, c := range queued {
		if c.Err() != nil {
			return nil, c.Err(), unconfirmed
		}
	}
	return nil, err, unconfirmed
}

// answerError is an error among the answers of a transaction. It is a [goredis.Error].
type answerError string

func (e answerError) Error() string { return string(e) }

// RedisError implements [goredis.Error].
func (answerError) RedisError() {}

// answerOf returns an answer of a transaction or its error. The answer is an int64, a string or nil.
func answerOf(a any) (any, error) {
	if err, ok := a.(answerError); ok {
		return nil, err
	}
	return a, nil
}

var errAnswers = errors.New("the answer to EXEC cannot be read")

// parseAnswers reads the answer to EXEC as the protocol has it, with answers that are a status, an error, a
// number, a string or null. If the transaction was discarded, the error says so.
func parseAnswers(raw []byte) ([]any, error) {
	line, raw, _ := bytes.Cut(raw, []byte("\r\n"))
	if text, failed := bytes.CutPrefix(line, []byte("-")); failed {
		return nil, answerError(text)
	}
	text, isArray := bytes.CutPrefix(line, []byte("*"))
	n, err := strconv.Atoi(string(text))
	if !isArray || err != nil || n < 0 || n > len(raw) {
		return nil, fmt.Errorf("%w: it begins with %.20q", errAnswers, line)
	}
	answers := make([]any, n)
	for i := range answers {
		if answers[i], raw, err = parseAnswer(raw); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

// parseAnswer reads one answer and returns what follows it.
func parseAnswer(raw []byte) (answer any, rest []byte, err error) {
	line, rest, whole := bytes.Cut(raw, []byte("\r\n"))
	if !whole || len(line) == 0 {
		return nil, nil, fmt.Errorf("%w: an answer is missing", errAnswers)
	}
	text := string(line[1:])
	switch line[0] {
	case '+':
		return text, rest, nil
	case '-':
		return answerError(text), rest, nil
	case '_':
		return nil, rest, nil
	case ':':
		n, err := strconv.ParseInt(text, 10, 64)
		if err == nil {
			return n, rest, nil
		}
	case '$':
		n, err := strconv.Atoi(text)
		switch {
		case err == nil && n == -1:
			return nil, rest, nil
		case err == nil && n >= 0 && n <= len(rest)-2:
			return string(rest[:n]), rest[n+2:], nil
		}
	}
	return nil, nil, fmt.Errorf("%w: one begins with %.20q", errAnswers, line)
}
