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
	// ErrFull says that the engine has no space for new data. Writes succeed again after something
	// expires or is deleted, or the engine's limit is raised.
	ErrFull = errors.New("full")
	// ErrNotReplicated says that a change has been made, and that it may still be lost, because fewer
	// replicas than asked for have it in time. See [Confirmer].
	ErrNotReplicated = errors.New("not replicated")
	// ErrCorrupt says that the data under the key is damaged or partly lost, or was not written by a
	// store. Delete removes what is left.
	ErrCorrupt = errors.New("corrupt")
)

var sentinels = []error{ErrNotFound, ErrConflict, ErrTooLarge, ErrUnsupported, ErrUnavailable, ErrInvalid, ErrFull, ErrNotReplicated, ErrCorrupt}

// Error is the concrete type of every error that a [Store] returns. It is not the error type that
// sessions and tables share, because its text names keys and servers and is for the log, never for
// clients, and because callers tell by the type that the store has failed and not their data.
type Error struct {
	// Op is the operation that was attempted, for instance "get".
	Op string
	// Key is the key that the error is about, empty if there are none or several.
	Key string
	// Kind is the sentinel that this error is.
	Kind error
	// Err is the cause, nil if there is no more to say than Kind.
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

// Reason is an error with a text that everybody may read: it contains no key, no address and no
// secret. A driver's Health returns it where it can say why the engine cannot be used.
type Reason struct {
	// Text is one sentence, without a full stop.
	Text string
	Err  error
}

func (r *Reason) Error() string { return r.Text + ": " + r.Err.Error() }

// Unwrap returns the cause.
func (r *Reason) Unwrap() error { return r.Err }

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
