package session

import (
	"errors"
	"fmt"
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
	ErrCorrupt            = errors.New("corrupt session")
	ErrInvalidParameter   = errors.New("invalid parameter")
)

// Error is an error of a session. Its text is one sentence for the client.
type Error struct {
	Kind   error
	Detail string
	// Err is the cause, or nil.
	Err error
}

func (e *Error) Error() string { return e.Detail }

// Unwrap makes errors.Is find the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

func fail(kind error, format string, args ...any) error {
	return &Error{Kind: kind, Detail: fmt.Sprintf(format, args...)}
}
