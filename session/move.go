//go:build !js

package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"edgeframe/kv"
	"edgeframe/session/record"
)

// A session is moved to another store while it is used. Its segments, which never change, are copied first.
// Then changes of the session wait, while the segments that have come since are copied, a mark is left in the
// source, and the head is stored in the target. From then on the target has the session; what is left in
// the source is deleted. If the process ends meanwhile, the session is in the source alone, or its head is in
// both stores, and a later move finds out which: a head in the target that the session has had, or that comes
// from the one in the source, says that the session has arrived. The mark says that this is possible.

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

// Settle finds out whether a session is in the target already, and moves nothing. The error is that of Move.
func (m *Mover) Settle(ctx context.Context, id string) (Movement, error) {
	v := m.newMove(ctx, id)
	return v.hold(v.settle)
}

// IsMark reports whether a key of the source says that its session may be in the target too.
func IsMark(key string) bool { return record.IsMovingKey(key) }

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
	if err != nil {
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

// settle finishes a move that has stored the head in the target.
func (v *move) settle(h Hold) (Movement, error) {
	source, target, done, err := v.look(h)
	if done != "" || err != nil {
		return done, err
	}
	if there, err := v.arrived(source, target); err != nil || !there {
		return Kept, errors.Join(err, v.keep(h))
	}
	return Arrived, v.leave(h)
}

// keep says that the source has the session, and the target does not.
func (v *move) keep(h Hold) error {
	h.Kept()
	return v.from.Delete(v.ctx, record.MovingKey(v.id))
}

// look reads the heads of both stores. If the source has none, it says what that means.
func (v *move) look(h Hold) (source, target storedHead, done Movement, err error) {
	source, err = readStored(v.ctx, v.from, "source", v.id)
	if err != nil {
		return source, target, Kept, err
	}
	if v.hasExpired(source) {
		if !h.Over() {
			return source, target, Pending, nil
		}
		return source, target, Ended, v.leave(h)
	}
	target, err = readStored(v.ctx, v.to, "target", v.id)
	if err != nil {
		done = Kept
	}
	return source, target, done, err
}

// arrive stores the head in the target.
func (v *move) arrive(h Hold) (Movement, error) {
	for range maxAttempts {
		source, target, done, err := v.look(h)
		if done != "" || err != nil {
			return done, err
		}
		there, err := v.arrived(source, target)
		if err != nil {
			return Kept, errors.Join(err, v.keep(h))
		}
		if there {
			return Arrived, v.leave(h)
		}
		h.Kept()
		sent, err := v.store(source, target)
		switch {
		case err == nil:
			return Moved, v.leave(h)
		case errors.Is(err, kv.ErrConflict):
		case !sent:
			return Kept, err
		default:
			return v.unanswered(h, source, err)
		}
	}
	return Kept, exhausted(v.id, maxAttempts)
}

// unanswered finds out whether the head of source is in the target after an error that leaves it open.
func (v *move) unanswered(h Hold, source storedHead, failed error) (Movement, error) {
	target, err := readStored(v.ctx, v.to, "target", v.id)
	if err != nil {
		h.Doubt()
		return Kept, failed
	}
	if target.head != nil && target.head.Revision == source.head.Revision {
		return Moved, v.leave(h)
	}
	return Kept, errors.Join(failed, v.keep(h))
}

// arrived reports whether the target has the session in the state of the source, or in a later one. The error
// says that it was changed in both.
func (v *move) arrived(source, target storedHead) (bool, error) {
	if v.hasExpired(target) || isFirstOfSameRequest(source.head, target.head) {
		return false, nil
	}
	count, err := v.compare(source.head, target.head)
	return count != nil, err
}

// isFirstOfSameRequest reports whether the target has what the request with the key that has made the session in the
// source had made before, and nobody has changed since. The source has what its sender has seen.
func isFirstOfSameRequest(source, target *head) bool {
	return target.Revision.Revision == 1 && !source.made(target.Revision) && len(source.Made) > 0 && bytes.Equal(source.Made, target.Made)
}

// store copies what the target is lacking, and then the head. sent says that the target may have the head although
// there is an error.
func (v *move) store(source, target storedHead) (sent bool, err error) {
	commit, lacking, err := v.difference(source, target)
	if err == nil {
		err = v.bring(source.head, lacking)
	}
	if err != nil {
		return false, corrupt(v.id, err)
	}
	for _, r := range lacking {
		commit.Touch = append(commit.Touch, record.SegmentKey(v.id, r))
	}
	mark := []kv.Item{{Key: record.MovingKey(v.id), Value: []byte{1}}}
	if err := v.from.SetMany(v.ctx, mark, v.ttl(source.head.Expires)); err != nil {
		return false, fmt.Errorf("mark a session that is being moved: %w", err)
	}
	_, err = v.to.Commit(v.ctx, commit)
	_, refused := errors.AsType[*kv.Outage](err)
	return !refused, err
}

// leave deletes what the source has of a session that is in the target, or has ended.
func (v *move) leave(h Hold) error {
	h.Moved()
	return deleteSession(v.ctx, v.from, v.id)
}
