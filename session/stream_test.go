package session

import (
	"context"
	"errors"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/internal/budget"
	"edgeframe/kv/kvtest"
)

// rowGroups are the row groups of a table, followed by the error fail or by the end.
type rowGroups struct {
	*codec.Table
	next int
	fail error
}

func (g *rowGroups) Schema() *arrow.Schema { return g.Table.Schema }

func (g *rowGroups) Next() (arrow.Record, error) {
	if g.next == len(g.RowGroups) {
		return nil, g.fail
	}
	g.next++
	return g.RowGroups[g.next-1], nil
}

func TestATableThatComesInPiecesIsTheSameSession(t *testing.T) {
	for _, rows := range []int{0, 1, codec.RowGroupRows, 3*codec.RowGroupRows + 7} {
		h := newHarness(t, inStore)
		table := codectest.Generate(rows, 12, 1)
		whole := h.must(h.Create(context.Background(), table, "t.csv", 0, nil))
		h.calls.Reset()
		pieces := h.must(h.CreateFrom(context.Background(), &rowGroups{Table: table}, "t.csv", 0, nil))
		if sets := h.calls.Of(kvtest.OpSet).Calls; sets != len(table.RowGroups) {
			t.Errorf("%d rows: %d calls of set for %d row groups", rows, sets, len(table.RowGroups))
		}
		wantEqual(t, h.table(pieces, 0), table)
		got, want := pieces.Current, whole.Current
		got.Tag, got.Time = want.Tag, want.Time
		if got != want {
			t.Errorf("%d rows: version %+v, want %+v", rows, got, want)
		}
		if pieces.head.InitialRows != int64(rows) {
			t.Errorf("initial rows %d", pieces.head.InitialRows)
		}
	}
}

func TestATableThatDoesNotComeToItsEndLeavesNothing(t *testing.T) {
	broken := errors.New("broken")
	for name, tt := range map[string]struct {
		most int64
		fail error
		want error
	}{
		"broken off": {0, broken, broken},
		"too large":  {1 << 20, nil, codec.ErrTooLarge},
	} {
		h := newHarness(t, func(o *Options) { o.MaxTableBytes = tt.most })
		groups := &rowGroups{Table: codectest.Generate(4*codec.RowGroupRows, 12, 1), fail: tt.fail}
		_, err := h.CreateFrom(context.Background(), groups, "t.csv", 0, nil)
		wantKind(t, err, tt.want)
		if keys := h.segmentKeys(); len(keys) > 0 {
			t.Errorf("%s: left are %q", name, keys)
		}
		if n, err := h.Count(context.Background()); n.N != 0 || err != nil {
			t.Errorf("%s: %d sessions, %v", name, n.N, err)
		}
	}
}

// A long stream needs the memory of a row group, however long it is.
func TestALongStreamReservesNoMoreThanItHolds(t *testing.T) {
	h := newHarness(t)
	b := budget.New(budget.Options{Bytes: 4 << 20})
	share := b.Open()
	ctx := budget.NewContext(context.Background(), share)
	long := &repeatedGroups{group: codectest.Generate(10_000, 5, 1).RowGroups[0], left: 40}
	sess, err := h.CreateFrom(ctx, long, "", 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if sess.Current.RawBytes < 8<<20 {
		t.Fatalf("the table has %d bytes, too few for this test", sess.Current.RawBytes)
	}
}

// repeatedGroups are row groups of the same rows.
type repeatedGroups struct {
	group arrow.Record
	left  int
}

func (g *repeatedGroups) Schema() *arrow.Schema { return g.group.Schema() }

func (g *repeatedGroups) Next() (arrow.Record, error) {
	if g.left--; g.left < 0 {
		return nil, nil
	}
	// Other numbers of rows make other segments.
	return g.group.NewSlice(0, g.group.NumRows()-int64(g.left)), nil
}
