package session

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	arrowmemory "github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec/codectest"
	"edgeframe/frame"
	"edgeframe/internal/budget"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
)

// statistics returns the statistics of a version, and their text.
func (h *harness) statistics(sess *Session, version uint32) (frame.Description, string) {
	h.t.Helper()
	st, err := h.Statistics(context.Background(), sess, version)
	if err != nil {
		h.t.Fatal(err)
	}
	var d frame.Description
	if err := json.Unmarshal(st.JSON, &d); err != nil {
		h.t.Fatal(err)
	}
	return d, string(st.JSON)
}

// statisticsKeys lists the keys of stored statistics.
func (h *harness) statisticsKeys() (keys []string) {
	h.t.Helper()
	page, err := h.store.ListKeys(context.Background(), "", "", kv.MaxListLimit)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, key := range page.Keys {
		if strings.Contains(key, "}:stat:") {
			keys = append(keys, key)
		}
	}
	return keys
}

// another is a new service on the store of h, with empty caches.
func (h *harness) another() *harness {
	opt := h.opt
	return &harness{Service: New(opt), t: h.t, calls: h.calls, time: h.time}
}

func TestStatisticsAreComputedOnceAndThenOneValueIsRead(t *testing.T) {
	h := newHarness(t)
	sess := h.create(40_000, 50)
	h.calls.Reset()
	d, first := h.statistics(sess, 0)
	if d.Rows != 40_000 || len(d.Columns) != 50 || d.Columns[2].Name != "column_3" || d.Columns[2].Unique != 8 {
		t.Errorf("%d rows, %d columns: %.300s", d.Rows, len(d.Columns), first)
	}
	if set := h.calls.Of(kvtest.OpSet); set.Keys != 1 {
		t.Errorf("%d values stored, want the statistics", set.Keys)
	}
	other := h.another()
	h.calls.Reset()
	if _, again := other.statistics(sess, 0); again != first {
		t.Errorf("%s are stored, %s were computed", again, first)
	}
	if n := h.calls.Total(); n.Calls != 1 || n.Keys != 1 {
		t.Errorf("%d calls about %d keys, want one read of one value", n.Calls, n.Keys)
	}
	if keys := h.statisticsKeys(); len(keys) != 1 || !Immutable("edgeframe:"+keys[0]) {
		t.Errorf("%q are stored, want one immutable value", keys)
	}
	h.calls.Reset()
	if _, again := other.statistics(sess, 0); again != first || h.calls.Total().Calls != 0 {
		t.Errorf("%d calls for what an instance has seen, want none", h.calls.Total().Calls)
	}
}

func TestStatisticsAreReadInPartsOfTheTable(t *testing.T) {
	whole := newHarness(t)
	_, want := whole.statistics(whole.create(20_000, 50), 0)
	h := newHarness(t, func(o *Options) { o.MaxTableBytes = 16 << 20 })
	sess := h.create(20_000, 50)
	h.calls.Reset()
	if _, got := h.statistics(sess, 0); got != want {
		t.Error("statistics in parts are others than those of the whole table")
	}
	if n := h.calls.Of(kvtest.OpGet).Calls; n < 3 {
		t.Errorf("%d reads, want one of the value and several of parts", n)
	}
	if n := h.calls.Of(kvtest.OpGet).Keys; n != 1+len(h.segmentKeys()) {
		t.Errorf("%d keys read, want the value and each of the %d segments once", n, len(h.segmentKeys()))
	}
}

func TestVersionsShareTheStatisticsOfTheirTable(t *testing.T) {
	h := newHarness(t)
	ctx := context.Background()
	sess := h.create(100, 5)
	_, first := h.statistics(sess, 0)
	sess = h.edit(sess, `{"op":"delete_rows","rows":[0]}`)
	if d, _ := h.statistics(sess, 0); d.Rows != 99 {
		t.Errorf("%d rows of the new version, want 99", d.Rows)
	}
	if n := len(h.statisticsKeys()); n != 2 {
		t.Errorf("%d values stored, want 2", n)
	}
	sess = h.must(h.Undo(ctx, of(sess)))
	h = h.another()
	h.calls.Reset()
	if _, undone := h.statistics(sess, 0); undone != first || h.calls.Total().Calls != 1 {
		t.Errorf("%d calls after undo, want one", h.calls.Total().Calls)
	}
	sess = h.must(h.Snapshot(ctx, of(sess)))
	h.calls.Reset()
	if _, same := h.statistics(sess, 0); same != first || h.calls.Total().Calls != 0 {
		t.Errorf("%d calls after a snapshot, want none", h.calls.Total().Calls)
	}
}

func TestTheKeyOfStatisticsDependsOnAllThatTheyDependOn(t *testing.T) {
	h := newHarness(t)
	ctx := context.Background()
	sess := h.create(100, 5)
	before, _ := h.statistics(sess, 0)
	sess = h.edit(sess, `{"op":"rename_columns","columns":{"column_1":"first"}}`)
	if d, _ := h.statistics(sess, 0); d.Columns[0].Name != "first" {
		t.Errorf("the first column is %q after it was renamed", d.Columns[0].Name)
	}
	sess = h.must(h.SetMarks(ctx, of(sess), frame.Marks{"first": {1, 2}}, false))
	marked, _ := h.statistics(sess, 0)
	if c := marked.Columns[0]; c.IntentionalMissing != 2 {
		t.Errorf("%d cells are marked, want 2", c.IntentionalMissing)
	}
	sess = h.must(h.SetMarks(ctx, of(sess), frame.Marks{"first": {1}}, false))
	if d, _ := h.statistics(sess, 0); d.Columns[0].IntentionalMissing != 1 {
		t.Errorf("%d cells are marked, want 1", d.Columns[0].IntentionalMissing)
	}
	if d, _ := h.statistics(sess, 1); d.Columns[0].Name != "column_1" || d.Columns[0].Missing != before.Columns[0].Missing {
		t.Errorf("version 1 has the statistics of another")
	}
	if _, err := h.Statistics(ctx, sess, 9); !errors.Is(err, ErrVersionNotFound) {
		t.Errorf("version 9: %v", err)
	}
}

func TestStatisticsGoWithTheirSessionAndWithTheirVersion(t *testing.T) {
	h := newHarness(t, keepNone)
	ctx := context.Background()
	sess := h.create(100, 5)
	h.statistics(sess, 0)
	sess = h.must(h.Snapshot(ctx, of(sess)))
	if n := len(h.statisticsKeys()); n != 1 {
		t.Errorf("%d values after a snapshot, want 1", n)
	}
	sess = h.edit(sess, `{"op":"rename_columns","columns":{"column_1":"first"}}`)
	if keys := h.statisticsKeys(); len(keys) != 0 {
		t.Errorf("%q are left of a version that is not kept", keys)
	}
	h.statistics(sess, 0)
	sess = h.must(h.SetMarks(ctx, of(sess), frame.Marks{"first": {1}}, false))
	h.statistics(sess, 0)
	if n := len(h.statisticsKeys()); n != 1 {
		t.Errorf("%d values of one version, want 1", n)
	}
	if err := h.Delete(ctx, Ref{ID: sess.ID}, nil); err != nil {
		t.Fatal(err)
	}
	page, err := h.store.ListKeys(ctx, "", "", kv.MaxListLimit)
	if err != nil || len(page.Keys) != 0 {
		t.Errorf("a deleted session leaves %q, %v", page.Keys, err)
	}
}

func TestStatisticsThatAreGoneOrDamagedAreComputedAgain(t *testing.T) {
	h := newHarness(t)
	ctx := context.Background()
	sess := h.create(100, 5)
	_, want := h.statistics(sess, 0)
	key := h.statisticsKeys()[0]
	for name, spoil := range map[string]func() error{
		"gone":    func() error { return h.store.Delete(ctx, key) },
		"cut off": func() error { return h.store.SetMany(ctx, []kv.Item{{Key: key, Value: []byte("{}")}}, time.Hour) },
		"damaged": func() error {
			return h.store.SetMany(ctx, []kv.Item{{Key: key, Value: append(make([]byte, 8), want...)}}, time.Hour)
		},
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, got := h.another().statistics(sess, 0); got != want {
			t.Errorf("%s: %s", name, got)
		}
		h.calls.Reset()
		if _, got := h.another().statistics(sess, 0); got != want || h.calls.Total().Calls != 1 {
			t.Errorf("%s: it is not stored again", name)
		}
	}
}

func TestStatisticsThatCannotBeStoredAreAnswered(t *testing.T) {
	failing := &kvtest.Failing{Driver: memory.New(), Hook: func(op string, keys []string) error {
		if op == kvtest.OpSet && strings.Contains(strings.Join(keys, " "), ":stat:") {
			return errors.New("the disk is full")
		}
		return nil
	}}
	h := newHarness(t, func(o *Options) { o.Store = kv.New(failing, "") })
	if d, _ := h.statistics(h.create(100, 5), 0); d.Rows != 100 {
		t.Errorf("%d rows, want 100", d.Rows)
	}
	if keys := h.statisticsKeys(); len(keys) != 0 {
		t.Errorf("%q are stored", keys)
	}
}

func TestStatisticsAreStoredAfterTheResponseIfPossible(t *testing.T) {
	var later func(context.Context)
	h := newHarness(t, func(o *Options) {
		o.Later = func(_ context.Context, work func(context.Context)) { later = work }
	})
	sess := h.create(100, 5)
	h.calls.Reset()
	h.statistics(sess, 0)
	if n := h.calls.Of(kvtest.OpSet).Calls; n != 0 || later == nil {
		t.Fatalf("%d writes before the answer, want one after it", n)
	}
	later(context.Background())
	if n := len(h.statisticsKeys()); n != 1 {
		t.Errorf("%d values stored, want 1", n)
	}
}

func TestStatisticsFollowACommitThatEvictedTheirTable(t *testing.T) {
	h := newHarness(t, inStore, keepNone)
	old := h.create(10, 5)
	h.edit(old, `{"op":"delete_rows","rows":[0,1,2]}`)
	st, err := h.Statistics(context.Background(), old, 0)
	if err != nil {
		t.Fatal(err)
	}
	if st.Version.ID != 2 || !strings.HasPrefix(string(st.JSON), `{"rows":7,`) {
		t.Errorf("%.100s of version %d, want 7 rows of version 2", st.JSON, st.Version.ID)
	}
}

// TestTheMemoryOfADescriptionCountsItsRows is about a table that is small but has many rows.
func TestTheMemoryOfADescriptionCountsItsRows(t *testing.T) {
	const rows = 100_000
	h := newHarness(t)
	booleans := array.NewBooleanBuilder(arrowmemory.DefaultAllocator)
	booleans.AppendValues(make([]bool, rows), nil)
	sess := h.must(h.Create(context.Background(), codectest.TableOf([]string{"same"}, []arrow.Array{booleans.NewArray()}), "t.csv", 0, nil))
	for bytes, fits := range map[int64]bool{8 * rows: false, 20 * rows: true} {
		share := budget.New(budget.Options{Bytes: bytes}).Open()
		_, err := h.Describe(budget.NewContext(context.Background(), share), sess, 0, DescribeSelection{})
		if _, refused := errors.AsType[*budget.TooLarge](err); refused == fits || fits && err != nil {
			t.Errorf("with %d bytes for %d rows: %v", bytes, rows, err)
		}
		if used := share.Used(); fits && used >= 16*rows {
			t.Errorf("%d bytes are still in use", used)
		}
		share.Close()
	}
}
