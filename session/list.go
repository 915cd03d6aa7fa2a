package session

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"edgeframe/codec"
	"edgeframe/internal/budget"
	"edgeframe/kv"
	"edgeframe/session/record"
)

const (
	// MaxListed is the number of sessions in the largest page of a list.
	MaxListed = 100
	// maxListings is the number of listings of the store after which a page ends, whatever it has found: a
	// store lists the segments of sessions too.
	maxListings = 200
	// headsAtOnce is the number of heads that are in memory at a time.
	headsAtOnce = 16
)

// Entry is a session in a list.
type Entry struct {
	ID, Filename, Owner string
	Created, Expires    time.Time
	Rows                int64
	Columns             int
}

// List returns a page of at most limit sessions in the order of the store, from cursor on, which is empty
// for the first page. next is the cursor of the next page, empty after the last one. A page may have fewer
// sessions, or none, before the last. Damaged sessions, and those that the caller of ctx may not touch, are
// left out. Listing extends no session.
func (s *Service) List(ctx context.Context, cursor string, limit int) (list []Entry, next string, err error) {
	at, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return nil, "", badCursor(cursor)
	}
	prefix, listed := "{", s.store.ListKeys
	if s.store.ListsCounted() {
		listed = s.store.ListCounted
	}
	if !s.store.Capabilities().CompareAndSwap {
		prefix = LifetimePrefix
	}
	page := kv.Page{Cursor: string(at)}
	for range maxListings {
		page, err = listed(ctx, prefix, page.Cursor, limit-len(list))
		if errors.Is(err, kv.ErrInvalid) {
			return nil, "", badCursor(cursor)
		}
		if err != nil {
			return nil, "", err
		}
		if list, err = s.appendEntries(ctx, list, sessionsOf(prefix, page.Keys)); err != nil {
			return nil, "", err
		}
		// Short listings for the rest would cost more than another page.
		if page.Cursor == "" || len(list) >= (limit+1)/2 {
			break
		}
	}
	return list, base64.RawURLEncoding.EncodeToString([]byte(page.Cursor)), nil
}

func badCursor(cursor string) error {
	return fail(ErrInvalidParameter, "cursor=%s is not accepted; it must be one that a list of sessions has returned", codec.Shorten(cursor))
}

// sessionsOf returns the ids of the sessions among keys, each key of which begins with prefix.
func sessionsOf(prefix string, keys []string) (ids []string) {
	for _, key := range keys {
		id := kv.HashTag(key)
		if key == record.HeadKey(id) || prefix == LifetimePrefix && key == record.LifetimeKey(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// appendEntries appends what the heads of sessions say.
func (s *Service) appendEntries(ctx context.Context, list []Entry, ids []string) ([]Entry, error) {
	for part := range slices.Chunk(ids, headsAtOnce) {
		values, err := s.listedValues(ctx, part)
		if err != nil {
			return nil, err
		}
		for i, id := range part {
			h, err := s.listedHead(ctx, id, values[i], values[len(part)+i])
			if _, leftOut := errors.AsType[*Error](err); err != nil && !leftOut {
				return nil, err
			}
			if err == nil {
				list = append(list, h.entry())
			}
			budget.From(ctx).Free(headFactor * int64(len(values[i])))
		}
	}
	return list, nil
}

// listedValues returns the heads of sessions as they are stored, and after them the lifetimes, each nil if it
// is absent or damaged.
func (s *Service) listedValues(ctx context.Context, ids []string) ([][]byte, error) {
	keys := make([]string, 0, 2*len(ids))
	for _, id := range ids {
		keys = append(keys, record.HeadKey(id))
	}
	if !s.store.Capabilities().CompareAndSwap {
		for _, id := range ids {
			keys = append(keys, record.LifetimeKey(id))
		}
	}
	values, err := s.store.GetMany(ctx, keys)
	if errors.Is(err, kv.ErrCorrupt) {
		values, err = make([][]byte, len(keys)), nil
		for i, key := range keys {
			values[i], err = s.store.Get(ctx, key)
			if err != nil && !errors.Is(err, kv.ErrCorrupt) && !errors.Is(err, kv.ErrNotFound) {
				return nil, err
			}
		}
		err = nil
	}
	return append(values, make([][]byte, 2*len(ids)-len(keys))...), err
}

// listedHead returns the head that is stored, extended by its lifetime. Its error is an [*Error] if the
// session is to be left out: it is absent, damaged or expired, or does not admit the caller of ctx.
func (s *Service) listedHead(ctx context.Context, id string, stored, lifetime []byte) (*head, error) {
	if stored == nil {
		return s.unexpired(ctx, nil, Ref{ID: id})
	}
	h, err := decodeHead(ctx, id, stored)
	if err != nil {
		return nil, err
	}
	if l, ok := record.DecodeLifetime(lifetime); ok {
		h.applyLifetime(l)
	}
	return s.unexpired(ctx, h, Ref{ID: id})
}

func (h *head) entry() Entry {
	return Entry{
		ID: h.ID, Filename: h.Filename, Owner: h.Owner, Created: clock(h.Created), Expires: clock(h.Expires),
		Rows: h.current().Rows, Columns: h.current().Columns,
	}
}
