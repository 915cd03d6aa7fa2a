// Package session keeps tables as sessions: versioned, expiring, changed only by
// compare-and-swap.
//
// The model is that of git. A session's head is its one mutable record; everything else is
// an immutable segment that heads refer to. A commit first stores new segments and then
// swaps the head, so a crash between the two leaves only segments that nobody refers to and
// that expire. There are no locks. The package promises that an acknowledged commit is never
// lost, that a session lives at least its TTL after its last access and is gone exactly at
// the time that it states, and that a read gives the data of one version or an error, never
// a mixture. It knows no HTTP.
package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/google/uuid"

	"edgeframe/codec"
	"edgeframe/codec/segment"
	"edgeframe/internal/lru"
	"edgeframe/kv"
)

// Options configure a [Service].
type Options struct {
	Store *kv.Store
	// TTL is how long a session lives after its last access, unless its creator says otherwise.
	TTL time.Duration
	// MaxVersions is the number of previous versions that are kept.
	MaxVersions int
	Segment     segment.Options
	// SegmentTargetBytes is the raw size to which the columns of a row group are packed.
	SegmentTargetBytes int
	// MaxTableBytes is the largest table, in bytes before compression.
	MaxTableBytes int64
	// CacheBytes bounds the cache of decoded segments.
	CacheBytes int64
	// Later runs work when the answer to the request of ctx is on its way, and keeps the request
	// alive for it. Nil means at once.
	Later func(ctx context.Context, work func(context.Context))
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

// Service is all sessions of one store. It is safe for concurrent use; any number of
// services, in any number of processes, may work on one store.
type Service struct {
	opt     Options
	store   *kv.Store
	now     func() time.Time
	cache   *lru.Cache[[]arrow.Array]
	schemas *lru.Cache[*arrow.Schema]
	// described are statistics by their keys.
	described *lru.Cache[[]byte]
	// memos are what this instance knows of sessions on an eventually consistent store.
	memos *lru.Cache[memo]
}

// New returns a service on opt.Store.
func New(opt Options) *Service {
	if opt.TTL == 0 {
		opt.TTL = DefaultTTL
	}
	if opt.SegmentTargetBytes == 0 {
		opt.SegmentTargetBytes = DefaultSegmentTargetBytes
	}
	if opt.MaxTableBytes == 0 {
		opt.MaxTableBytes = codec.DefaultMaxBytes
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Service{
		opt:       opt,
		store:     opt.Store,
		now:       opt.Now,
		cache:     lru.New[[]arrow.Array](opt.CacheBytes),
		schemas:   lru.New[*arrow.Schema](schemaCacheBytes),
		described: lru.New[[]byte](statisticsCacheBytes),
		memos:     lru.New[memo](memoCacheBytes),
	}
}

// Limits are the limits for decoding what becomes a table of this service.
func (s *Service) Limits() codec.Limits {
	return codec.Limits{Bytes: s.opt.MaxTableBytes}.WithDefaults()
}

// Count returns the number of live sessions.
func (s *Service) Count(ctx context.Context) (kv.Count, error) { return s.store.Count(ctx) }

// Ref names a session, and the oldest state of it that the caller accepts (zero: any).
type Ref struct {
	ID    string
	After Token
}

// Precondition is asked before a change whether it may go ahead from the state that it
// finds. Nil means yes.
type Precondition func(*Session) bool

// keyPrefix is what the keys of a session begin with. The braces keep them in one slot of a
// Redis Cluster.
func keyPrefix(id string) string { return "{" + id + "}:" }

func headKey(id string) string { return keyPrefix(id) + "head" }

// Immutable reports whether what stands under a key of a store is never changed, so that it
// may be cached: it is a segment, the statistics of a version or the copy of a head, and not a
// head.
func Immutable(key string) bool {
	return strings.Contains(key, "}:seg:") || strings.Contains(key, "}:stat:") || strings.Contains(key, "}:head:")
}

func segmentKey(id string, r segmentRef) string {
	return fmt.Sprintf("%sseg:%s-%x", keyPrefix(id), segment.Hash(r.Hash), r.Born)
}

// load reads the head of a session that has not expired.
func (s *Service) load(ctx context.Context, ref Ref) (*head, error) {
	if err := checkID(ref.ID, "a session id"); err != nil {
		return nil, err
	}
	read := s.loadHead
	if s.eventual() {
		read = s.loadVisible
	}
	h, err := read(ctx, ref)
	if err != nil {
		return nil, err
	}
	if h == nil || h.Expires <= s.now().UnixMilli() {
		return nil, notFound(ref.ID)
	}
	return h, h.accepts(ref.After)
}

// checkID refuses what is not spelled as ids are.
func checkID(id, what string) error {
	if parsed, err := uuid.Parse(id); err != nil || parsed.String() != id {
		return fail(ErrInvalidParameter, "%q is not %s; ids look like 123e4567-e89b-42d3-a456-426614174000", codec.Shorten(id), what)
	}
	return nil
}

// loadHead reads a head as it stands, nil if there is none.
func (s *Service) loadHead(ctx context.Context, ref Ref) (*head, error) {
	b, err := s.store.Get(ctx, headKey(ref.ID))
	if errors.Is(err, kv.ErrNotFound) {
		return nil, nil
	}
	if err != nil && !errors.Is(err, kv.ErrCorrupt) {
		return nil, err
	}
	var h *head
	if err == nil {
		h, err = decodeHead(b)
	}
	if err != nil {
		return nil, unreadable(ref.ID, err)
	}
	return h, nil
}

func unreadable(id string, err error) error {
	return &Error{Kind: ErrCorrupt, Detail: fmt.Sprintf("the record of session %s cannot be read", id), Err: err}
}

func notFound(id string) error {
	return fail(ErrSessionNotFound, "session %s does not exist or has expired", id)
}

// maxCommits is how many commits a head remembers.
const maxCommits = 16

// accepts refuses to serve a client that has seen a newer state than h, or a commit that is
// not in h's history. A commit older than the head remembers is taken for granted.
func (h *head) accepts(after Token) error {
	switch {
	case after == Token{}:
		return nil
	case after.Revision > h.revision.Revision:
		return fail(ErrStaleRead, "revision %s is not visible here yet; try again shortly", after)
	case h.remembers(after.Revision) && !h.made(after):
		return fail(ErrConflict, "revision %s lost against another change of the session; read the session again", after)
	}
	return nil
}

// remembers reports whether h knows which commit made a revision.
func (h *head) remembers(revision uint64) bool {
	return revision <= h.revision.Revision && h.revision.Revision-revision < uint64(len(h.Commits))
}

// made reports whether t is a commit that h remembers to come from.
func (h *head) made(t Token) bool {
	return h.remembers(t.Revision) && bytes.Equal(h.Commits[len(h.Commits)-1-int(h.revision.Revision-t.Revision)], t.Commit[:])
}
