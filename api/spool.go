package api

import (
	"net/http"
	"strconv"
)

// spoolBytes is the size of the largest answer that is in memory as a whole before it is sent.
const spoolBytes = 256 << 10

// spool writes an answer. It keeps the beginning, so that a small answer is sent at once and with its
// length, and an error before the first byte was sent can still become a problem document. What comes
// after spoolBytes goes out as it is written.
type spool struct {
	w   http.ResponseWriter
	buf []byte
	// begun says that bytes have been sent, failed that the client has disconnected.
	begun, failed bool
}

// Write implements [io.Writer].
func (s *spool) Write(p []byte) (int, error) {
	if !s.begun {
		if len(s.buf)+len(p) <= spoolBytes {
			s.buf = append(s.buf, p...)
			return len(p), nil
		}
		s.begun = true
		if err := s.send(s.buf); err != nil {
			return 0, err
		}
		s.buf = nil
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
		s.w.Header().Set("Content-Length", strconv.Itoa(len(s.buf)))
		send(s.w, s.buf)
	}
}
