package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/zeebo/xxh3"

	"edgeframe/codec/codectest"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
)

// withKey returns a context for one request with a key and a content.
func withKey(key, content string) context.Context {
	number := func(s string) (n [8]byte) {
		copy(n[:], fmt.Sprintf("%016x", xxh3.HashString(s)))
		return n
	}
	id := uuid.NewSHA1(uuid.Nil, []byte(key)).String()
	return WithKey(context.Background(), &Key{Hash: number(key), NewID: id, Content: func() [8]byte { return number(content) }})
}

// changes are changes of all kinds.
var changes = map[string]func(h *harness, ctx context.Context, c Change) (*Session, error){
	"edit": func(h *harness, ctx context.Context, c Change) (*Session, error) {
		sess, _, err := h.Edit(ctx, c, operations(h.t, `{"op":"delete_rows","rows":[0]}`))
		return sess, err
	},
	"edit without effect": func(h *harness, ctx context.Context, c Change) (*Session, error) {
		sess, _, err := h.Edit(ctx, c, operations(h.t, `{"op":"drop_duplicates"}`))
		return sess, err
	},
	"append": func(h *harness, ctx context.Context, c Change) (*Session, error) {
		return h.Append(ctx, c, codectest.Generate(10, 5, 1))
	},
	"replace": func(h *harness, ctx context.Context, c Change) (*Session, error) {
		sess, _, err := h.Replace(ctx, c, codectest.Generate(10, 5, 2), "")
		return sess, err
	},
	"marks": func(h *harness, ctx context.Context, c Change) (*Session, error) {
		return h.SetMarks(ctx, c, nil, false)
	},
	"snapshot": func(h *harness, ctx context.Context, c Change) (*Session, error) { return h.Snapshot(ctx, c) },
	"restore":  func(h *harness, ctx context.Context, c Change) (*Session, error) { return h.Restore(ctx, c, 1) },
	"undo":     func(h *harness, ctx context.Context, c Change) (*Session, error) { return h.Undo(ctx, c) },
	"info": func(h *harness, ctx context.Context, c Change) (*Session, error) {
		return h.UpdateInfo(ctx, c, nil, []byte(`{"a":1}`))
	},
	"ttl": func(h *harness, ctx context.Context, c Change) (*Session, error) {
		return h.Touch(ctx, c.Ref, c.Pre, time.Minute)
	},
	"audit": func(h *harness, ctx context.Context, c Change) (*Session, error) {
		added, err := h.AddAudit(ctx, c, "entry")
		if err != nil {
			return nil, err
		}
		return added.Session, nil
	},
}

func TestARepeatedChangeIsMadeOnce(t *testing.T) {
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			sess := h.edit(h.create(20, 5), setFirst)
			c := of(sess)
			c.Pre = func(now *Session) bool { return now.Revision == sess.Revision }
			h.calls.Reset()
			first := h.must(change(h, withKey("key", "a"), c))
			calls := h.calls.Total().Calls
			if first.Replayed || first.Revision.Revision != sess.Revision.Revision+1 {
				t.Fatalf("the first request: replayed %t at revision %s", first.Replayed, first.Revision)
			}
			// The precondition is about the state before the change.
			again := h.must(change(h, withKey("key", "a"), c))
			if !again.Replayed || again.Revision != first.Revision {
				t.Errorf("the repeat: replayed %t at revision %s, want %s", again.Replayed, again.Revision, first.Revision)
			}
			_, err := change(h, withKey("key", "b"), c)
			wantKind(t, err, ErrKeyMismatch)

			without := newHarness(t)
			sess = without.edit(without.create(20, 5), setFirst)
			without.calls.Reset()
			without.must(change(without, context.Background(), of(sess)))
			if n := without.calls.Total().Calls; n != calls {
				t.Errorf("%d calls of the store with a key, %d without", calls, n)
			}
		})
	}
}

func TestARefusedChangeLeavesNoTrace(t *testing.T) {
	h := newHarness(t)
	sess := h.create(20, 5)
	ctx := withKey("key", "a")
	_, err := h.Undo(ctx, of(sess))
	wantKind(t, err, ErrNothingToUndo)
	h.edit(sess, setFirst)
	if next := h.must(h.Undo(ctx, of(sess))); next.Replayed || next.Current.ID != 1 {
		t.Errorf("replayed %t, version %d", next.Replayed, next.Current.ID)
	}
}

func TestTheLatestKeysAreRemembered(t *testing.T) {
	h := newHarness(t)
	sess := h.create(20, 5)
	for i := range maxRepeats + 1 {
		h.must(h.UpdateInfo(withKey(fmt.Sprint(i), "a"), of(sess), nil, []byte(`{"a":1}`)))
		h.note(sess, "a change without a key")
	}
	if again := h.must(h.Snapshot(withKey("0", "b"), of(sess))); again.Replayed {
		t.Error("the oldest key is remembered")
	}
	for i := 2; i <= maxRepeats; i++ {
		if again := h.must(h.Snapshot(withKey(fmt.Sprint(i), "a"), of(sess))); !again.Replayed {
			t.Fatalf("key %d is not remembered", i)
		}
	}
	now := h.must(h.Peek(t.Context(), Ref{ID: sess.ID}))
	if n := len(now.head.Repeats); n != maxRepeats*entrySize {
		t.Errorf("the head has %d bytes of keys", n)
	}
}

// unanswered is a driver whose swaps succeed and whose answers are lost.
type unanswered struct {
	kv.Driver
	lose *bool
}

func (d unanswered) CompareAndSwap(ctx context.Context, item kv.Item, old kv.Revision, ttl time.Duration) error {
	if err := d.Driver.CompareAndSwap(ctx, item, old, ttl); err != nil || !*d.lose {
		return err
	}
	return errors.New("the connection has ended")
}

func TestAChangeWhoseAnswerTheStoreLostIsMadeOnce(t *testing.T) {
	lose := false
	h := newHarness(t, func(o *Options) { o.Store = kv.New(unanswered{memory.New(), &lose}, "") })
	sess := h.create(20, 5)
	ctx, table := withKey("key", "a"), codectest.Generate(10, 5, 1)
	lose = true
	_, err := h.Append(ctx, of(sess), table)
	wantKind(t, err, kv.ErrUnavailable)
	lose = false
	next := h.must(h.Append(ctx, of(sess), table))
	if !next.Replayed || next.Current.Rows != 30 {
		t.Errorf("replayed %t, %d rows", next.Replayed, next.Current.Rows)
	}
	h.table(next, 0)
	lose = true
	_, err = h.Create(ctx, table, "t.csv", 0, nil)
	wantKind(t, err, kv.ErrUnavailable)
	lose = false
	made := h.must(h.Create(ctx, table, "t.csv", 0, nil))
	if !made.Replayed {
		t.Error("the session was made twice")
	}
	wantEqual(t, h.table(made, 0), table)
}

// services returns services of several processes on one store.
func services(t *testing.T, n int) []*harness {
	origin := memory.New()
	all := make([]*harness, n)
	for i := range all {
		all[i] = newHarness(t, func(o *Options) { o.Store = kv.New(origin, "") })
	}
	return all
}

func TestOfRepeatsAtTheSameTimeOneIsMade(t *testing.T) {
	const rounds, repeats = 50, 6
	all := services(t, 3)
	table := codectest.Generate(10, 5, 1)
	sess := all[0].create(10, 5)
	for round := range rounds {
		made, ids := atomic.Int64{}, sync.Map{}
		var wg sync.WaitGroup
		for i := range repeats {
			h, ctx := all[i%len(all)], withKey(fmt.Sprint("key ", round), "a")
			wg.Go(func() {
				next, err := h.Append(ctx, of(sess), table)
				if err != nil {
					t.Errorf("append: %v", err)
				} else if !next.Replayed {
					made.Add(1)
				}
			})
			wg.Go(func() {
				// What a repeat has made in vain is deleted.
				created, err := h.CreateFrom(ctx, &rowGroups{Table: table}, "t.csv", 0, nil)
				if err != nil {
					t.Errorf("create: %v", err)
				} else if ids.Store(created.ID, nil); !created.Replayed {
					made.Add(1)
				}
			})
		}
		wg.Wait()
		if n := made.Load(); n != 2 {
			t.Fatalf("round %d: %d changes were made, want an append and a session", round, n)
		}
		for id := range ids.Range {
			created := all[0].must(all[0].Open(t.Context(), Ref{ID: id.(string)}, PrefetchNothing))
			wantEqual(t, all[0].table(created, 0), table)
		}
	}
	if now := all[0].must(all[0].Open(t.Context(), Ref{ID: sess.ID}, PrefetchNothing)); now.Current.Rows != 10+10*rounds {
		t.Errorf("%d rows after %d appends of 10", now.Current.Rows, rounds)
	}
}

func TestARepeatedUploadFindsItsSession(t *testing.T) {
	h := newHarness(t)
	table := codectest.Generate(20, 5, 1)
	creates := map[string]func(ctx context.Context, ttl time.Duration) (*Session, error){
		"table": func(ctx context.Context, ttl time.Duration) (*Session, error) {
			return h.Create(ctx, table, "t.csv", ttl, nil)
		},
		"stream": func(ctx context.Context, ttl time.Duration) (*Session, error) {
			return h.CreateFrom(ctx, &rowGroups{Table: table}, "t.csv", ttl, nil)
		},
	}
	for name, create := range creates {
		t.Run(name, func(t *testing.T) {
			made := h.must(create(withKey(name, "a"), time.Hour))
			edited := h.edit(made, `{"op":"delete_rows","rows":[0]}`)
			again := h.must(create(withKey(name, "a"), time.Hour))
			if !again.Replayed || again.ID != made.ID || again.Revision != edited.Revision {
				t.Errorf("replayed %t: %s at %s, want %s at %s", again.Replayed, again.ID, again.Revision, made.ID, edited.Revision)
			}
			// Neither has an effect on what the session has stored.
			_, err := create(withKey(name, "b"), time.Second)
			wantKind(t, err, ErrKeyMismatch)
			h.pass(50 * time.Minute)
			wantEqual(t, h.table(h.must(h.Open(t.Context(), Ref{ID: made.ID}, PrefetchNothing)), 1), table)
			if stray := h.strays(made.ID); len(stray) > 0 {
				t.Errorf("the repeats left %q", stray)
			}
		})
	}
}

// strays returns the keys of segments of a session that its head does not refer to.
func (h *harness) strays(id string) (keys []string) {
	sess := h.must(h.Peek(context.Background(), Ref{ID: id}))
	kept := sess.head.segmentKeys()
	page, err := h.store.ListKeys(context.Background(), "{"+id+"}:seg:", "", kv.MaxListLimit)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, k := range page.Keys {
		if !slices.Contains(kept, k) {
			keys = append(keys, k)
		}
	}
	return keys
}

func TestARepeatedUploadOfASessionThatHasEndedMakesAnother(t *testing.T) {
	ends := map[string]func(h *harness, sess *Session){
		"deleted": func(h *harness, sess *Session) {
			if err := h.Delete(context.Background(), Ref{ID: sess.ID}, nil); err != nil {
				h.t.Fatal(err)
			}
		},
		// The head is still stored, because another process has a clock that is behind.
		"expired": func(h *harness, sess *Session) { h.pass(sess.Expires.Sub(h.now())) },
	}
	for name, end := range ends {
		for store, h := range map[string]*harness{
			"strong":   newHarness(t, func(o *Options) { o.Store = kv.New(kvtest.NewCounting(memory.New()), "") }),
			"eventual": locations(t, 1)[0].harness,
		} {
			t.Run(name+" "+store, func(t *testing.T) {
				table, ctx := codectest.Generate(20, 5, 1), withKey(name, "a")
				made := h.edit(h.must(h.Create(ctx, table, "t.csv", 0, nil)), setFirst)
				end(h, made)
				again := h.must(h.Create(ctx, table, "t.csv", 0, nil))
				if again.Replayed || again.ID != made.ID {
					t.Errorf("replayed %t: %s, want %s", again.Replayed, again.ID, made.ID)
				}
				now := h.must(h.Open(ctx, Ref{ID: made.ID}, PrefetchNothing))
				wantEqual(t, h.table(now, 0), table)
				if len(now.Versions) != 1 {
					t.Errorf("%d versions", len(now.Versions))
				}
				if once := h.must(h.Create(ctx, table, "t.csv", 0, nil)); !once.Replayed {
					t.Error("it was made a third time")
				}
			})
		}
	}
}

func TestAKeyCostsAnUploadNoCallOfTheStore(t *testing.T) {
	for name, ctx := range map[string]context.Context{"with": withKey("key", "a"), "without": context.Background()} {
		h := newHarness(t, inStore)
		h.must(h.Create(ctx, codectest.Generate(20, 5, 1), "t.csv", 0, nil))
		if n := h.calls.Total().Calls; n != 2 {
			t.Errorf("%d calls %s a key, want one for the segments and one for the head", n, name)
		}
	}
}

func TestRepeatsOnAnEventualStoreSeeWhatIsVisible(t *testing.T) {
	at := locations(t, 2)
	table := codectest.Generate(10, 5, 1)
	made := at[0].must(at[0].Create(withKey("key", "a"), table, "t.csv", 0, nil))
	if n := at[0].calls.Of(kvtest.OpGet).Calls; n != 1 {
		t.Errorf("an upload with a key reads %d times", n)
	}
	for i, l := range at {
		if again := l.must(l.Create(withKey("key", "a"), table, "t.csv", 0, nil)); !again.Replayed || again.Revision != made.Revision {
			t.Errorf("location %d: replayed %t at %s, want %s", i, again.Replayed, again.Revision, made.Revision)
		}
		_, err := l.Create(withKey("key", "b"), table, "t.csv", 0, nil)
		wantKind(t, err, ErrKeyMismatch)
	}
	first := at[0].must(at[0].Append(withKey("append", "a"), of(made), table))
	for i, l := range at {
		if again := l.must(l.Append(withKey("append", "a"), of(made), table)); !again.Replayed || again.Revision != first.Revision {
			t.Errorf("location %d: replayed %t at %s, want %s", i, again.Replayed, again.Revision, first.Revision)
		}
	}
	// A location that does not see the first change yet makes the same one of the same table.
	at[1].view.Stale(true)
	at[1].forget(made.ID)
	at[0].must(at[0].Append(withKey("another", "a"), of(made), table))
	blind := at[1].must(at[1].Append(withKey("another", "a"), of(made), table))
	if blind.Replayed || blind.Current.Rows != 30 {
		t.Errorf("replayed %t, %d rows", blind.Replayed, blind.Current.Rows)
	}
	at[0].forget(made.ID)
	if now := at[0].must(at[0].open(Ref{ID: made.ID})); now.Current.Rows != 30 {
		t.Errorf("%d rows, want those of one append more", now.Current.Rows)
	}
}

func TestAHeadWithoutKeysIsStoredAsBefore(t *testing.T) {
	h := newHarness(t)
	sess := h.edit(h.create(10, 2), setFirst)
	b, err := sess.head.MarshalMsg(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"made", "repeats"} {
		if bytes.Contains(b, []byte("\xa4"+field)) || bytes.Contains(b, []byte("\xa7"+field)) {
			t.Errorf("the head has a field %q", field)
		}
	}
}

// While a session is deleted, a repeat of the upload may make it again and repeat what was done with it. What the
// deletion removes then must not be what the new session needs.
func TestADeletionDoesNotReachTheSessionThatIsMadeAgain(t *testing.T) {
	var deleted func()
	failing := &kvtest.Failing{Driver: memory.New()}
	h := newHarness(t, inStore, func(o *Options) { o.Store = kv.New(failing, "") })
	ctx, table := withKey("key", "a"), codectest.Generate(20, 5, 1)
	begin := func() *Session { return h.edit(h.must(h.Create(ctx, table, "t.csv", 0, nil)), setFirst) }
	first := begin()
	failing.Hook = func(op string, keys []string) error {
		isSegment := func(key string) bool { return strings.Contains(key, "}:seg:") }
		if op == kvtest.OpDelete && slices.ContainsFunc(keys, isSegment) && deleted != nil {
			again := deleted
			deleted = nil
			again()
		}
		return nil
	}
	var second *Session
	deleted = func() { second = begin() }
	if err := h.Delete(t.Context(), Ref{ID: first.ID}, nil); err != nil {
		t.Fatal(err)
	}
	if second == nil || second.ID != first.ID {
		t.Fatal("the session was not made again")
	}
	h.table(h.must(h.Open(t.Context(), Ref{ID: second.ID}, PrefetchNothing)), 0)
	h.table(second, 1)
}
