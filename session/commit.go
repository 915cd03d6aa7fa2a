package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"edgeframe/kv"
	"edgeframe/session/record"
)

// maxAttempts and minTrying bound how often a commit is tried again after it lost against another
// one: it gives up after it has lost maxAttempts times and for minTrying at least.
//
// The changes of one process do not compete ([Options.Line]), so an attempt competes with at most one
// of each other process. The losers of a round start again at once, from the head that has won. But a
// process may win many times in a row by its rhythm: of four processes of 16 writers each, one edit in
// a thousand loses 64 times, within 200 ms. So the time counts as well.
const (
	maxAttempts = 64
	minTrying   = 10 * time.Second
)

// errSegmentGone says that a segment which a head refers to is not in the store.
var errSegmentGone = errors.New("segment is gone")

// commit changes a session: change edits the head that it is given, which is private to the
// attempt, and returns the segments to store. If another commit comes between, change is called
// again with the new head. The returned session is the state after the commit. A change with a [Key]
// that has been made before is not made again. Its precondition is not checked either: that was about
// the state before the change.
func (s *Service) commit(ctx context.Context, ref Ref, pre Precondition, change changeFunc) (*Session, error) {
	if s.opt.FarStore {
		return s.commitLight(ctx, ref, pre, change)
	}
	return s.commitFrom(ctx, ref, pre, nil, change)
}

// commitLight is [Service.commit] for a change of the head that costs next to nothing. It is made first to
// the head that this process knows, if it knows one, which saves the round trip of reading it.
// Whatever that head refuses is decided by the one in the store.
func (s *Service) commitLight(ctx context.Context, ref Ref, pre Precondition, change changeFunc) (*Session, error) {
	return s.commitFrom(ctx, ref, pre, s.heads.recall, change)
}

// changeFunc edits a head and returns the segments to store.
type changeFunc = func(h *head) ([]kv.Item, error)

// recallFunc returns a head that a change may begin with, or nil.
type recallFunc = func(ctx context.Context, id string) *head

// commitFrom is [Service.commit] that begins with the head that recall returns, unless that is nil.
func (s *Service) commitFrom(ctx context.Context, ref Ref, pre Precondition, recall recallFunc, change changeFunc) (sess *Session, err error) {
	leave, err := s.enterLine(ctx, ref.ID)
	if err != nil {
		return nil, err
	}
	lostAttempts, start := 0, s.now()
	defer func() { leave(lostAttempts) }()
	var unused []string
	defer func() {
		if err != nil {
			// Errors are ignored, because segments that stay expire.
			_ = s.store.Delete(ctx, unused...)
		}
	}()
	var last Token
	key := keyOf(ctx)
	h, lost, err := s.begin(ctx, ref, pre, recall, change)
	for err == nil {
		if lost != nil && h.made(lost.head.Revision) {
			// The change was made when it began, or a retry after a lost response hit our own commit.
			return s.won(lost), nil
		}
		unused = append(unused, lost.unused(h)...)
		if known, err := h.repeats(key); err != nil {
			return nil, err
		} else if known {
			return s.replayed(ctx, h, unused)
		}
		if err := s.check(h, pre); err != nil {
			return nil, err
		}
		if s.isExhausted(lostAttempts, start) {
			return nil, withState(h, exhausted(ref.ID, lostAttempts))
		}
		h.actor = callerOf(ctx).Actor
		a := &attempt{before: *h, head: h}
		h.far = s.farChange()
		a.items, err = change(h)
		if errors.Is(err, errSegmentGone) && a.before.Revision != last {
			// A commit that came between may have removed it; the next attempt sees its head.
			last, lost = a.before.Revision, nil
			lostAttempts++
			if h, err = s.load(ctx, ref); err == nil {
				h.patient = true
			}
			continue
		}
		if err != nil {
			return nil, s.heads.missing(h, err)
		}
		h.remember(key)
		err = s.swap(ctx, a, unused)
		if err == nil {
			return s.won(a), nil
		}
		if errors.Is(err, kv.ErrConflict) {
			lost = a
			lostAttempts++
			h, err = s.loadWinner(ctx, ref, err)
		}
	}
	if sess := s.repeatsWinner(ctx, ref.ID, key, err, unused); sess != nil {
		return sess, nil
	}
	return nil, s.withLatest(ctx, ref.ID, err)
}

// begin returns the head that a change begins with, and the attempt that was made before. If recall knows a
// head, the change is made to that one first.
func (s *Service) begin(ctx context.Context, ref Ref, pre Precondition, recall recallFunc, change changeFunc) (*head, *attempt, error) {
	var known *head
	if recall != nil {
		known = recall(ctx, ref.ID)
	}
	if known == nil || !s.admits(ctx, ref, pre, known) {
		h, err := s.load(ctx, ref)
		return h, nil, err
	}
	a := &attempt{before: *known, head: known}
	refused, err := s.tryRecalled(ctx, a, change)
	switch {
	case refused != nil:
		h, err := s.load(ctx, ref)
		if err == nil && h.Revision == a.before.Revision && !errors.Is(refused, errSegmentGone) {
			// It would refuse the change too.
			err = s.heads.missing(h, refused)
		}
		return h, nil, err
	case errors.Is(err, kv.ErrConflict):
		h, err := s.loadWinner(ctx, ref, err)
		return h, a, err
	case errors.Is(err, ErrConflict):
		// The store cannot compare, so others may have the segments that the attempt has stored.
		h, err := s.load(ctx, ref)
		return h, nil, err
	}
	return a.head, a, err
}

// admits reports whether h, which may be older than the head in the store, is one that a change may begin with.
func (s *Service) admits(ctx context.Context, ref Ref, pre Precondition, h *head) bool {
	if _, err := s.unexpired(ctx, h, ref); err != nil {
		return false
	}
	known, err := h.repeats(keyOf(ctx))
	return !known && err == nil && s.check(h, pre) == nil
}

// tryRecalled makes a change to the head of a, which may be older than the head in the store. refused is the
// error of the change, err that of the swap.
func (s *Service) tryRecalled(ctx context.Context, a *attempt, change changeFunc) (refused, err error) {
	a.head.actor, a.head.far = callerOf(ctx).Actor, s.farChange()
	if a.items, err = change(a.head); err != nil {
		return err, nil
	}
	a.head.remember(keyOf(ctx))
	return nil, s.swap(ctx, a, nil)
}

// enterLine waits until it is the turn of the caller to change a session, and returns the function
// that ends the turn.
func (s *Service) enterLine(ctx context.Context, id string) (leave func(lost int), err error) {
	if s.opt.Line == nil {
		return func(int) {}, nil
	}
	if err := checkID(id); err != nil {
		return nil, err
	}
	leave, err = s.opt.Line(ctx, id)
	if err != nil && ctx.Err() == nil {
		return nil, &Error{Kind: ErrBusy, Detail: fmt.Sprintf("session %s is busy with other changes: %v; try again shortly", id, err), Err: err}
	}
	return leave, err
}

// isExhausted reports whether a change that began at start gives up.
func (s *Service) isExhausted(lost int, start time.Time) bool {
	return lost >= maxAttempts && s.now().Sub(start) >= minTrying
}

// loadWinner returns the head against which a swap has lost. The error of the swap has it, unless the
// store could not read it.
func (s *Service) loadWinner(ctx context.Context, ref Ref, lost error) (*head, error) {
	h, err := s.winner(ctx, ref.ID, lost)
	if err != nil {
		return nil, err
	}
	return s.unexpired(ctx, h, ref)
}

// winner is loadWinner for a session that may have ended. It returns nil if there is none.
func (s *Service) winner(ctx context.Context, id string, lost error) (*head, error) {
	conflict, ok := errors.AsType[*kv.Conflict](lost)
	if !ok || conflict.Value == nil {
		return s.heads.load(ctx, Ref{ID: id})
	}
	h, err := decodeHead(ctx, id, conflict.Value)
	if err != nil {
		return nil, err
	}
	return h, h.onItsWay()
}

// attempt is one attempt to commit.
type attempt struct {
	// before is the head from which the attempt started, head its successor.
	before head
	head   *head
	// items are the new segments, and put those of them that do not travel with the head, and those that move from
	// it to the store. dropped are the keys of the segments to delete, and left the keys of those that a reader
	// deletes.
	items, put    []kv.Item
	dropped, left []string
}

// won returns the session after an attempt that has succeeded.
func (s *Service) won(a *attempt) *Session {
	s.cache.Remove(a.dropped...)
	s.readers.leave(a.head.ID, a.left)
	a.head.far = nil
	return view(a.head)
}

func (s *Service) check(h *head, pre Precondition) error {
	if pre != nil && !pre(view(h)) {
		return withState(h, fail(ErrPreconditionFailed, "session %s has changed: its revision is %s now", h.ID, h.Revision))
	}
	return nil
}

func overtaken(id string) error {
	return fail(ErrConflict, "session %s was changed by another request meanwhile; read it again and repeat the change", id)
}

func exhausted(id string, lost int) error {
	return fail(ErrConflict, "session %s was changed by others %d times in a row; try again", id, lost)
}

// swap makes the head of a the successor of the one before it, and stores and drops what belongs
// to that. It also drops the keys of unused.
func (s *Service) swap(ctx context.Context, a *attempt, unused []string) error {
	h, now := a.head, s.now()
	born := h.nextBorn()
	h.advance()
	put, err := h.settle(&a.before, born, a.items, s.opt.InlineBytes)
	if err != nil {
		return err
	}
	if a.put, err = s.relieve(h, born, put); err != nil {
		return err
	}
	// The session may have had a longer TTL when its other segments were stored.
	h.Lease = min(h.Lease, now.Add(s.keep.segmentTTL(h.ttl())).UnixMilli())
	renew, err := h.extend(now, s.keep)
	if err != nil {
		return err
	}
	if err := s.charge(ctx, &a.before, h); err != nil {
		return err
	}
	a.dropped, a.left = s.readers.split(h.ID, append(s.heads.obsolete(&a.before, h), unused...))
	return s.heads.swap(ctx, &a.before, h, kv.Commit{Put: a.put, Touch: renew, Drop: a.dropped, Event: s.event(&a.before, h)})
}

// unused lists the keys of the segments that a lost attempt stored in vain: those that h, a head
// read after it, does not refer to. They can be deleted at any time. A commit that made the same
// segment in the same revision has won, so h or a head before it had the segment, and a key that a
// head has given up is never used again.
func (a *attempt) unused(h *head) (keys []string) {
	if a == nil || len(a.put) == 0 {
		return nil
	}
	kept, err := h.segments()
	if err != nil {
		return nil
	}
	keptKeys := make(map[string]bool, len(kept))
	for r := range kept {
		keptKeys[record.SegmentKey(h.ID, r)] = true
	}
	for _, it := range a.put {
		if !keptKeys[it.Key] {
			keys = append(keys, it.Key)
		}
	}
	return keys
}

// corrupt returns the error that names a segment which is really gone. Other errors, and nil, stay
// as they are.
func corrupt(id string, err error) error {
	if !errors.Is(err, errSegmentGone) {
		return err
	}
	return damaged(id, err)
}

func damaged(id string, err error) error {
	return &Error{Kind: ErrCorrupt, Detail: fmt.Sprintf("session %s is damaged: %v", id, err), Err: err}
}
