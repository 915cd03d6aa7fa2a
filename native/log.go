//go:build !js

package native

import (
	"context"
	"io"
	"log/slog"
	"sync"
)

// Log is the server's log. Records of running operation are structured, in the format that
// LOG_FORMAT names. The lines of the start are plain text with LOG_FORMAT=text, so that
// people can read them and grep them, and records with the same message with json.
type Log struct {
	*slog.Logger
	// plain takes the lines of the start; nil means that they are records too.
	plain io.Writer
}

// NewLog returns a log that writes to w, one Write for each line or record.
func NewLog(cfg Config, w io.Writer) *Log {
	w = &lockedWriter{w: w}
	options := &slog.HandlerOptions{Level: cfg.Level()}
	if cfg.LogFormat == "json" {
		return &Log{Logger: slog.New(slog.NewJSONHandler(w, options))}
	}
	return &Log{Logger: slog.New(slog.NewTextHandler(w, options)), plain: w}
}

// Line writes one line of the start.
func (l *Log) Line(level slog.Level, text string) {
	if l.plain == nil {
		l.Log(context.Background(), level, text)
	} else if l.Enabled(context.Background(), level) {
		io.WriteString(l.plain, text+"\n")
	}
}

// Plain writes a line that is of use to people only.
func (l *Log) Plain(text string) {
	if l.plain != nil {
		l.Line(slog.LevelInfo, text)
	}
}

// lockedWriter keeps plain lines and records from mixing.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
