package session

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"edgeframe/kv"
	"edgeframe/session/record"
)

// strongHeads are the heads on a store with compare-and-swap, where a read sees every write that
// finished before it.
type strongHeads struct {
	store *kv.Store
	// former has the heads of the store before; nil means that there was none.
	former *eventualHeads
	now    func() time.Time
	keep   retention
	// maxTableBytes is that of [Options].
	maxTableBytes int64
	known         knownHeads
}

var _ heads = (*strongHeads)(nil)

// maxTouchInterval is the longest time during which a head is not rewritten for an access alone.
const maxTouchInterval = time.Minute

func newStrongHeads(opt Options, minTTL time.Duration) *strongHeads {
	hs := &strongHeads{
		store:         opt.Store,
		now:           opt.Now,
		keep:          retention{maxTouchInterval: maxTouchInterval, min: minTTL},
		maxTableBytes: opt.MaxTableBytes,
		known:         newKnownHeads(opt),
	}
	if opt.Former != nil {
		former := opt
		former.Store = opt.Former
		hs.former = newEventualHeads(former, minTTLOf(opt.Former))
	}
	return hs
}

func (hs *strongHeads) retention() retention { return hs.keep }

func (hs *strongHeads) load(ctx context.Context, ref Ref) (*head, error) {
	b, err := hs.store.Get(ctx, record.HeadKey(ref.ID))
	switch {
	case errors.Is(err, kv.ErrNotFound):
		hs.known.forget(ref.ID)
		return hs.adopt(ctx, ref)
	case errors.Is(err, kv.ErrCorrupt):
		return nil, unreadable(ref.ID, err)
	case err != nil:
		return nil, err
	}
	h, err := hs.known.decode(ctx, ref.ID, b)
	if err != nil {
		return nil, err
	}
	return h, h.onItsWay()
}

func (hs *strongHeads) recall(ctx context.Context, id string) *head { return hs.known.recall(ctx, id) }

func (hs *strongHeads) swap(ctx context.Context, before, h *head, c kv.Commit) error {
	if before.Revision == (Token{}) {
		if made, err := hs.madeBefore(ctx, h); err != nil {
			return err
		} else if made {
			return kv.ErrConflict
		}
	}
	_, err := hs.commit(ctx, h, before.Revision, c)
	return err
}

func (hs *strongHeads) commit(ctx context.Context, h *head, old Token, c kv.Commit) ([][]byte, error) {
	c, err := hs.keep.commitOf(h, old, c)
	if err != nil {
		return nil, err
	}
	values, err := hs.store.Commit(ctx, c)
	if err != nil {
		return nil, err
	}
	hs.known.keep(h, c.Swap.Value)
	return values, nil
}

// access rewrites the head, unless a commit comes between: that has extended the session itself.
func (hs *strongHeads) access(ctx context.Context, h *head, keys []string) [][]byte {
	next := *h
	renew, err := next.extend(hs.now(), hs.keep)
	if err != nil {
		return nil
	}
	values, err := hs.commit(ctx, &next, h.Revision, kv.Commit{Touch: renew, Get: keys})
	if err == nil {
		*h = next
	}
	return values
}

func (hs *strongHeads) touch(ctx context.Context, h *head) error {
	renew, err := h.extend(hs.now(), hs.keep)
	if err != nil {
		return err
	}
	return hs.swap(ctx, h, h, kv.Commit{Touch: renew})
}

// end deletes the head. Stores cannot delete on a condition, but they can swap: to end one state
// and no other it first swaps to a head that has expired. Otherwise it stores nothing, so that
// sessions can be deleted from a full store.
func (hs *strongHeads) end(ctx context.Context, h *head, sameState bool) error {
	if sameState {
		expired := *h
		expired.Revision = h.Revision.Next()
		expired.Expires = 0
		err := hs.swap(ctx, h, &expired, kv.Commit{Event: func() []byte { return deletedEvent }})
		if errors.Is(err, kv.ErrConflict) && hs.isHead(ctx, &expired) {
			// A retry after a lost response hit our own swap: it has succeeded.
			err = nil
		}
		if err != nil {
			return err
		}
	}
	hs.known.forget(h.ID)
	return hs.store.Delete(ctx, record.HeadKey(h.ID))
}

// isHead reports whether h is the head in the store.
func (hs *strongHeads) isHead(ctx context.Context, h *head) bool {
	stored, err := hs.load(ctx, Ref{ID: h.ID})
	return err == nil && stored != nil && stored.Revision == h.Revision
}

func (hs *strongHeads) purge(ctx context.Context, id string) error {
	if hs.former != nil {
		if err := hs.former.purge(ctx, id); err != nil {
			return err
		}
	}
	return deleteSession(ctx, hs.store, id)
}

func (hs *strongHeads) missing(h *head, err error) error {
	if hs.store.Capabilities().LateValues {
		return notVisible(h, err, hs.now())
	}
	return corrupt(h.ID, err)
}

func (hs *strongHeads) obsolete(before, after *head) []string {
	keys := obsoleteStatistics(before, after, hs.maxTableBytes)
	for _, r := range before.droppedParts(after) {
		keys = append(keys, record.SegmentKey(before.ID, r))
	}
	if !dropsAny(before, after) {
		return keys
	}
	old, err := before.segmentsOfTables()
	if err != nil {
		return keys
	}
	kept, err := after.segmentsOfTables()
	if err != nil {
		return keys
	}
	for r := range old {
		if !kept[r] && before.Carried(r) == nil {
			keys = append(keys, record.SegmentKey(before.ID, r))
		}
	}
	return keys
}

// dropsAny reports whether after may lack a segment of before, apart from those of steps. If another version has the
// manifest and the marks of a version that is dropped, as after a snapshot, no segment is lost;
// then no manifest has to be decoded.
func dropsAny(before, after *head) bool {
	for i := range before.Versions {
		ver := &before.Versions[i]
		raw := before.Manifests[ver.Manifest]
		if !slices.ContainsFunc(after.Manifests, func(kept []byte) bool { return bytes.Equal(kept, raw) }) {
			return true
		}
		sameMarks := func(kept record.Version) bool { return kept.Marks != nil && *kept.Marks == *ver.Marks }
		if ver.Marks != nil && !slices.ContainsFunc(after.Versions, sameMarks) {
			return true
		}
	}
	return len(before.AuditChunks) > 0 && (len(after.AuditChunks) == 0 || before.AuditChunks[0] != after.AuditChunks[0])
}
