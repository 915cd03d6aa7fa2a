package session

import (
	"context"
	"errors"

	"edgeframe/kv"
	"edgeframe/session/record"
)

// Delete removes a session and everything that it stored. A session whose record cannot be read
// is deleted too, unless there is a precondition or a caller with a scoped token, which could not be checked.
func (s *Service) Delete(ctx context.Context, ref Ref, pre Precondition) error {
	if pre != nil {
		leave, err := s.enterLine(ctx, ref.ID)
		if err != nil {
			return err
		}
		defer leave(0)
	}
	for range maxAttempts {
		h, err := s.load(ctx, ref)
		if errors.Is(err, ErrCorrupt) && pre == nil && callerOf(ctx) == (Caller{}) {
			return s.heads.purge(ctx, ref.ID)
		}
		if errors.Is(err, ErrSessionNotFound) {
			return s.confirmAbsence(ctx, ref.ID, err)
		}
		if err != nil {
			return err
		}
		if err := s.check(h, pre); err != nil {
			return err
		}
		err = s.heads.end(ctx, h, pre != nil)
		if errors.Is(err, kv.ErrConflict) {
			continue
		}
		if err == nil {
			s.discharge(ctx, h)
			s.deleteContents(ctx, h)
		}
		return s.withLatest(ctx, ref.ID, err)
	}
	return s.withLatest(ctx, ref.ID, exhausted(ref.ID, maxAttempts))
}

// confirmAbsence returns missing, which says that there is no session with that id, once that will stay so. The
// session may have been deleted a moment ago by a request that was told that this can still be lost.
func (s *Service) confirmAbsence(ctx context.Context, id string, missing error) error {
	if checkID(id) != nil {
		return missing
	}
	err := s.store.Confirm(ctx, record.HeadKey(id), kv.Revision{})
	if errors.Is(err, kv.ErrConflict) {
		// There may be a head that has expired.
		h, loadErr := s.heads.load(ctx, Ref{ID: id})
		if loadErr == nil && h != nil && h.Expires <= s.now().UnixMilli() {
			err = s.store.Confirm(ctx, record.HeadKey(id), h.Revision.KV())
		}
	}
	if errors.Is(err, kv.ErrConflict) {
		return fail(ErrStaleRead, "session %s was changed while it was looked up; try again shortly", id)
	}
	if err != nil {
		return err
	}
	return missing
}

// deleteContents deletes what the head of a session that has ended refers to, after the response if that is
// possible. Errors are ignored, because what stays expires.
func (s *Service) deleteContents(ctx context.Context, h *head) {
	keys := s.heads.obsolete(h, &head{})
	s.cache.Remove(keys...)
	s.opt.Later(ctx, func(ctx context.Context) { _ = s.store.Delete(ctx, keys...) })
}
