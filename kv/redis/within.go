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
	// maxRetries is how often a call is repeated that failed for another reason than time: a
	// broken connection, a server that is still loading its data.
	maxRetries = 3
	// minBackoff and maxBackoff are the pauses before the first time and the last.
	minBackoff = 10 * time.Millisecond
	maxBackoff = 100 * time.Millisecond
)

// minBytesPerSecond is the slowest transfer that is waited for: so much longer than
// SocketTimeout may a call take.
const minBytesPerSecond = 4 << 20

func transferTime(bytes int) time.Duration {
	return time.Duration(bytes) * time.Second / minBytesPerSecond
}

// within runs call under the time-outs that are configured, and once more if it ran out of
// time and that is wanted. transfer is the time that it may take beyond them.
func (d *Driver) within(ctx context.Context, transfer time.Duration, call func(context.Context) error) error {
	// A little is kept for what is done with the answer.
	patience, tries := d.opt.SocketTimeout*49/50, 1
	if d.opt.RetryOnTimeout {
		patience, tries = patience/2, 2
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		bounded, cancel := context.WithTimeout(ctx, patience+transfer)
		err := d.repeat(bounded, call)
		// The deadline of the socket may pass a moment before that of the context.
		var slow net.Error
		outOfTime := bounded.Err() != nil || errors.As(err, &slow) && slow.Timeout()
		cancel()
		if outOfTime {
			d.findNodes()
		}
		if tries--; err == nil || !outOfTime {
			return classify(err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if tries == 0 {
			return fmt.Errorf("%w after %s", context.DeadlineExceeded, d.opt.SocketTimeout)
		}
	}
}

// repeat makes a call again that failed for a reason that passes. The client could do so, but
// would leave out transactions, which in general do harm if they are carried out twice.
func (d *Driver) repeat(ctx context.Context, call func(context.Context) error) error {
	for pause, try := minBackoff, 0; ; pause, try = min(3*pause, maxBackoff), try+1 {
		err := call(ctx)
		if !passes(err) {
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

// passing are the refusals of a server that is starting, is being replaced, or has too many
// clients at the moment.
var passing = []string{"LOADING ", "READONLY ", "MASTERDOWN ", "CLUSTERDOWN ", "NOREPLICAS ", "max number of clients reached"}

// passes reports whether the reason of err may be gone in a moment. That the time of the call
// ran out is none.
func passes(err error) bool {
	var refusal goredis.Error
	var network *net.OpError
	switch {
	case errors.Is(err, errSlowNode):
		// It may have been the connection, which is there now.
		return true
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	case errors.As(err, &refusal):
		return redirected(err) || slices.ContainsFunc(passing, func(p string) bool { return strings.Contains(refusal.Error(), p) })
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, goredis.ErrPoolTimeout):
		return true
	}
	return errors.As(err, &network) && !network.Timeout()
}

// classify wraps what Redis answered with the sentinel that says what it means. Older servers
// put their text around the errors of commands in scripts.
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
