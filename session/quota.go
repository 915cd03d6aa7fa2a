package session

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"edgeframe/internal/budget"
	"edgeframe/internal/lru"
	"edgeframe/kv"
	"edgeframe/session/record"
)

// Quota bounds what the sessions of one owner take, 0 for no bound. Sessions without an owner are not counted.
type Quota struct {
	// Sessions is the number of sessions, at most [MaxQuotaSessions]. Without it that is the bound.
	Sessions int
	// Bytes is what the segments of all versions of all sessions take in the store.
	Bytes int64
}

// MaxQuotaSessions is the largest number of sessions that one owner can have with a quota: a ledger is one value.
const MaxQuotaSessions = 10_000

// ErrQuotaExceeded says that the sessions of an owner would exceed their [Quota].
var ErrQuotaExceeded = errors.New("quota exceeded")

// How a quota is checked: each owner has a ledger, which lists the sessions. A commit that makes a session, or changes
// what its segments take, swaps the ledger before it swaps the head; so commits at the same time cannot exceed a
// quota together. The ledger may list what has ended, or what was never made. So an entry is looked at when it is due,
// together with the next swap of the ledger: soon after a change, and then when the session would expire.
const (
	// unsure is the time after a change from which its entry is due. Until then its head may be on the way.
	unsure = 5 * time.Minute
	// maxLooks is the number of listings of headsAtOnce heads for one change of a ledger that is full.
	maxLooks = 16
	// ledgerTTL is how long a ledger lives after its last change.
	ledgerTTL = 2 * MaxTTL
	// ledgerCacheBytes bounds the ledgers that are known.
	ledgerCacheBytes = 1 << 20
)

// ledgers has the ledgers that this process has stored, by their keys. Nothing changes them. Others may have changed a
// ledger since then; only a swap shows that they have not.
type ledgers = lru.Cache[*record.Ledger]

func newLedgers(q Quota) *ledgers {
	if q == (Quota{}) {
		return nil
	}
	return lru.New[*record.Ledger](ledgerCacheBytes)
}

// IsLedger reports whether a key of a store, with its prefix, is that of the ledger of an owner, which is swapped.
func IsLedger(key string) bool { return record.IsLedger(key) }

// counts reports whether the sessions of an owner are counted.
func (s *Service) counts(owner string) bool {
	return s.opt.Quota != (Quota{}) && owner != "" && s.store.Capabilities().CompareAndSwap
}

// charge notes in the ledger of the owner what h takes, which is about to take the place of before. It returns
// ErrQuotaExceeded if that is too much.
func (s *Service) charge(ctx context.Context, before, h *head) error {
	if !s.counts(h.Owner) {
		return nil
	}
	isNew := before.Revision == (record.Token{}) || before.Expires <= s.now().UnixMilli()
	if !isNew && s.opt.Quota.Bytes == 0 {
		return nil
	}
	bytes, err := h.quotaBytes()
	if err != nil {
		return unreadable(h.ID, err)
	}
	had := int64(0)
	if !isNew {
		if had, err = before.quotaBytes(); err != nil {
			return unreadable(h.ID, err)
		}
		if had == bytes {
			return nil
		}
	}
	id, err := uuid.Parse(h.ID)
	if err != nil {
		return err
	}
	e := record.LedgerEntry{Session: id, Bytes: bytes, Due: min(s.now().Add(unsure).UnixMilli(), h.Expires)}
	return s.changeLedger(ctx, h.Owner, func(l *record.Ledger) error {
		if isNew || bytes > had {
			if err := s.checkQuota(l, e, isNew); err != nil {
				return err
			}
		}
		l.Set(e)
		return nil
	})
}

// checkFull returns ErrQuotaExceeded if the owner of h, which will be made, has no room for it. It is for tables that are
// stored while they arrive.
func (s *Service) checkFull(ctx context.Context, h *head) error {
	if !s.counts(h.Owner) {
		return nil
	}
	id, err := uuid.Parse(h.ID)
	if err != nil {
		return err
	}
	return s.changeLedger(ctx, h.Owner, func(l *record.Ledger) error {
		if err := s.checkQuota(l, record.LedgerEntry{Session: id, Bytes: 1}, true); err != nil {
			return err
		}
		return errUnchanged
	})
}

// discharge takes a session that was deleted out of the ledger of its owner. Errors are ignored: the entry is taken out
// when it is due.
func (s *Service) discharge(ctx context.Context, h *head) {
	if !s.counts(h.Owner) {
		return
	}
	_ = s.changeLedger(ctx, h.Owner, func(l *record.Ledger) error {
		before := len(l.Entries)
		l.Entries = slices.DeleteFunc(l.Entries, func(e record.LedgerEntry) bool { return e.Session.String() == h.ID })
		if len(l.Entries) == before {
			return errUnchanged
		}
		return nil
	})
}

// checkQuota returns an error if a ledger has no room for what e takes.
func (s *Service) checkQuota(l *record.Ledger, e record.LedgerEntry, isNew bool) error {
	sessions, bytes, known := 0, int64(0), false
	for _, other := range l.Entries {
		if other.Session == e.Session {
			known = true
			continue
		}
		sessions++
		bytes += other.Bytes
	}
	q := s.opt.Quota
	most := q.Sessions
	if most == 0 {
		most = MaxQuotaSessions
	}
	if isNew && !known && sessions >= most {
		return fail(ErrQuotaExceeded, "the owner of the token has %d sessions and may have %d; delete one, or wait until one expires", sessions, most)
	}
	if q.Bytes > 0 && bytes+e.Bytes > q.Bytes {
		return fail(ErrQuotaExceeded, "the session would take %d bytes, and the other sessions of its owner take %d; together they may take %d; delete sessions, or wait until some expire", e.Bytes, bytes, q.Bytes)
	}
	return nil
}

// errUnchanged ends the change of a ledger that needs none.
var errUnchanged = errors.New("unchanged")

// changeLedger changes the ledger of an owner and stores it. change gets a copy, and is called again if others have
// changed the ledger meanwhile, or if it refuses and entries turn out to be wrong. While the ledger cannot be read or
// stored, nothing is refused for it: a head cannot be stored then either, unless it is on the store that takes the
// place of one that is gone.
func (s *Service) changeLedger(ctx context.Context, owner string, change func(l *record.Ledger) error) error {
	ctx = kv.Existing(ctx)
	key := record.LedgerKey(owner)
	// Others may have made room in a ledger that this process knows.
	known, _ := s.ledgers.Get(key)
	read := false
	for range maxAttempts {
		if known == nil {
			var err error
			if known, err = s.readLedger(ctx, key); err != nil {
				return nil
			}
			read = true
		}
		next := &record.Ledger{Revision: known.Revision.Next(), Entries: slices.Clone(known.Entries)}
		corrected, refused := s.changeDue(ctx, owner, next, change)
		if errors.Is(refused, ErrQuotaExceeded) && !read {
			known = nil
			continue
		}
		if errors.Is(refused, errUnchanged) {
			return nil
		}
		if refused != nil && !corrected {
			return refused
		}
		err := s.storeLedger(ctx, key, known.Revision, next)
		if refused != nil || !errors.Is(err, kv.ErrConflict) {
			return refused
		}
		known = nil
		if lost, ok := errors.AsType[*kv.Conflict](err); ok && lost.Value != nil {
			known, read = record.DecodeLedger(lost.Value), true
		}
	}
	return fail(ErrBusy, "the sessions of this owner are changed by too many requests at once; try again shortly")
}

// changeDue calls change for a ledger after it has corrected entries that are due: a few, and more if it is refused. If
// it is refused in the end, the ledger has the corrections, and corrected says that there are some.
func (s *Service) changeDue(ctx context.Context, owner string, l *record.Ledger, change func(*record.Ledger) error) (corrected bool, err error) {
	for range maxLooks {
		more := s.correctDue(ctx, owner, l)
		corrected = corrected || more
		before := slices.Clone(l.Entries)
		if err = change(l); !errors.Is(err, ErrQuotaExceeded) {
			return corrected, err
		}
		l.Entries = before
		if !more {
			break
		}
	}
	return corrected, err
}

// correctDue corrects some entries that are due by the heads of their sessions, and reports whether there were any.
func (s *Service) correctDue(ctx context.Context, owner string, l *record.Ledger) bool {
	now := s.now().UnixMilli()
	var ids []string
	var at []int
	for i, e := range l.Entries {
		if e.Due <= now && len(ids) < headsAtOnce {
			ids, at = append(ids, e.Session.String()), append(at, i)
		}
	}
	if len(ids) == 0 {
		return false
	}
	values, err := s.listedValues(ctx, ids)
	if err != nil {
		return false
	}
	for n, i := range at {
		s.correct(ctx, owner, &l.Entries[i], values[n], now)
	}
	l.Entries = slices.DeleteFunc(l.Entries, func(e record.LedgerEntry) bool { return e.Due == 0 })
	return true
}

// correct corrects an entry by the stored head of its session. Its Due is 0 if there is no such session.
func (s *Service) correct(ctx context.Context, owner string, e *record.LedgerEntry, stored []byte, now int64) {
	e.Due, e.Bytes = 0, 0
	if stored == nil {
		return
	}
	h, err := decodeHead(ctx, e.Session.String(), stored)
	budget.From(ctx).Free(headFactor * int64(len(stored)))
	if err != nil || h.Owner != owner || h.Expires <= now {
		return
	}
	if e.Bytes, err = h.quotaBytes(); err == nil {
		e.Due = h.Expires
	}
}

// quotaBytes is what the segments of all versions take.
func (h *head) quotaBytes() (n int64, err error) {
	refs, err := h.segments()
	for _, r := range h.AuditChunks {
		delete(refs, r)
	}
	for r := range refs {
		n += int64(r.Stored)
	}
	return n, err
}

func (s *Service) readLedger(ctx context.Context, key string) (*record.Ledger, error) {
	b, err := s.store.Get(ctx, key)
	if err != nil && !errors.Is(err, kv.ErrNotFound) {
		return nil, err
	}
	return record.DecodeLedger(b), nil
}

// storeLedger swaps a ledger, and knows it if that has succeeded.
func (s *Service) storeLedger(ctx context.Context, key string, old record.Token, l *record.Ledger) error {
	item := kv.Item{Key: key, Value: l.Encode()}
	_, err := s.store.Commit(ctx, kv.Commit{Swap: item, Old: old.KV(), TTL: ledgerTTL, SwapTTL: ledgerTTL})
	if err != nil {
		s.ledgers.Remove(key)
		return err
	}
	s.ledgers.Add(key, l, int64(len(item.Value)+len(key)))
	return nil
}
