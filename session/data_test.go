package session

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/document"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
	"edgeframe/session/record"
)

// The size of a table of several batches.
const largeRows, largeColumns = 120_000, 30

func (h *harness) read(sess *Session, sel Selection) *Data {
	h.t.Helper()
	d, err := h.Read(context.Background(), sess, sel)
	if err != nil {
		h.t.Fatal(err)
	}
	return d
}

func TestALargeTableIsLoadedInBatches(t *testing.T) {
	h := newHarness(t)
	sess := h.create(largeRows, largeColumns)
	h.calls.Reset()
	d := h.read(sess, Selection{Limit: -1})
	defer d.Close()
	if n := h.calls.Of(kvtest.OpGet).Calls; n != 1 {
		t.Errorf("%d reads before the first row group, want 1", n)
	}
	groups := d.Open(nil)
	rows, bytes := int64(0), h.calls.Of(kvtest.OpGet).Bytes
	for {
		rec, err := groups.Next()
		if err != nil {
			t.Fatal(err)
		}
		if rec == nil {
			break
		}
		rows += rec.NumRows()
		if read := h.calls.Of(kvtest.OpGet).Bytes - bytes; read > batchBytes {
			t.Errorf("%d bytes in one batch", read)
		}
		bytes = h.calls.Of(kvtest.OpGet).Bytes
	}
	if rows != largeRows || d.NumRows() != largeRows {
		t.Errorf("%d of %d rows, want %d", rows, d.NumRows(), largeRows)
	}
	most := 1 + int(sess.Current.RawBytes/(batchBytes/2))
	if n := h.calls.Of(kvtest.OpGet).Calls; n < 3 || n > most {
		t.Errorf("%d reads, want 3 to %d", n, most)
	}
	if n := h.calls.Of(kvtest.OpGet).Keys; n != sess.Current.Segments {
		t.Errorf("%d of %d segments are read", n, sess.Current.Segments)
	}
}

func TestDataOfOneBatchAreReadOnce(t *testing.T) {
	h := newHarness(t)
	sess := h.create(20_000, 10)
	h.calls.Reset()
	d := h.read(sess, Selection{Columns: []string{"column_4", "column_2", "column_9"}, Offset: 16_000, Limit: 1000})
	defer d.Close()
	for _, columns := range [][]int{{1}, nil, {2, 0}, {0}} {
		if _, err := codec.CollectColumns(d, columns); err != nil {
			t.Fatal(err)
		}
	}
	if n := d.Together(1); n != 2 {
		t.Errorf("%d columns are read together, want the 2 that are in memory", n)
	}
	if n := h.calls.Of(kvtest.OpGet).Calls; n != 1 {
		t.Errorf("%d reads, want 1", n)
	}
}

func TestLargeDataCanBeOpenedAgain(t *testing.T) {
	h := newHarness(t)
	want := codectest.Generate(largeRows, largeColumns, 1)
	sess := h.create(largeRows, largeColumns)
	d := h.read(sess, Selection{Limit: -1})
	defer d.Close()
	for _, columns := range [][]int{{3, 1}, nil, {2}, nil} {
		got, err := codec.CollectColumns(d, columns)
		if err != nil {
			t.Fatal(err)
		}
		expected, err := codec.CollectColumns(want, columns)
		if err != nil {
			t.Fatal(err)
		}
		codectest.SameTable(t, got, expected)
	}
}

func TestADocumentByColumnReadsNoSegmentOften(t *testing.T) {
	h := newHarness(t)
	sess := h.create(largeRows, largeColumns)
	h.calls.Reset()
	d := h.read(sess, Selection{Limit: -1})
	defer d.Close()
	var streamed, whole bytes.Buffer
	opt := codec.WriteOptions{Options: document.Options{Orient: document.Columns}}
	if err := document.MessagePack.Encode(&streamed, d, opt); err != nil {
		t.Fatal(err)
	}
	if n := h.calls.Of(kvtest.OpGet).Keys; n > 3*sess.Current.Segments {
		t.Errorf("%d reads of %d segments", n, sess.Current.Segments)
	}
	if err := document.MessagePack.Encode(&whole, codectest.Generate(largeRows, largeColumns, 1), opt); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(streamed.Bytes(), whole.Bytes()) {
		t.Error("the document is another one than that of the table in memory")
	}
}

func TestALargeReadLeavesTheCacheAsItIs(t *testing.T) {
	begun, open := 0, 0
	h := newHarness(t, func(o *Options) {
		o.CacheBytes = 4 << 20
		o.Passing = func() func() {
			begun, open = begun+1, open+1
			return func() { open-- }
		}
	})
	small := h.create(1000, 20)
	h.table(small, 0)
	used := h.cache.Used()
	large := h.create(largeRows, largeColumns)
	if begun > 0 {
		t.Error("a table that fits the cache is read in passing")
	}
	d := h.read(large, Selection{Limit: -1})
	if open != 1 {
		t.Errorf("%d tables are being read in passing", open)
	}
	collect(t, d)
	if open != 0 || begun != 1 {
		t.Errorf("%d tables are still being read in passing, of %d", open, begun)
	}
	if h.cache.Used() != used || used == 0 {
		t.Errorf("the cache holds %d bytes, it held %d", h.cache.Used(), used)
	}
	h.calls.Reset()
	h.table(small, 0)
	if n := h.calls.Of(kvtest.OpGet).Calls; n != 0 {
		t.Errorf("%d reads of a table that was cached", n)
	}
}

func TestSelectingReadsNothing(t *testing.T) {
	h := newHarness(t)
	sess := h.create(50, 5)
	h.calls.Reset()
	d, err := h.Select(sess, Selection{Columns: []string{"column_2"}, Offset: 45, Limit: 10})
	if err != nil || d.NumRows() != 5 || d.Schema.NumFields() != 1 {
		t.Fatalf("%v, %v", d, err)
	}
	if n := h.calls.Total().Calls; n != 0 {
		t.Errorf("%d calls of the store", n)
	}
	_, err = h.Select(sess, Selection{Version: 7})
	wantKind(t, err, ErrVersionNotFound)
}

func TestAReadOfAContextThatIsDoneEnds(t *testing.T) {
	h := newHarness(t)
	sess := h.create(largeRows, largeColumns)
	ctx, cancel := context.WithCancel(context.Background())
	d, err := h.Read(ctx, sess, Selection{Limit: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	h.calls.Reset()
	cancel()
	_, err = codec.Collect(d)
	wantKind(t, err, context.Canceled)
	if n := h.calls.Total().Calls; n != 0 {
		t.Errorf("%d calls of the store", n)
	}
}

func TestACommitLeavesTheSegmentsThatAReadNeeds(t *testing.T) {
	h := newHarness(t, keepNone)
	want := codectest.Generate(largeRows, largeColumns, 1)
	sess := h.create(largeRows, largeColumns)
	first, second := h.read(sess, Selection{Limit: -1}), h.read(sess, Selection{Columns: []string{"column_1"}, Limit: -1})
	groups := first.Open(nil)
	got := &codec.Table{Schema: first.Schema}
	next := sess
	err := codec.EachGroup(groups, func(rec arrow.Record) error {
		got.RowGroups = append(got.RowGroups, rec)
		if len(got.RowGroups) < 4 {
			next = h.edit(next, fmt.Sprintf(`{"op":"set_values","column":"column_2","rows":[119999],"value":%d}`, len(got.RowGroups)),
				`{"op":"drop_columns","columns":["column_`+fmt.Sprint(10+len(got.RowGroups))+`"]}`)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	codectest.SameTable(t, got, want)
	second.Close()
	first.Close()
	first.Close()
	refs, err := next.head.segments()
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for r := range refs {
		kept = append(kept, record.SegmentKey(sess.ID, r))
	}
	slices.Sort(kept)
	if got := h.segmentKeys(); !slices.Equal(got, kept) {
		t.Errorf("after the reads %d segments are stored, of which the session has %d", len(got), len(kept))
	}
	if len(h.readers.open) != 0 {
		t.Errorf("%d sessions have readers", len(h.readers.open))
	}
}

func TestASegmentThatIsNotReadIsDeletedAtOnce(t *testing.T) {
	h := newHarness(t, keepNone)
	sess := h.create(largeRows, 60)
	d := h.read(sess, Selection{Columns: []string{"column_1", "column_2", "column_3", "column_4", "column_5", "column_6", "column_7", "column_8", "column_9", "column_10", "column_11", "column_12"}, Limit: -1})
	defer d.Close()
	if !d.watched {
		t.Fatal("the read is not watched")
	}
	before := len(h.segmentKeys())
	h.edit(sess, `{"op":"set_values","column":"column_60","rows":[5],"value":null}`)
	if after := len(h.segmentKeys()); after != before {
		t.Errorf("%d segments, then %d", before, after)
	}
}

func TestASessionThatEndsOrChangesElsewhereCutsTheReadOff(t *testing.T) {
	store := kv.New(memory.New(), "")
	on := func(o *Options) { o.Store = store; o.MaxVersions = 0 }
	here, there := newHarness(t, on), newHarness(t, on)
	sess := here.create(largeRows, largeColumns)
	d := here.read(sess, Selection{Limit: -1})
	defer d.Close()
	var ops []string
	for c := 1; c < largeColumns; c++ {
		ops = append(ops, fmt.Sprintf(`{"op":"set_values","column":"column_%d","rows":[119999],"value":null}`, c))
	}
	there.edit(sess, ops...)
	_, err := codec.Collect(d)
	wantKind(t, err, ErrStaleRead)
	if err := there.Delete(context.Background(), Ref{ID: sess.ID}, nil); err != nil {
		t.Fatal(err)
	}
	_, err = codec.Collect(d)
	wantKind(t, err, ErrSessionNotFound)
}

// The versions that are read are dropped meanwhile.
func TestReadsUnderCommitsAreOfOneVersion(t *testing.T) {
	h := newHarness(t, func(o *Options) { o.MaxVersions = 2 })
	sess := h.create(largeRows, largeColumns)
	set := func(value int) string {
		return fmt.Sprintf(`{"op":"set_values","column":"column_1","rows":[0,40000,80000,119999],"value":%d}`, value)
	}
	h.edit(sess, set(-1))
	stop := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				if _, _, err := h.Edit(context.Background(), of(sess), operations(t, set(-2-i))); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for range 3 {
				now, err := h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing)
				if err != nil {
					t.Error(err)
					return
				}
				d, err := h.Read(context.Background(), now, Selection{Limit: -1})
				if err != nil {
					t.Error(err)
					return
				}
				table, err := codec.Collect(d)
				d.Close()
				if err != nil {
					t.Error(err)
					return
				}
				checkOneVersion(t, table)
			}
		})
	}
	readers.Wait()
	close(stop)
	writing.Wait()
}

// checkOneVersion checks that the rows that are set together are of one edit.
func checkOneVersion(t *testing.T, table *codec.Table) {
	var out strings.Builder
	at := int64(0)
	for _, rec := range table.RowGroups {
		for _, row := range []int64{0, 40000, 80000, 119999} {
			if row >= at && row < at+rec.NumRows() {
				fmt.Fprintln(&out, rec.Column(0).ValueStr(int(row-at)))
			}
		}
		at += rec.NumRows()
	}
	values := strings.Fields(out.String())
	if at != largeRows || len(slices.Compact(slices.Clone(values))) != 1 || len(values) != 4 {
		t.Errorf("%d rows, the rows of one edit are %q", at, values)
	}
}
