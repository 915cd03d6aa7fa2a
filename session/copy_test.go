//go:build !js

package session

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"edgeframe/frame"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
	"edgeframe/session/record"
)

// pair is two stores with a service on each.
type pair struct {
	*testing.T
	from, to *harness
}

func newPair(t *testing.T, adjust ...func(*Options)) *pair {
	t.Helper()
	p := &pair{T: t, from: newHarness(t, adjust...), to: newHarness(t, adjust...)}
	p.to.time = p.from.time
	return p
}

// pass lets time pass in both stores.
func (p *pair) pass(d time.Duration) {
	p.from.pass(d)
	p.to.pass(d)
}

// copy copies from the first store to the second and compares the counters.
func (p *pair) copy(want CopyReport) {
	p.Helper()
	p.between(p.from, p.to, want)
}

func (p *pair) between(from, to *harness, want CopyReport) {
	p.Helper()
	var last CopyReport
	got, err := Copy(p.Context(), copying(from, to, func(r CopyReport) { last = r }))
	if err != nil {
		p.Fatal(err)
	}
	counters := func(r CopyReport) [5]int { return [5]int{r.Copied, r.Current, r.Newer, r.Expired, r.Failed} }
	if counters(got) != counters(want) || counters(last) != counters(got) || len(got.Problems) != want.Failed {
		p.Errorf("report %+v, want %+v; last told %+v", got, want, last)
	}
}

// copying are the options of a copy on the clock of the source.
func copying(from, to *harness, progress func(CopyReport)) CopyOptions {
	return CopyOptions{From: from.store, To: to.store, Progress: progress, Now: from.now}
}

// same checks that a session is the same in both stores: document, versions, marks and log.
func (p *pair) same(id string) {
	p.Helper()
	ctx := p.Context()
	a, b := p.from.must(p.from.Open(ctx, Ref{ID: id}, PrefetchNothing)), p.to.must(p.to.Open(ctx, Ref{ID: id}, PrefetchNothing))
	if a.Revision != b.Revision || !a.Expires.Equal(b.Expires) || !a.Created.Equal(b.Created) || a.TTL != b.TTL || a.Filename != b.Filename || string(a.Metadata) != string(b.Metadata) {
		p.Errorf("source %+v\ntarget %+v", a, b)
	}
	for i, ver := range a.Versions {
		if b.Versions[i] != ver {
			p.Errorf("version %+v became %+v", ver, b.Versions[i])
		}
		wantEqual(p, p.to.table(b, ver.ID), p.from.table(a, ver.ID))
	}
	_, marksA := p.from.marked(a, 0)
	_, marksB := p.to.marked(b, 0)
	if !slices.Equal(marksA["column_1"], marksB["column_1"]) {
		p.Errorf("marks %v and %v", marksA, marksB)
	}
	logA, logB := p.from.wholeLog(a), p.to.wholeLog(b)
	if !slices.Equal(logA.Entries, logB.Entries) || logA.InitialRows != logB.InitialRows {
		p.Errorf("logs of %d and %d entries", len(logA.Entries), len(logB.Entries))
	}
}

func TestACopyHasAllOfEverySession(t *testing.T) {
	p := newPair(t)
	ctx := t.Context()
	plain := p.from.create(10, 5)
	sess := p.from.create(40_000, 20)
	sess = p.from.edit(sess, setFirst)
	sess = p.from.must(p.from.SetMarks(ctx, of(sess), frame.Marks{"column_1": {3, 5}}, false))
	sess = p.from.must(p.from.Undo(ctx, of(sess)))
	for range 2*auditChunk + 3 {
		sess = p.from.note(sess, "entry")
	}
	ended := p.from.must(p.from.Create(ctx, p.from.table(plain, 0), "t", time.Minute, nil))
	p.pass(ended.Expires.Sub(p.from.now()))
	p.copy(CopyReport{Copied: 2, Expired: 1})
	p.same(plain.ID)
	p.same(sess.ID)
	if n, err := p.to.Count(ctx); err != nil || n.N != 2 {
		t.Errorf("%v sessions in the target, %v", n, err)
	}
	p.to.must(p.to.Redo(ctx, of(sess)))
}

func TestASecondCopyTransfersOnlyWhatHasChanged(t *testing.T) {
	p := newPair(t)
	still, edited, deleted := p.from.create(100, 5), p.from.create(40_000, 20), p.from.create(100, 5)
	p.copy(CopyReport{Copied: 3})
	p.to.calls.Reset()
	p.copy(CopyReport{Current: 3})
	if n := p.to.calls.Of(kvtest.OpSet).Calls + p.to.calls.Of(kvtest.OpCompareAndSwap).Calls; n != 0 {
		t.Errorf("%d writes for sessions that have not changed", n)
	}
	p.from.edit(edited, setFirst)
	if err := p.from.Delete(t.Context(), Ref{ID: deleted.ID}, nil); err != nil {
		t.Fatal(err)
	}
	p.to.calls.Reset()
	p.copy(CopyReport{Copied: 1, Current: 1})
	if got := p.to.calls.Of(kvtest.OpSet); got.Keys != 1 {
		t.Errorf("%d segments were stored, want the one that changed", got.Keys)
	}
	p.same(still.ID)
	p.same(edited.ID)
}

func TestAnAccessInTheSourceIsCopiedWithoutData(t *testing.T) {
	p := newPair(t)
	sess := p.from.create(100, 5)
	p.copy(CopyReport{Copied: 1})
	p.pass(5 * time.Millisecond)
	p.from.must(p.from.Touch(t.Context(), Ref{ID: sess.ID}, nil, 0))
	p.to.calls.Reset()
	p.copy(CopyReport{Copied: 1})
	if n := p.to.calls.Of(kvtest.OpSet).Keys; n != 0 {
		t.Errorf("%d segments were stored", n)
	}
	p.same(sess.ID)
}

func TestThereAndBackAgainLosesNothing(t *testing.T) {
	p := newPair(t)
	sess := p.from.create(100, 5)
	p.copy(CopyReport{Copied: 1})
	for range 2 * maxCommits { // more than a head remembers
		p.to.edit(sess, setFirst)
	}
	p.copy(CopyReport{Newer: 1})
	p.between(p.to, p.from, CopyReport{Copied: 1})
	p.same(sess.ID)
}

func TestASessionThatWasChangedInBothStoresStaysAsItIs(t *testing.T) {
	for name, commits := range map[string]int{"remembered": 1, "forgotten": 2 * maxCommits} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			sess := p.from.create(100, 5)
			p.copy(CopyReport{Copied: 1})
			for range commits {
				p.from.edit(sess, setFirst)
			}
			p.pass(5 * time.Millisecond)
			there := p.to.edit(sess, `{"op":"drop_columns","columns":["column_2"]}`)
			p.copy(CopyReport{Failed: 1})
			if now := p.to.must(p.to.Open(t.Context(), Ref{ID: sess.ID}, PrefetchNothing)); now.Revision != there.Revision {
				t.Errorf("the target is at %s, it was at %s", now.Revision, there.Revision)
			}
		})
	}
}

func TestADamagedSessionIsNamedAndTheOthersAreCopied(t *testing.T) {
	p := newPair(t, inStore)
	ctx := t.Context()
	fine, lacking, damaged, unreadable := p.from.create(10, 5), p.from.create(10, 5), p.from.create(10, 5), p.from.create(10, 5)
	segment := func(sess *Session) string {
		return record.SegmentKey(sess.ID, p.from.manifest(sess).Groups[0].Segments[0])
	}
	set := func(key string) error {
		return p.from.store.SetMany(ctx, []kv.Item{{Key: key, Value: []byte("garbage, but long enough for a head or a segment")}}, time.Hour)
	}
	if err := errors.Join(p.from.store.Delete(ctx, segment(lacking)), set(segment(damaged)), set(record.HeadKey(unreadable.ID))); err != nil {
		t.Fatal(err)
	}
	report, err := Copy(ctx, copying(p.from, p.to, func(CopyReport) {}))
	if err != nil || report.Copied != 1 || report.Failed != 3 {
		t.Fatalf("%+v, %v", report, err)
	}
	problems := strings.Join(report.Problems, "\n")
	for _, says := range []string{lacking.ID, segment(lacking), damaged.ID, unreadable.ID} {
		if !strings.Contains(problems, says) {
			t.Errorf("no %s in %s", says, problems)
		}
	}
	p.same(fine.ID)
	page, err := p.to.store.ListKeys(ctx, "", "", 100)
	for _, key := range page.Keys {
		if strings.HasSuffix(key, ":head") && key != record.HeadKey(fine.ID) {
			t.Errorf("%s is in the target, %v", key, err)
		}
	}
}

func TestAnInterruptedCopyCanBeRerun(t *testing.T) {
	p := newPair(t)
	var ids []string
	for range 30 {
		ids = append(ids, p.from.create(100, 5).ID)
	}
	ctx, cancel := context.WithCancel(t.Context())
	report, err := Copy(ctx, copying(p.from, p.to, func(r CopyReport) {
		if r.Copied == 10 {
			cancel()
		}
	}))
	if !errors.Is(err, context.Canceled) || report.Copied < 10 || report.Copied == 30 {
		t.Fatalf("%+v, %v", report, err)
	}
	p.copy(CopyReport{Current: report.Copied, Copied: 30 - report.Copied})
	for _, id := range ids {
		p.same(id)
	}
}

func TestACopyFollowsACommitInTheSourceOrTheTarget(t *testing.T) {
	var sess *Session
	source, step := interrupt(t, kvtest.OpGet, ":seg:", keepNone)
	target, other := interrupt(t, kvtest.OpCompareAndSwap, ":head")
	target.time = source.time
	p := &pair{T: t, from: source, to: target}
	sess = source.create(100, 5)
	*step = func() { source.edit(sess, `{"op":"delete_rows","rows":[0,1]}`) }
	*other = func() { p.copy(CopyReport{Copied: 1}) } // another copy is faster
	p.copy(CopyReport{Current: 1})
	p.same(sess.ID)
}

func TestAStoreThatFailsEndsTheCopy(t *testing.T) {
	boom := errors.New("boom")
	failing := &kvtest.Failing{Driver: memory.New(), Hook: func(op string, _ []string) error {
		if op == kvtest.OpSet {
			return boom
		}
		return nil
	}}
	p := newPair(t, inStore)
	p.from.create(10, 5)
	to := newHarness(t, inStore, func(o *Options) { o.Store = kv.New(failing, "") })
	_, err := Copy(t.Context(), copying(p.from, to, func(CopyReport) {}))
	if !errors.Is(err, boom) {
		t.Error(err)
	}
}

// While sessions are copied the target has segments without a head too.
func TestCopiedSegmentsAreLeasedUntilThereIsAHead(t *testing.T) {
	from, to := newHarness(t), newLeased(t)
	sess := from.must(from.Create(context.Background(), longTable(), "t.csv", MaxTTL, nil))
	longest := time.Duration(0)
	opt := CopyOptions{From: from.store, To: kv.New(&beforeSwap{to.deadlines, func() { _, longest = to.kept() }}, ""), Now: from.now, Progress: func(CopyReport) {}}
	if report, err := Copy(context.Background(), opt); err != nil || report.Copied != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	if longest == 0 || longest > maxLease {
		t.Errorf("before the head was there a segment was kept for %s, want at most %s", longest, maxLease)
	}
	if shortest, _ := to.kept(); shortest < MaxTTL {
		t.Errorf("a copied segment is kept for %s", shortest)
	}
	wantEqual(t, to.table(to.must(to.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing)), 0), longTable())
}

// beforeSwap is a driver that calls then before it touches, which a copy does just before its swap.
type beforeSwap struct {
	kv.Driver
	then func()
}

func (b *beforeSwap) Touch(ctx context.Context, keys []string, ttl time.Duration) error {
	b.then()
	return b.Driver.Touch(ctx, keys, ttl)
}
