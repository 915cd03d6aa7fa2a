package kv

import (
	"errors"
	"fmt"
)

// The closed set of errors. Every error of a [Store] matches exactly one of them with
// errors.Is.
var (
	ErrNotFound    = errors.New("not found")
	ErrConflict    = errors.New("conflict")
	ErrTooLarge    = errors.New("too large")
	ErrUnsupported = errors.New("unsupported")
	ErrUnavailable = errors.New("unavailable")
	ErrInvalid     = errors.New("invalid")
	// ErrFull says that the engine has no room for what was to be stored. It stores again once
	// something expires or is deleted, or its limit is raised.
	ErrFull = errors.New("full")
	// ErrCorrupt says that under the key there is something that no store has put there.
	ErrCorrupt = errors.New("corrupt")
)

var sentinels = []error{ErrNotFound, ErrConflict, ErrTooLarge, ErrUnsupported, ErrUnavailable, ErrInvalid, ErrFull, ErrCorrupt}

// Error is the concrete type of every error that a [Store] returns.
type Error struct {
	// Op is the operation that was attempted, for instance "get".
	Op string
	// Key is the key that the error is about, empty when it is about none or several.
	Key string
	// Kind is the sentinel that this error is.
	Kind error
	// Err is the cause, nil where Kind says it all.
	Err error
}

func (e *Error) Error() string {
	s := "kv " + e.Op
	if e.Key != "" {
		s += fmt.Sprintf(" %q", e.Key)
	}
	s += ": " + e.Kind.Error()
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap makes errors.Is find both the sentinel and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// wrap turns a driver's error into an *Error; nil stays nil.
func wrap(op, key string, err error) error {
	if err == nil {
		return nil
	}
	for _, kind := range sentinels {
		if errors.Is(err, kind) {
			cause := err
			if err == kind {
				cause = nil
			}
			return &Error{Op: op, Key: key, Kind: kind, Err: cause}
		}
	}
	return &Error{Op: op, Key: key, Kind: ErrUnavailable, Err: err}
}

func fail(op, key string, kind error, format string, args ...any) error {
	return &Error{Op: op, Key: key, Kind: kind, Err: fmt.Errorf(format, args...)}
}
