package session

import (
	"context"
	"testing"
	"time"

	"edgeframe/codec/codectest"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
)

// forgetful is a driver that loses a response if lose is set: it retries a swap that has
// succeeded, as the client of a store across a network does.
type forgetful struct {
	kv.Driver
	lose *bool
	// then runs between the two attempts.
	then func()
}

func (f forgetful) CompareAndSwap(ctx context.Context, item kv.Item, old kv.Revision, ttl time.Duration) error {
	err := f.Driver.CompareAndSwap(ctx, item, old, ttl)
	if err != nil || !*f.lose {
		return err
	}
	*f.lose = false
	f.then()
	return f.Driver.CompareAndSwap(ctx, item, old, ttl)
}

func TestACommitWhoseResponseWasLostIsNotRepeated(t *testing.T) {
	ctx := context.Background()
	for name, others := range map[string]int{"nobody commits in between": 0, "others commit in between": 5} {
		t.Run(name, func(t *testing.T) {
			var h *harness
			var sess *Session
			lose := false
			calls := kvtest.NewCounting(memory.New())
			h = newHarness(t, keepNone, func(o *Options) {
				o.Store = kv.New(forgetful{calls, &lose, func() {
					for range others {
						h.note(sess, "another")
					}
				}}, "")
			})
			sess = h.create(10, 5)
			lose = true
			next := h.must(h.Append(ctx, of(sess), codectest.Generate(10, 5, 1)))
			if lose || next.Current.Rows != 20 || next.Revision.Revision != 2 {
				t.Errorf("%d rows at revision %s", next.Current.Rows, next.Revision)
			}
			now := h.must(h.Open(ctx, Ref{ID: sess.ID}, PrefetchNothing))
			if now.Current.Rows != 20 || now.Revision.Revision != uint64(2+others) {
				t.Errorf("%d rows at revision %s in the store", now.Current.Rows, now.Revision)
			}
			h.table(now, 0)
		})
	}
}

func TestACreateWhoseResponseWasLostSucceeds(t *testing.T) {
	lose := true
	h := newHarness(t, func(o *Options) { o.Store = kv.New(forgetful{memory.New(), &lose, func() {}}, "") })
	sess := h.create(10, 5)
	h.must(h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing))
	if lose {
		t.Error("no response was lost")
	}
}
