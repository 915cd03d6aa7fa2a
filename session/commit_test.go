package session

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	arrowmemory "github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
	"edgeframe/session/record"
)

func TestConcurrentEditsAreAppliedOrRejected(t *testing.T) {
	const rounds, writers = 40, 4
	h := newHarness(t)
	for round := range rounds {
		sess := h.create(64, 5)
		var (
			wg      sync.WaitGroup
			mu      sync.Mutex
			applied []int
		)
		for w := range writers {
			wg.Go(func() {
				op := fmt.Sprintf(`{"op":"set_values","column":"column_1","rows":[%d],"value":%d}`, w, 1000+w)
				_, _, err := h.Edit(context.Background(), of(sess), operations(t, op))
				if err != nil && !errors.Is(err, ErrConflict) {
					t.Errorf("round %d, writer %d: %v", round, w, err)
				}
				if err == nil {
					mu.Lock()
					applied = append(applied, w)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		now := h.must(h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing))
		if got, want := now.Revision.Revision, sess.Revision.Revision+uint64(len(applied)); got != want {
			t.Fatalf("revision %d after %d acknowledged edits, want %d", got, len(applied), want)
		}
		values := h.table(now, 0).RowGroups[0].Column(0).(*array.Int64)
		for _, w := range applied {
			if values.Value(w) != int64(1000+w) {
				t.Fatalf("round %d: the acknowledged edit of writer %d is lost", round, w)
			}
		}
	}
}

func TestPreconditionIsCheckedAgainstTheStateThatIsChanged(t *testing.T) {
	h := newHarness(t)
	sess := h.create(10, 5)
	c := of(sess)
	c.Pre = func(now *Session) bool { return now.Revision == sess.Revision }
	if _, _, err := h.Edit(context.Background(), c, operations(t, `{"op":"drop_columns","columns":["column_2"]}`)); err != nil {
		t.Fatal(err)
	}
	_, _, err := h.Edit(context.Background(), c, operations(t, `{"op":"drop_columns","columns":["column_3"]}`))
	wantKind(t, err, ErrPreconditionFailed)
}

func TestFailedOperationChangesNothing(t *testing.T) {
	h := newHarness(t)
	sess := h.create(10, 5)
	h.calls.Reset()
	_, _, err := h.Edit(context.Background(), of(sess), operations(t,
		`{"op":"drop_columns","columns":["column_2"]}`,
		`{"op":"delete_rows","rows":[0]}`,
		`{"op":"drop_columns","columns":["column_2"]}`))
	if err == nil || !strings.Contains(err.Error(), "operation 3") {
		t.Fatalf("got %v, want an error that names operation 3", err)
	}
	if written := h.calls.KeysWritten(); len(written) != 0 {
		t.Errorf("a refused edit wrote %q", written)
	}
	now := h.must(h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing))
	if now.Revision != sess.Revision {
		t.Errorf("revision went from %s to %s", sess.Revision, now.Revision)
	}
}

func TestACrashBeforeTheSwapLeavesTheSessionAsItWas(t *testing.T) {
	inner := memory.New()
	crash := false
	failing := &kvtest.Failing{Driver: inner, Hook: func(op string, _ []string) error {
		if crash && op == kvtest.OpCompareAndSwap {
			return errors.New("killed")
		}
		return nil
	}}
	h := newHarness(t, func(o *Options) { o.Store = kv.New(failing, "") })
	sess := h.create(1000, 5)
	before := h.table(sess, 0)
	crash = true
	_, _, err := h.Edit(context.Background(), of(sess), operations(t, `{"op":"delete_rows","rows":[0]}`))
	wantKind(t, err, kv.ErrUnavailable)
	crash = false
	now := h.must(h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing))
	if now.Revision != sess.Revision {
		t.Fatalf("revision %s, want %s", now.Revision, sess.Revision)
	}
	wantEqual(t, h.table(now, 0), before)
}

func TestEvictedSegmentsAreDeletedAndKeptOnesAreNot(t *testing.T) {
	h := newHarness(t, inStore, func(o *Options) { o.MaxVersions = 2 })
	sess := h.create(1000, 5)
	for i := range 6 {
		sess = h.edit(sess, fmt.Sprintf(`{"op":"set_values","column":"column_1","rows":[0],"value":%d}`, 5000+i))
	}
	want := []string{}
	refs, err := sess.head.segments()
	if err != nil {
		t.Fatal(err)
	}
	for r := range refs {
		want = append(want, record.SegmentKey(sess.ID, r))
	}
	slices.Sort(want)
	if got := h.segmentKeys(); !slices.Equal(got, want) {
		t.Errorf("stored segments\n%q\nwant the referenced ones\n%q", got, want)
	}
	for _, kept := range sess.Versions {
		h.table(sess, kept.ID)
	}
	if err := h.Delete(context.Background(), Ref{ID: sess.ID}, nil); err != nil {
		t.Fatal(err)
	}
	if left := h.segmentKeys(); len(left) != 0 {
		t.Errorf("a deleted session leaves %q", left)
	}
}

func TestLostSegmentIsNamedAndNeverGuessed(t *testing.T) {
	h := newHarness(t, inStore)
	sess := h.create(100, 5)
	key := record.SegmentKey(sess.ID, h.manifest(sess).Groups[0].Segments[0])
	if err := h.store.Delete(context.Background(), key); err != nil {
		t.Fatal(err)
	}
	_, err := h.Read(context.Background(), sess, Selection{Limit: -1})
	wantKind(t, err, ErrCorrupt)
	if !strings.Contains(err.Error(), key) {
		t.Errorf("%q does not name %s", err, key)
	}
	_, _, err = h.Edit(context.Background(), of(sess), operations(t, `{"op":"delete_rows","rows":[0]}`))
	wantKind(t, err, ErrCorrupt)
}

func TestDamagedSegmentIsRefused(t *testing.T) {
	h := newHarness(t, inStore)
	sess := h.create(100, 5)
	key := record.SegmentKey(sess.ID, h.manifest(sess).Groups[0].Segments[0])
	data, err := h.store.Get(context.Background(), key)
	if err != nil {
		t.Fatal(err)
	}
	damaged := slices.Clone(data)
	damaged[len(damaged)/2] ^= 1
	if err := h.store.SetMany(context.Background(), []kv.Item{{Key: key, Value: damaged}}, 0); err != nil {
		t.Fatal(err)
	}
	_, err = h.Read(context.Background(), sess, Selection{Limit: -1})
	wantKind(t, err, ErrCorrupt)
}

func TestDamagedHeadIsRefused(t *testing.T) {
	h := newHarness(t, inStore)
	sess := h.create(10, 5)
	good, err := h.store.Get(context.Background(), record.HeadKey(sess.ID))
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"garbage":   []byte("not a head at all, but long enough for one"),
		"empty":     {},
		"truncated": good[:len(good)-1],
		"extended":  append(slices.Clone(good), 0),
		"one bit":   append(slices.Clone(good[:len(good)-1]), good[len(good)-1]^1),
	} {
		if err := h.store.SetMany(context.Background(), []kv.Item{{Key: record.HeadKey(sess.ID), Value: bad}}, 0); err != nil {
			t.Fatal(err)
		}
		_, err = h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing)
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: got %v, want %v", name, err, ErrCorrupt)
		}
	}
}

func TestASessionWithADamagedHeadCanBeDeleted(t *testing.T) {
	h := newHarness(t)
	sess, other := h.create(10, 5), h.create(10, 5)
	if err := h.store.SetMany(context.Background(), []kv.Item{{Key: record.HeadKey(sess.ID), Value: []byte("garbage"), Counted: true}}, 0); err != nil {
		t.Fatal(err)
	}
	always := func(*Session) bool { return true }
	wantKind(t, h.Delete(context.Background(), Ref{ID: sess.ID}, always), ErrCorrupt)
	if err := h.Delete(context.Background(), Ref{ID: sess.ID}, nil); err != nil {
		t.Fatal(err)
	}
	_, err := h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing)
	wantKind(t, err, ErrSessionNotFound)
	for _, key := range h.segmentKeys() {
		if strings.HasPrefix(key, record.KeyPrefix(sess.ID)) {
			t.Errorf("%s is still there", key)
		}
	}
	h.table(other, 0)
}

func TestReadFollowsACommitThatEvictedItsVersion(t *testing.T) {
	h := newHarness(t, inStore, func(o *Options) { o.MaxVersions = 0 })
	old := h.create(100, 5)
	h.edit(old, `{"op":"set_values","column":"column_1","rows":[0],"value":77}`)
	d, err := h.Read(context.Background(), old, Selection{Limit: -1})
	if err != nil {
		t.Fatal(err)
	}
	if got := collect(t, d).RowGroups[0].Column(0).(*array.Int64).Value(0); got != 77 || d.Version.ID != 2 {
		t.Errorf("read %d of version %d, want 77 of version 2", got, d.Version.ID)
	}
	_, err = h.Read(context.Background(), old, Selection{Limit: -1, Version: 1})
	wantKind(t, err, ErrVersionNotFound)
}

func TestTokensOfAnotherHistoryAreAConflict(t *testing.T) {
	h := newHarness(t)
	sess := h.create(10, 5)
	next := h.edit(sess, `{"op":"drop_columns","columns":["column_2"]}`)
	fork := next.Revision
	fork.Commit[0] ^= 1
	ahead, far := next.Revision.Next(), next.Revision
	far.Revision = math.MaxUint64
	for name, tc := range map[string]struct {
		after Token
		want  error
	}{
		"none":     {Token{}, nil},
		"older":    {sess.Revision, nil},
		"current":  {next.Revision, nil},
		"lost one": {fork, ErrConflict},
		"newer":    {ahead, ErrStaleRead},
		"far off":  {far, ErrStaleRead},
	} {
		_, err := h.Open(context.Background(), Ref{ID: sess.ID, After: tc.after}, PrefetchNothing)
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", name, err, tc.want)
		}
	}
}

func TestAHeadRemembersItsLatestCommitsOnly(t *testing.T) {
	h := newHarness(t)
	sess := h.create(10, 5)
	tokens := []Token{sess.Revision}
	for range 2 * maxCommits {
		sess = h.note(sess, "entry")
		tokens = append(tokens, sess.Revision)
	}
	if n := len(sess.head.Commits); n != maxCommits {
		t.Errorf("the head has %d commits, want %d", n, maxCommits)
	}
	for i, token := range tokens {
		if got, want := sess.head.made(token), i >= len(tokens)-maxCommits; got != want {
			t.Errorf("the head remembers %s of %d: %t, want %t", token, len(tokens), got, want)
		}
	}
}

func TestEqualSegmentsOfACommitAreStoredOnce(t *testing.T) {
	rows := make([]arrow.Record, 3)
	b := array.NewInt64Builder(arrowmemory.DefaultAllocator)
	for range codec.RowGroupRows {
		b.Append(7)
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}}, nil)
	column := b.NewArray()
	for g := range rows {
		rows[g] = array.NewRecord(schema, []arrow.Array{column}, int64(column.Len()))
	}
	h := newHarness(t, inStore)
	h.calls.Reset()
	sess := h.must(h.Create(context.Background(), &codec.Table{Schema: schema, RowGroups: rows}, "", 0, nil))
	if put := h.calls.Of(kvtest.OpSet); put.Keys != 1 || put.Bytes != sess.Current.NewBytes {
		t.Errorf("%d segments of %d bytes were stored, want 1 of %d", put.Keys, put.Bytes, sess.Current.NewBytes)
	}
	if n := h.table(sess, 0).NumRows(); n != int64(len(rows)*codec.RowGroupRows) {
		t.Errorf("%d rows came back", n)
	}
}

func TestTableOverTheLimitIsRefused(t *testing.T) {
	h := newHarness(t, func(o *Options) { o.MaxTableBytes = 100 << 10 })
	_, err := h.Create(context.Background(), codectest.Generate(10_000, 10, 1), "", 0, nil)
	wantKind(t, err, codec.ErrTooLarge)
	if keys := h.segmentKeys(); len(keys) != 0 {
		t.Errorf("a refused table left %d segments", len(keys))
	}
}
