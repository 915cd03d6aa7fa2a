//go:build !js

package native

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestEqualComputationsAreJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j joiner
		var calls atomic.Int64
		var group sync.WaitGroup
		for range 12 {
			group.Go(func() {
				value, err := j.join(t.Context(), "key", func(context.Context) ([]byte, error) {
					calls.Add(1)
					time.Sleep(time.Second)
					return []byte("value"), nil
				})
				if err != nil || string(value) != "value" {
					t.Errorf("got %q, %v", value, err)
				}
			})
		}
		group.Wait()
		if calls.Load() != 1 {
			t.Errorf("computed %d times", calls.Load())
		}
	})
}

func TestAComputationOutlivesTheClientThatBeganIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j joiner
		first, leave := context.WithCancel(t.Context())
		compute := func(ctx context.Context) ([]byte, error) {
			select {
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			case <-time.After(time.Second):
				return []byte("value"), nil
			}
		}
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := j.join(first, "key", compute); !errors.Is(err, context.Canceled) {
				t.Errorf("the client that left got %v", err)
			}
		})
		synctest.Wait()
		group.Go(func() {
			if value, err := j.join(t.Context(), "key", compute); err != nil || string(value) != "value" {
				t.Errorf("the client that stayed got %q, %v", value, err)
			}
		})
		synctest.Wait()
		leave()
		group.Wait()
	})
}

func TestAWaiterWhoseClientLeavesWaitsNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j joiner
		slow := func(context.Context) ([]byte, error) { time.Sleep(time.Minute); return nil, nil }
		var group sync.WaitGroup
		group.Go(func() { _, _ = j.join(t.Context(), "key", slow) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if _, err := j.join(ctx, "key", slow); err == nil || time.Since(start) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		group.Wait()
	})
}

func TestAComputationThatPanicsIsAnErrorForTheOthers(t *testing.T) {
	var j joiner
	begun, waiting := make(chan struct{}), make(chan struct{})
	go func() {
		defer func() { _ = recover() }()
		_, _ = j.join(context.Background(), "key", func(context.Context) ([]byte, error) {
			close(begun)
			<-waiting
			panic("damaged")
		})
	}()
	<-begun
	c, first := j.enter("key")
	close(waiting)
	<-c.done
	if first || c.err == nil {
		t.Errorf("first %v, error %v", first, c.err)
	}
}
