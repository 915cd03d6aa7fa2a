package session

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/zeebo/xxh3"

	"edgeframe/kv"
)

// A store without compare-and-swap is an eventually consistent one: a read may show an older
// head than another reader has seen, and a write of the head may hide one that is not visible
// yet. There a session has two kinds of records more.
//
// Every commit also stores its head under a key of its own, which nobody has asked for before
// and nobody else writes. A client that names its revision gets that copy where the head is
// older still.
//
// The life of a session, which is when it was last accessed and until when its segments are
// kept, is noted under another key than the head. A reader notes it without writing the head,
// which could hide a commit that the reader does not see.

// LivePrefix is what the keys of lives begin with; on a store without compare-and-swap they
// are what counts as sessions.
const LivePrefix = "live:"

func liveKey(id string) string { return LivePrefix + "{" + id + "}" }

// copyKey is the key of the head that the commit t has made.
func copyKey(id string, t Token) string { return keyPrefix(id) + "head:" + t.String() }

// eventual reports whether the store is one without compare-and-swap.
func (s *Service) eventual() bool { return !s.store.Capabilities().CompareAndSwap }

// life is the record beside a head. Times are Unix milliseconds.
type life struct {
	// Accessed is the latest access that was noted.
	Accessed int64
	// Lease is the time until which the segments of Revision, and the copy of its head, are kept
	// at least.
	Lease    int64
	Revision Token
}

// The stored form of a life: a format version, one byte; XXH3 of what follows; Accessed; Lease;
// the revision. Integers are big-endian.
const (
	lifeFormat = 1
	lifeSize   = 1 + 8 + 8 + 8 + kv.RevisionSize
)

func (l life) encode() []byte {
	b := make([]byte, 9, lifeSize)
	b[0] = lifeFormat
	b = binary.BigEndian.AppendUint64(b, uint64(l.Accessed))
	b = binary.BigEndian.AppendUint64(b, uint64(l.Lease))
	rev := l.Revision.kv()
	b = append(b, rev[:]...)
	binary.BigEndian.PutUint64(b[1:], xxh3.Hash(b[9:]))
	return b
}

// decodeLife reads the stored form of a life. One that cannot be read is none: the head says
// enough for the session to be served.
func decodeLife(b []byte) (l life, ok bool) {
	if len(b) != lifeSize || b[0] != lifeFormat || binary.BigEndian.Uint64(b[1:]) != xxh3.Hash(b[9:]) {
		return life{}, false
	}
	l.Accessed = int64(binary.BigEndian.Uint64(b[9:]))
	l.Lease = int64(binary.BigEndian.Uint64(b[17:]))
	l.Revision = tokenOf(kv.RevisionOf(b[25:]))
	return l, true
}

// memo is what an instance knows of a session. Its life is at least the one that is stored, and
// of the newest revision that was seen.
type memo struct {
	life
	// next is the revision that was last begun here. Its copy is not to be asked for before it is
	// there: the store would remember that it is not.
	next Token
	// noted is the access in the life that is stored.
	noted int64
}

const (
	memoBytes      = 256 // about what one takes
	memoCacheBytes = 1 << 20
)

// remember keeps what a head says, unless a commit of this instance has gone beyond it.
func (s *Service) remember(h *head, noted int64) {
	m, _ := s.memos.Get(h.ID)
	if m.Revision.Revision <= h.revision.Revision {
		m.life = h.life()
	}
	if m.next.Revision <= h.revision.Revision {
		m.next = Token{}
	}
	m.noted = max(m.noted, noted)
	s.memos.Add(h.ID, m, memoBytes)
}

// forget makes the next request ask the store for all that it has of a session, unless a
// commit of this instance has gone beyond t.
func (s *Service) forget(id string, t Token) {
	if m, ok := s.memos.Get(id); ok && (m.next == t || m.Revision == t) {
		s.memos.Remove(id)
	}
}

// loadVisible is load on an eventually consistent store: the newest state of the session that
// is visible here, or nil.
func (s *Service) loadVisible(ctx context.Context, ref Ref) (*head, error) {
	m, known := s.memos.Get(ref.ID)
	l := m.life
	h, err := s.loadWith(ctx, ref, &l, !known)
	if err == nil && known && (h == nil || h.Expires <= s.now().UnixMilli()) {
		// Others may have noted accesses since.
		known = false
		h, err = s.loadWith(ctx, ref, &l, true)
	}
	if h != nil && err == nil {
		noted := m.noted
		if !known {
			noted = l.Accessed
		}
		s.remember(h, noted)
	}
	return h, err
}

// loadWith loads a head and, if it is asked to, the life.
func (s *Service) loadWith(ctx context.Context, ref Ref, l *life, readLife bool) (*head, error) {
	keys := []string{headKey(ref.ID)}
	if readLife {
		keys = append(keys, liveKey(ref.ID))
	}
	values, err := s.store.GetMany(ctx, keys)
	if err != nil {
		return nil, err
	}
	var h *head
	if values[0] != nil {
		if h, err = decodeHead(values[0]); err != nil {
			return nil, unreadable(ref.ID, err)
		}
	}
	if readLife {
		if noted, ok := decodeLife(values[1]); ok {
			*l = noted
		}
	}
	newest := l.Revision
	if ref.After.Revision > newest.Revision {
		newest = ref.After
	}
	if newest != (Token{}) && (h == nil || h.revision.Revision < newest.Revision) {
		if h, err = s.loadCopy(ctx, ref.ID, newest, h); err != nil {
			return nil, err
		}
	}
	if h != nil {
		h.live(*l)
	}
	return h, nil
}

// loadCopy returns the head that the commit t has made, or h if that is not visible either.
func (s *Service) loadCopy(ctx context.Context, id string, t Token, h *head) (*head, error) {
	b, err := s.store.Get(ctx, copyKey(id, t))
	if errors.Is(err, kv.ErrNotFound) {
		return h, nil
	}
	if err != nil {
		return nil, err
	}
	if h, err = decodeHead(b); err != nil {
		return nil, unreadable(id, err)
	}
	return h, nil
}

// life is what is to be noted of h.
func (h *head) life() life {
	return life{Accessed: h.Accessed, Lease: h.Lease, Revision: h.revision}
}

// live applies what is noted of the life of h, unless h has ended.
func (h *head) live(l life) {
	if h.Expires == 0 {
		return
	}
	if l.Accessed > h.Accessed {
		h.Expires += l.Accessed - h.Accessed
		h.Accessed = l.Accessed
	}
	if l.Revision == h.revision {
		h.Lease = max(h.Lease, l.Lease)
	}
}

// put is swapHead on an eventually consistent store: it makes h the head if nothing newer than
// old is visible. What is not visible yet it hides, and the clients that made it find out by
// their revision.
func (s *Service) put(ctx context.Context, h *head, old Token, c kv.Commit) error {
	if !s.reserve(h.ID, old, h.revision) {
		return kv.ErrConflict
	}
	err := s.putReserved(ctx, h, old, c)
	if err != nil {
		s.forget(h.ID, h.revision)
		return err
	}
	s.remember(h, 0)
	if m, _ := s.memos.Get(h.ID); h.Accessed-m.noted >= s.touchInterval(h.ttl()).Milliseconds() {
		s.noteLater(ctx, h, nil)
	}
	return nil
}

func (s *Service) putReserved(ctx context.Context, h *head, old Token, c kv.Commit) error {
	if len(c.Touch) > 0 {
		if err := s.store.Touch(ctx, c.Touch, c.TTL); err != nil {
			return err
		}
	}
	copied := kv.Item{Key: copyKey(h.ID, h.revision), Value: c.Swap.Value}
	if err := s.store.SetMany(ctx, append(c.Put, copied), c.TTL); err != nil {
		return err
	}
	if err := s.stillVisible(ctx, h.ID, old); err != nil {
		return err
	}
	// It has to outlive every reader that does not see it yet and notes the life of an older one.
	c.Swap.Counted = false
	return s.store.SetMany(ctx, []kv.Item{c.Swap}, c.TTL)
}

// reserve tells apart the commits of this instance, which see one another at once: it reports
// false if another one has gone beyond old, or is about to.
func (s *Service) reserve(id string, old, next Token) bool {
	m, known := s.memos.Get(id)
	newest := m.Revision
	if m.next.Revision >= newest.Revision {
		newest = m.next
	}
	if known && newest.Revision >= old.Revision && newest != old {
		return false
	}
	m.next = next
	s.memos.Add(id, m, memoBytes)
	return true
}

// stillVisible returns a conflict if the head is not the one of revision old any more. An
// older one has just not got here, and a new session has none that could be asked for: the
// question would hide the answer.
func (s *Service) stillVisible(ctx context.Context, id string, old Token) error {
	if old == (Token{}) {
		return nil
	}
	values, err := s.store.GetMany(ctx, []string{headKey(id)})
	if err != nil || values[0] == nil {
		return err
	}
	visible := tokenOf(kv.RevisionOf(values[0]))
	if visible != old && visible.Revision >= old.Revision {
		return kv.ErrConflict
	}
	return nil
}

// note extends a session that is read. The answer does not wait for it.
func (s *Service) note(ctx context.Context, h *head) {
	before := *h
	renew, err := s.extend(h)
	if err != nil {
		*h = before
		return
	}
	s.noteLater(ctx, h, renew)
}

// noteLater is noteNow after the answer. Meanwhile others of this instance need not note it.
func (s *Service) noteLater(ctx context.Context, h *head, renew []string) {
	s.remember(h, h.Accessed)
	noted := *h
	work := func(ctx context.Context) {
		if s.noteNow(ctx, &noted, renew) != nil {
			s.forget(noted.ID, noted.revision)
		}
	}
	if s.opt.Later == nil {
		work(ctx)
	} else {
		s.opt.Later(ctx, work)
	}
}

// noteNow stores the life of h, after its segments and the copy of its head if they have to be
// renewed, which is when renew is not nil.
func (s *Service) noteNow(ctx context.Context, h *head, renew []string) error {
	if renew != nil {
		b, err := h.encode()
		if err != nil {
			return err
		}
		ttl := s.segmentTTL(h.ttl())
		if err := s.store.Touch(ctx, renew, ttl); err != nil {
			return err
		}
		if err := s.store.SetMany(ctx, []kv.Item{{Key: copyKey(h.ID, h.revision), Value: b}}, ttl); err != nil {
			return err
		}
	}
	item := kv.Item{Key: liveKey(h.ID), Value: h.life().encode(), Counted: true}
	err := s.store.SetMany(ctx, []kv.Item{item}, s.storeTTL(s.hold(h.ttl())))
	if err == nil {
		s.remember(h, h.Accessed)
	}
	return err
}

// bury ends a session for good: its head stays as a record that it has ended, for longer than
// anything that is left of it.
func (s *Service) bury(ctx context.Context, h *head) error {
	end := &head{
		ID:        h.ID,
		TTL:       h.TTL,
		Commits:   h.Commits,
		Versions:  make([]version, 1),
		Schemas:   make([][]byte, 1),
		Manifests: make([][]byte, 1),
		revision:  h.revision.next(),
	}
	b, err := end.encode()
	if err != nil {
		return err
	}
	if !s.reserve(h.ID, h.revision, end.revision) {
		return kv.ErrConflict
	}
	if err = s.stillVisible(ctx, h.ID, h.revision); err == nil {
		err = s.store.SetMany(ctx, []kv.Item{{Key: headKey(h.ID), Value: b}}, s.segmentTTL(h.ttl()))
	}
	if err != nil {
		s.forget(h.ID, end.revision)
		return err
	}
	// What is left of it is not a session any more.
	_ = s.store.Delete(ctx, liveKey(h.ID))
	return nil
}
