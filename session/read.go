package session

import (
	"context"
	"errors"

	"edgeframe/codec"
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

// Data is the result of [Service.Read].
type Data struct {
	Session *Session
	Version Version
	Table   *codec.Table
}

// Read returns a part of the table of a session that was opened. If a commit has removed
// segments that sess refers to since then, the session is read once more, so the data may be
// newer than sess.
func (s *Service) Read(ctx context.Context, sess *Session, sel Selection) (data *Data, err error) {
	err = s.follow(ctx, sess, func(sess *Session) (err error) {
		data, err = s.read(ctx, sess, sel)
		return err
	})
	return data, err
}

func (s *Service) read(ctx context.Context, sess *Session, sel Selection) (*Data, error) {
	p := sess.head.page
	if p == nil || !p.is(sel) {
		var err error
		if p, err = s.plan(sess.head, sel); err != nil {
			return nil, err
		}
	}
	table, err := s.loadPage(ctx, sess.head, p)
	if err != nil {
		return nil, err
	}
	return &Data{Session: sess, Version: viewVersion(p.version), Table: table}, nil
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
	return s.heads.missing(h, read(view(h)))
}
