package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/frame"
	"edgeframe/internal/budget"
	"edgeframe/kv/kvtest"
)

// rowsQuery returns a query for rows.
func rowsQuery(t testing.TB, where, sort string) *frame.Query {
	t.Helper()
	q := &frame.Query{Limit: -1}
	var err error
	if q.Where, err = frame.ParseWhere(where); err != nil {
		t.Fatal(err)
	}
	if q.Sort, err = frame.ParseSort(sort); err != nil {
		t.Fatal(err)
	}
	return q
}

func (h *harness) query(sess *Session, q *frame.Query) *Answer {
	h.t.Helper()
	a, err := h.Query(context.Background(), sess, q)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

// wantRows fails unless a has these rows of a table.
func (h *harness) wantRows(a *Answer, of *codec.Table, rows []int64) {
	h.t.Helper()
	if got := a.Data.RowNumbers(); !slices.Equal(got, rows) {
		h.t.Fatalf("%d rows %.100v, want %d: %.100v", len(got), got, len(rows), rows)
	}
	got := collect(h.t, a.Data)
	want, err := frame.FromTable(of, codec.Limits{}).Take(allColumns(of), rows)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := codectest.Equal(want, got); err != nil {
		h.t.Error(err)
	}
}

func allColumns(t *codec.Table) (columns []int) {
	for i := range t.Schema.NumFields() {
		columns = append(columns, i)
	}
	return columns
}

// sequence is a table with the numbers 0 to n-1, their remainders by 7, and columns of text that take most
// of its bytes.
func sequence(n int) *codec.Table {
	fields := []arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}, {Name: "rest", Type: arrow.PrimitiveTypes.Int64}}
	for i := range 8 {
		fields = append(fields, arrow.Field{Name: fmt.Sprintf("text_%d", i), Type: arrow.BinaryTypes.String})
	}
	t := &codec.Table{Schema: arrow.NewSchema(fields, nil)}
	for from := 0; from < n; from += codec.RowGroupRows {
		b := array.NewRecordBuilder(memory.DefaultAllocator, t.Schema)
		for row := from; row < min(from+codec.RowGroupRows, n); row++ {
			b.Field(0).(*array.Int64Builder).Append(int64(row))
			b.Field(1).(*array.Int64Builder).Append(int64(row % 7))
			for i := range 8 {
				b.Field(2 + i).(*array.StringBuilder).Append(fmt.Sprintf("%d of %020d", i, row*row))
			}
		}
		t.RowGroups = append(t.RowGroups, b.NewRecord())
	}
	return t
}

// sequenceRows are the rows with one of the remainders, the last first if descending is set.
func sequenceRows(n int, descending bool, rests ...int64) (rows []int64) {
	for row := range int64(n) {
		if slices.Contains(rests, row%7) {
			rows = append(rows, row)
		}
	}
	if descending {
		slices.Reverse(rows)
	}
	return rows
}

func (h *harness) sequence(n int) (*Session, *codec.Table) {
	h.t.Helper()
	table := sequence(n)
	sess, err := h.Create(context.Background(), table, "t.csv", 0, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return sess, table
}

const twoRests = `{"column":"rest","cmp":"in","value":[2,5]}`

func TestAQueryHasTheRowsThatItSelectsInTheirOrder(t *testing.T) {
	const n = 70_000
	h := newHarness(t, func(o *Options) { o.MaxTableBytes = 64 << 20 })
	sess, table := h.sequence(n)
	for _, tt := range []struct {
		where, sort   string
		offset, limit int64
		rows          []int64
	}{
		{"", "", 0, -1, sequenceRows(n, false, 0, 1, 2, 3, 4, 5, 6)},
		{twoRests, "", 0, -1, sequenceRows(n, false, 2, 5)},
		{twoRests, "-n", 0, -1, sequenceRows(n, true, 2, 5)},
		{twoRests, "-n", 19_990, 100, sequenceRows(n, true, 2, 5)[19_990:]},
		{twoRests, "", 7000, 10, sequenceRows(n, false, 2, 5)[7000:7010]},
		{twoRests, "", 0, 0, []int64{}},
		{twoRests, "", 1 << 40, -1, []int64{}},
		{`{"column":"n","cmp":"lt","value":0}`, "-n", 0, -1, []int64{}},
		{"", "-n", 0, -1, sequenceRows(n, true, 0, 1, 2, 3, 4, 5, 6)},
	} {
		q := rowsQuery(t, tt.where, tt.sort)
		q.Offset, q.Limit = tt.offset, tt.limit
		a := h.query(sess, q)
		if a.Data.NumRows() != int64(len(tt.rows)) {
			t.Errorf("%s %s: %d rows, want %d", tt.where, tt.sort, a.Data.NumRows(), len(tt.rows))
		}
		h.wantRows(a, table, tt.rows)
	}
}

func TestASelectionIsWorkedOutOnceForAVersion(t *testing.T) {
	h := newHarness(t, func(o *Options) { o.CacheBytes = 64 << 20 })
	sess, table := h.sequence(40_000)
	h.calls.Reset()
	q := rowsQuery(t, twoRests, "-n")
	q.Limit = 10
	h.wantRows(h.query(sess, q), table, sequenceRows(40_000, true, 2, 5)[:10])
	first := h.calls.Of(kvtest.OpGet).Keys
	q.Offset = 10
	h.calls.Reset()
	h.wantRows(h.query(sess, q), table, sequenceRows(40_000, true, 2, 5)[10:20])
	if n := h.calls.Of(kvtest.OpGet); n.Calls != 0 {
		t.Errorf("the second page reads %d segments, the first read %d", n.Keys, first)
	}
	sess = h.edit(sess, `{"op":"set_values","column":"rest","rows":[39999],"value":2}`)
	if a := h.query(sess, q); a.Matched != int64(len(sequenceRows(40_000, true, 2, 5)))+1 {
		t.Errorf("%d rows of the next version", a.Matched)
	}
}

func TestAQueryReadsTheColumnsOfItsConditionAndItsPage(t *testing.T) {
	h := newHarness(t, func(o *Options) { o.SegmentTargetBytes = 1 })
	sess, _ := h.sequence(4 * codec.RowGroupRows)
	h.calls.Reset()
	q := rowsQuery(t, `{"column":"rest","cmp":"ge","value":0}`, "")
	q.Columns, q.Offset, q.Limit = []string{"text_1"}, codec.RowGroupRows+5, 10
	a := h.query(sess, q)
	collect(t, a.Data)
	if n := h.calls.Of(kvtest.OpGet).Keys; n != 4+1 {
		t.Errorf("%d segments are read, want 4 of the condition and 1 of the page", n)
	}
}

func TestAQueryOffersItsSelectionToOthersWhoWaitForIt(t *testing.T) {
	var keys []string
	h := newHarness(t, func(o *Options) {
		o.CacheBytes = 64 << 20
		o.Join = func(ctx context.Context, key string, compute func(context.Context) ([]byte, error)) ([]byte, error) {
			keys = append(keys, key)
			return compute(ctx)
		}
	})
	sess, table := h.sequence(1000)
	for range 2 {
		h.wantRows(h.query(sess, rowsQuery(t, twoRests, "")), table, sequenceRows(1000, false, 2, 5))
	}
	if len(keys) != 1 || !strings.Contains(keys[0], sess.ID) || !strings.Contains(keys[0], sess.Current.Tag) {
		t.Errorf("computed under %q, want one key with the session and the version", keys)
	}
}

func TestASelectionThatAnotherRequestWorkedOutIsUsed(t *testing.T) {
	for _, cache := range []int64{0, 64 << 20} {
		h := newHarness(t, func(o *Options) {
			o.CacheBytes = cache
			o.Join = func(ctx context.Context, _ string, _ func(context.Context) ([]byte, error)) ([]byte, error) {
				return nil, nil // the other one has stored its result, if it fits into the cache
			}
		})
		sess, table := h.sequence(1000)
		h.wantRows(h.query(sess, rowsQuery(t, twoRests, "n")), table, sequenceRows(1000, false, 2, 5))
	}
}

func TestAQueryKeepsWithinItsMemory(t *testing.T) {
	const n = 160_000
	h := newHarness(t, func(o *Options) { o.MaxTableBytes = 64 << 20 })
	sess, _ := h.sequence(n)
	if raw := sess.Current.RawBytes; raw < 36<<20 {
		t.Fatalf("the table has %d bytes", raw)
	}
	b := budget.New(budget.Options{Bytes: 96 << 20})
	for _, sort := range []string{"", "-n"} {
		share := b.Open()
		ctx := budget.NewContext(context.Background(), share)
		a, err := h.Query(ctx, sess, rowsQuery(t, `{"column":"rest","cmp":"ne","value":1}`, sort))
		if err != nil {
			t.Fatalf("%s: %v", sort, err)
		}
		groups, most := a.Data.Open(nil), int64(0)
		rows := int64(0)
		for {
			rec, err := groups.Next()
			if err != nil {
				t.Fatal(err)
			}
			if rec == nil {
				break
			}
			rows += rec.NumRows()
			most = max(most, share.Used())
		}
		if rows != a.Matched || most > 24<<20 || most == 0 {
			t.Errorf("%q: %d of %d rows with %d bytes", sort, rows, a.Matched, most)
		}
		if n := len(a.Data.buffers.used); n > 0 {
			t.Errorf("%q: %d row groups that are not in use are kept", sort, n)
		}
		a.Data.Close()
		share.Close()
	}
	small := budget.New(budget.Options{Bytes: 1 << 20}).Open()
	defer small.Close()
	_, err := h.Query(budget.NewContext(context.Background(), small), sess, rowsQuery(t, "", "n"))
	if _, large := errors.AsType[*budget.TooLarge](err); !large {
		t.Errorf("with 1 MB: %v", err)
	}
}

func TestRowsWithDictionariesThatDoNotFitInOneComeInParts(t *testing.T) {
	dt := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
	schema := arrow.NewSchema([]arrow.Field{{Name: "word", Type: dt}, {Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)
	table := &codec.Table{Schema: schema}
	for g := range 3 {
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for i := range 100 {
			if err := b.Field(0).(*array.BinaryDictionaryBuilder).AppendString(fmt.Sprintf("%d.%d", g, i)); err != nil {
				t.Fatal(err)
			}
			b.Field(1).(*array.Int64Builder).Append(int64(i))
		}
		table.RowGroups = append(table.RowGroups, b.NewRecord())
	}
	h := newHarness(t)
	sess, err := h.Create(context.Background(), table, "", 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := collect(t, h.query(sess, rowsQuery(t, "", "-n")).Data)
	row := 0
	for _, rec := range got.RowGroups {
		for i := range int(rec.NumRows()) {
			want := fmt.Sprintf("%d.%d", row%3, 99-row/3)
			if word := rec.Column(0).ValueStr(i); word != want {
				t.Fatalf("row %d is %s, want %s", row, word, want)
			}
			row++
		}
	}
	if row != 300 || len(got.RowGroups) < 2 {
		t.Errorf("%d rows in %d parts", row, len(got.RowGroups))
	}
}

func TestACommitLeavesTheSegmentsOfAQueryThatIsRead(t *testing.T) {
	h := newHarness(t, func(o *Options) { o.MaxVersions, o.MaxTableBytes = 1, 64<<20 })
	sess, table := h.sequence(120_000)
	a := h.query(sess, rowsQuery(t, twoRests, "-n"))
	if a.Data.whole {
		t.Fatal("the answer is in memory as a whole")
	}
	h.edit(h.edit(sess, `{"op":"drop_columns","columns":["text_0"]}`), `{"op":"sort","by":[{"column":"n","descending":true}]}`)
	h.wantRows(a, table, sequenceRows(120_000, true, 2, 5))
}
