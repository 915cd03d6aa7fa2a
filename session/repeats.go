package session

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"

	"edgeframe/kv"
	"edgeframe/session/record"
)

// A client that has lost the answer to a change does not know whether the change was made. If the
// change has a key, the client can send it again: the head remembers the keys of the latest changes,
// and a change that it remembers is not made twice. The key is compared when the head has been loaded
// for the change, and again with each head against which the change has lost, so it costs no round
// trip, and of any number of repeats at the same time one is made.

// maxRepeats is how many changes with a key a head remembers. Each takes 16 bytes of the head, which
// every commit writes. While a client repeats a change, others may make this many.
const maxRepeats = 64

// Key identifies a request for a change that its sender may repeat.
type Key struct {
	// Hash is of the key and of whoever has sent it.
	Hash [8]byte
	// NewID is the id of the session that the request makes. Only whoever knows the key can tell it
	// in advance.
	NewID string
	// Content returns the hash of the request, by which another request with the same key is found. It
	// is called once the request has been read.
	Content func() [8]byte
}

type keyOfContext struct{}

// WithKey returns a context whose changes have that key. It is for one change of each session, and for
// one new session.
func WithKey(ctx context.Context, k *Key) context.Context {
	return context.WithValue(ctx, keyOfContext{}, k)
}

// keyOf returns the key of a change, nil if it has none.
func keyOf(ctx context.Context) *Key {
	k, _ := ctx.Value(keyOfContext{}).(*Key)
	return k
}

// entry returns what a head remembers of a change with the key.
func (k *Key) entry() (e [entrySize]byte) {
	content := k.Content()
	copy(e[:], k.Hash[:])
	copy(e[len(k.Hash):], content[:])
	return e
}

const entrySize = 16

// remember notes the change that a commit makes.
func (h *head) remember(k *Key) {
	if k == nil {
		return
	}
	e := k.entry()
	if n := len(h.Repeats) + entrySize - maxRepeats*entrySize; n > 0 {
		h.Repeats = h.Repeats[n:]
	}
	// The head before the commit keeps its own.
	h.Repeats = append(h.Repeats[:len(h.Repeats):len(h.Repeats)], e[:]...)
}

// repeats reports whether a change is one that h remembers.
func (h *head) repeats(k *Key) (bool, error) {
	if k == nil || len(h.Repeats) == 0 {
		return false, nil
	}
	e := k.entry()
	for at := 0; at+entrySize <= len(h.Repeats); at += entrySize {
		if known := h.Repeats[at : at+entrySize]; bytes.Equal(known[:len(k.Hash)], k.Hash[:]) {
			return true, sameRequest(known[len(k.Hash):], e[len(k.Hash):])
		}
	}
	return false, nil
}

// sameRequest returns an error unless two requests with one key have the same hash.
func sameRequest(known, content []byte) error {
	if !bytes.Equal(known, content) {
		return fail(ErrKeyMismatch, "the Idempotency-Key has come before with another request; send each change with a key of its own, and a repeat with the method, address, content type and body of the first request")
	}
	return nil
}

// replayed is the session of a change that h has already, whose attempts have stored segments in vain. The
// first request may have been told that the change can still be lost; then the repeat makes sure of it.
func (s *Service) replayed(ctx context.Context, h *head, unused []string) (*Session, error) {
	// Errors are ignored, because segments that stay expire.
	_ = s.store.Delete(ctx, unused...)
	err := s.store.Confirm(ctx, record.HeadKey(h.ID), h.Revision.KV())
	if errors.Is(err, kv.ErrConflict) {
		return nil, fail(ErrStaleRead, "the session was changed while it was looked up whether this request has come before; try again shortly")
	}
	if err != nil {
		return nil, err
	}
	sess := view(h)
	sess.Replayed = true
	return sess, nil
}

// repeatsWinner returns the session if the change that has won against one with the key k is a repeat of
// it, and nil otherwise. On an eventually consistent store a change that has lost is not tried again.
func (s *Service) repeatsWinner(ctx context.Context, id string, k *Key, lost error, unused []string) *Session {
	if k == nil || !errors.Is(lost, ErrConflict) {
		return nil
	}
	h, err := s.load(ctx, Ref{ID: id})
	if err != nil {
		return nil
	}
	if known, err := h.repeats(k); err != nil || !known {
		return nil
	}
	sess, err := s.replayed(ctx, h, unused)
	if err != nil {
		return nil
	}
	return sess
}

// segmentKeys returns the keys of the segments that were stored for a head that was not stored.
func (h *head) segmentKeys() (keys []string) {
	refs, err := h.storedSegments()
	if err != nil {
		return nil
	}
	for r := range refs {
		keys = append(keys, record.SegmentKey(h.ID, r))
	}
	return keys
}

// newEpoch returns the epoch of a new session whose request has a key. Repeats at the same time make the same
// segments for the same session, and a session that is made again after it was deleted has the revisions of
// the first one. If the segments had the same keys, one could delete or shorten the life of what another one
// needs. The numbers of math/rand would not do: those of a Worker come from a seed of the isolate, see
// edge/runtime.mjs.
func newEpoch() uint64 {
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails
	return 1<<31 | uint64(binary.LittleEndian.Uint32(random[:])>>2)
}

// nextBorn is the number in the keys of the segments that the commit after h stores.
func (h *head) nextBorn() uint64 { return h.Epoch + h.Revision.Revision + 1 }

// swapNew makes the head of a the first one of its session, or returns the session that a repeat of the
// same request has made.
func (s *Service) swapNew(ctx context.Context, a *attempt) (*Session, error) {
	k, first := keyOf(ctx), *a.head
	if k != nil {
		content := k.Content()
		first.Made = content[:]
		*a.head = first
	}
	for {
		err := s.swap(ctx, a, nil)
		if err == nil {
			return s.won(a), nil
		}
		if !errors.Is(err, kv.ErrConflict) && !errors.Is(err, ErrConflict) {
			return nil, err
		}
		present, loadErr := s.winner(ctx, first.ID, err)
		switch {
		case loadErr != nil:
			return nil, loadErr
		case present == nil && k != nil:
			return nil, fail(ErrStaleRead, "the session that this request has made before is not visible here yet; try again shortly")
		case present == nil:
			return nil, err
		case present.made(a.head.Revision):
			// The response to an attempt was lost.
			return s.won(a), nil
		case k == nil:
			return nil, err
		case present.Expires > s.now().UnixMilli():
			again, err := s.replayed(ctx, present, a.head.segmentKeys())
			if err != nil {
				return nil, err
			}
			if err := present.admit(callerOf(ctx)); err != nil {
				return nil, err
			}
			if err := sameRequest(present.Made, first.Made); err != nil {
				return nil, err
			}
			return again, nil
		}
		// The session that the key has made before has ended; the new one takes its place.
		next := first
		next.Revision = present.Revision
		a = &attempt{before: *present, head: &next, items: a.items}
	}
}
