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
)

const (
	// copiesAtOnce is how many sessions are copied beside one another.
	copiesAtOnce = 8
	// copyBytes is about how much of a session is in memory at a time.
	copyBytes = 8 << 20
	// maxProblems bounds the problems that a report names.
	maxProblems = 100
)

// CopyReport counts what became of the sessions of a store that was copied.
type CopyReport struct {
	// Copied sessions are in the target now as they were in the source, Current ones were
	// before. Newer ones had been changed further in the target, which was left alone. Expired
	// ones ended meanwhile.
	Copied, Current, Newer, Expired int
	// Failed sessions could not be copied; Problems says why, one line each for the first ones.
	Failed   int
	Problems []string
	// Segments and Bytes are what had to be stored in the target.
	Segments int
	Bytes    int64
}

// Sessions is how many sessions were looked at.
func (r CopyReport) Sessions() int {
	return r.Copied + r.Current + r.Newer + r.Expired + r.Failed
}

// Copy copies every live session of one store to another, with its history and what is left
// of its life. Both may be in use meanwhile. A session becomes visible in the target once all
// of it is there; one that the target has in a later state, or that was changed in both,
// stays as it is. What the target has already is not copied again, so a copy that was cut off
// goes on when it is started again, and a second one brings only what has changed since.
//
// An error means that a store failed; the report says how far the copy got. progress is told
// after each session.
func Copy(ctx context.Context, from, to *kv.Store, progress func(CopyReport)) (CopyReport, error) {
	c := &copier{from: from, to: to, progress: progress}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(copiesAtOnce)
	err := c.list(ctx, func(id string) {
		group.Go(func() error { return c.session(ctx, id) })
	})
	if failed := group.Wait(); failed != nil {
		// The listing failed because it was called off.
		err = failed
	}
	return c.report, err
}

type copier struct {
	from, to *kv.Store
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
			if key == headKey(id) && !seen[id] {
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

// copy copies a session and returns the counter of what became of it. An [*Error] is about
// this session alone.
func (c *copier) copy(ctx context.Context, id string) (count *int, done stored, err error) {
	var last Token
	for range maxAttempts {
		source, err := readRecord(ctx, c.from, "source", id)
		if err != nil {
			return nil, done, err
		}
		if !source.alive() {
			return &c.report.Expired, done, nil
		}
		target, err := readRecord(ctx, c.to, "target", id)
		if err != nil {
			return nil, done, err
		}
		if target.alive() {
			if count, err := c.compare(source.head, target.head); count != nil || err != nil {
				return count, done, err
			}
		}
		done, err = c.transfer(ctx, source, target)
		switch {
		case errors.Is(err, errSegmentGone) && source.head.revision != last:
			// A commit in the source may have removed it; the next attempt sees its head.
			last = source.head.revision
		case errors.Is(err, kv.ErrConflict): // a commit in the target came between
		default:
			return &c.report.Copied, done, corrupt(id, err)
		}
	}
	return nil, done, exhausted(id)
}

// compare returns the counter of a session that need not or must not be copied, nil if it
// should be.
func (c *copier) compare(source, target *head) (*int, error) {
	switch forked := fail(ErrConflict, "session %s was changed in both stores; revision %s of the source and %s of the target are left as they are", source.ID, source.revision, target.revision); {
	case source.revision == target.revision && source.Expires <= target.Expires:
		return &c.report.Current, nil
	case source.accepts(target.revision) != nil && target.accepts(source.revision) == nil:
		return &c.report.Newer, nil
	case source.accepts(target.revision) != nil:
		return nil, forked
	case !source.remembers(target.revision.Revision) && target.Accessed > source.Accessed:
		// Whether the source comes from there is forgotten; but the target was used last.
		return nil, forked
	}
	return nil, nil
}

// record is the stored form of a head with what it says; both are nil if there is none.
type record struct {
	raw  []byte
	head *head
}

func readRecord(ctx context.Context, from *kv.Store, where, id string) (record, error) {
	raw, err := from.Get(ctx, headKey(id))
	if errors.Is(err, kv.ErrNotFound) {
		return record{}, nil
	}
	var h *head
	if err == nil {
		h, err = decodeHead(raw)
	} else if !errors.Is(err, kv.ErrCorrupt) {
		return record{}, err
	}
	if err != nil {
		return record{}, &Error{Kind: ErrCorrupt, Detail: fmt.Sprintf("the record of session %s in the %s cannot be read: %v", id, where, err), Err: err}
	}
	return record{raw, h}, nil
}

func (r record) alive() bool { return r.head != nil && left(r.head.Expires) > 0 }

// left is how long it is until a time in Unix milliseconds.
func left(until int64) time.Duration { return time.Until(time.UnixMilli(until)) }

// transfer stores the segments of source that the target lacks, and then swaps the head.
func (c *copier) transfer(ctx context.Context, source, target record) (done stored, err error) {
	wanted, err := source.head.segments()
	if err != nil {
		return done, err
	}
	has := map[segmentRef]bool{}
	old := Token{}
	if target.head != nil {
		old = target.head.revision
		if left(target.head.Lease) > 0 {
			if has, err = target.head.segments(); err != nil {
				return done, err
			}
		}
	}
	commit := kv.Commit{
		Swap: kv.Item{Key: headKey(source.head.ID), Value: source.raw, Counted: true},
		Old:  old.kv(),
		TTL:  c.ttl(max(source.head.Lease, source.head.Expires)), SwapTTL: c.ttl(source.head.Expires),
	}
	var missing []segmentRef
	for r := range wanted {
		if has[r] {
			commit.Touch = append(commit.Touch, segmentKey(source.head.ID, r))
		} else {
			missing = append(missing, r)
		}
	}
	for r := range has {
		if !wanted[r] {
			commit.Drop = append(commit.Drop, segmentKey(source.head.ID, r))
		}
	}
	for len(missing) > 0 {
		n, bytes := 0, 0
		for n < len(missing) && (n == 0 || bytes+missing[n].Stored <= copyBytes) {
			bytes += missing[n].Stored
			n++
		}
		if err := c.segments(ctx, source.head, missing[:n], commit.TTL); err != nil {
			return done, err
		}
		done.segments += n
		done.bytes += int64(bytes)
		missing = missing[n:]
	}
	_, err = c.to.Commit(ctx, commit)
	return done, err
}

// ttl is what is left until a time, as the target accepts it.
func (c *copier) ttl(until int64) time.Duration {
	return max(left(until), time.Millisecond, time.Duration(c.to.Capabilities().MinTTLSeconds)*time.Second)
}

// segments copies segments, and checks each.
func (c *copier) segments(ctx context.Context, h *head, refs []segmentRef, ttl time.Duration) error {
	keys := h.keys(refs)
	values, err := c.from.GetMany(ctx, keys)
	if errors.Is(err, kv.ErrCorrupt) {
		return &Error{Kind: ErrCorrupt, Detail: fmt.Sprintf("session %s is damaged: %v", h.ID, err), Err: err}
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
			return &Error{Kind: ErrCorrupt, Detail: fmt.Sprintf("session %s is damaged: %v", h.ID, err), Err: err}
		}
		items[i] = kv.Item{Key: keys[i], Value: values[i]}
	}
	return c.to.SetMany(ctx, items, ttl)
}
