//go:build !js

package native

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec/codectest"
	codecs "edgeframe/codec/compress"
	"edgeframe/codec/segment"
	"edgeframe/frame"
	"edgeframe/kv"
	"edgeframe/kv/memory"
	"edgeframe/session"
)

// waitFor waits until that many are waiting for the session with that id.
func (l *line) waitFor(t *testing.T, id string, n int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
		l.mu.Lock()
		waiting := l.waiting[id]
		there := waiting != nil && waiting.Len() == n
		l.mu.Unlock()
		if there {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("there are not %d waiting", n)
		}
	}
}

func (l *line) mustEnter(t *testing.T, id string) (leave func(lost int)) {
	t.Helper()
	leave, err := l.enter(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return leave
}

func (l *line) wantEmpty(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) != 0 {
		t.Errorf("%d sessions are left in the line", len(l.waiting))
	}
}

func TestChangesOfOneSessionTakeTurnsInOrderOfArrival(t *testing.T) {
	l := newLine(100, time.Minute)
	leave := l.mustEnter(t, "a")
	var group sync.WaitGroup
	var order []int
	for i := range 50 {
		group.Go(func() {
			leave := l.mustEnter(t, "a")
			order = append(order, i) // the race detector sees it if two have a turn at once
			leave(0)
		})
		l.waitFor(t, "a", i+1)
	}
	l.mustEnter(t, "b")(0) // another session does not wait
	leave(0)
	group.Wait()
	if !slices.IsSorted(order) || len(order) != 50 {
		t.Errorf("the turns came in the order %v", order)
	}
	l.wantEmpty(t)
}

func TestALineIsBounded(t *testing.T) {
	l := newLine(1, time.Minute)
	leave := l.mustEnter(t, "a")
	var group sync.WaitGroup
	group.Go(func() { l.mustEnter(t, "a")(0) })
	l.waitFor(t, "a", 1)
	if _, err := l.enter(t.Context(), "a"); err == nil {
		t.Error("a second change waits, want at most one")
	}
	leave(0)
	group.Wait()
	l.wantEmpty(t)
}

func TestAChangeThatIsCancelledLeavesTheLineAtOnce(t *testing.T) {
	l := newLine(10, time.Minute)
	leave := l.mustEnter(t, "a")
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		if _, err := l.enter(ctx, "a"); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want a cancelled context", err)
		}
	})
	l.waitFor(t, "a", 1)
	group.Go(func() { l.mustEnter(t, "a")(0) })
	l.waitFor(t, "a", 2)
	cancel()
	l.waitFor(t, "a", 1)
	leave(0)
	group.Wait()
	l.wantEmpty(t)
}

func TestAChangeDoesNotWaitForever(t *testing.T) {
	l := newLine(10, time.Millisecond)
	leave := l.mustEnter(t, "a")
	if _, err := l.enter(t.Context(), "a"); err == nil {
		t.Error("its turn came, although the session is being changed")
	}
	leave(0)
	l.wantEmpty(t)
}

// Turns come, contexts end and waits become too long at the same time.
func TestNoTurnIsLost(t *testing.T) {
	l := newLine(20, 300*time.Microsecond)
	var group sync.WaitGroup
	var turns, inside atomic.Int64
	for range 30 {
		group.Go(func() {
			for i := range 100 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i*10)*time.Microsecond)
				leave, err := l.enter(ctx, "a")
				if err == nil {
					if inside.Add(1) != 1 {
						t.Error("two have a turn")
					}
					turns.Add(1)
					runtime.Gosched()
					inside.Add(-1)
					leave(0)
				}
				cancel()
			}
		})
	}
	group.Wait()
	if turns.Load() == 0 {
		t.Error("nobody had a turn")
	}
	l.wantEmpty(t)
}

// A change that has lost does not keep its client waiting, but the next one has to wait.
// The client of a change that has lost does not wait, but the next change of the session does.
func TestTheTurnAfterALossComesLater(t *testing.T) {
	l := newLine(10, time.Minute)
	start := time.Now()
	ids := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	var leave []func(int)
	for _, id := range ids {
		leave = append(leave, l.mustEnter(t, id))
	}
	for time.Since(start) < 5*time.Millisecond {
		runtime.Gosched()
	}
	for _, leave := range leave {
		leave(1)
	}
	l.mu.Lock()
	later := len(l.waiting)
	l.mu.Unlock()
	if later == 0 {
		t.Error("no next turn was put off")
	}
	for _, id := range ids {
		l.mustEnter(t, id)(0)
	}
	l.wantEmpty(t)
}

// across is a store to which a round trip takes some time, as across a network. lost counts the swaps
// that lost.
type across struct {
	kv.Driver
	lost atomic.Int64
}

func (a *across) CompareAndSwap(ctx context.Context, item kv.Item, old kv.Revision, ttl time.Duration) error {
	time.Sleep(200 * time.Microsecond)
	err := a.Driver.CompareAndSwap(ctx, item, old, ttl)
	if errors.Is(err, kv.ErrConflict) {
		a.lost.Add(1)
	}
	return err
}

// newSessions returns the sessions of a process.
func newSessions(d kv.Driver, l *line) *session.Service {
	return session.New(session.Options{
		Store:       kv.New(d, ""),
		MaxVersions: 5,
		Segment:     segment.Options{Method: segment.MethodArrow, Compression: codecs.Snappy},
		CacheBytes:  16 << 20,
		Line:        l.enter,
	})
}

// Half of the writers set a cell, half patch the metadata. All changes have to be made, whether the
// writers are in one process or in four.
func TestManyWritersOfOneSessionMeetNoConflict(t *testing.T) {
	const writers, rounds = 64, 6
	for _, processes := range []int{1, 4} {
		t.Run(fmt.Sprint(processes), func(t *testing.T) {
			store := &across{Driver: memory.New()}
			var of []*session.Service
			for range processes {
				of = append(of, newSessions(store, newLine(maxWaiting, turnTimeout)))
			}
			sess, err := of[0].Create(t.Context(), codectest.Generate(writers, 5, 1), "", 0, nil)
			if err != nil {
				t.Fatal(err)
			}
			c := session.Change{Ref: session.Ref{ID: sess.ID}}
			var group sync.WaitGroup
			for w := range writers {
				group.Go(func() {
					for v := range rounds {
						var err error
						if sessions := of[w/2%processes]; w%2 == 0 {
							_, _, err = sessions.Edit(t.Context(), c, setCell(t, w, v))
						} else {
							_, err = sessions.UpdateInfo(t.Context(), c, nil, fmt.Appendf(nil, `{"w%d":%d}`, w, v))
						}
						if err != nil {
							t.Errorf("writer %d: %v", w, err)
						}
					}
				})
			}
			group.Wait()
			sess, err = of[0].Open(t.Context(), c.Ref, session.PrefetchNothing)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := sess.Revision.Revision, uint64(1+writers*rounds); got != want {
				t.Errorf("revision %d, want %d", got, want)
			}
			if lost := store.lost.Load(); (lost == 0) != (processes == 1) {
				t.Errorf("%d processes: %d swaps lost", processes, lost)
			}
		})
	}
}

func setCell(t *testing.T, row, value int) []frame.Operation {
	text := fmt.Sprintf(`[{"op":"set_values","column":"column_1","rows":[%d],"value":%d}]`, row, value)
	ops, err := frame.ReadOperations(jsontext.NewDecoder(strings.NewReader(text)))
	if err != nil {
		t.Error(err)
	}
	return ops
}

// A change of a session that is busy waits; reads of it, and changes of others, do not.
func TestReadsDoNotWaitInLine(t *testing.T) {
	held, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	sessions := newSessions(memory.New(), newLine(maxWaiting, turnTimeout))
	sess, err := sessions.Create(t.Context(), codectest.Generate(10, 5, 1), "", 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := session.Change{Ref: session.Ref{ID: sess.ID}}
	long := c
	long.Pre = func(*session.Session) bool {
		once.Do(func() { close(held) })
		<-release
		return true
	}
	var group sync.WaitGroup
	group.Go(func() {
		if _, err := sessions.UpdateInfo(t.Context(), long, nil, []byte(`{"a":1}`)); err != nil {
			t.Error(err)
		}
	})
	<-held
	now, err := sessions.Open(t.Context(), c.Ref, session.PrefetchNothing)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sessions.Read(t.Context(), now, session.Selection{Limit: -1}); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(ctx context.Context) error{
		"edit":  func(ctx context.Context) error { _, err := sessions.AddAudit(ctx, c, "entry"); return err },
		"touch": func(ctx context.Context) error { _, err := sessions.Touch(ctx, c.Ref, nil, 0); return err },
		"delete on a condition": func(ctx context.Context) error {
			return sessions.Delete(ctx, c.Ref, func(*session.Session) bool { return true })
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if err := change(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v, want that it waits", name, err)
		}
		cancel()
	}
	close(release)
	group.Wait()
}

func TestASessionWithTooManyWaitingChangesIsBusy(t *testing.T) {
	l := newLine(0, time.Minute)
	sessions := newSessions(memory.New(), l)
	sess, err := sessions.Create(t.Context(), codectest.Generate(10, 5, 1), "", 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	leave := l.mustEnter(t, sess.ID)
	defer leave(0)
	_, err = sessions.AddAudit(t.Context(), session.Change{Ref: session.Ref{ID: sess.ID}}, "entry")
	if !errors.Is(err, session.ErrBusy) {
		t.Errorf("got %v, want %v", err, session.ErrBusy)
	}
}
