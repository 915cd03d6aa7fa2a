//go:build !js

package session

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"edgeframe/codec/segment"
	"edgeframe/kv"
	"edgeframe/session/record"
)

const (
	// copiesAtOnce is how many sessions are copied at the same time.
	copiesAtOnce = 8
	// copyBytes is about how much of a session is in memory at a time.
	copyBytes = 8 << 20
	// maxProblems bounds the problems that a report names.
	maxProblems = 100
)

// CopyOptions say what [Copy] copies.
type CopyOptions struct {
	// From is the source, To the target. Both may be in use meanwhile.
	From, To *kv.Store
	// Progress is called after each session, one call at a time.
	Progress func(CopyReport)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// CopyReport counts the sessions of a store that was copied.
type CopyReport struct {
	// Copied sessions are in the target now as they were in the source. Current ones were there
	// already. Newer ones had been changed further in the target and were left alone. Expired ones
	// expired or were deleted meanwhile.
	Copied, Current, Newer, Expired int
	// Failed sessions could not be copied; Problems says why, one line each for the first ones.
	Failed   int
	Problems []string
	// Segments and Bytes are what had to be stored in the target.
	Segments int
	Bytes    int64
}

// Sessions is the number of sessions that were considered.
func (r CopyReport) Sessions() int {
	return r.Copied + r.Current + r.Newer + r.Expired + r.Failed
}

// Copy copies every session of one store that has not expired to another, with its history and
// its expiry. A session becomes visible in the target once all of it is there. A session that has
// a later state in the target, or was changed in both stores, is left alone. Sessions and segments
// already present in the target are skipped, so an interrupted copy can be rerun, and a second
// copy transfers only what has changed since.
//
// An error means that a store failed; the report says how far the copy got.
func Copy(ctx context.Context, opt CopyOptions) (CopyReport, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	c := &copier{from: opt.From, to: opt.To, now: opt.Now, progress: opt.Progress}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(copiesAtOnce)
	err := c.list(ctx, func(id string) {
		group.Go(func() error { return c.session(ctx, id) })
	})
	if failed := group.Wait(); failed != nil {
		// It canceled the listing.
		err = failed
	}
	return c.report, err
}

type copier struct {
	from, to *kv.Store
	now      func() time.Time
	progress func(CopyReport)

	mu     sync.Mutex
	report CopyReport
}

// list calls found for the id of each session of the source.
func (c *copier) list(ctx context.Context, found func(id string)) error {
	seen := map[string]bool{}
	for cursor := ""; ; {
		page, err := c.from.ListKeys(ctx, "{", cursor, kv.MaxListLimit)
		if err != nil {
			return err
		}
		for _, key := range page.Keys {
			id := kv.HashTag(key)
			if key == record.HeadKey(id) && !seen[id] {
				seen[id] = true
				found(id)
			}
		}
		if cursor = page.Cursor; cursor == "" {
			return nil
		}
	}
}

// session copies one session and counts it. It returns an error if a store failed.
func (c *copier) session(ctx context.Context, id string) error {
	count, stored, err := c.copy(ctx, id)
	var failure *Error
	if err != nil && !errors.As(err, &failure) {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if failure != nil {
		c.report.Failed++
		if len(c.report.Problems) < maxProblems {
			c.report.Problems = append(c.report.Problems, failure.Error())
		}
	} else {
		*count++
		c.report.Segments += stored.segments
		c.report.Bytes += stored.bytes
	}
	c.progress(c.report)
	return nil
}

// stored is what a copy put into the target.
type stored struct {
	segments int
	bytes    int64
}

// copy copies a session and returns the counter of the report for its outcome. An [*Error] is
// about this session alone.
func (c *copier) copy(ctx context.Context, id string) (count *int, done stored, err error) {
	var last Token
	for range maxAttempts {
		source, err := readCopied(ctx, c.from, "source", id)
		if err != nil {
			return nil, done, err
		}
		if c.hasExpired(source) {
			return &c.report.Expired, done, nil
		}
		target, err := readCopied(ctx, c.to, "target", id)
		if err != nil {
			return nil, done, err
		}
		if !c.hasExpired(target) {
			if count, err := c.compare(source.head, target.head); count != nil || err != nil {
				return count, done, err
			}
		}
		done, err = c.transfer(ctx, source, target)
		switch {
		case errors.Is(err, errSegmentGone) && source.head.Revision != last:
			// A commit in the source may have removed it; the next attempt sees its head.
			last = source.head.Revision
		case errors.Is(err, kv.ErrConflict): // a commit in the target came between
		default:
			return &c.report.Copied, done, corrupt(id, err)
		}
	}
	return nil, done, exhausted(id, maxAttempts)
}

// compare returns the counter of a session that need not be copied and the error of one that must
// not be. It returns neither for a session to copy.
func (c *copier) compare(source, target *head) (*int, error) {
	switch forked := fail(ErrConflict, "session %s was changed in both stores; revision %s of the source and %s of the target are left as they are", source.ID, source.Revision, target.Revision); {
	case source.Revision == target.Revision && source.Expires <= target.Expires:
		return &c.report.Current, nil
	case source.accepts(target.Revision) != nil && target.accepts(source.Revision) == nil:
		return &c.report.Newer, nil
	case source.accepts(target.Revision) != nil:
		return nil, forked
	case !source.remembers(target.Revision.Revision) && target.Accessed > source.Accessed:
		// The source does not remember whether it comes from there, and the target was used last.
		return nil, forked
	}
	return nil, nil
}

// storedHead is a head with its stored form; both are nil if it is not in the store.
type storedHead struct {
	raw  []byte
	head *head
}

// readStored reads the head of a session from a store, which the error calls where.
func readStored(ctx context.Context, from *kv.Store, where, id string) (storedHead, error) {
	raw, err := from.Get(ctx, record.HeadKey(id))
	if errors.Is(err, kv.ErrNotFound) {
		return storedHead{}, nil
	}
	var h *record.Head
	if err == nil {
		h, err = record.DecodeHead(raw)
	} else if !errors.Is(err, kv.ErrCorrupt) {
		return storedHead{}, err
	}
	if err != nil {
		return storedHead{}, &Error{Kind: ErrCorrupt, Detail: fmt.Sprintf("the record of session %s in the %s cannot be read: %v", id, where, err), Err: err}
	}
	return storedHead{raw, &head{Head: *h}}, nil
}

// readCopied is readStored for a session that is not being moved into the store.
func readCopied(ctx context.Context, from *kv.Store, where, id string) (storedHead, error) {
	h, err := readStored(ctx, from, where, id)
	if err == nil && isAnnouncement(h) {
		err = fail(ErrConflict, "session %s is being moved into the %s by a server; copy it again when that server has moved its sessions", id, where)
	}
	return h, err
}

// hasExpired reports whether a session has expired or is absent.
func (c *copier) hasExpired(h storedHead) bool { return h.head == nil || c.left(h.head.Expires) <= 0 }

// left is how long it is until a time in Unix milliseconds.
func (c *copier) left(until int64) time.Duration { return time.UnixMilli(until).Sub(c.now()) }

// ttl is left as the target accepts it.
func (c *copier) ttl(until int64) time.Duration {
	return max(c.left(until), time.Millisecond, time.Duration(c.to.Capabilities().MinTTLSeconds)*time.Second)
}

// transfer stores the segments of source that the target lacks, and then swaps the head.
func (c *copier) transfer(ctx context.Context, source, target storedHead) (done stored, err error) {
	commit, lacking, err := c.difference(source, target)
	if err != nil {
		return done, err
	}
	l := newLease(c.to, c.now, commit.TTL, true)
	for len(lacking) > 0 {
		n, bytes := batch(lacking, copyBytes)
		if err := c.segments(ctx, source.head, lacking[:n], l); err != nil {
			return done, err
		}
		done.segments += n
		done.bytes += int64(bytes)
		lacking = lacking[n:]
	}
	if !l.full {
		commit.Touch = append(commit.Touch, l.keys...)
	}
	_, err = c.to.Commit(ctx, commit)
	return done, err
}

// difference returns the commit that makes source the head of the target once the target has the
// segments that it is lacking.
func (c *copier) difference(source, target storedHead) (commit kv.Commit, lacking []record.SegmentRef, err error) {
	h := source.head
	commit = kv.Commit{
		Swap: kv.Item{Key: record.HeadKey(h.ID), Value: source.raw, Counted: true},
		TTL:  c.ttl(max(h.Lease, h.Expires)), SwapTTL: c.ttl(h.Expires),
	}
	needed, err := h.storedSegments()
	if err != nil {
		return commit, nil, err
	}
	present := map[record.SegmentRef]bool{}
	if target.head != nil {
		commit.Old = target.head.Revision.KV()
		if c.left(target.head.Lease) > 0 {
			if present, err = target.head.storedSegments(); err != nil {
				return commit, nil, err
			}
		}
	}
	for r := range needed {
		if present[r] {
			commit.Touch = append(commit.Touch, record.SegmentKey(h.ID, r))
		} else {
			lacking = append(lacking, r)
		}
	}
	for r := range present {
		if !needed[r] {
			commit.Drop = append(commit.Drop, record.SegmentKey(h.ID, r))
		}
	}
	return commit, lacking, nil
}

// segments copies segments, and checks each. l keeps them until they have a head.
func (c *copier) segments(ctx context.Context, h *head, refs []record.SegmentRef, l *lease) error {
	keys := h.keys(refs)
	values, err := c.from.GetMany(ctx, keys)
	if errors.Is(err, kv.ErrCorrupt) {
		return damaged(h.ID, err)
	}
	if err != nil {
		return err
	}
	items := make([]kv.Item, len(refs))
	for i, r := range refs {
		if values[i] == nil {
			return fmt.Errorf("segment %s: %w", keys[i], errSegmentGone)
		}
		if err := segment.Check(values[i], segment.Hash(r.Hash)); err != nil {
			return damaged(h.ID, err)
		}
		items[i] = kv.Item{Key: keys[i], Value: values[i]}
	}
	if err := l.put(ctx, items); err != nil {
		return err
	}
	return l.hold(ctx)
}
