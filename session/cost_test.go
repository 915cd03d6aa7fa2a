package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"edgeframe/kv/kvtest"
	"edgeframe/session/record"
)

func TestSnapshotUndoAndRedoMoveNoTableData(t *testing.T) {
	h := newHarness(t)
	sess := h.create(50_000, 50)
	sess = h.edit(sess, `{"op":"rename_columns","columns":{"column_1":"first"}}`)
	steps := map[string]func() (*Session, error){
		"snapshot": func() (*Session, error) { return h.Snapshot(context.Background(), of(sess)) },
		"undo":     func() (*Session, error) { return h.Undo(context.Background(), of(sess)) },
		"redo":     func() (*Session, error) { return h.Redo(context.Background(), of(sess)) },
		"restore":  func() (*Session, error) { return h.Restore(context.Background(), of(sess), 1) },
	}
	for _, name := range []string{"snapshot", "undo", "redo", "restore"} {
		h.calls.Reset()
		if _, err := steps[name](); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, key := range slices.Concat(h.calls.KeysRead(), h.calls.KeysWritten()) {
			if strings.Contains(key, ":seg:") {
				t.Errorf("%s touches table data: %s", name, key)
			}
		}
		if n := h.calls.Of(kvtest.OpGet).Calls + h.calls.Of(kvtest.OpCompareAndSwap).Calls; n != 1 {
			t.Errorf("%s costs %d reads and swaps of the head, want the swap alone", name, n)
		}
	}
}

func TestSchemaOnlyOperationsWriteNoSegments(t *testing.T) {
	for name, op := range map[string]string{
		"rename": `{"op":"rename_columns","columns":{"column_1":"column_2","column_2":"column_1"}}`,
		"drop":   `{"op":"drop_columns","columns":["column_4","column_5"]}`,
		"select": `{"op":"select_columns","columns":["column_10","column_3"]}`,
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			sess := h.create(20_000, 10)
			h.calls.Reset()
			h.edit(sess, op)
			if n := h.calls.Of(kvtest.OpSet).Keys; n != 0 {
				t.Errorf("%d segments written, want none", n)
			}
			if n := h.calls.Of(kvtest.OpGet).Keys; n != 1 {
				t.Errorf("%d keys read, want the head only", n)
			}
		})
	}
}

func TestOneColumnEditWritesAtMostAQuarterOfTheTable(t *testing.T) {
	for column := range 50 {
		h := newHarness(t)
		sess := h.create(10_000, 50)
		op := fmt.Sprintf(`{"op":"set_values","column":"column_%d","rows":[0,4000,9999],"value":null}`, column+1)
		h.calls.Reset()
		next := h.edit(sess, op)
		if most := sess.Current.StoredBytes / 4; next.Current.NewBytes > most {
			t.Errorf("column %d: %d bytes stored, want at most %d", column, next.Current.NewBytes, most)
		}
		if got := h.calls.Of(kvtest.OpSet).Bytes; got != next.Current.NewBytes {
			t.Errorf("column %d: new_bytes says %d, the store got %d", column, next.Current.NewBytes, got)
		}
	}
}

func TestFirstPageReadsOnlyTheFirstRowGroup(t *testing.T) {
	h := newHarness(t)
	sess := h.create(100_000, 50)
	first := map[string]bool{}
	for _, r := range h.manifest(sess).Groups[0].Segments {
		first["edgeframe:"+record.SegmentKey(sess.ID, r)] = true
	}
	h.calls.Reset()
	d, err := h.Read(context.Background(), sess, Selection{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	if n := collect(t, d).NumRows(); n != 100 {
		t.Fatalf("page has %d rows, want 100", n)
	}
	read := h.calls.KeysRead()
	if len(read) != len(first) {
		t.Errorf("%d keys read, want the %d segments of the first row group", len(read), len(first))
	}
	for _, key := range read {
		if !first[key] {
			t.Errorf("%s is not of the first row group", key)
		}
	}
	if n := h.calls.Of(kvtest.OpGet).Calls; n != 1 {
		t.Errorf("%d round trips, want 1", n)
	}
}

func TestOneColumnOfAPageReadsOneSegment(t *testing.T) {
	h := newHarness(t)
	sess := h.create(50_000, 50)
	h.calls.Reset()
	if _, err := h.Read(context.Background(), sess, Selection{Columns: []string{"column_8"}, Offset: 20_000, Limit: 100}); err != nil {
		t.Fatal(err)
	}
	if n := h.calls.Of(kvtest.OpGet).Keys; n != 1 {
		t.Errorf("%d keys read, want 1", n)
	}
}

func TestCachedSegmentsAreNotReadAgain(t *testing.T) {
	h := newHarness(t, func(o *Options) { o.CacheBytes = 64 << 20 })
	sess := h.create(1000, 50)
	h.table(sess, 0)
	h.calls.Reset()
	h.table(sess, 0)
	if n := h.calls.Of(kvtest.OpGet).Calls; n != 0 {
		t.Errorf("%d reads, want none", n)
	}
}

func TestCacheStaysWithinItsBound(t *testing.T) {
	const bound = 1 << 20
	h := newHarness(t, func(o *Options) { o.CacheBytes = bound })
	for range 5 {
		h.table(h.create(800, 50), 0)
	}
	if h.cache.Used() > bound || h.cache.Used() == 0 {
		t.Errorf("cache holds %d bytes, want 1 to %d", h.cache.Used(), bound)
	}
}

func TestTheCacheCountsWhatManyColumnsOfFewRowsTake(t *testing.T) {
	const columns = 5000
	h := newHarness(t, func(o *Options) { o.CacheBytes = 64 << 20 })
	h.table(h.create(1, columns), 0)
	if least := int64(columns * 300); h.cache.Used() < least {
		t.Errorf("the cache counts %d bytes for %d arrays, each of which takes 300 at least", h.cache.Used(), columns)
	}
}

func TestTheCacheOfSchemasIsBoundedInBytes(t *testing.T) {
	h := newHarness(t)
	for i := range 40 {
		name := fmt.Sprintf(`{"op":"rename_columns","columns":{"column_1":"x%d"}}`, i)
		sess := h.create(1, 2000)
		h.table(h.edit(sess, name), 0)
	}
	if used := h.schemas.Used(); used > schemaCacheBytes || used == 0 {
		t.Errorf("the cache of schemas holds %d bytes, want 1 to %d", used, schemaCacheBytes)
	}
}

func TestEditReadsOnlyTheSegmentsItChanges(t *testing.T) {
	h := newHarness(t)
	sess := h.create(50_000, 50)
	h.calls.Reset()
	h.edit(sess, `{"op":"set_values","column":"column_1","rows":[49999],"value":null}`)
	if n := h.calls.Of(kvtest.OpGet).Keys; n != 2 {
		t.Errorf("%d keys read, want the head and one segment", n)
	}
	if n := h.calls.Of(kvtest.OpSet).Keys; n != 1 {
		t.Errorf("%d segments written, want 1", n)
	}
	if n := h.calls.Total().Calls; n > 4 {
		t.Errorf("%d calls of the store, want at most 4", n)
	}
}

func TestAColumnThatJoinsASegmentIsAddedInOneReadOfIt(t *testing.T) {
	h := newHarness(t)
	sess := h.create(60_000, 4)
	h.calls.Reset()
	next := h.edit(sess, `{"op":"add_column","column":"x","dtype":"bool"}`)
	if before, after := h.manifest(sess).Layout, h.manifest(next).Layout; len(before) != len(after) {
		t.Fatalf("the column took a segment of its own: %v, then %v", before, after)
	}
	if n := h.calls.Of(kvtest.OpGet).Calls; n != 2 {
		t.Errorf("%d reads of the store, want one of the head and one of the segments", n)
	}
}

func TestSegmentsAreImmutableAndHeadsAreNot(t *testing.T) {
	h := newHarness(t, inStore)
	sess := h.create(10, 5)
	for _, key := range h.segmentKeys() {
		if !Immutable("edgeframe:" + key) {
			t.Errorf("%s is not immutable", key)
		}
	}
	if len(h.segmentKeys()) == 0 || Immutable("edgeframe:"+record.HeadKey(sess.ID)) {
		t.Error("the head is immutable, or there are no segments")
	}
}
