package session

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/session/record"
)

func TestTheAuditLogIsPagedFromBothEnds(t *testing.T) {
	h := newHarness(t)
	sess := h.create(10, 5)
	const chunks = 3
	for i := 1; i < chunks*auditChunk+10; i++ {
		sess = h.note(sess, fmt.Sprint(i))
	}
	oldest := h.wholeLog(sess).Entries
	newest := slices.Clone(oldest)
	slices.Reverse(newest)
	total := int64(len(oldest))
	for _, limit := range []int64{1, 9, 10, 127, 128, 129, 300, total, math.MaxInt64} {
		for _, offset := range []int64{0, 1, 9, 10, 11, 127, 128, 255, 256, 257, total - 1, total, total + 1, math.MaxInt64} {
			for order, all := range map[bool][]AuditEntry{false: oldest, true: newest} {
				h.calls.Reset()
				log, err := h.Audit(context.Background(), sess, AuditSelection{Offset: offset, Limit: limit, NewestFirst: order})
				if err != nil {
					t.Fatal(err)
				}
				from := min(offset, total)
				want := all[from : from+min(limit, total-from)]
				if !slices.Equal(log.Entries, want) || log.Total != total || log.InitialRows != 10 {
					t.Errorf("%d entries from %d (newest first: %t): %v, want %v", limit, offset, order, log.Entries, want)
				}
				touched := map[int]bool{}
				for i, e := range oldest[:chunks*auditChunk] {
					if slices.Contains(want, e) {
						touched[i/auditChunk] = true
					}
				}
				if n := h.calls.Of(kvtest.OpGet).Keys; n != len(touched) {
					t.Errorf("%d entries from %d (newest first: %t): %d keys read, the page is in %d chunks", limit, offset, order, n, len(touched))
				}
			}
		}
	}
}

func TestAPageOfLongEntriesEndsEarly(t *testing.T) {
	h := &head{}
	for range 100 {
		h.AuditChunks = append(h.AuditChunks, record.SegmentRef{Raw: maxAuditPage / 4})
	}
	h.Audit = make([]record.AuditEntry, 5)
	const all = 100*auditChunk + 5
	for _, tt := range []struct {
		sel  AuditSelection
		want auditPage
	}{
		{AuditSelection{Limit: all}, auditPage{0, 4 * auditChunk, 0, 4}},
		{AuditSelection{Limit: 2*auditChunk + 1}, auditPage{0, 2*auditChunk + 1, 0, 3}},
		{AuditSelection{Offset: auditChunk + 7, Limit: all}, auditPage{auditChunk + 7, 5 * auditChunk, 1, 5}},
		{AuditSelection{Offset: 98 * auditChunk, Limit: all}, auditPage{98 * auditChunk, all, 98, 100}},
		{AuditSelection{Limit: all, NewestFirst: true}, auditPage{96 * auditChunk, all, 96, 100}},
		{AuditSelection{Offset: 6, Limit: all, NewestFirst: true}, auditPage{96 * auditChunk, all - 6, 96, 100}},
		{AuditSelection{Offset: all - 9, Limit: all, NewestFirst: true}, auditPage{0, 9, 0, 1}},
	} {
		if got := h.auditPage(tt.sel); got != tt.want {
			t.Errorf("%+v is %+v, want %+v", tt.sel, got, tt.want)
		}
	}
	// However long a chunk is, the page has it.
	h.AuditChunks[0].Raw = 2 * maxAuditPage
	if got := h.auditPage(AuditSelection{Limit: all}); got != (auditPage{0, auditChunk, 0, 1}) {
		t.Errorf("the page is %+v, want the first chunk", got)
	}
}

func TestAFullAuditLogDropsItsOldestEntries(t *testing.T) {
	h := newHarness(t)
	ctx := context.Background()
	sess := h.create(10, 5)
	h.must(h.commit(ctx, Ref{ID: sess.ID}, nil, func(stored *head) ([]kv.Item, error) {
		for i := range maxAuditChunks {
			stored.AuditChunks = append(stored.AuditChunks, record.SegmentRef{Born: uint64(i)})
		}
		stored.Audit = stored.Audit[:0]
		for range auditChunk - 2 {
			stored.log(h.now(), "entry")
		}
		return nil, nil
	}))
	for i, want := range []int64{maxAuditChunks*auditChunk + auditChunk - 2, maxAuditChunks*auditChunk - 1, maxAuditChunks * auditChunk} {
		added, err := h.AddAudit(ctx, of(sess), fmt.Sprintf("entry %d", i))
		if err != nil {
			t.Fatal(err)
		}
		log, err := h.Audit(ctx, added.Session, AuditSelection{Offset: added.Index, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		if added.Index != want || log.Total != want+1 || len(log.Entries) != 1 || log.Entries[0] != added.AuditEntry || added.Text != fmt.Sprintf("entry %d", i) {
			t.Errorf("entry %d is at %d of %d, want %d; there is %v", i, added.Index, log.Total, want, log.Entries)
		}
	}
}

func TestAnAddedEntryIsThatOfTheAttemptThatWon(t *testing.T) {
	h, step := interrupt(t, kvtest.OpCompareAndSwap, ":head")
	sess := h.create(10, 5)
	*step = func() { h.note(sess, "another") }
	added, err := h.AddAudit(context.Background(), of(sess), "mine")
	if err != nil {
		t.Fatal(err)
	}
	if added.Index != 2 || added.Text != "mine" || added.Session.Revision.Revision != 3 {
		t.Errorf("%q at %d of revision %s, want mine at 2 of revision 3", added.Text, added.Index, added.Session.Revision)
	}
}
