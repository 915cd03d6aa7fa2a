package session

import (
	"context"
	"errors"
	"time"

	"edgeframe/internal/lru"
	"edgeframe/kv"
	"edgeframe/session/record"
)

// eventualHeads are the heads on a store without compare-and-swap, which is an eventually
// consistent one: a read may return an older head than another reader has seen, and a write may
// replace a head that is not visible to the writer yet. Sessions have two more kinds of records
// there.
//
// Every commit also stores a copy of its head under a key of its own, which nobody has read
// before and nobody else writes. A client that names its revision gets that copy if the visible
// head is older. The first commit of a session with a random id stores none: nobody has read the key of
// its head either, so the head is visible where its copy would be, and there is no older one.
//
// The lifetime of a session, which is when it was last accessed and until when its segments are
// kept, has another key than the head. So a reader can extend a session without writing the head,
// which could replace a commit that the reader does not see.
type eventualHeads struct {
	store *kv.Store
	now   func() time.Time
	keep  retention
	// later is Options.Later.
	later func(ctx context.Context, work func(context.Context))
	// seen is by the ids of sessions.
	seen  *lru.Cache[lastSeen]
	known knownHeads
}

var _ heads = (*eventualHeads)(nil)

// LifetimePrefix is what the keys of lifetimes begin with. On a store without compare-and-swap
// the items with such keys are what counts as sessions.
const LifetimePrefix = record.LifetimePrefix

// maxDelay is longer than an eventually consistent store takes to show a write everywhere.
const maxDelay = 5 * time.Minute

// lastSeen is what this instance knows of a session. Its lifetime is that of the newest revision
// that was seen, and at least the one that is stored.
type lastSeen struct {
	record.Lifetime
	// begun is the revision of the commit that was last begun here. Nobody may ask for its copy
	// before it is stored: the store would remember that it is absent.
	begun Token
	// noted is the access in the lifetime that is stored, in Unix milliseconds.
	noted int64
	// ended says that this instance has deleted the session.
	ended bool
}

const (
	lastSeenBytes      = 256 // about what one takes
	lastSeenCacheBytes = 1 << 20
)

func newEventualHeads(opt Options, minTTL time.Duration) *eventualHeads {
	return &eventualHeads{
		store: opt.Store,
		now:   opt.Now,
		// Each write is charged for, so a tenth of the TTL is not bounded any further.
		keep:  retention{maxTouchInterval: MaxTTL, delay: maxDelay, min: minTTL},
		later: opt.Later,
		seen:  lru.New[lastSeen](lastSeenCacheBytes),
		known: newKnownHeads(opt),
	}
}

// recall returns the head of the newest revision that this instance has seen, unless a commit is about to go beyond
// it here. The swap from it reads the head in the store.
func (hs *eventualHeads) recall(ctx context.Context, id string) *head {
	last, ok := hs.seen.Get(id)
	if !ok || last.ended || last.begun != (Token{}) {
		return nil
	}
	h := hs.known.recall(ctx, id)
	if h == nil || h.Revision != last.Revision {
		return nil
	}
	h.applyLifetime(last.Lifetime)
	return h
}

func (hs *eventualHeads) retention() retention { return hs.keep }

// remember keeps what a head says, unless a commit of this instance has gone beyond it.
func (hs *eventualHeads) remember(h *head, noted int64) {
	last, _ := hs.seen.Get(h.ID)
	if last.Revision.Revision <= h.Revision.Revision {
		last.Lifetime = h.lifetime()
	}
	if last.begun.Revision <= h.Revision.Revision {
		last.begun = Token{}
	}
	last.noted = max(last.noted, noted)
	hs.seen.Add(h.ID, last, lastSeenBytes)
}

// forget makes the next request read everything that the store has of a session, unless a commit
// of this instance has gone beyond t.
func (hs *eventualHeads) forget(id string, t Token) {
	if last, ok := hs.seen.Get(id); ok && (last.begun == t || last.Revision == t) {
		hs.seen.Remove(id)
	}
}

// reserve decides between commits of this instance, which see one another at once. It returns an
// error if another one has gone beyond old, or is about to.
func (hs *eventualHeads) reserve(id string, old, next Token) error {
	last, known := hs.seen.Get(id)
	newest := last.Revision
	if last.begun.Revision >= newest.Revision {
		newest = last.begun
	}
	if known && newest.Revision >= old.Revision && newest != old {
		return overtaken(id)
	}
	last.begun = next
	hs.seen.Add(id, last, lastSeenBytes)
	return nil
}

func (hs *eventualHeads) load(ctx context.Context, ref Ref) (*head, error) {
	last, known := hs.seen.Get(ref.ID)
	if known {
		values, err := hs.store.GetMany(ctx, []string{record.HeadKey(ref.ID)})
		if err != nil {
			return nil, err
		}
		h, err := hs.newest(ctx, ref, values[0], last.Lifetime)
		if err != nil {
			return nil, err
		}
		if h != nil && h.Expires > hs.now().UnixMilli() {
			hs.remember(h, last.noted)
			hs.known.read(h)
			return h, nil
		}
		// Others may have noted accesses since.
	}
	values, err := hs.store.GetMany(ctx, []string{record.HeadKey(ref.ID), record.LifetimeKey(ref.ID)})
	if err != nil {
		return nil, err
	}
	lifetime := last.Lifetime
	if stored, ok := record.DecodeLifetime(values[1]); ok {
		lifetime = stored
	}
	h, err := hs.newest(ctx, ref, values[0], lifetime)
	if h == nil || err != nil {
		return nil, err
	}
	hs.remember(h, lifetime.Accessed)
	hs.known.read(h)
	return h, nil
}

// newest returns the newest head of a session that is visible here, extended by its lifetime:
// stored, which is nil if it is absent, or the copy of a newer one that the lifetime or the client
// knows of.
func (hs *eventualHeads) newest(ctx context.Context, ref Ref, stored []byte, lifetime record.Lifetime) (h *head, err error) {
	if stored != nil {
		if h, err = decodeHead(ctx, ref.ID, stored); err != nil {
			return nil, err
		}
	}
	after := lifetime.Revision
	if ref.After.Revision > after.Revision {
		after = ref.After
	}
	if after != (Token{}) && (h == nil || h.Revision.Revision < after.Revision) {
		if h, err = hs.readCopy(ctx, ref.ID, after, h); err != nil {
			return nil, err
		}
	}
	if h != nil {
		h.applyLifetime(lifetime)
	}
	return h, nil
}

// readCopy returns the head that the commit t has made, or h if that is not visible either.
func (hs *eventualHeads) readCopy(ctx context.Context, id string, t Token, h *head) (*head, error) {
	b, err := hs.store.Get(ctx, record.HeadCopyKey(id, t))
	if errors.Is(err, kv.ErrNotFound) {
		return h, nil
	}
	if err != nil {
		return nil, err
	}
	return decodeHead(ctx, id, b)
}

// lifetime returns the lifetime record of h.
func (h *head) lifetime() record.Lifetime {
	return record.Lifetime{Accessed: h.Accessed, Lease: h.Lease, Revision: h.Revision}
}

// applyLifetime extends h by what its lifetime record says, unless h is a tombstone.
func (h *head) applyLifetime(l record.Lifetime) {
	if h.Expires == 0 {
		return
	}
	if l.Accessed > h.Accessed {
		h.Expires += l.Accessed - h.Accessed
		h.Accessed = l.Accessed
	}
	if l.Revision == h.Revision {
		h.Lease = max(h.Lease, l.Lease)
	}
}

// swap makes h the head if no newer one than before is visible. It may replace a head that is not
// visible yet; the clients that made that one find out by their revision.
func (hs *eventualHeads) swap(ctx context.Context, before, h *head, c kv.Commit) error {
	c, err := hs.keep.commitOf(h, before.Revision, c)
	if err != nil {
		return err
	}
	if err := hs.reserve(h.ID, before.Revision, h.Revision); err != nil {
		return err
	}
	if err := hs.write(ctx, before, h, c); err != nil {
		hs.forget(h.ID, h.Revision)
		return err
	}
	hs.remember(h, 0)
	hs.known.stored(h)
	if last, _ := hs.seen.Get(h.ID); last.ended {
		// A repeated request has made the session again.
		last.ended = false
		hs.seen.Add(h.ID, last, lastSeenBytes)
	}
	if h.TTL < before.TTL {
		// The lifetime in the store would outlive the head and lead to the copy of an older head, in
		// which the session has not ended.
		return hs.note(ctx, h, nil)
	}
	if last, _ := hs.seen.Get(h.ID); h.Accessed-last.noted >= hs.keep.touchInterval(h.ttl()).Milliseconds() {
		hs.noteLater(ctx, h, nil)
	}
	return nil
}

// write writes the segments of a commit, then its head and the copy of that.
//
// Head and copy are written together. Nobody knows the revision before that of the head can be read, and
// a client learns it when both are stored. If only the head is stored, the change is made, although its
// client gets an error, as after a lost response; whoever names the revision where the head is older
// waits until it is visible.
func (hs *eventualHeads) write(ctx context.Context, before, h *head, c kv.Commit) error {
	if err := hs.prepare(ctx, before, h, c); err != nil {
		return err
	}
	// The head has to outlive every reader that does not see it yet and notes the lifetime of an
	// older one.
	c.Swap.Counted = false
	items := []kv.Item{c.Swap}
	if before.Revision != (Token{}) || h.Made != nil {
		headCopy := kv.Item{Key: record.HeadCopyKey(h.ID, h.Revision), Value: c.Swap.Value}
		items = []kv.Item{headCopy, c.Swap}
	}
	return hs.store.SetMany(ctx, items, c.TTL)
}

// prepare stores the segments of a commit, and checks meanwhile that no other commit has become visible. If
// the head before was read, and nothing was waited for since, that read was the check; on a store that is far away
// that of the head with the segments is one too, because the next call stores the new head.
func (hs *eventualHeads) prepare(ctx context.Context, before, h *head, c kv.Commit) error {
	isNew, stores := before.Revision == (Token{}), len(c.Touch)+len(c.Put) > 0
	checked := make(chan error, 1)
	switch {
	case isNew && h.Made != nil:
		go func() { checked <- hs.checkUnmade(ctx, h.ID) }()
	case !isNew && h.isCold() && !stores:
		checked <- newestVisible(before, h.far.visible)
	case !isNew && (h.recalled || h.waited || stores):
		go func() { checked <- hs.checkVisible(ctx, before) }()
	default:
		checked <- nil
	}
	err := hs.store.Touch(ctx, c.Touch, c.TTL)
	if err == nil {
		err = hs.store.SetMany(ctx, c.Put, c.TTL)
	}
	if overtaken := <-checked; err == nil {
		err = overtaken
	}
	return err
}

// checkVisible returns an error if the visible head is neither before nor an older one: an older one has just
// not been replaced here yet. A head that was not read must be visible, because the session may have ended long
// ago. It is not for new sessions: the store would remember that their head is absent.
func (hs *eventualHeads) checkVisible(ctx context.Context, before *head) error {
	values, err := hs.store.GetMany(ctx, []string{record.HeadKey(before.ID)})
	if err != nil {
		return err
	}
	return newestVisible(before, values[0])
}

// newestVisible is checkVisible for the head that was found.
func newestVisible(before *head, found []byte) error {
	switch {
	case found == nil && before.recalled:
		return overtaken(before.ID)
	case found == nil:
		return nil
	}
	visible := record.TokenOf(kv.RevisionOf(found))
	if visible != before.Revision && visible.Revision >= before.Revision.Revision {
		return overtaken(before.ID)
	}
	return nil
}

// checkUnmade returns an error if a session is visible whose request has a key, because this request has
// made it before. It reads the lifetime: if the store remembers for a while that this was absent, the head
// of the new session is still visible at once.
func (hs *eventualHeads) checkUnmade(ctx context.Context, id string) error {
	values, err := hs.store.GetMany(ctx, []string{record.LifetimeKey(id)})
	if err == nil && values[0] != nil {
		return overtaken(id)
	}
	return err
}

// access notes the access after the response. It fetches nothing.
func (hs *eventualHeads) access(ctx context.Context, h *head, _ []string) [][]byte {
	extended := *h
	renew, err := extended.extend(hs.now(), hs.keep)
	if err != nil {
		return nil
	}
	*h = extended
	hs.noteLater(ctx, h, renew)
	return nil
}

func (hs *eventualHeads) touch(ctx context.Context, h *head) error {
	renew, err := h.extend(hs.now(), hs.keep)
	if err != nil {
		return err
	}
	return hs.note(ctx, h, renew)
}

// noteLater is note after the response. Until then other requests of this instance need not note
// the access.
func (hs *eventualHeads) noteLater(ctx context.Context, h *head, renew []string) {
	hs.remember(h, h.Accessed)
	noted := *h
	hs.later(ctx, func(ctx context.Context) {
		if last, _ := hs.seen.Get(noted.ID); last.ended {
			// The note would count as a session that is there.
			return
		}
		if hs.note(ctx, &noted, renew) != nil {
			hs.forget(noted.ID, noted.Revision)
		}
	})
}

// note stores the lifetime of h. If renew is not nil it first renews those segments and the copy of
// the head.
func (hs *eventualHeads) note(ctx context.Context, h *head, renew []string) error {
	if renew != nil {
		b, err := h.Encode()
		if err != nil {
			return err
		}
		ttl := hs.keep.segmentTTL(h.ttl())
		if err := hs.store.Touch(ctx, renew, ttl); err != nil {
			return err
		}
		if err := hs.store.SetMany(ctx, []kv.Item{{Key: record.HeadCopyKey(h.ID, h.Revision), Value: b}}, ttl); err != nil {
			return err
		}
	}
	item := kv.Item{Key: record.LifetimeKey(h.ID), Value: h.lifetime().Encode(), Counted: true}
	err := hs.store.SetMany(ctx, []kv.Item{item}, hs.keep.storeTTL(hs.keep.headTTL(h.ttl())))
	if err == nil {
		hs.remember(h, h.Accessed)
	}
	return err
}

// end makes a tombstone the head, whether or not it has to end one state only: other locations
// may still see the session. The tombstone is kept for longer than anything that is left of it.
func (hs *eventualHeads) end(ctx context.Context, h *head, _ bool) error {
	tombstone := &head{Head: record.Head{
		ID:        h.ID,
		TTL:       h.TTL,
		Commits:   h.Commits,
		Versions:  make([]record.Version, 1),
		Schemas:   make([][]byte, 1),
		Manifests: make([][]byte, 1),
		Revision:  h.Revision.Next(),
	}}
	if err := hs.reserve(h.ID, h.Revision, tombstone.Revision); err != nil {
		return err
	}
	if err := hs.writeTombstone(ctx, tombstone); err != nil {
		hs.forget(h.ID, tombstone.Revision)
		return err
	}
	last, _ := hs.seen.Get(h.ID)
	last.ended = true
	hs.seen.Add(h.ID, last, lastSeenBytes)
	hs.later(ctx, func(ctx context.Context) {
		if last, _ := hs.seen.Get(h.ID); last.ended {
			// It does not count as a session any more.
			_ = hs.store.Delete(ctx, record.LifetimeKey(h.ID))
		}
	})
	return nil
}

// writeTombstone makes tombstone the head. The head before was read just now, which was the check that no
// other commit is visible.
func (hs *eventualHeads) writeTombstone(ctx context.Context, tombstone *head) error {
	b, err := tombstone.Encode()
	if err != nil {
		return err
	}
	item := kv.Item{Key: record.HeadKey(tombstone.ID), Value: b}
	return hs.store.SetMany(ctx, []kv.Item{item}, hs.keep.segmentTTL(tombstone.ttl()))
}

func (hs *eventualHeads) purge(ctx context.Context, id string) error {
	if err := deleteSession(ctx, hs.store, id); err != nil {
		return err
	}
	return hs.store.Delete(ctx, record.LifetimeKey(id))
}

// obsolete lists nothing: other locations may still serve an older head.
func (hs *eventualHeads) obsolete(_, _ *head) []string { return nil }

func (hs *eventualHeads) missing(h *head, err error) error { return notVisible(h, err, hs.now()) }

// notVisible reports a stale read if the segment that is missing may have been stored a moment ago,
// and damage otherwise.
func notVisible(h *head, err error, now time.Time) error {
	latest := h.Versions[len(h.Versions)-1].Time
	if errors.Is(err, errSegmentGone) && now.UnixMilli()-latest < maxDelay.Milliseconds() {
		return &Error{Kind: ErrStaleRead, Detail: "revision " + h.Revision.String() + " is not wholly visible here yet; try again shortly", Err: err}
	}
	return corrupt(h.ID, err)
}
