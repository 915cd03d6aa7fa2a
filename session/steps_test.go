package session

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"edgeframe/codec/codectest"
	"edgeframe/frame"
)

// change edits a session with operations that are kept.
func (h *harness) change(sess *Session, ops ...string) *Session {
	h.t.Helper()
	c := of(sess)
	c.Operations = []byte("[" + strings.Join(ops, ",") + "]")
	next, _, err := h.Edit(context.Background(), c, operations(h.t, ops...))
	if err != nil {
		h.t.Fatalf("edit %s: %v", ops, err)
	}
	return next
}

// lineage spells the steps of a version.
func (h *harness) lineage(sess *Session, version uint32) (spelled []string) {
	h.t.Helper()
	steps, err := h.Lineage(context.Background(), sess, version)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, st := range steps {
		spelled = append(spelled, fmt.Sprintf("%d from %d: %s %s%s", st.Version, st.Parent, st.Kind, st.Operations, strings.Join(st.Key, " ")))
	}
	return spelled
}

const rename = `{"op":"rename_columns","columns":{"column_2":"second"}}`

func TestTheStepsOfAVersionAreKept(t *testing.T) {
	ctx := context.Background()
	for name, h := range map[string]*harness{"in the head": newHarness(t), "in the store": newHarness(t, inStore)} {
		table := codectest.Generate(10, 3, 1)
		sess := h.must(h.Create(ctx, table, "t.csv", 0, nil))
		sess = h.change(sess, setFirst)
		sess = h.change(sess, rename)
		sess = h.must(h.Undo(ctx, of(sess)))
		sess = h.change(sess, `{"op":"delete_rows","rows":[3]}`)
		sess = h.must(h.Append(ctx, of(sess), table))
		sess = h.must(h.Restore(ctx, of(sess), 2))
		sess = h.must(h.SetMarks(ctx, of(sess), frame.Marks{"column_1": {1}}, false))
		sess = h.must(h.Snapshot(ctx, of(sess)))
		want := []string{"1 from 0: create ", "2 from 1: edit [" + setFirst + "]"}
		if got := h.lineage(sess, 2); !slices.Equal(got, want) {
			t.Errorf("%s: version 2 has the steps %q, want %q", name, got, want)
		}
		// The append and the removal have been given up.
		want = append(want, "6 from 2: restore ", "7 from 6: marks ", "8 from 7: snapshot ")
		if got := h.lineage(sess, 0); !slices.Equal(got, want) {
			t.Errorf("%s: the current version has the steps %q, want %q", name, got, want)
		}
		want = []string{"1 from 0: create ", "2 from 1: edit [" + setFirst + "]", `4 from 2: edit [{"op":"delete_rows","rows":[3]}]`, "5 from 4: append "}
		if got := h.lineage(sess, 5); !slices.Equal(got, want) {
			t.Errorf("%s: version 5 has the steps %q, want %q", name, got, want)
		}
		if _, err := h.Lineage(ctx, sess, 3); err == nil {
			t.Errorf("%s: a version that is gone has steps", name)
		}
	}
}

func TestOperationsOfAnyLengthAreKept(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, h := range map[string]*harness{"in the head": newHarness(t), "in the store": newHarness(t, inStore)} {
		sess := h.edit(h.create(20, 2), `{"op":"add_column","column":"text","dtype":"utf8"}`)
		want := []string{"1 from 0: create ", "2 from 1: edit "}
		for i, length := range []int{1, 300, 3000, 5000, 40_000, 900_000, MaxOperations} {
			text := make([]byte, length)
			for i := range text {
				text[i] = byte('a' + random.IntN(26))
			}
			op := fmt.Sprintf(`{"op":"replace","columns":["text"],"find":"%s","with":"%d"}`, text, i)
			// An edit that changes nothing makes no version.
			sess = h.change(sess, fmt.Sprintf(`{"op":"set_values","column":"column_1","rows":[0],"value":%d}`, 1000+i), op)
			kept := fmt.Sprintf(`[{"op":"set_values","column":"column_1","rows":[0],"value":%d},%s]`, 1000+i, op)
			if length == MaxOperations {
				kept = ""
			}
			want = append(want, fmt.Sprintf("%d from %d: edit %s", i+3, i+2, kept))
			if got := h.lineage(sess, 0); !slices.Equal(got, want) {
				t.Fatalf("%s: operations of %d bytes are not kept as they were", name, length)
			}
		}
	}
}

func TestRowsAreFollowedBetweenAnyTwoVersions(t *testing.T) {
	ctx := context.Background()
	random := rand.New(rand.NewPCG(1, 2))
	for name, h := range map[string]*harness{
		"in the head":  newHarness(t, func(o *Options) { o.MaxVersions = 8 }),
		"in the store": newHarness(t, inStore, func(o *Options) { o.MaxVersions = 8 }),
	} {
		sess := h.create(400, 2)
		// ids has for each version what each of its rows is called.
		ids, next := map[uint32][]int{1: nil}, 400
		for row := range next {
			ids[1] = append(ids[1], row)
		}
		for range 50 {
			now := slices.Clone(ids[sess.Current.ID])
			at := random.IntN(len(now))
			switch random.IntN(8) {
			case 0:
				sess = h.change(sess, fmt.Sprintf(`{"op":"set_values","column":"column_2","rows":[%d],"value":null}`, at), `{"op":"set_values","column":"column_1","rows":[0],"value":-1}`)
			case 1, 2:
				rows := slices.Sorted(slices.Values(random.Perm(len(now))[:random.IntN(40)+1]))
				sess = h.change(sess, fmt.Sprintf(`{"op":"delete_rows","rows":%s}`, strings.ReplaceAll(fmt.Sprint(rows), " ", ",")))
				for _, row := range slices.Backward(rows) {
					now = slices.Delete(now, row, row+1)
				}
			case 3:
				sess = h.change(sess, fmt.Sprintf(`{"op":"insert_rows","at":%d,"rows":[{},{}]}`, at))
				now = slices.Insert(now, at, next, next+1)
				next += 2
			case 4:
				// The row numbers, in a random order, are the key of a sort.
				order := random.Perm(len(now))
				column, _ := json.Marshal(order)
				sess = h.change(sess, fmt.Sprintf(`{"op":"add_column","column":"order","dtype":"int64","values":%s}`, column),
					`{"op":"sort","by":[{"column":"order"}]}`, `{"op":"drop_columns","columns":["order"]}`)
				was := slices.Clone(now)
				for row, to := range order {
					now[to] = was[row]
				}
			case 5:
				sess = h.must(h.Append(ctx, of(sess), h.table(h.create(5, 2), 0)))
				for range 5 {
					now = append(now, next)
					next++
				}
			case 6:
				if !sess.CanUndo {
					continue
				}
				sess = h.must(h.Undo(ctx, of(sess)))
				continue
			case 7:
				from := sess.Versions[random.IntN(len(sess.Versions))].ID
				sess = h.must(h.Restore(ctx, of(sess), from))
				now = ids[from]
			}
			ids[sess.Current.ID] = now
			other := sess.Versions[random.IntN(len(sess.Versions))].ID
			for _, ver := range sess.Versions {
				h.wantRowMap(name, sess, ver.ID, sess.Current.ID, ids)
				h.wantRowMap(name, sess, ver.ID, other, ids)
			}
		}
		h.wantReferencedBy(sess)
	}
}

// wantRowMap checks where the rows of a version were in another one.
func (h *harness) wantRowMap(name string, sess *Session, from, to uint32, ids map[uint32][]int) {
	h.t.Helper()
	place := map[int]int64{}
	for row, id := range ids[from] {
		place[id] = int64(row)
	}
	want, same := make([]int64, len(ids[to])), len(ids[from]) == len(ids[to])
	for row, id := range ids[to] {
		at, ok := place[id]
		if !ok {
			at = -1
		}
		want[row] = at
		same = same && at == int64(row)
	}
	rows, aligned, err := h.rowMap(context.Background(), sess.head, from, to)
	if err != nil || !aligned {
		h.t.Fatalf("%s: the rows of version %d are not known in version %d: %v", name, to, from, err)
	}
	if rows == nil && !same || rows != nil && !slices.Equal(rows, want) {
		h.t.Fatalf("%s: the rows of version %d were at %v in version %d, want %v", name, to, rows, from, want)
	}
}

// wantReferencedBy checks that the store has no segment of sess to which nothing refers. It may have other sessions.
func (h *harness) wantReferencedBy(sess *Session) {
	h.t.Helper()
	refs, err := sess.head.storedSegments()
	if err != nil {
		h.t.Fatal(err)
	}
	n := 0
	for _, key := range h.segmentKeys() {
		if strings.Contains(key, sess.ID) {
			n++
		}
	}
	if n != len(refs) {
		h.t.Errorf("the store has %d segments of the session, which refers to %d", n, len(refs))
	}
}
