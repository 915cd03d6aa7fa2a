package api

import (
	"io"
	"net/http"
	"strconv"
	"sync"
)

// spoolBytes is the size of the largest answer that is in memory as a whole before it is sent, and wholeBytes that of
// the largest whole table as Arrow, whose size is known before.
const (
	spoolBytes = 256 << 10
	wholeBytes = 1 << 20
)

// spoolBuffers are buffers of spoolBytes that are free.
var spoolBuffers = sync.Pool{New: func() any { return new([spoolBytes]byte) }}

// spool writes an answer. It keeps the beginning, so that a small answer is sent at once and with its
// length, and an error before the first byte was sent can still become a problem document. What comes
// after that goes out as it is written.
type spool struct {
	w http.ResponseWriter
	// most is how many bytes are kept at most.
	most int
	// held is the beginning, in buffer if it has at most spoolBytes.
	held   []byte
	buffer *[spoolBytes]byte
	// begun says that bytes have been sent, failed that the client has disconnected.
	begun, failed bool
}

// Write implements [io.Writer].
func (s *spool) Write(p []byte) (int, error) {
	if !s.begun {
		if s.held == nil && s.most > 0 {
			s.buffer = spoolBuffers.Get().(*[spoolBytes]byte)
			s.held = s.buffer[:0]
		}
		if len(s.held)+len(p) <= s.most {
			s.held = append(s.held, p...)
			return len(p), nil
		}
		s.begun = true
		err := s.send(s.held)
		s.release()
		if err != nil {
			return 0, err
		}
	}
	if err := s.send(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (s *spool) send(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	_, err := s.w.Write(p)
	s.failed = s.failed || err != nil
	return err
}

// finish sends an answer that is in memory as a whole.
func (s *spool) finish() {
	if !s.begun {
		s.w.Header().Set("Content-Length", strconv.Itoa(len(s.held)))
		send(s.w, s.held)
	}
}

// release gives the buffer back. It must be called once the answer is written.
func (s *spool) release() {
	if s.buffer != nil {
		spoolBuffers.Put(s.buffer)
	}
	s.held, s.buffer = nil, nil
}

// writeSpooled answers with what write writes. After the first bytes have been sent, an error can only cut
// the response off. whole, unless nil, is called with an answer that is in memory as a whole, which it must copy.
func (s *server) writeSpooled(w http.ResponseWriter, r *http.Request, write func(io.Writer) error, whole func(body []byte)) error {
	return s.writeThrough(&spool{w: w, most: spoolBytes}, r, write, whole)
}

// writeThrough is [server.writeSpooled] with a spool.
func (s *server) writeThrough(out *spool, r *http.Request, write func(io.Writer) error, whole func(body []byte)) error {
	defer out.release()
	encoded := phasesOf(out.w).Encode()
	err := write(out)
	encoded()
	switch {
	case err == nil:
		if whole != nil && !out.begun {
			whole(out.held)
		}
		out.finish()
		return nil
	case out.failed:
		return nil
	case !out.begun:
		return unwritable(err)
	case r.Context().Err() == nil:
		s.logFailure(r, "internal", err)
	}
	panic(http.ErrAbortHandler)
}
