package codectest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"edgeframe/codec"
)

// Refuses fails the test unless f refuses input within a second, with an error of the given kind that
// contains says.
func Refuses(t *testing.T, f *codec.Format, input string, opt codec.ReadOptions, kind error, says string) {
	t.Helper()
	start := time.Now()
	_, err := f.Decode([]byte(input), opt)
	if !errors.Is(err, kind) || !strings.Contains(err.Error(), says) {
		t.Errorf("the error is %q, want %q with %q in it", err, kind, says)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("refusing took %v", took)
	}
}

// FailingWriter fails with [ErrFull] after Left bytes.
type FailingWriter struct{ Left int }

func (w *FailingWriter) Write(p []byte) (int, error) {
	if w.Left -= len(p); w.Left < 0 {
		return 0, ErrFull
	}
	return len(p), nil
}

// ErrFull is the error of a full [FailingWriter].
var ErrFull = errors.New("the writer is full")

// FuzzLimits are small, so that an input that evades them is noticed.
var FuzzLimits = codec.Limits{Bytes: 4 << 20, Columns: 100, Depth: 8}
