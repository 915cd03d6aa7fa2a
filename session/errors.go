package session

import (
	"errors"

	"edgeframe/internal/fault"
)

// The kinds of errors of this package, beside those of codec, frame and kv. Use errors.Is.
var (
	ErrSessionNotFound    = errors.New("session not found")
	ErrVersionNotFound    = errors.New("version not found")
	ErrNothingToUndo      = errors.New("nothing to undo")
	ErrNothingToRedo      = errors.New("nothing to redo")
	ErrConflict           = errors.New("conflict")
	ErrPreconditionFailed = errors.New("precondition failed")
	ErrStaleRead          = errors.New("stale read")
	ErrBusy               = errors.New("busy")
	ErrCorrupt            = errors.New("corrupt session")
	ErrInvalidParameter   = errors.New("invalid parameter")
)

// Error is an error of a session. Its text is one sentence for the person who asked.
type Error = fault.Error

func fail(kind error, format string, args ...any) error {
	return fault.Errorf(kind, format, args...)
}
