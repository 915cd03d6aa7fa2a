package session

import (
	"context"
	"errors"

	"edgeframe/internal/fault"
)

// The kinds of errors of this package, beside those of codec, frame and kv. Use errors.Is.
var (
	ErrSessionNotFound    = errors.New("session not found")
	ErrVersionNotFound    = errors.New("version not found")
	ErrRowNotFound        = errors.New("row not found")
	ErrNothingToUndo      = errors.New("nothing to undo")
	ErrNothingToRedo      = errors.New("nothing to redo")
	ErrConflict           = errors.New("conflict")
	ErrPreconditionFailed = errors.New("precondition failed")
	ErrStaleRead          = errors.New("stale read")
	ErrBusy               = errors.New("busy")
	ErrCorrupt            = errors.New("corrupt session")
	ErrInvalidParameter   = errors.New("invalid parameter")
	// ErrOtherTypes says that a table was read by other types than those of the table that it is for. It is an
	// ErrConflict.
	ErrOtherTypes = errors.New("other types")
	// ErrKeyMismatch says that the key of a change is that of another one.
	ErrKeyMismatch = errors.New("key mismatch")
	// ErrNameTaken says that another version has a name, ErrTooManyNames that as many versions have one as may.
	ErrNameTaken    = errors.New("name taken")
	ErrTooManyNames = errors.New("too many names")
	ErrTokenRevoked = errors.New("token revoked")
	ErrForbidden    = errors.New("forbidden")
)

// StateError is the error of a change that does not start from the state that the session is in.
type StateError struct {
	// Err says what is wrong.
	Err error
	// Session is the state that the session is in.
	Session *Session
}

func (e *StateError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *StateError) Unwrap() error { return e.Err }

// withState returns err with the state h.
func withState(h *head, err error) error { return &StateError{Err: err, Session: view(h)} }

// withLatest returns err with the newest state that can be read, if it is an ErrConflict without a state.
func (s *Service) withLatest(ctx context.Context, id string, err error) error {
	if _, ok := errors.AsType[*StateError](err); ok || !errors.Is(err, ErrConflict) {
		return err
	}
	h, loadErr := s.load(ctx, Ref{ID: id})
	if loadErr != nil {
		return err
	}
	return withState(h, err)
}

// Error is an error of a session. Its text is one sentence for the person who asked.
type Error = fault.Error

func fail(kind error, format string, args ...any) error {
	return fault.Errorf(kind, format, args...)
}
