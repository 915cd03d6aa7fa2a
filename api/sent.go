package api

import (
	"bytes"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/session"
)

// sentBody is the body of an edit. It keeps its beginning, so that the operations can be stored as they were sent.
type sentBody struct {
	io.ReadCloser
	begin []byte
	// longer says that there is more than begin.
	longer bool
}

// Read implements [io.Reader].
func (b *sentBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.longer = b.longer || len(b.begin)+n > session.MaxOperations; b.longer {
		// There are more operations than are kept.
		b.begin = nil
	} else {
		b.begin = append(b.begin, p[:n]...)
	}
	return n, err
}

// value returns what was read between two offsets, without blanks around it, nil if it is not kept.
func (b *sentBody) value(from, to int64) []byte {
	if b.longer || to > int64(len(b.begin)) {
		return nil
	}
	value := jsontext.Value(bytes.TrimLeft(b.begin[from:to], ": \t\r\n"))
	if value.Compact() != nil {
		return nil
	}
	return value
}
