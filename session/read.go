package session

import (
	"context"
	"errors"
)

// Open returns a session and extends it. It loads the data of prefetch too if that saves a round
// trip.
func (s *Service) Open(ctx context.Context, ref Ref, prefetch Prefetch) (*Session, error) {
	h, err := s.load(ctx, ref)
	if err != nil {
		return nil, err
	}
	s.access(ctx, h, prefetch)
	return view(h), nil
}

// Peek is [Service.Open] for a caller that does not count as an access: the session is not extended.
func (s *Service) Peek(ctx context.Context, ref Ref) (*Session, error) {
	h, err := s.load(ctx, ref)
	if err != nil {
		return nil, err
	}
	return view(h), nil
}

// Read begins to read a part of the table of a session that was opened. It loads the first row groups,
// so that most errors show before the caller begins to answer. If a commit has removed segments that
// sess refers to since then, the session is read once more, so the data may be newer than sess. The
// caller must close the data. They are read with ctx.
func (s *Service) Read(ctx context.Context, sess *Session, sel Selection) (data *Data, err error) {
	err = s.follow(ctx, sess, func(sess *Session) (err error) {
		if data, err = s.Select(sess, sel); err != nil {
			return err
		}
		return data.begin(ctx)
	})
	return data, err
}

// Select returns the part of a table that [Service.Read] would read, and reads nothing: of the result
// only the description can be used.
func (s *Service) Select(sess *Session, sel Selection) (*Data, error) {
	p := sess.head.page
	if p == nil || !p.is(sel) {
		var err error
		if p, err = s.plan(sess.head, sel); err != nil {
			return nil, err
		}
	}
	return newData(s, sess, p), nil
}

// follow runs read on sess and, if a commit has removed a segment that sess refers to, once more
// on the session as it is then.
func (s *Service) follow(ctx context.Context, sess *Session, read func(*Session) error) error {
	err := read(sess)
	if !errors.Is(err, errSegmentGone) {
		return err
	}
	h, err := s.load(ctx, Ref{ID: sess.ID})
	if err != nil {
		return err
	}
	h.patient = true
	return s.heads.missing(h, read(view(h)))
}
