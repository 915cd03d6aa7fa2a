// Package session keeps tables as sessions, which have versions and expire.
//
// The model is that of git. The head of a session is its one mutable record; everything else is
// an immutable segment that heads refer to. A commit first stores new segments and then swaps the
// head, so a crash between the two leaves only segments that nobody refers to, and these expire.
// There are no locks. What is stored is in [edgeframe/session/record].
//
// On a store with compare-and-swap the package promises that an acknowledged commit is never lost;
// on an eventually consistent one, that a client which names its revision learns of the loss. A
// session lives at least its TTL after its last access and is gone exactly at the time that it
// states. A read returns the data of one version or an error, never a mixture. The package knows
// no HTTP.
package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/google/uuid"

	"edgeframe/codec"
	"edgeframe/codec/segment"
	"edgeframe/internal/lru"
	"edgeframe/kv"
	"edgeframe/session/record"
)

// Options configure a [Service].
type Options struct {
	Store *kv.Store
	// Former is the eventually consistent store that Store has taken the place of, with the same values in it, all
	// but the heads of sessions. Sessions that have their heads there are adopted. Nil means none.
	Former *kv.Store
	// TTL is how long a session lives after its last access, unless its creator says otherwise.
	TTL time.Duration
	// MaxVersions is the number of previous versions that are kept.
	MaxVersions int
	Segment     segment.Options
	// SegmentTargetBytes is the raw size to which the columns of a row group are packed.
	SegmentTargetBytes int
	// InlineBytes is how much of segments and manifests a head has at most so that new segments travel
	// with it; 0 means [DefaultInlineBytes], a negative number that none do. More is worth it on a store
	// whose calls take long.
	InlineBytes int
	// FarStore says that calls of the store take long. Then the heads that were read are kept too, and a change
	// of a table begins with the head that this process knows, without reading it. If others have changed the
	// session since then, the change is made again.
	FarStore bool
	// MaxTableBytes is the largest table, in bytes before compression.
	MaxTableBytes int64
	// Quota is for each owner. It has no effect on a store without compare-and-swap.
	Quota Quota
	// CacheBytes bounds the cache of decoded segments and of the selections of queries.
	CacheBytes int64
	// Later runs work once the response to the request of ctx is on its way, and keeps the request
	// alive for it. Nil runs it at once.
	Later func(ctx context.Context, work func(context.Context))
	// Join computes the value of a key, or waits for the value that is being computed for another
	// caller. Nil computes it.
	Join func(ctx context.Context, key string, compute func(context.Context) ([]byte, error)) ([]byte, error)
	// Line makes the changes of one session in this process wait for one another. It returns when
	// it is the turn of the caller, in order of arrival. The caller calls leave when its change has
	// ended, with the number of times that it has lost against changes of other processes. An error
	// says why the caller has no turn. Nil means that changes do not wait.
	Line func(ctx context.Context, id string) (leave func(lost int), err error)
	// Every runs work again and again, in intervals, until stop is called; stop waits until work
	// has returned. It renews the lease of segments while a long table arrives. Nil means that they
	// are stored for their full time at once.
	Every func(ctx context.Context, interval time.Duration, work func(context.Context)) (stop func())
	// Passing, if not nil, is called when a table that is larger than the caches begins to be read in parts, and what
	// it returns when that ends.
	Passing func() (end func())
	// WatchCache, if not nil, is called once with each cache: its name, and its numbers at any time.
	WatchCache func(name string, stats func() lru.Stats)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// The defaults of [Options].
const (
	DefaultTTL                = time.Hour
	DefaultMaxVersions        = 5
	DefaultSegmentTargetBytes = 1 << 20
)

// The range of a TTL.
const (
	MinTTL = time.Second
	MaxTTL = 30 * 24 * time.Hour
)

// Service manages the sessions of one store. It is safe for concurrent use; any number of
// services, in any number of processes, may use one store.
type Service struct {
	opt   Options
	store *kv.Store
	now   func() time.Time
	heads heads
	// keep is how long the records of sessions are kept on this store.
	keep retention
	// cache holds decoded segments by their keys, and selections; schemas decoded schemas by their bytes.
	cache   *lru.Cache[cachedValue]
	schemas *lru.Cache[*arrow.Schema]
	// described holds statistics by their keys.
	described *lru.Cache[[]byte]
	readers   readers
	// ledgers is nil without a quota.
	ledgers *ledgers
}

// New returns a service on opt.Store.
func New(opt Options) *Service {
	if opt.TTL == 0 {
		opt.TTL = DefaultTTL
	}
	if opt.SegmentTargetBytes == 0 {
		opt.SegmentTargetBytes = DefaultSegmentTargetBytes
	}
	if opt.InlineBytes == 0 {
		opt.InlineBytes = DefaultInlineBytes
	}
	if opt.MaxTableBytes == 0 {
		opt.MaxTableBytes = codec.DefaultMaxBytes
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Later == nil {
		opt.Later = func(ctx context.Context, work func(context.Context)) { work(ctx) }
	}
	if opt.Join == nil {
		opt.Join = func(ctx context.Context, _ string, compute func(context.Context) ([]byte, error)) ([]byte, error) {
			return compute(ctx)
		}
	}
	if opt.Passing == nil {
		opt.Passing = func() func() { return func() {} }
	}
	heads := newHeads(opt)
	s := &Service{
		opt:       opt,
		store:     opt.Store,
		now:       opt.Now,
		heads:     heads,
		keep:      heads.retention(),
		cache:     lru.New[cachedValue](opt.CacheBytes),
		schemas:   lru.New[*arrow.Schema](schemaCacheBytes),
		described: lru.New[[]byte](statisticsCacheBytes),
		readers:   readers{open: map[string]*sessionReaders{}},
		ledgers:   newLedgers(opt.Quota),
	}
	if opt.WatchCache != nil {
		opt.WatchCache("segments", s.cache.Stats)
		opt.WatchCache("schemas", s.schemas.Stats)
		opt.WatchCache("statistics", s.described.Stats)
	}
	return s
}

// Limits returns the limits for decoding input that becomes a table of this service.
func (s *Service) Limits() codec.Limits {
	return codec.Limits{Bytes: s.opt.MaxTableBytes}.WithDefaults()
}

// Count returns the number of sessions that have not expired.
func (s *Service) Count(ctx context.Context) (kv.Count, error) { return s.store.Count(ctx) }

// Ref names a session, and the oldest state of it that the caller accepts (zero: any).
type Ref struct {
	ID    string
	After Token
}

// Precondition decides before a change whether it may start from the given state. Nil accepts
// every state.
type Precondition func(*Session) bool

// Immutable reports whether the value under a key of a store never changes, so that it may be
// cached: that of a segment, of statistics or of the copy of a head.
func Immutable(key string) bool { return record.Immutable(key) }

// HeadKey is the key of the head of a session.
func HeadKey(id string) string { return record.HeadKey(id) }

// IsHead reports whether a key of a store, with its prefix, is that of the head of a session: the only
// values of sessions that are swapped.
func IsHead(key string) bool { return record.IsHead(key) }

// load returns the head of a session that has not expired.
func (s *Service) load(ctx context.Context, ref Ref) (*head, error) {
	if err := checkID(ref.ID); err != nil {
		return nil, err
	}
	h, err := s.heads.load(ctx, ref)
	if err != nil {
		return nil, err
	}
	return s.unexpired(ctx, h, ref)
}

// unexpired returns h, which may be nil, if it is the head of a session that has not expired and
// that the caller accepts, and that accepts the caller.
func (s *Service) unexpired(ctx context.Context, h *head, ref Ref) (*head, error) {
	if h == nil || h.Expires <= s.now().UnixMilli() {
		return nil, fail(ErrSessionNotFound, "session %s does not exist or has expired", ref.ID)
	}
	if err := h.admit(callerOf(ctx)); err != nil {
		return nil, err
	}
	if err := h.accepts(ref.After); errors.Is(err, ErrConflict) {
		return nil, withState(h, err)
	} else if err != nil {
		return nil, err
	}
	return h, nil
}

// checkID rejects a text that is not spelled as ids are.
func checkID(id string) error {
	if parsed, err := uuid.Parse(id); err != nil || parsed.String() != id {
		return fail(ErrInvalidParameter, "%q is not a session id; ids look like 123e4567-e89b-42d3-a456-426614174000", codec.Shorten(id))
	}
	return nil
}

func unreadable(id string, err error) error {
	return &Error{Kind: ErrCorrupt, Detail: fmt.Sprintf("the record of session %s cannot be read", id), Err: err}
}
