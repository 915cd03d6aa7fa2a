package session

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"edgeframe/codec/codectest"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/session/record"
)

// as returns a context for requests of an actor.
func as(actor string) context.Context {
	return WithCaller(context.Background(), Caller{Token: true, OwnerOnly: true, Actor: actor})
}

func withQuota(q Quota) func(*Options) { return func(o *Options) { o.Quota = q } }

func (h *harness) createAs(actor string, rows int) (*Session, error) {
	h.t.Helper()
	return h.Create(as(actor), codectest.Generate(rows, 3, 1), "t.csv", time.Hour, nil)
}

// ledgerOf returns the stored ledger of an actor.
func (h *harness) ledgerOf(actor string) *record.Ledger {
	h.t.Helper()
	l, err := h.readLedger(context.Background(), record.LedgerKey(actor))
	if err != nil {
		h.t.Fatal(err)
	}
	return l
}

func TestAnActorHasNoMoreSessionsThanTheQuota(t *testing.T) {
	h := newHarness(t, withQuota(Quota{Sessions: 3}))
	var first *Session
	for i := range 3 {
		sess, err := h.createAs("ada", 10)
		if err != nil {
			t.Fatalf("session %d: %v", i+1, err)
		}
		if first == nil {
			first = sess
		}
	}
	_, err := h.createAs("ada", 10)
	wantKind(t, err, ErrQuotaExceeded)
	if _, err := h.createAs("eve", 10); err != nil {
		t.Errorf("another actor: %v", err)
	}
	h.create(10, 3) // it has no owner

	if err := h.Delete(as("ada"), Ref{ID: first.ID}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := h.createAs("ada", 10); err != nil {
		t.Errorf("after a deletion: %v", err)
	}
	_, err = h.createAs("ada", 10)
	wantKind(t, err, ErrQuotaExceeded)

	short, err := h.Create(as("eve"), codectest.Generate(10, 3, 1), "t.csv", time.Second, nil)
	h.must(short, err)
	if _, err := h.createAs("eve", 10); err != nil {
		t.Fatal(err)
	}
	_, err = h.createAs("eve", 10)
	wantKind(t, err, ErrQuotaExceeded)
	h.pass(3 * time.Second)
	if _, err := h.createAs("eve", 10); err != nil {
		t.Errorf("after the expiry of a short life: %v", err)
	}

	// Sessions that were read live longer than their ledger knows, and count.
	read, err := h.createAs("bob", 10)
	h.must(read, err)
	h.pass(50 * time.Minute)
	if _, err := h.Open(as("bob"), Ref{ID: read.ID}, PrefetchNothing); err != nil {
		t.Fatal(err)
	}
	h.pass(30 * time.Minute)
	for range 3 {
		if _, err := h.createAs("ada", 10); err != nil {
			t.Errorf("after the expiry of all: %v", err)
		}
	}
	_, err = h.createAs("ada", 10)
	wantKind(t, err, ErrQuotaExceeded)
	for range 2 {
		if _, err := h.createAs("bob", 10); err != nil {
			t.Error(err)
		}
	}
	_, err = h.createAs("bob", 10)
	wantKind(t, err, ErrQuotaExceeded)
}

func TestTheSessionsOfAnActorTakeNoMoreBytesThanTheQuota(t *testing.T) {
	h := newHarness(t, withQuota(Quota{Bytes: 100_000}), func(o *Options) { o.MaxVersions = 1 })
	sess, err := h.createAs("ada", 1000)
	h.must(sess, err)
	used := func() (n int64) {
		for _, e := range h.ledgerOf("ada").Entries {
			n += e.Bytes
		}
		return n
	}
	if used() != sess.Current.StoredBytes {
		t.Errorf("%d bytes are noted for a session of %d", used(), sess.Current.StoredBytes)
	}
	change := func(row int) error {
		next, _, err := h.Edit(as("ada"), of(sess), operations(t, fmt.Sprintf(`{"op":"set_values","column":"column_1","rows":[%d],"value":null}`, row)))
		if err == nil {
			bytes, err := next.head.quotaBytes()
			if err != nil || used() != bytes {
				t.Errorf("%d bytes are noted, the session takes %d: %v", used(), bytes, err)
			}
		}
		return err
	}
	// Of two versions one stays, so edits stop taking more.
	for row := range 5 {
		if err := change(row); err != nil {
			t.Fatal(err)
		}
	}
	for err == nil {
		_, err = h.createAs("ada", 1000)
	}
	wantKind(t, err, ErrQuotaExceeded)
	if used() > 100_000 {
		t.Errorf("%d bytes are used", used())
	}
	// What takes no more is not refused: an undo, and a name.
	if _, err := h.Undo(as("ada"), of(sess)); err != nil {
		t.Error(err)
	}
	h.pass(2 * time.Hour)
	if _, err := h.createAs("ada", 1000); err != nil {
		t.Errorf("after the expiry of all: %v", err)
	}
	if n := len(h.ledgerOf("ada").Entries); n > 1 {
		t.Errorf("the ledger has %d entries of one session", n)
	}
}

func TestAQuotaCostsNothingWhereThereIsNone(t *testing.T) {
	counted := func(adjust ...func(*Options)) (create, edit, remove int) {
		h := newHarness(t, adjust...)
		calls := func(do func()) int {
			h.calls.Reset()
			do()
			return h.calls.Total().Calls
		}
		first, err := h.createAs("ada", 100)
		h.must(first, err)
		var sess *Session
		create = calls(func() { sess, err = h.createAs("ada", 100) })
		h.must(sess, err)
		edit = calls(func() {
			_, _, err = h.Edit(as("ada"), of(sess), operations(t, setFirst))
		})
		h.must(sess, err)
		remove = calls(func() { err = h.Delete(as("ada"), Ref{ID: sess.ID}, nil) })
		h.must(sess, err)
		return create, edit, remove
	}
	create, edit, remove := counted(inStore)
	// A ledger that this process has stored is swapped without reading it.
	create2, edit2, remove2 := counted(inStore, withQuota(Quota{Sessions: 10, Bytes: 1 << 30}))
	if create2 != create+1 || edit2 != edit+1 || remove2 != remove+1 {
		t.Errorf("with a quota %d, %d and %d calls of the store; without %d, %d and %d: want one more of each", create2, edit2, remove2, create, edit, remove)
	}
	create2, edit2, _ = counted(inStore, withQuota(Quota{Sessions: 10}))
	if create2 != create+1 || edit2 != edit {
		t.Errorf("with a number of sessions alone %d and %d calls, without %d and %d", create2, edit2, create, edit)
	}
}

func TestManyProcessesTogetherStayWithinAQuota(t *testing.T) {
	first := newHarness(t, withQuota(Quota{Sessions: 5}))
	second := newHarness(t, withQuota(Quota{Sessions: 5}), func(o *Options) { o.Store = kv.New(first.calls, "") })
	var wait sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for range 12 {
		for _, h := range []*harness{first, second} {
			wait.Go(func() {
				_, err := h.createAs("ada", 10)
				if err != nil && !errors.Is(err, ErrQuotaExceeded) {
					t.Error(err)
				}
				if err == nil {
					mu.Lock()
					defer mu.Unlock()
					made++
				}
			})
		}
	}
	wait.Wait()
	if made != 5 {
		t.Errorf("%d sessions were made, want 5", made)
	}
}

func TestALedgerIsCorrectedByTheHeads(t *testing.T) {
	h := newHarness(t, withQuota(Quota{Sessions: 40}))
	sess, err := h.createAs("ada", 10)
	h.must(sess, err)
	// Sessions that were never made, as after swaps of heads that have failed.
	l := h.ledgerOf("ada")
	for range 39 {
		l.Entries = append(l.Entries, record.LedgerEntry{Session: uuid.New(), Bytes: 1, Due: h.now().Add(unsure).UnixMilli()})
	}
	old := l.Revision
	l.Revision = old.Next()
	if err := h.storeLedger(context.Background(), record.LedgerKey("ada"), old, l); err != nil {
		t.Fatal(err)
	}
	_, err = h.createAs("ada", 10)
	wantKind(t, err, ErrQuotaExceeded)
	h.pass(unsure)
	h.calls.Reset()
	if _, err := h.createAs("ada", 10); err != nil {
		t.Error(err)
	}
	if n := h.calls.Of(kvtest.OpGet).Calls; n > 2 {
		t.Errorf("%d reads of the store", n)
	}
	// The rest is corrected by later changes, a few at a time.
	for range 2 {
		if _, err := h.createAs("ada", 10); err != nil {
			t.Error(err)
		}
	}
	if n := len(h.ledgerOf("ada").Entries); n != 4 {
		t.Errorf("%d entries of 4 sessions", n)
	}
}

func TestADamagedLedgerRefusesNothing(t *testing.T) {
	h := newHarness(t, withQuota(Quota{Sessions: 2}))
	if _, err := h.createAs("ada", 10); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string][]byte{"cut": h.ledgerOf("ada").Encode()[:40], "other": []byte("sixteen bytes or more, which are no ledger")} {
		if err := h.store.SetMany(context.Background(), []kv.Item{{Key: record.LedgerKey("ada"), Value: value}}, time.Hour); err != nil {
			t.Fatal(err)
		}
		if _, err := h.createAs("ada", 10); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
