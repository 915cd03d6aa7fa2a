package session

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"edgeframe/kv"
	"edgeframe/session/record"
)

// headBytes is the size of the head of a session in the store.
func (h *harness) headBytes(sess *Session) int {
	h.t.Helper()
	b, err := h.store.Get(context.Background(), record.HeadKey(sess.ID))
	if err != nil {
		h.t.Fatal(err)
	}
	return len(b)
}

// A head has to stay small, because every change writes it and every request reads it.
func TestHeadsStaySmall(t *testing.T) {
	const edits, most = 2000, 64 << 10
	h := newHarness(t, inStore)
	sess := h.create(40, 3)
	want, largest := []string{"1 from 0: create "}, 0
	text := strings.Repeat("x", 300)
	random := rand.New(rand.NewPCG(1, 2))
	for n := range edits {
		op := fmt.Sprintf(`{"op":"set_values","column":"column_1","rows":[%d],"value":%d}`, n%40, n)
		switch {
		case n%250 == 125:
			// Too long for the head.
			name := fmt.Sprint(n, random.Perm(1000))
			op += fmt.Sprintf(`,{"op":"rename_columns","columns":{"column_3":"%s"}},{"op":"rename_columns","columns":{"%s":"column_3"}}`, name[:900], name[:900])
		case n%20 == 7:
			op = `{"op":"insert_rows","at":3,"rows":[{}]}`
		case n%20 == 17:
			op = `{"op":"delete_rows","rows":[5]}`
		case n%50 == 0:
			op = fmt.Sprintf(`{"op":"add_column","column":"%d%s","dtype":"utf8"},{"op":"drop_columns","columns":["%d%s"]},{"op":"set_values","column":"column_1","rows":[1],"value":%d}`, n, text, n, text, n)
		}
		sess = h.change(sess, op)
		want = append(want, fmt.Sprintf("%d from %d: edit [%s]", n+2, n+1, op))
		if n%100 == 50 {
			sess = h.name(sess, 0, fmt.Sprintf("after %d edits", n+1))
		}
		if n%97 == 0 {
			largest = max(largest, h.headBytes(sess))
		}
	}
	if t.Logf("the largest head has %d bytes", largest); largest > most {
		t.Errorf("a head has %d bytes, want %d at most", largest, most)
	}
	got := h.lineage(sess, 0)
	if !slices.Equal(got, want) {
		t.Fatalf("%d steps are known, want %d; the first that differs: %d", len(got), len(want), firstDifference(got, want))
	}
	// A version that has a name has the same steps.
	id, err := sess.Resolve(VersionRef{Name: "after 1051 edits"})
	if err != nil {
		t.Fatal(err)
	}
	if got := h.lineage(sess, id); !slices.Equal(got, want[:id]) {
		t.Errorf("version %d has %d steps", id, len(got))
	}
	// Rows are followed over merged steps: of 40 edits two insert a row at 3, and two remove the row 5.
	rows, aligned, err := h.rowMap(context.Background(), sess.head, id, 0)
	if err != nil || !aligned || len(rows) < 5 || !slices.Equal(rows[:5], []int64{0, 1, 2, -1, -1}) {
		t.Errorf("the rows come from %d, %v, %v", rows, aligned, err)
	}
	h.wantReferencedBy(sess)
}

// The merged steps of a session that is edited again and again stay few.
func TestMergedStepsTakeOverThoseBeforeThem(t *testing.T) {
	const edits = 1000
	h := newHarness(t, inStore)
	sess := h.create(4, 2)
	for n := range edits {
		sess = h.change(sess, fmt.Sprintf(`{"op":"set_values","column":"column_1","rows":[0],"value":%d}`, 1000+n))
	}
	steps, err := sess.head.steps()
	if err != nil {
		t.Fatal(err)
	}
	merged, count := 0, 0
	for _, st := range steps {
		if st.Kind == record.StepMerged {
			merged++
			count += st.Count
		}
	}
	if merged == 0 || merged > 8 || count+len(steps)-merged != edits+1 {
		t.Errorf("%d merged steps stand for %d of %d, %d others are there", merged, count, edits+1, len(steps)-merged)
	}
	if got := h.lineage(sess, 0); len(got) != edits+1 {
		t.Errorf("%d steps are known, want %d", len(got), edits+1)
	}
	h.wantReferencedBy(sess)
}

func firstDifference(a, b []string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// What is kept of steps whose versions are gone has a bound. Beyond it the oldest are dropped, and nothing else.
func TestTheOldestStepsAreDropped(t *testing.T) {
	list := make([]record.StoredStep, maxMerged+10)
	for n := range uint32(maxMerged + 10) {
		ref := record.SegmentRef{Hash: [16]byte{byte(n), byte(n >> 8)}, Born: 1, Stored: 10, Raw: 10}
		var err error
		if list[n], err = record.NewStoredStep(record.Step{Version: 10 * (n + 1), Parent: 10 * n, Kind: record.StepMerged, Long: &ref, More: []record.SegmentRef{ref, ref}}); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := bound(slices.Clone(list))
	if err != nil {
		t.Fatal(err)
	}
	if read, err := record.DecodeSteps(record.EncodeSteps(kept)); err != nil || len(read[0].More) != len(kept[0].More) {
		t.Errorf("the steps that are kept are not those that are stored: %v", err)
	}
	more := 0
	for _, st := range kept {
		more += len(st.More)
	}
	if len(kept) != maxMerged || more != maxMore || kept[0].Version != list[10].Version || kept[len(kept)-1].Version != list[len(list)-1].Version {
		t.Errorf("%d steps from %d on are kept, with %d segments", len(kept), kept[0].Version, more)
	}
}

// A step of a release that kept none is unknown, and those after it are known.
func TestAnOlderSessionGetsAHistory(t *testing.T) {
	ctx := context.Background()
	h := newHarness(t, inStore)
	sess := h.create(4, 2)
	for n := range 8 {
		sess = h.change(sess, fmt.Sprintf(`{"op":"set_values","column":"column_1","rows":[0],"value":%d}`, 1000+n))
	}
	sess = h.must(h.Undo(ctx, of(sess)))
	// That release did not know these members, and would have dropped them.
	older := &head{Head: *sess.head.Clone()}
	older.Steps, older.Moments = nil, nil
	b, err := older.Encode()
	if err != nil {
		t.Fatal(err)
	}
	rev := older.Revision.KV()
	if _, err := h.store.Commit(ctx, kv.Commit{Swap: kv.Item{Key: record.HeadKey(sess.ID), Value: b, Counted: true}, Old: rev, TTL: DefaultTTL, SwapTTL: DefaultTTL}); err != nil {
		t.Fatal(err)
	}
	sess = h.must(h.Peek(ctx, Ref{ID: sess.ID}))
	want := []string{"4 from 0: unknown ", "5 from 4: unknown ", "6 from 5: unknown ", "7 from 6: unknown ", "8 from 7: unknown "}
	if got := h.lineage(sess, 0); !slices.Equal(got, want) {
		t.Errorf("an older version has the steps %q, want %q", got, want)
	}
	if _, aligned, err := h.rowMap(ctx, sess.head, 7, 0); aligned || err != nil {
		t.Errorf("rows of older versions are followed; %v", err)
	}
	h.pass(time.Minute)
	if _, err := sess.Resolve(VersionRef{Time: h.now()}); err == nil {
		t.Error("it is known when an undo was made that no release noted")
	}
	sess = h.change(sess, `{"op":"delete_rows","rows":[0]}`)
	want = append(want, `10 from 8: edit [{"op":"delete_rows","rows":[0]}]`)
	if got := h.lineage(sess, 0); !slices.Equal(got, want) {
		t.Errorf("a version has the steps %q, want %q", got, want)
	}
	if rows, aligned, err := h.rowMap(ctx, sess.head, 8, 0); err != nil || !aligned || !slices.Equal(rows, []int64{1, 2, 3}) {
		t.Errorf("the rows come from %d, %v, %v", rows, aligned, err)
	}
	for n := range 9 {
		sess = h.change(sess, fmt.Sprintf(`{"op":"set_values","column":"column_1","rows":[0],"value":%d}`, n))
	}
	steps, err := h.Lineage(ctx, sess, 0)
	if err != nil || len(steps) != 15 || steps[0].Kind != StepUnknown || !strings.HasPrefix(steps[0].Summary, "set 1 cell") || steps[0].Time.IsZero() {
		t.Errorf("%d steps, the first %+v; %v", len(steps), steps[:1], err)
	}
}
