package session

import (
	"context"
	"sync"
	"testing"
	"time"

	"edgeframe/kv"
	"edgeframe/kv/memory"
	"edgeframe/session/record"
)

// deadlines is a driver that notes until when it keeps each key, on the clock of a harness.
type deadlines struct {
	kv.Driver
	now func() time.Time

	mu    sync.Mutex
	until map[string]time.Time
}

func (d *deadlines) note(key string, ttl time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.until[key] = d.now().Add(ttl)
}

func (d *deadlines) Set(ctx context.Context, items []kv.Item, ttl time.Duration) error {
	for _, it := range items {
		d.note(it.Key, ttl)
	}
	return d.Driver.Set(ctx, items, ttl)
}

func (d *deadlines) Touch(ctx context.Context, keys []string, ttl time.Duration) error {
	for _, k := range keys {
		d.note(k, ttl)
	}
	return d.Driver.Touch(ctx, keys, ttl)
}

func TestSegmentsOutliveTheSessionWhateverItsTTLWas(t *testing.T) {
	d := &deadlines{Driver: memory.New(), until: map[string]time.Time{}}
	h := newHarness(t, inStore, func(o *Options) {
		d.now = o.Now
		o.Store = kv.New(d, "")
	})
	ctx := context.Background()
	sess := h.create(100, 5)
	ref := Ref{ID: sess.ID}
	steps := []func() (*Session, error){
		func() (*Session, error) { return h.Touch(ctx, ref, nil, 100*time.Hour) },
		func() (*Session, error) { return h.Touch(ctx, ref, nil, time.Hour) },
		func() (*Session, error) {
			sess, _, err := h.Edit(ctx, of(sess), operations(t, `{"op":"set_values","column":"column_1","rows":[0],"value":5}`))
			return sess, err
		},
		func() (*Session, error) { return h.Touch(ctx, ref, nil, 2*time.Hour) },
	}
	for range 20 {
		steps = append(steps, func() (*Session, error) { return h.Open(ctx, ref, PrefetchNothing) })
	}
	for i, step := range steps {
		sess = h.must(step())
		refs, err := sess.head.segments()
		if err != nil {
			t.Fatal(err)
		}
		for r := range refs {
			if until := d.until["edgeframe:"+record.SegmentKey(sess.ID, r)]; until.Before(sess.Expires) {
				t.Fatalf("after step %d a segment is kept until %s, the session until %s", i+1, until, sess.Expires)
			}
		}
		h.pass(30 * time.Minute)
	}
}
