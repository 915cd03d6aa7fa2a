package api

import (
	"bytes"
	"io"
	"net/http"

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

// newSentBody returns the body of a request.
func newSentBody(r *http.Request) *sentBody {
	// A client may announce more than it sends.
	size := min(max(r.ContentLength, 0), 64<<10)
	return &sentBody{ReadCloser: r.Body, begin: make([]byte, 0, size)}
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
	blank := func(c byte) bool { return bytes.IndexByte(value, c) >= 0 }
	if (blank(' ') || blank('\n') || blank('\t') || blank('\r')) && value.Compact() != nil {
		return nil
	}
	return value
}
