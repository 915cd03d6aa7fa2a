//go:build !js

package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
)

// Body is what a request sends.
type Body struct {
	// Type is the content type.
	Type string
	// Size is the number of bytes.
	Size int64
	// Open returns the bytes from the beginning, for each try anew.
	Open func() (io.ReadCloser, error)
}

// Bytes is a body in memory.
func Bytes(contentType string, data []byte) *Body {
	return &Body{contentType, int64(len(data)), func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

// JSON is a document as a body.
func JSON(v any) *Body {
	data, err := json.Marshal(v)
	if err != nil {
		return &Body{Open: func() (io.ReadCloser, error) { return nil, err }}
	}
	return Bytes("application/json", data)
}

// BodyError says that the body of a request could not be read, so that the request was not sent as a whole.
type BodyError struct{ Err error }

// Error implements error.
func (e *BodyError) Error() string { return e.Err.Error() }

// Unwrap returns why.
func (e *BodyError) Unwrap() error { return e.Err }

// errShort says that there are fewer bytes than the size of a body says.
var errShort = errors.New("it became shorter while it was sent")

// attach makes a body that of a request. b may be nil.
func (b *Body) attach(req *http.Request) (*sending, error) {
	if b == nil {
		return &sending{}, nil
	}
	from, err := b.Open()
	if err != nil {
		return nil, &BodyError{err}
	}
	s := &sending{from: from, left: b.Size}
	req.Body, req.ContentLength = s, b.Size
	if b.Size == 0 {
		req.Body = http.NoBody
		from.Close()
	}
	req.Header.Set("Content-Type", b.Type)
	return s, nil
}

// sending is a body that is sent. It remembers why it ended early: a connection ends for this reason too, and is
// not tried again then. The transport may read it after it has returned.
type sending struct {
	from io.ReadCloser

	mu     sync.Mutex
	left   int64
	err    error
	closed bool
}

// Read implements [io.Reader].
func (s *sending) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left -= int64(n)
	switch {
	case s.closed:
		// The transport needs no more, for instance because there is an answer.
	case err == io.EOF && s.left > 0:
		s.err = &BodyError{errShort}
		return n, s.err
	case err != nil && err != io.EOF:
		s.err = &BodyError{err}
	}
	return n, err
}

// Close implements [io.Closer].
func (s *sending) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	return s.from.Close()
}

// failure returns why the body could not be read, nil if it could.
func (s *sending) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
