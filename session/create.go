package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"edgeframe/codec"
	"edgeframe/frame"
	"edgeframe/kv"
)

// maxFilename is the longest file name that a session keeps, in bytes.
const maxFilename = 1024

// Create stores t as a new session that is called filename. A ttl of zero is the default.
func (s *Service) Create(ctx context.Context, t *codec.Table, filename string, ttl time.Duration) (*Session, error) {
	return s.create(ctx, filename, ttl, func(h *head, se *sealer) (*version, error) {
		return s.storeFrame(h, nil, frame.FromTable(t, s.Limits()), se)
	})
}

// create makes a session of the version that store returns.
func (s *Service) create(ctx context.Context, filename string, ttl time.Duration, store func(*head, *sealer) (*version, error)) (*Session, error) {
	if ttl == 0 {
		ttl = s.opt.TTL
	}
	if err := checkTTL(ttl); err != nil {
		return nil, err
	}
	if err := checkFilename(filename); err != nil {
		return nil, err
	}
	now := s.now()
	h := &head{
		ID:          uuid.NewString(),
		Filename:    filename,
		Created:     now.UnixMilli(),
		TTL:         ttl.Milliseconds(),
		Lease:       now.Add(s.segmentTTL(ttl)).UnixMilli(),
		NextVersion: 1,
	}
	se := s.newSealer(h)
	v, err := store(h, se)
	if err != nil {
		return nil, err
	}
	rows := v.Rows
	v.RowsBefore, h.InitialRows = rows, rows
	h.push(v, now, "Session created", s.opt.MaxVersions)
	h.log(now, fmt.Sprintf("Session created. Original file: '%s'. Initial rows: %d", filename, rows))
	a := &attempt{head: h, items: se.items}
	err = s.swap(ctx, a)
	if errors.Is(err, kv.ErrConflict) {
		// The id is new, so nobody but a try whose answer was lost can have been there first.
		now, loadErr := s.load(ctx, Ref{ID: h.ID})
		if loadErr == nil && now.made(h.revision) {
			err = nil
		}
	}
	if err != nil {
		return nil, err
	}
	return s.won(a), nil
}

func checkFilename(name string) error {
	if len(name) > maxFilename {
		return fail(ErrInvalidParameter, "a filename of %d bytes is not accepted; it may have at most %d", len(name), maxFilename)
	}
	if i := strings.IndexFunc(name, isControl); i >= 0 {
		return fail(ErrInvalidParameter, "the filename %q is not accepted; it has a control character at byte %d", name, i)
	}
	return nil
}

// isControl reports whether c is a control character of ASCII.
func isControl(c rune) bool { return c < 0x20 || c == 0x7f }

// Delete removes a session and all that it stored, also one whose record cannot be read, of
// which no precondition can hold.
func (s *Service) Delete(ctx context.Context, ref Ref, pre Precondition) error {
	for range maxAttempts {
		h, err := s.load(ctx, ref)
		if errors.Is(err, ErrCorrupt) && pre == nil {
			return s.deleteKeys(ctx, ref.ID)
		}
		if err != nil {
			return err
		}
		if err := s.check(h, pre); err != nil {
			return err
		}
		if s.eventual() {
			err := s.bury(ctx, h)
			if errors.Is(err, kv.ErrConflict) {
				return overtaken(h.ID)
			}
			return err
		}
		// Without a precondition nothing is stored first, so that a full store can be emptied.
		if pre != nil {
			err := s.expire(ctx, h)
			if errors.Is(err, kv.ErrConflict) {
				continue
			}
			if err != nil {
				return err
			}
		}
		if err := s.store.Delete(ctx, headKey(h.ID)); err != nil {
			return err
		}
		keys := s.unreferenced(h, &head{})
		s.cache.Remove(keys...)
		// What is left behind expires.
		_ = s.store.Delete(ctx, keys...)
		return nil
	}
	return exhausted(ref.ID)
}

// deleteKeys removes everything that is stored of a session whose head cannot be read.
func (s *Service) deleteKeys(ctx context.Context, id string) error {
	cursor := ""
	for {
		page, err := s.store.ListKeys(ctx, keyPrefix(id), cursor, kv.MaxListLimit)
		if err != nil {
			return err
		}
		if err := s.store.Delete(ctx, page.Keys...); err != nil {
			return err
		}
		if cursor = page.Cursor; cursor == "" && s.eventual() {
			return s.store.Delete(ctx, liveKey(id))
		}
		if cursor == "" {
			return nil
		}
	}
}

// expire ends the life of a session unless another commit came between: stores cannot delete
// on a condition, but they can swap.
func (s *Service) expire(ctx context.Context, h *head) error {
	end := *h
	end.revision = h.revision.next()
	end.Expires = 0
	_, err := s.swapHead(ctx, &end, h.revision, kv.Commit{})
	if errors.Is(err, kv.ErrConflict) {
		// A retry after a lost answer meets its own success.
		now, loadErr := s.loadHead(ctx, Ref{ID: h.ID})
		if loadErr == nil && now != nil && now.revision == end.revision {
			err = nil
		}
	}
	return err
}
