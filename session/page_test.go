package session

import (
	"context"
	"testing"
)

func TestAPageIsPlannedOnceForThePrefetchAndTheRead(t *testing.T) {
	h := newHarness(t)
	ctx := context.Background()
	sess := h.create(100, 5)
	h.pass(DefaultTTL / 2)
	sel := Selection{Columns: []string{"column_3", "column_1"}, Offset: 10, Limit: 20}
	opened := h.must(h.Open(ctx, Ref{ID: sess.ID}, PrefetchData(sel)))
	h.calls.Reset()
	data, err := h.Read(ctx, opened, sel)
	if err != nil {
		t.Fatal(err)
	}
	collect(t, data)
	if n := h.calls.Total().Calls; n != 0 {
		t.Errorf("%d calls of the store for a page that was prefetched", n)
	}
	if opened.head.page == nil || data.Schema != opened.head.page.schema {
		t.Error("the page was planned again for the read")
	}
}

func TestAReadOfAnotherSelectionThanThePrefetchedOneIsWhatItSays(t *testing.T) {
	ctx := context.Background()
	prefetched := Selection{Columns: []string{"column_1"}, Offset: 10, Limit: 20}
	for name, sel := range map[string]Selection{
		"columns": {Columns: []string{"column_2"}, Offset: 10, Limit: 20},
		"all":     {Offset: 10, Limit: 20},
		"offset":  {Columns: []string{"column_1"}, Offset: 11, Limit: 20},
		"limit":   {Columns: []string{"column_1"}, Offset: 10, Limit: 21},
		"version": {Columns: []string{"column_1"}, Offset: 10, Limit: 20, Version: 1},
	} {
		h := newHarness(t)
		sess := h.edit(h.create(100, 5), `{"op":"delete_rows","rows":[0]}`)
		want, err := h.Read(ctx, sess, sel)
		if err != nil {
			t.Fatal(err)
		}
		h.pass(DefaultTTL / 2)
		opened := h.must(h.Open(ctx, Ref{ID: sess.ID}, PrefetchData(prefetched)))
		if opened.head.page == nil {
			t.Fatal("nothing was prefetched")
		}
		got, err := h.Read(ctx, opened, sel)
		if err != nil || got.Version.ID != want.Version.ID {
			t.Fatalf("%s: version %d, %v; want %d", name, got.Version.ID, err, want.Version.ID)
		}
		wantEqual(t, collect(t, got), collect(t, want))
	}
}
