//go:build !js

package redis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"edgeframe/kv"
)

const (
	// maxRetries is how often a call is repeated after a transient failure other than a time-out:
	// a broken connection, a server that is loading its data.
	maxRetries = 3
	// minBackoff and maxBackoff are the pauses before the first and the last retry.
	minBackoff = 10 * time.Millisecond
	maxBackoff = 100 * time.Millisecond
)

// minBytesPerSecond is the slowest transfer that is accepted. It determines how much longer than
// SocketTimeout a call may take.
const minBytesPerSecond = 4 << 20

func transferTime(bytes int) time.Duration {
	return time.Duration(bytes) * time.Second / minBytesPerSecond
}

// within runs call with the configured time-out. If the call times out and RetryOnTimeout is set, it
// runs call once more. transfer is added to the time-out.
func (d *Driver) within(ctx context.Context, transfer time.Duration, call func(context.Context) error) error {
	// Keep a little of the time for work on the answer.
	timeout, attempts := d.opt.SocketTimeout*49/50, 1
	if d.opt.RetryOnTimeout {
		timeout, attempts = timeout/2, 2
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		bounded, cancel := context.WithTimeout(ctx, timeout+transfer)
		err := d.repeat(bounded, call)
		// The deadline of the socket may pass shortly before that of the context.
		var slow net.Error
		outOfTime := bounded.Err() != nil || errors.As(err, &slow) && slow.Timeout()
		cancel()
		if outOfTime {
			d.findNodes()
		}
		if attempts--; err == nil || !outOfTime {
			return classify(err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if attempts == 0 {
			return fmt.Errorf("%w after %s", context.DeadlineExceeded, d.opt.SocketTimeout)
		}
	}
}

// repeat runs a call, and retries after transient failures. The client could do so itself, but it does
// not retry transactions, because in general it is not safe to execute them twice.
func (d *Driver) repeat(ctx context.Context, call func(context.Context) error) error {
	for pause, try := minBackoff, 0; ; pause, try = min(3*pause, maxBackoff), try+1 {
		err := call(ctx)
		if !isTransient(err) {
			return err
		}
		// The node may have been replaced.
		d.findNodes()
		if try == maxRetries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// transient are the errors of a server that is starting, is being replaced (UNBLOCKED ends the wait for
// its replicas), or has too many clients at the moment.
var transient = []string{"UNBLOCKED ", "LOADING ", "READONLY ", "MASTERDOWN ", "CLUSTERDOWN ", "NOREPLICAS ", "max number of clients reached"}

// isTransient reports whether a retry may succeed. A time-out is not transient.
func isTransient(err error) bool {
	var rejected goredis.Error
	var network *net.OpError
	switch {
	case errors.Is(err, errSlowNode), errors.Is(err, errNoFsync), errors.Is(err, errReplaced):
		// The connection may have taken the time, and is open now. The others are about one attempt.
		return true
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	case errors.As(err, &rejected):
		return redirected(err) || slices.ContainsFunc(transient, func(text string) bool { return strings.Contains(rejected.Error(), text) })
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, goredis.ErrPoolTimeout):
		return true
	}
	return errors.As(err, &network) && !network.Timeout()
}

// classify wraps an error of Redis with the sentinel that it corresponds to. It searches the text,
// because older servers embed the errors of commands in scripts in a text of their own.
func classify(err error) error {
	if err == nil {
		return nil
	}
	switch text := err.Error(); {
	case strings.Contains(text, "OOM command not allowed"):
		return fmt.Errorf("%w: %w", kv.ErrFull, err)
	case strings.Contains(text, "WRONGTYPE "):
		return fmt.Errorf("%w: %w", kv.ErrCorrupt, err)
	}
	return err
}
