package session

import (
	"context"
	"strings"
	"testing"
	"time"

	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
	"edgeframe/session/record"
)

// location is a service at one location of an eventually consistent store.
type location struct {
	*harness
	view *kvtest.Eventual
	hook *kvtest.Failing
	// left is the work that was postponed until after the response, nil if it is done at once.
	left *[]func()
}

// forget removes what the instance knows of a session.
func (l *location) forget(id string) { l.heads.(*eventualHeads).seen.Remove(id) }

// locations returns services at n locations of one store.
func locations(t *testing.T, n int, adjust ...func(*Options)) []*location {
	t.Helper()
	origin := memory.New()
	all := make([]*location, n)
	for i := range all {
		l := &location{view: kvtest.NewEventual(origin)}
		l.hook = &kvtest.Failing{Driver: l.view}
		calls := kvtest.NewCounting(l.hook)
		l.harness = newHarness(t, append(adjust, func(opt *Options) {
			opt.Store = kv.New(calls, "")
			opt.Later = func(ctx context.Context, work func(context.Context)) {
				if l.left == nil {
					work(ctx)
				} else {
					*l.left = append(*l.left, func() { work(context.WithoutCancel(ctx)) })
				}
			}
		})...)
		l.calls = calls
		all[i] = l
	}
	return all
}

func (l *location) open(ref Ref) (*Session, error) {
	return l.Open(context.Background(), ref, PrefetchNothing)
}

// describe commits a name.
func (l *location) describe(ref Ref, name string) (*Session, error) {
	return l.UpdateInfo(context.Background(), Change{Ref: ref}, &name, nil)
}

func TestAClientThatNamesItsRevisionReadsWhatItHasWritten(t *testing.T) {
	at := locations(t, 2)
	sess := at[0].create(10, 2)
	at[1].must(at[1].open(Ref{ID: sess.ID}))
	at[1].view.Stale(true)
	for range 20 {
		edited := at[0].edit(sess, setFirst)
		got := at[1].must(at[1].open(Ref{ID: sess.ID, After: edited.Revision}))
		if got.Revision != edited.Revision {
			t.Fatalf("revision %s, want %s", got.Revision, edited.Revision)
		}
		wantEqual(t, at[1].table(got, 0), at[0].table(edited, 0))
	}
	// A client that names no revision may get an older one.
	if got := at[1].must(at[1].open(Ref{ID: sess.ID})); got.Revision.Revision > 21 {
		t.Errorf("revision %s", got.Revision)
	}
}

func TestANewSessionIsVisibleWhereNobodyHasReadIt(t *testing.T) {
	at := locations(t, 2)
	at[1].view.Stale(true)
	sess := at[0].create(10, 2)
	if got := at[1].must(at[1].open(Ref{ID: sess.ID})); got.Revision != sess.Revision {
		t.Errorf("revision %s, want %s", got.Revision, sess.Revision)
	}
}

func TestTheClientOfALostForkGetsAConflict(t *testing.T) {
	at := locations(t, 2)
	sess := at[0].create(10, 2)
	at[1].must(at[1].open(Ref{ID: sess.ID}))
	at[1].view.Stale(true)
	lost := at[0].must(at[0].describe(Ref{ID: sess.ID}, "lost"))
	won := at[1].must(at[1].describe(Ref{ID: sess.ID}, "won"))
	if lost.Revision.Revision != won.Revision.Revision {
		t.Fatalf("revisions %s and %s", lost.Revision, won.Revision)
	}
	// The later write stays.
	for i, l := range at {
		l.view.Stale(false)
		if got := l.must(l.open(Ref{ID: sess.ID})); got.Filename != "won" {
			t.Errorf("location %d has %q", i, got.Filename)
		}
		_, err := l.open(Ref{ID: sess.ID, After: lost.Revision})
		wantKind(t, err, ErrConflict)
		_, err = l.describe(Ref{ID: sess.ID, After: lost.Revision}, "again")
		wantKind(t, err, ErrConflict)
	}
	for range 20 {
		won = at[0].must(at[0].describe(Ref{ID: sess.ID, After: won.Revision}, "further"))
	}
}

func TestAReaderNeverReplacesACommitThatItDoesNotSee(t *testing.T) {
	at := locations(t, 2)
	sess := at[0].create(10, 2)
	at[1].must(at[1].open(Ref{ID: sess.ID}))
	at[1].view.Stale(true)
	edited := at[0].must(at[0].describe(Ref{ID: sess.ID}, "edited"))
	for range 6 {
		for _, l := range at {
			l.pass(20 * time.Minute)
		}
		if got := at[1].must(at[1].open(Ref{ID: sess.ID})); got.Filename == "edited" {
			t.Fatal("the location is not stale")
		}
	}
	at[1].view.Stale(false)
	for i, l := range at {
		if got := l.must(l.open(Ref{ID: sess.ID})); got.Revision != edited.Revision || got.Filename != "edited" {
			t.Errorf("location %d has revision %s, want %s", i, got.Revision, edited.Revision)
		}
	}
}

func TestACommitThatSeesAnotherOneIsAConflict(t *testing.T) {
	for name, together := range map[string]bool{"in one instance": true, "in two instances": false} {
		at := locations(t, 2, inStore)
		sess := at[0].create(10, 2)
		first, second := at[0], at[1]
		if together {
			second = first
		}
		second.must(second.open(Ref{ID: sess.ID}))
		var inner error
		var other *Session
		raced := false
		// The second commit comes before the segments of the first one are read, or stored.
		during := kvtest.OpGet
		if together {
			during = kvtest.OpSet
		}
		first.hook.Hook = func(op string, keys []string) error {
			if op == during && strings.Contains(keys[0], ":seg:") && !raced {
				raced = true
				other, inner = second.describe(Ref{ID: sess.ID}, "second")
			}
			return nil
		}
		mine, _, outer := first.Edit(context.Background(), of(sess), operations(t, setFirst))
		if together {
			// The commit that began first in an instance wins.
			wantKind(t, inner, ErrConflict)
			other, inner = mine, outer
		} else {
			wantKind(t, outer, ErrConflict)
		}
		if inner != nil {
			t.Fatalf("%s: %v", name, inner)
		}
		for _, l := range at {
			if got := l.must(l.open(Ref{ID: sess.ID})); got.Revision != other.Revision {
				t.Errorf("%s: revision %s, want %s", name, got.Revision, other.Revision)
			}
			l.must(l.describe(Ref{ID: sess.ID}, "next"))
			other = l.must(l.open(Ref{ID: sess.ID}))
		}
	}
}

func TestAForkWithTheSameRevisionThatBecomesVisibleDuringACommitIsAConflict(t *testing.T) {
	at := locations(t, 2, inStore)
	sess := at[0].create(10, 2)
	at[1].must(at[1].open(Ref{ID: sess.ID}))
	at[1].view.Stale(true)
	mine := at[0].must(at[0].describe(Ref{ID: sess.ID}, "mine"))
	var fork *Session
	// The fork comes between the reads of the head and of its segments.
	at[0].hook.Hook = func(op string, keys []string) error {
		if op == kvtest.OpGet && strings.Contains(keys[0], ":seg:") && fork == nil {
			fork = at[1].must(at[1].describe(Ref{ID: sess.ID}, "fork"))
		}
		return nil
	}
	_, _, err := at[0].Edit(context.Background(), Change{Ref: Ref{ID: sess.ID, After: mine.Revision}}, operations(t, setFirst))
	wantKind(t, err, ErrConflict)
	if fork == nil || fork.Revision.Revision != mine.Revision.Revision || fork.Revision == mine.Revision {
		t.Fatalf("the fork is %+v, want one with the number of revision %s", fork, mine.Revision)
	}
	for i, l := range at {
		l.view.Stale(false)
		if got := l.must(l.open(Ref{ID: sess.ID})); got.Revision != fork.Revision {
			t.Errorf("location %d has revision %s, want %s", i, got.Revision, fork.Revision)
		}
	}
}

func TestTheCopyOfAHeadIsNotReadBeforeItIsStored(t *testing.T) {
	l := locations(t, 1)[0]
	sess := l.create(10, 2)
	stored := false
	l.hook.Hook = func(op string, keys []string) error {
		if op != kvtest.OpSet || !strings.Contains(keys[0], ":head:") || stored {
			return nil
		}
		stored = true
		l.calls.Reset()
		got, err := l.open(Ref{ID: sess.ID})
		for _, key := range l.calls.KeysRead() {
			if strings.Contains(key, ":head:") {
				t.Errorf("%s was asked for", key)
			}
		}
		if err != nil || got.Revision != sess.Revision {
			t.Errorf("%v, %v", got, err)
		}
		return nil
	}
	edited := l.must(l.describe(Ref{ID: sess.ID}, "x"))
	if got := l.must(l.open(Ref{ID: sess.ID})); !stored || got.Revision != edited.Revision {
		t.Errorf("revision %s, want %s", got.Revision, edited.Revision)
	}
}

func TestAFailedCommitCanBeRepeated(t *testing.T) {
	l := locations(t, 1, inStore)[0]
	sess := l.create(10, 2)
	for _, failing := range []string{":seg:", ":head:"} {
		failed := false
		l.hook.Hook = func(op string, keys []string) error {
			if op == kvtest.OpSet && strings.Contains(keys[0], failing) && !failed {
				failed = true
				return kv.ErrUnavailable
			}
			return nil
		}
		_, _, err := l.Edit(context.Background(), of(sess), operations(t, setFirst))
		wantKind(t, err, kv.ErrUnavailable)
		l.edit(sess, setFirst)
	}
}

func TestADeletedSessionIsGoneAlsoForClientsThatNameARevision(t *testing.T) {
	at := locations(t, 2)
	sess := at[0].create(10, 2)
	edited := at[0].edit(sess, setFirst)
	if err := at[0].Delete(context.Background(), Ref{ID: sess.ID}, nil); err != nil {
		t.Fatal(err)
	}
	for _, l := range at {
		for _, after := range []Token{{}, sess.Revision, edited.Revision} {
			_, err := l.open(Ref{ID: sess.ID, After: after})
			wantKind(t, err, ErrSessionNotFound)
			_, err = l.describe(Ref{ID: sess.ID, After: after}, "x")
			wantKind(t, err, ErrSessionNotFound)
		}
		if n, err := l.Count(context.Background()); n.N != 0 || err != nil {
			t.Errorf("%d sessions, %v", n.N, err)
		}
	}
	wantKind(t, at[0].Delete(context.Background(), Ref{ID: sess.ID}, nil), ErrSessionNotFound)
}

func TestADamagedSessionIsDeletedCompletely(t *testing.T) {
	l := locations(t, 1)[0]
	sess := l.create(10, 2)
	item := kv.Item{Key: record.HeadKey(sess.ID), Value: []byte("garbage")}
	if err := l.store.SetMany(context.Background(), []kv.Item{item}, time.Hour); err != nil {
		t.Fatal(err)
	}
	_, err := l.open(Ref{ID: sess.ID})
	wantKind(t, err, ErrCorrupt)
	if err := l.Delete(context.Background(), Ref{ID: sess.ID}, nil); err != nil {
		t.Fatal(err)
	}
	if page, err := l.store.ListKeys(context.Background(), "", "", 100); err != nil || len(page.Keys) > 0 {
		t.Errorf("left are %q, %v", page.Keys, err)
	}
}

func TestASessionThatIsOnlyReadLivesOnWhenItsHeadHasExpiredInTheStore(t *testing.T) {
	at := locations(t, 2)
	sess := at[0].create(10, 2)
	for range 10 {
		for _, l := range at {
			l.pass(45 * time.Minute)
		}
		at[0].must(at[0].open(Ref{ID: sess.ID}))
	}
	// The store does this itself: the head was not written for longer than it is kept.
	if err := at[0].store.Delete(context.Background(), record.HeadKey(sess.ID)); err != nil {
		t.Fatal(err)
	}
	for _, l := range at {
		got := l.must(l.open(Ref{ID: sess.ID}))
		wantEqual(t, l.table(got, 0), at[0].table(sess, 0))
	}
	edited := at[1].must(at[1].describe(Ref{ID: sess.ID}, "edited"))
	if got := at[0].must(at[0].open(Ref{ID: sess.ID})); got.Revision != edited.Revision {
		t.Errorf("revision %s, want %s", got.Revision, edited.Revision)
	}
}

func TestAnAccessThatAnotherInstanceHasNotedExtendsTheSession(t *testing.T) {
	at := locations(t, 2)
	sess := at[0].create(10, 2)
	for _, l := range at {
		l.pass(50 * time.Minute)
	}
	at[1].must(at[1].open(Ref{ID: sess.ID}))
	for _, l := range at {
		l.pass(50 * time.Minute)
	}
	at[0].must(at[0].open(Ref{ID: sess.ID}))
	for _, l := range at {
		l.pass(67 * time.Minute)
	}
	for _, l := range at {
		_, err := l.open(Ref{ID: sess.ID})
		wantKind(t, err, ErrSessionNotFound)
	}
}

func TestSegmentsAreRenewedAtMostOnceForEachTTL(t *testing.T) {
	l := locations(t, 1, inStore)[0]
	sess := l.create(10, 2)
	l.calls.Reset()
	const step = 5 * time.Minute
	hours := 10
	for range hours * int(time.Hour/step) {
		l.pass(step)
		l.must(l.open(Ref{ID: sess.ID}))
	}
	if touches := l.calls.Of(kvtest.OpTouch).Calls; touches < 4 || touches > hours {
		t.Errorf("segments were renewed %d times in %d hours", touches, hours)
	}
	if notes := l.calls.Of(kvtest.OpSet).Calls; notes > 11*hours {
		t.Errorf("%d writes in %d hours", notes, hours)
	}
}

func TestAMissingSegmentIsAStaleReadAtFirstAndDamageLater(t *testing.T) {
	l := locations(t, 1, inStore)[0]
	sess := l.create(10, 2)
	if err := l.store.Delete(context.Background(), l.segmentKeys()...); err != nil {
		t.Fatal(err)
	}
	read := func() error {
		_, err := l.Read(context.Background(), sess, Selection{Limit: -1})
		return err
	}
	wantKind(t, read(), ErrStaleRead)
	_, _, err := l.Edit(context.Background(), of(sess), operations(t, setFirst))
	wantKind(t, err, ErrStaleRead)
	l.pass(10 * time.Minute)
	wantKind(t, read(), ErrCorrupt)
}

func TestAReadDoesNotWaitForItsAccessToBeNoted(t *testing.T) {
	l := locations(t, 1)[0]
	sess := l.create(10, 2)
	l.left = &[]func(){}
	l.pass(50 * time.Minute)
	l.calls.Reset()
	got := l.must(l.open(Ref{ID: sess.ID}))
	if writes := l.calls.Of(kvtest.OpSet).Calls + l.calls.Of(kvtest.OpTouch).Calls; writes != 0 {
		t.Errorf("%d writes before the answer", writes)
	}
	if len(*l.left) != 1 || !got.Expires.After(sess.Expires) {
		t.Fatalf("%d works left, expires %s, before %s", len(*l.left), got.Expires, sess.Expires)
	}
	(*l.left)[0]()
	l.pass(50 * time.Minute)
	l.forget(sess.ID)
	l.must(l.open(Ref{ID: sess.ID}))
}

func TestANoteAfterTheDeletionBringsNothingBack(t *testing.T) {
	at := locations(t, 1)[0]
	at.left = &[]func(){}
	sess := at.create(10, 2)
	if len(*at.left) == 0 {
		t.Fatal("nothing was postponed")
	}
	if err := at.Delete(context.Background(), of(sess).Ref, nil); err != nil {
		t.Fatal(err)
	}
	for _, work := range *at.left {
		work()
	}
	if n, err := at.Count(context.Background()); err != nil || n.N != 0 {
		t.Errorf("%v sessions are counted, %v", n, err)
	}
}
