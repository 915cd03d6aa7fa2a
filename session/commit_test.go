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

	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
)

func TestConcurrentEditsAreAllAppliedOrRefused(t *testing.T) {
	const rounds, writers = 40, 4
	h := newHarness(t)
	for round := range rounds {
		v := h.create(64, 5)
		var (
			wg      sync.WaitGroup
			mu      sync.Mutex
			applied []int
		)
		for w := range writers {
			wg.Go(func() {
				op := fmt.Sprintf(`{"op":"set_values","column":"column_1","rows":[%d],"value":%d}`, w, 1000+w)
				_, _, err := h.Edit(context.Background(), of(v), operations(t, op))
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
		now := h.must(h.Open(context.Background(), Ref{ID: v.ID}, WantNothing))
		if got, want := now.Revision.Revision, v.Revision.Revision+uint64(len(applied)); got != want {
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
	v := h.create(10, 5)
	c := of(v)
	c.Pre = func(now *Session) bool { return now.Revision == v.Revision }
	if _, _, err := h.Edit(context.Background(), c, operations(t, `{"op":"drop_columns","columns":["column_2"]}`)); err != nil {
		t.Fatal(err)
	}
	_, _, err := h.Edit(context.Background(), c, operations(t, `{"op":"drop_columns","columns":["column_3"]}`))
	wantKind(t, err, ErrPreconditionFailed)
}

func TestFailedOperationChangesNothing(t *testing.T) {
	h := newHarness(t)
	v := h.create(10, 5)
	h.calls.Reset()
	_, _, err := h.Edit(context.Background(), of(v), operations(t,
		`{"op":"drop_columns","columns":["column_2"]}`,
		`{"op":"delete_rows","rows":[0]}`,
		`{"op":"drop_columns","columns":["column_2"]}`))
	if err == nil || !strings.Contains(err.Error(), "operation 3") {
		t.Fatalf("got %v, want an error that names operation 3", err)
	}
	if written := h.calls.KeysWritten(); len(written) != 0 {
		t.Errorf("a refused edit wrote %q", written)
	}
	now := h.must(h.Open(context.Background(), Ref{ID: v.ID}, WantNothing))
	if now.Revision != v.Revision {
		t.Errorf("revision went from %s to %s", v.Revision, now.Revision)
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
	v := h.create(1000, 5)
	before := h.table(v, 0)
	crash = true
	_, _, err := h.Edit(context.Background(), of(v), operations(t, `{"op":"delete_rows","rows":[0]}`))
	wantKind(t, err, kv.ErrUnavailable)
	crash = false
	now := h.must(h.Open(context.Background(), Ref{ID: v.ID}, WantNothing))
	if now.Revision != v.Revision {
		t.Fatalf("revision %s, want %s", now.Revision, v.Revision)
	}
	wantEqual(t, h.table(now, 0), before)
}

func TestEvictedSegmentsAreDeletedAndKeptOnesAreNot(t *testing.T) {
	h := newHarness(t, func(o *Options) { o.MaxVersions = 2 })
	v := h.create(1000, 5)
	for i := range 6 {
		v = h.edit(v, fmt.Sprintf(`{"op":"set_values","column":"column_1","rows":[0],"value":%d}`, 5000+i))
	}
	want := []string{}
	refs, err := v.head.segments()
	if err != nil {
		t.Fatal(err)
	}
	for r := range refs {
		want = append(want, segmentKey(v.ID, r))
	}
	slices.Sort(want)
	if got := h.segmentKeys(); !slices.Equal(got, want) {
		t.Errorf("stored segments\n%q\nwant the referenced ones\n%q", got, want)
	}
	for _, kept := range v.Versions {
		h.table(v, kept.ID)
	}
	if err := h.Delete(context.Background(), Ref{ID: v.ID}, nil); err != nil {
		t.Fatal(err)
	}
	if left := h.segmentKeys(); len(left) != 0 {
		t.Errorf("a deleted session leaves %q", left)
	}
}

func TestLostSegmentIsNamedAndNeverGuessed(t *testing.T) {
	h := newHarness(t)
	v := h.create(100, 5)
	key := segmentKey(v.ID, h.manifest(v).Groups[0].Segments[0])
	if err := h.store.Delete(context.Background(), key); err != nil {
		t.Fatal(err)
	}
	_, err := h.Read(context.Background(), v, Selection{Limit: -1})
	wantKind(t, err, ErrCorrupt)
	if !strings.Contains(err.Error(), key) {
		t.Errorf("%q does not name %s", err, key)
	}
	_, _, err = h.Edit(context.Background(), of(v), operations(t, `{"op":"delete_rows","rows":[0]}`))
	wantKind(t, err, ErrCorrupt)
}

func TestDamagedSegmentIsRefused(t *testing.T) {
	h := newHarness(t)
	v := h.create(100, 5)
	key := segmentKey(v.ID, h.manifest(v).Groups[0].Segments[0])
	data, err := h.store.Get(context.Background(), key)
	if err != nil {
		t.Fatal(err)
	}
	damaged := slices.Clone(data)
	damaged[len(damaged)/2] ^= 1
	if err := h.store.SetMany(context.Background(), []kv.Item{{Key: key, Value: damaged}}, 0); err != nil {
		t.Fatal(err)
	}
	_, err = h.Read(context.Background(), v, Selection{Limit: -1})
	wantKind(t, err, ErrCorrupt)
}

func TestDamagedHeadIsRefused(t *testing.T) {
	h := newHarness(t)
	v := h.create(10, 5)
	good, err := h.store.Get(context.Background(), headKey(v.ID))
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
		if err := h.store.SetMany(context.Background(), []kv.Item{{Key: headKey(v.ID), Value: bad}}, 0); err != nil {
			t.Fatal(err)
		}
		_, err = h.Open(context.Background(), Ref{ID: v.ID}, WantNothing)
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: got %v, want %v", name, err, ErrCorrupt)
		}
	}
}

func TestASessionWithADamagedHeadCanBeDeleted(t *testing.T) {
	h := newHarness(t)
	v, other := h.create(10, 5), h.create(10, 5)
	if err := h.store.SetMany(context.Background(), []kv.Item{{Key: headKey(v.ID), Value: []byte("garbage"), Counted: true}}, 0); err != nil {
		t.Fatal(err)
	}
	always := func(*Session) bool { return true }
	wantKind(t, h.Delete(context.Background(), Ref{ID: v.ID}, always), ErrCorrupt)
	if err := h.Delete(context.Background(), Ref{ID: v.ID}, nil); err != nil {
		t.Fatal(err)
	}
	_, err := h.Open(context.Background(), Ref{ID: v.ID}, WantNothing)
	wantKind(t, err, ErrSessionNotFound)
	for _, key := range h.segmentKeys() {
		if strings.HasPrefix(key, keyPrefix(v.ID)) {
			t.Errorf("%s is still there", key)
		}
	}
	h.table(other, 0)
}

func TestReadFollowsACommitThatEvictedItsVersion(t *testing.T) {
	h := newHarness(t, func(o *Options) { o.MaxVersions = 0 })
	old := h.create(100, 5)
	h.edit(old, `{"op":"set_values","column":"column_1","rows":[0],"value":77}`)
	d, err := h.Read(context.Background(), old, Selection{Limit: -1})
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Table.RowGroups[0].Column(0).(*array.Int64).Value(0); got != 77 || d.Version.ID != 2 {
		t.Errorf("read %d of version %d, want 77 of version 2", got, d.Version.ID)
	}
	_, err = h.Read(context.Background(), old, Selection{Limit: -1, Version: 1})
	wantKind(t, err, ErrVersionNotFound)
}

func TestTokensOfAnotherHistoryAreAConflict(t *testing.T) {
	h := newHarness(t)
	v := h.create(10, 5)
	next := h.edit(v, `{"op":"drop_columns","columns":["column_2"]}`)
	fork := next.Revision
	fork.Commit[0] ^= 1
	ahead, far := next.Revision.next(), next.Revision
	far.Revision = math.MaxUint64
	for name, tc := range map[string]struct {
		after Token
		want  error
	}{
		"none":     {Token{}, nil},
		"older":    {v.Revision, nil},
		"current":  {next.Revision, nil},
		"lost one": {fork, ErrConflict},
		"newer":    {ahead, ErrStaleRead},
		"far off":  {far, ErrStaleRead},
	} {
		_, err := h.Open(context.Background(), Ref{ID: v.ID, After: tc.after}, WantNothing)
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", name, err, tc.want)
		}
	}
}

func TestTableOverTheLimitIsRefused(t *testing.T) {
	h := newHarness(t, func(o *Options) { o.MaxTableBytes = 100 << 10 })
	_, err := h.Create(context.Background(), codectest.Generate(10_000, 10, 1), "", 0)
	wantKind(t, err, codec.ErrTooLarge)
	if keys := h.segmentKeys(); len(keys) != 0 {
		t.Errorf("a refused table left %d segments", len(keys))
	}
}
