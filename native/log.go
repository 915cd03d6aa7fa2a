//go:build !js

package native

import (
	"context"
	"io"
	"log/slog"
	"sync"

	"edgeframe/internal/logsafe"
	"edgeframe/native/tracing"
)

// Log is the server's log. Its records are structured, in the format that LOG_FORMAT names. The
// lines of the start are plain text if LOG_FORMAT is text, so that people can read and grep them;
// if it is json, they are records with the same text as message.
type Log struct {
	*slog.Logger
	// access receives a line for each request, whatever LOG_LEVEL says; nil if ACCESS_LOG is false.
	access *slog.Logger
	// plain receives the lines of the start. If it is nil, they are records too.
	plain io.Writer
	// held are the equal failures that are summed up.
	held *failures
}

// NewLog returns a log that writes to w, with one Write for each line or record.
func NewLog(cfg Config, w io.Writer) *Log {
	w = &lockedWriter{w: w}
	newHandler := func(level slog.Level) slog.Handler {
		options := &slog.HandlerOptions{Level: level}
		if cfg.LogFormat == "json" {
			return slog.NewJSONHandler(w, options)
		}
		options.ReplaceAttr = withoutEvent
		return slog.NewTextHandler(w, options)
	}
	traced := func(h slog.Handler) *slog.Logger {
		if cfg.TracesTo != "" {
			h = tracing.LogHandler(h)
		}
		return slog.New(h)
	}
	quiet := newQuietHandler(newHandler(cfg.Level()), quietInterval)
	log := &Log{Logger: traced(quiet), held: quiet.failures}
	if cfg.AccessLog {
		log.access = traced(newHandler(slog.LevelInfo))
	}
	if cfg.LogFormat != "json" {
		log.plain = w
	}
	return log
}

// withoutEvent leaves the field event out, which is for programs. Lines of text begin with what it says.
func withoutEvent(_ []string, a slog.Attr) slog.Attr {
	if a.Key == "event" {
		return slog.Attr{}
	}
	return a
}

// Flush writes the failures that are held back to be summed up.
func (l *Log) Flush() { l.held.flush() }

// Line writes one line of the start. fields, which alternate names and values, are for programs: only records
// have them.
func (l *Log) Line(level slog.Level, text string, fields ...any) {
	if l.plain == nil {
		l.Log(context.Background(), level, text, fields...)
	} else if l.Enabled(context.Background(), level) {
		io.WriteString(l.plain, text+"\n")
	}
}

// Plain writes a line that is for people only: with LOG_FORMAT=json it is left out.
func (l *Log) Plain(text string) {
	if l.plain != nil {
		l.Line(slog.LevelInfo, text)
	}
}

// lockedWriter serializes the writes of plain lines and records. It shortens ids and escapes what is
// not safe to show, so that no line can have them, whoever logs it.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.w.Write(logsafe.Line(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}
