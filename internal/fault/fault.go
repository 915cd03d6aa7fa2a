// Package fault is the error type of the packages that work on a client's tables and sessions.
//
// Such an error has a kind, by which callers decide what to do, and a text that may be shown to
// the client. Errors of the key-value store are not of this type: their text names keys and
// servers, which clients must not see; see edgeframe/kv.
package fault

import "fmt"

// Error is an error about what a client sent or asked for, or about its session.
type Error struct {
	// Kind is a sentinel for errors.Is.
	Kind error
	// Detail is one sentence for the client.
	Detail string
	// Err is the cause, or nil. It is not part of the text.
	Err error
}

// Error implements error.
func (e *Error) Error() string { return e.Detail }

// Unwrap makes errors.Is find the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// Errorf returns an [*Error] of the given kind without a cause.
func Errorf(kind error, format string, args ...any) error {
	return &Error{Kind: kind, Detail: fmt.Sprintf(format, args...)}
}
