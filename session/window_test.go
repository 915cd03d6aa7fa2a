package session

import (
	"fmt"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/kv/kvtest"
)

// mixedStep is coprime to the numbers of rows of the tests, so that its multiples are each row once.
const mixedStep = 7919

// mixed is a table of n rows whose order by the column mixed has rows from everywhere: after row r comes row
// r + mixedStep.
func mixed(n int) (*codec.Table, []int64) {
	place, order := make([]int64, n), make([]int64, n)
	for i := range order {
		order[i] = int64(i) * mixedStep % int64(n)
		place[order[i]] = int64(i)
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "mixed", Type: arrow.PrimitiveTypes.Int64}, {Name: "text", Type: arrow.BinaryTypes.String}}, nil)
	t := &codec.Table{Schema: schema}
	for from := 0; from < n; from += codec.RowGroupRows {
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for row := from; row < min(from+codec.RowGroupRows, n); row++ {
			b.Field(0).(*array.Int64Builder).Append(place[row])
			b.Field(1).(*array.StringBuilder).Append(fmt.Sprintf("text %d", row))
		}
		t.RowGroups = append(t.RowGroups, b.NewRecord())
	}
	return t, order
}

func TestWhoScrollsInASortedTableReadsItOnceForManyPages(t *testing.T) {
	const n, limit = 8*codec.RowGroupRows + 1, 100
	table, order := mixed(n)
	// There is no room for the table, so that what a page needs is read again unless it is in the window.
	h := newHarness(t, func(o *Options) { o.CacheBytes = 3 << 20 })
	sess, err := h.Create(t.Context(), table, "t", 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	q := rowsQuery(t, "", "mixed")
	q.Limit = limit
	page := func(offset int64) (reads int) {
		h.calls.Reset()
		q.Offset = offset
		a := h.query(sess, q)
		h.wantRows(a, table, order[offset:min(offset+limit, n)])
		a.Data.Close()
		return h.calls.Of(kvtest.OpGet).Calls
	}
	page(0)
	read := 0
	for offset := int64(limit); offset < windowRows+limit; offset += limit {
		if page(offset) > 0 {
			read++
		}
	}
	if read != 1 {
		t.Errorf("%d of %d pages read the table, want 1, the one after the window", read, windowRows/limit)
	}
	if page(n-limit/2) == 0 {
		t.Error("the last page reads nothing")
	}
	q.Columns = []string{"text"}
	first := h.query(sess, q)
	if got := collect(t, first.Data); got.Schema.NumFields() != 1 {
		t.Errorf("the page has %d columns, want the one that was asked for", got.Schema.NumFields())
	}
	q.Columns = nil
	sess = h.edit(sess, fmt.Sprintf(`{"op":"set_values","column":"text","rows":[%d],"value":"new"}`, order[n-1]))
	if a := collect(t, h.query(sess, q).Data); a.RowGroups[0].Column(1).ValueStr(limit/2-1) != "new" {
		t.Error("the next version has the rows of the one before")
	}
}

func TestATableThatIsLargerThanTheCacheIsInPartReadOnce(t *testing.T) {
	const groups = 8
	h := newHarness(t, func(o *Options) { o.CacheBytes = 1 << 20 })
	table, _ := mixed(groups * codec.RowGroupRows)
	sess, err := h.Create(t.Context(), table, "t", 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	read := func(least int) int {
		h.calls.Reset()
		q := rowsQuery(t, fmt.Sprintf(`{"column":"mixed","cmp":"lt","value":%d}`, least), "")
		q.Limit = 0
		h.query(sess, q).Data.Close()
		return h.calls.Of(kvtest.OpGet).Keys
	}
	first := read(10)
	if again := read(11); again == 0 || again >= first {
		t.Errorf("the second query reads %d segments, the first %d", again, first)
	}
}
