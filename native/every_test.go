//go:build !js

package native

import (
	"context"
	"sync/atomic"
	"testing"
	"time"
)

func TestWorkIsRepeatedUntilItIsStopped(t *testing.T) {
	ran := make(chan struct{})
	var inside atomic.Bool
	stop := every(t.Context(), time.Millisecond, func(ctx context.Context) {
		inside.Store(true)
		defer inside.Store(false)
		select {
		case ran <- struct{}{}:
		case <-ctx.Done():
		}
	})
	for range 3 {
		<-ran
	}
	stop()
	if inside.Load() {
		t.Error("work goes on after it was stopped")
	}
	select {
	case <-ran:
		t.Error("work begins after it was stopped")
	default:
	}
}

func TestRepeatedWorkEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	stop := every(ctx, time.Hour, func(context.Context) { t.Error("it ran") })
	stop()
}
