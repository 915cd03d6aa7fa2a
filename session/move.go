//go:build !js

package session

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"edgeframe/kv"
	"edgeframe/session/record"
)

// A session is moved to another store while it is used. Its segments, which never change, are copied first. Then
// changes of the session wait, and the segments that have come since are copied. Which store has the session is
// decided in steps, so that it can be told after an end of the process between any two of them:
//
//  1. The source notes a token. The target gets an announcement with this token in place of the head: the session is
//     on its way. Nobody there can read, change or end a session with an announcement.
//  2. The source notes that the session is being handed over.
//  3. The head replaces the announcement, by compare-and-swap. From then on the target has the session.
//  4. What is left in the source is deleted.
//
// Before step 2 the source has the session. After it, the source has it as long as the announcement is there,
// because only step 3 removes that. If the target has anything else, or nothing, step 3 was made, and whoever uses the
// target has gone on from there: an earlier state in the source must not come back, not even if the session has been
// deleted.

// Mover moves sessions from one store to another.
type Mover struct {
	// From is the source, To the target. Nobody else uses the source.
	From, To *kv.Store
	// Hold makes the changes of the session in the source wait. It returns nil if the session is not in the
	// source any more.
	Hold func(ctx context.Context, id string) (Hold, error)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Hold keeps a session in the source as it is.
type Hold interface {
	// Moved says that the session is in the target, or nowhere.
	Moved()
	// Doubt says that it is not known where the session is, Kept that it is in the source.
	Doubt()
	Kept()
	// Over reports whether a session without a head has ended. Otherwise its head may be on its way.
	Over() bool
	// Release lets changes go on.
	Release()
}

// Movement is what became of a session.
type Movement string

// The movements.
const (
	// Moved says that the session is in the target as it was in the source, Arrived that it was there before, in
	// that state or in a later one.
	Moved   Movement = "moved"
	Arrived Movement = "arrived"
	// Ended says that there is no such session: it has expired or was deleted.
	Ended Movement = "ended"
	// Pending says that there is no session yet, but it may be on its way into the source.
	Pending Movement = "pending"
	// Kept says that the session is still in the source, because there is an error, or because it was only looked at.
	Kept Movement = "kept"
)

// Move moves a session. An [*Error] is about this session alone: it was changed in both stores, or it is damaged;
// then it stays in the source. Any other error is of a store.
func (m *Mover) Move(ctx context.Context, id string) (Movement, error) {
	v := m.newMove(ctx, id)
	if err := v.ahead(); err != nil {
		return Kept, err
	}
	return v.hold(v.arrive)
}

// Settle finds out whether a session is in the target already, and finishes handing it over if that was begun. It moves
// nothing else. The error is that of Move.
func (m *Mover) Settle(ctx context.Context, id string) (Movement, error) {
	v := m.newMove(ctx, id)
	return v.hold(v.settle)
}

// IsNote reports whether a key of the source, with any prefix, is that of a note about a move.
func IsNote(key string) bool { return record.IsMovingKey(key) }

// NoteKey is the key of the note about the move of a session.
func NoteKey(id string) string { return record.MovingKey(id) }

// MayHaveMoved reports whether a note says that the session may be in the target.
func MayHaveMoved(note []byte) bool { return record.DecodeMoving(note).Handed }

// move is the move of one session.
type move struct {
	copier
	ctx  context.Context
	id   string
	take func(ctx context.Context, id string) (Hold, error)
	// lease keeps the segments in copied, which are in the target and have no head there yet.
	lease  *lease
	copied map[record.SegmentRef]bool
}

func (m *Mover) newMove(ctx context.Context, id string) *move {
	now := m.Now
	if now == nil {
		now = time.Now
	}
	return &move{
		copier: copier{from: m.From, to: m.To, now: now},
		ctx:    ctx, id: id, take: m.Hold,
		lease:  newLease(m.To, now, maxLease, true),
		copied: map[record.SegmentRef]bool{},
	}
}

// ahead copies segments without holding the session.
func (v *move) ahead() error {
	source, err := readStored(v.ctx, v.from, "source", v.id)
	if err != nil || v.hasExpired(source) {
		return err
	}
	target, err := readStored(v.ctx, v.to, "target", v.id)
	if err != nil || isAnnouncement(target) {
		return err
	}
	_, lacking, err := v.difference(source, target)
	if err != nil {
		return corrupt(v.id, err)
	}
	err = v.bring(source.head, lacking)
	if errors.Is(err, errSegmentGone) {
		// A change has removed it. What is lacking is copied later.
		return nil
	}
	return err
}

// bring copies segments that have not been copied.
func (v *move) bring(h *head, lacking []record.SegmentRef) error {
	var rest []record.SegmentRef
	for _, r := range lacking {
		if !v.copied[r] {
			rest = append(rest, r)
		}
	}
	for len(rest) > 0 {
		n, _ := batch(rest, copyBytes)
		if err := v.segments(v.ctx, h, rest[:n], v.lease); err != nil {
			return err
		}
		for _, r := range rest[:n] {
			v.copied[r] = true
		}
		rest = rest[n:]
	}
	if len(v.copied) == 0 {
		return nil
	}
	return v.lease.hold(v.ctx)
}

// hold runs work while the session stays as it is in the source.
func (v *move) hold(work func(Hold) (Movement, error)) (Movement, error) {
	h, err := v.take(v.ctx, v.id)
	if err != nil {
		return Kept, err
	}
	if h == nil {
		return Arrived, nil
	}
	defer h.Release()
	return work(h)
}

// sides are what both stores have of a session.
type sides struct {
	source, target storedHead
	note           record.Moving
}

// handed says that only the announcement in the target shows that the session is still in the source. It does not if the
// session was changed in the source since: a server without the target has served it.
func (s *sides) handed() bool {
	return s.note.Handed && s.note.Announced != Token{} && s.note.Of == s.source.head.Revision
}

// announced reports whether the target has the announcement of this move.
func (s *sides) announced() bool {
	return isAnnouncement(s.target) && s.target.head.Revision == s.note.Announced
}

// isAnnouncement reports whether a head says that the session is on its way, from whichever server.
func isAnnouncement(h storedHead) bool { return h.head != nil && h.head.Expires == record.OnItsWay }

// look reads what both stores have. If the source has no session, it says what that means.
func (v *move) look(h Hold) (s sides, done Movement, err error) {
	if s.source, err = readStored(v.ctx, v.from, "source", v.id); err == nil {
		s.note, err = v.readNote()
	}
	if err != nil {
		return s, Kept, err
	}
	if v.hasExpired(s.source) {
		if !h.Over() {
			return s, Pending, nil
		}
		if err := v.withdraw(s.note); err != nil {
			return s, Kept, err
		}
		return s, Ended, v.leave(h)
	}
	if s.target, err = readStored(v.ctx, v.to, "target", v.id); err != nil {
		done = Kept
	}
	return s, done, err
}

func (v *move) readNote() (record.Moving, error) {
	b, err := v.from.Get(v.ctx, record.MovingKey(v.id))
	if errors.Is(err, kv.ErrNotFound) {
		err = nil
	}
	return record.DecodeMoving(b), err
}

// writeNote leaves the note of s in the source.
func (v *move) writeNote(s *sides) error {
	s.note.Of = s.source.head.Revision
	item := kv.Item{Key: record.MovingKey(v.id), Value: s.note.Encode()}
	if err := v.from.SetMany(v.ctx, []kv.Item{item}, v.ttl(s.source.head.Expires)); err != nil {
		return fmt.Errorf("note that a session is being moved: %w", err)
	}
	return nil
}

// withdraw deletes the announcement of a session that has ended in the source.
func (v *move) withdraw(note record.Moving) error {
	if note.Announced == (Token{}) {
		return nil
	}
	key := record.HeadKey(v.id)
	raw, err := v.to.Get(v.ctx, key)
	switch {
	case errors.Is(err, kv.ErrNotFound) || errors.Is(err, kv.ErrCorrupt):
		return nil
	case err == nil && kv.RevisionOf(raw) == note.Announced.KV():
		return v.to.Delete(v.ctx, key)
	}
	return err
}

// settle finishes a move that may have stored the session in the target.
func (v *move) settle(h Hold) (Movement, error) {
	s, done, err := v.look(h)
	if done != "" || err != nil {
		return done, err
	}
	if s.handed() {
		return v.conclude(h, s)
	}
	done, err = v.compareSides(h, s)
	if done == "" && s.note.Announced == (Token{}) && s.note.Handed {
		return Kept, v.from.Delete(v.ctx, record.MovingKey(v.id))
	}
	return cmp.Or(done, Kept), err
}

// arrive stores the session in the target.
func (v *move) arrive(h Hold) (Movement, error) {
	for range maxAttempts {
		s, done, err := v.look(h)
		if done != "" || err != nil {
			return done, err
		}
		if s.handed() {
			return v.conclude(h, s)
		}
		if done, err = v.compareSides(h, s); done != "" {
			return done, err
		}
		commit, err := v.fill(&s)
		if err == nil {
			err = v.announce(h, &s, commit)
		}
		switch {
		case err == nil:
			return v.handOver(h, &s, commit)
		case !errors.Is(err, kv.ErrConflict):
			return Kept, err
		}
	}
	return Kept, exhausted(v.id, maxAttempts)
}

// compareSides says what becomes of a session that has not been handed over, if it is not to be moved now: the target
// has it, in the state of the source or in a later one, or it was changed in both, or another server is moving one with
// its id there.
func (v *move) compareSides(h Hold, s sides) (done Movement, err error) {
	there := false
	if !v.hasExpired(s.target) && !isFirstOfSameRequest(s.source.head, s.target.head) {
		var count *int
		count, err = v.compare(s.source.head, s.target.head)
		there = count != nil
	}
	switch {
	case there:
		return Arrived, v.leave(h)
	case err != nil:
		done = Kept
	case isAnnouncement(s.target) && !s.announced():
		done = Pending
	}
	h.Kept()
	return done, err
}

// isFirstOfSameRequest reports whether the target has what the request with the key that has made the session in the
// source had made before, and nobody has changed since. The source has what its sender has seen.
func isFirstOfSameRequest(source, target *head) bool {
	return target.Revision.Revision == 1 && !source.made(target.Revision) && len(source.Made) > 0 && bytes.Equal(source.Made, target.Made)
}

// fill copies what the target is lacking, and returns the commit that makes the head of the source that of the target.
func (v *move) fill(s *sides) (kv.Commit, error) {
	commit, lacking, err := v.difference(s.source, s.target)
	if err == nil {
		err = v.bring(s.source.head, lacking)
	}
	for _, r := range lacking {
		commit.Touch = append(commit.Touch, record.SegmentKey(v.id, r))
	}
	return commit, corrupt(v.id, err)
}

// announce stores the announcement in the target, and notes that it may be replaced from now on. commit is that which
// replaces it.
func (v *move) announce(h Hold, s *sides, commit kv.Commit) error {
	if s.note.Announced == (Token{}) {
		s.note = record.Moving{Announced: s.source.head.Revision.Next()}
		if err := v.writeNote(s); err != nil {
			return err
		}
	}
	if err := v.store(s, commit); err != nil {
		return err
	}
	s.note.Handed = true
	err := v.writeNote(s)
	if err != nil {
		// The note may have been written nevertheless.
		h.Doubt()
	}
	return err
}

// store stores the announcement, unless it is there.
func (v *move) store(s *sides, commit kv.Commit) error {
	token := s.note.Announced
	if s.announced() {
		return v.to.Confirm(v.ctx, record.HeadKey(v.id), token.KV())
	}
	value, err := record.Announcement(v.id, token).Encode()
	if err != nil {
		return err
	}
	commit.Swap, commit.Drop = kv.Item{Key: record.HeadKey(v.id), Value: value}, nil
	_, err = v.to.Commit(v.ctx, commit)
	return err
}

// conclude ends a move that was interrupted when the session was handed over.
func (v *move) conclude(h Hold, s sides) (Movement, error) {
	if !s.announced() {
		return v.depart(h, s.target, Arrived)
	}
	commit, err := v.fill(&s)
	if err != nil {
		return Kept, err
	}
	return v.handOver(h, &s, commit)
}

// handOver replaces the announcement by the session, with commit. Only this move does that, so if the announcement is
// not there any more, it has succeeded.
func (v *move) handOver(h Hold, s *sides, commit kv.Commit) (Movement, error) {
	commit.Old = s.note.Announced.KV()
	for last := false; ; last = true {
		_, failed := v.to.Commit(v.ctx, commit)
		if failed == nil {
			return Moved, v.leave(h)
		}
		if _, refused := errors.AsType[*kv.Outage](failed); refused {
			return v.takeBack(h, s, failed)
		}
		target, err := readStored(v.ctx, v.to, "target", v.id)
		s.target = target
		switch {
		case err == nil && !s.announced():
			return v.depart(h, target, Moved)
		case err == nil && errors.Is(failed, kv.ErrFull):
			return v.takeBack(h, s, failed)
		case err != nil || last:
			h.Doubt()
			return Kept, failed
		}
	}
}

// takeBack notes that the session is in the source after all: handing it over has failed for sure.
func (v *move) takeBack(h Hold, s *sides, failed error) (Movement, error) {
	s.note.Handed = false
	if err := v.writeNote(s); err != nil {
		h.Doubt()
		return Kept, errors.Join(failed, err)
	}
	h.Kept()
	return Kept, failed
}

// depart leaves the source to a session that was handed over. Whatever the target has, the session went on from there; if
// it has nothing, the session has ended.
func (v *move) depart(h Hold, target storedHead, as Movement) (Movement, error) {
	var shown kv.Revision
	if target.head != nil {
		shown = target.head.Revision.KV()
	}
	if err := v.to.Confirm(v.ctx, record.HeadKey(v.id), shown); err != nil {
		h.Doubt()
		return Kept, err
	}
	return as, v.leave(h)
}

// leave deletes what the source has of a session that is in the target, or has ended: first the head, so that none is
// left without its note.
func (v *move) leave(h Hold) error {
	h.Moved()
	if err := v.from.Delete(v.ctx, record.HeadKey(v.id)); err != nil {
		return err
	}
	return deleteSession(v.ctx, v.from, v.id)
}
