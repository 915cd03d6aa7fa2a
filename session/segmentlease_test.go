//go:build !js

package session

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/kv"
	"edgeframe/kv/memory"
)

// leased is a harness whose store notes until when it keeps each key, and whose background work is run
// by tests.
type leased struct {
	*harness
	*deadlines
	// renew is the work that runs in the background, nil if there is none.
	renew func()
}

func newLeased(t *testing.T, adjust ...func(*Options)) *leased {
	return newLeasedOn(t, memory.New(), adjust...)
}

func newLeasedOn(t *testing.T, d kv.Driver, adjust ...func(*Options)) *leased {
	l := &leased{deadlines: &deadlines{Driver: d, until: map[string]time.Time{}}}
	l.harness = newHarness(t, append([]func(*Options){func(o *Options) {
		l.deadlines.now = o.Now
		o.Store = kv.New(l.deadlines, "")
		o.Every = func(ctx context.Context, _ time.Duration, work func(context.Context)) func() {
			l.renew = func() { work(ctx) }
			return func() { l.renew = nil }
		}
	}}, adjust...)...)
	return l
}

// kept returns for how long the store keeps its segments, the shortest and the longest time.
func (l *leased) kept() (shortest, longest time.Duration) {
	l.deadlines.mu.Lock()
	defer l.deadlines.mu.Unlock()
	shortest = MaxTTL * 10
	for key, until := range l.until {
		if strings.Contains(key, ":seg:") {
			left := until.Sub(l.deadlines.now())
			shortest, longest = min(shortest, left), max(longest, left)
		}
	}
	return shortest, longest
}

// pausing are row groups before each of which, and before whose end, between runs.
type pausing struct {
	rowGroups
	between func()
}

func (g *pausing) Next() (arrow.Record, error) {
	if g.next > 0 {
		g.between()
	}
	return g.rowGroups.Next()
}

func longTable() *codec.Table { return codectest.Generate(4*codec.RowGroupRows, 12, 1) }

func TestSegmentsOfALongStreamAreLeasedUntilThereIsAHead(t *testing.T) {
	l := newLeased(t)
	groups := &pausing{rowGroups: rowGroups{Table: longTable()}, between: func() {
		if _, longest := l.kept(); longest > maxLease {
			t.Errorf("without a head a segment is kept for %s, want at most %s", longest, maxLease)
		}
		l.pass(maxLease - time.Minute)
		if shortest, _ := l.kept(); shortest <= 0 {
			t.Error("a segment has expired before the lease was renewed")
		}
		l.renew()
	}}
	sess := l.must(l.CreateFrom(context.Background(), groups, "t.csv", MaxTTL, nil))
	if shortest, _ := l.kept(); shortest < l.keep.segmentTTL(MaxTTL) {
		t.Errorf("with a head a segment is kept for %s, want %s", shortest, l.keep.segmentTTL(MaxTTL))
	}
	if left := clock(sess.head.Lease).Sub(l.time); left < MaxTTL {
		t.Errorf("the head says that segments are kept for %s", left)
	}
	if l.renew != nil {
		t.Error("the lease is renewed after the head is there")
	}
	wantEqual(t, l.table(sess, 0), longTable())
}

func TestAShortTTLMakesTheLeaseShorter(t *testing.T) {
	l := newLeased(t)
	groups := &pausing{rowGroups: rowGroups{Table: longTable()}, between: func() {
		if _, longest := l.kept(); longest > minLease {
			t.Errorf("without a head a segment is kept for %s, want at most %s", longest, minLease)
		}
	}}
	l.must(l.CreateFrom(context.Background(), groups, "t.csv", time.Second, nil))
}

// The process was stopped for so long that segments may have expired.
func TestAStreamWhoseLeaseRanOutMakesNoSession(t *testing.T) {
	for name, after := range map[string]func(*leased){
		"not renewed":      func(*leased) {},
		"renewed too late": func(l *leased) { l.renew() },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLeased(t)
			groups := &pausing{rowGroups: rowGroups{Table: longTable()}, between: func() {
				l.pass(maxLease)
				after(l)
			}}
			_, err := l.CreateFrom(context.Background(), groups, "t.csv", MaxTTL, nil)
			wantKind(t, err, kv.ErrUnavailable)
			if keys := l.segmentKeys(); len(keys) > 0 {
				t.Errorf("left are %q", keys)
			}
		})
	}
}

func TestAStreamThatBreaksOffLeavesNothing(t *testing.T) {
	l := newLeased(t)
	broken := errors.New("broken")
	_, err := l.CreateFrom(context.Background(), &rowGroups{Table: longTable(), fail: broken}, "t.csv", MaxTTL, nil)
	wantKind(t, err, broken)
	if keys := l.segmentKeys(); len(keys) > 0 || l.renew != nil {
		t.Errorf("left are %q; still renewed: %t", keys, l.renew != nil)
	}
}

// rewriting is a driver that would write the values again to keep them longer.
type rewriting struct{ kv.Driver }

func (r rewriting) Info() kv.Info {
	info := r.Driver.Info()
	info.Capabilities.TouchRewrites = true
	return info
}

func TestSegmentsAreStoredForTheirFullTimeWhereALeaseWouldRewriteThem(t *testing.T) {
	for name, l := range map[string]*leased{
		"the store rewrites":   newLeasedOn(t, rewriting{memory.New()}),
		"nothing can renew it": newLeased(t, func(o *Options) { o.Every = nil }),
	} {
		t.Run(name, func(t *testing.T) {
			groups := &pausing{rowGroups: rowGroups{Table: longTable()}, between: func() {
				if shortest, _ := l.kept(); shortest < l.keep.segmentTTL(MaxTTL) {
					t.Errorf("a segment is kept for %s", shortest)
				}
			}}
			sess := l.must(l.CreateFrom(context.Background(), groups, "t.csv", MaxTTL, nil))
			wantEqual(t, l.table(sess, 0), longTable())
		})
	}
}
