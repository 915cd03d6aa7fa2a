//go:build !js

package native

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"edgeframe/kv"
)

const (
	// quietInterval is how often equal failures are logged.
	quietInterval = time.Second
	// maxFailures is how many different failures are told apart within quietInterval. Further ones
	// are told apart by their code only.
	maxFailures = 32
)

// quietHandler sums up equal failures, so that an outage of the store does not flood the log. The
// first record is logged immediately. After that one record per interval is logged, the newest one,
// with the number of records that it stands for as "repeated". Only records of level error are
// summed up.
type quietHandler struct {
	slog.Handler
	failures *failures
}

// failures are the failures of the last interval. It is shared by the handlers that are derived
// from one another.
type failures struct {
	interval time.Duration

	mu   sync.Mutex
	seen map[failure]*repeated
	// timer runs while seen is not empty.
	timer *time.Timer
}

// failure says which records are equal. Errors of the store are equal if they are of the same kind,
// because their texts differ in keys and connections; others are equal if their texts are.
type failure struct {
	message, code, cause string
}

// repeated is what is held back of a failure.
type repeated struct {
	n       int
	last    slog.Record
	handler slog.Handler
}

func newQuietHandler(h slog.Handler, interval time.Duration) quietHandler {
	return quietHandler{h, &failures{interval: interval, seen: map[failure]*repeated{}}}
}

// Handle implements [slog.Handler].
func (h quietHandler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelError || !h.failures.hold(h.Handler, r) {
		return h.Handler.Handle(ctx, r)
	}
	return nil
}

// WithAttrs implements [slog.Handler].
func (h quietHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return quietHandler{h.Handler.WithAttrs(attrs), h.failures}
}

// WithGroup implements [slog.Handler].
func (h quietHandler) WithGroup(name string) slog.Handler {
	return quietHandler{h.Handler.WithGroup(name), h.failures}
}

// hold reports whether r is held back, because an equal record was logged in this interval.
func (f *failures) hold(h slog.Handler, r slog.Record) bool {
	key := failureOf(r)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen[key] == nil && len(f.seen) >= maxFailures {
		key.cause = ""
	}
	if e := f.seen[key]; e != nil {
		e.n, e.last, e.handler = e.n+1, r.Clone(), h
		return true
	}
	f.seen[key] = &repeated{}
	if f.timer == nil {
		f.timer = time.AfterFunc(f.interval, f.tick)
	}
	return false
}

func failureOf(r slog.Record) failure {
	key := failure{message: r.Message}
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "code":
			key.code = a.Value.String()
		case "error":
			key.cause = causeOf(a.Value)
		}
		return true
	})
	return key
}

func causeOf(v slog.Value) string {
	err, _ := v.Any().(error)
	var store *kv.Error
	if errors.As(err, &store) && slices.Contains([]error{kv.ErrUnavailable, kv.ErrFull, kv.ErrNotReplicated}, store.Kind) {
		return store.Kind.Error()
	}
	return v.String()
}

// tick logs what is held back at the end of an interval, and forgets the failures that did not
// repeat.
func (f *failures) tick() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timer == nil {
		return
	}
	for key, e := range f.seen {
		if e.n == 0 {
			delete(f.seen, key)
			continue
		}
		e.log()
	}
	if len(f.seen) == 0 {
		f.timer = nil
		return
	}
	f.timer.Reset(f.interval)
}

// flush logs what is held back.
func (f *failures) flush() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timer != nil {
		f.timer.Stop()
		f.timer = nil
	}
	for key, e := range f.seen {
		if e.n > 0 {
			e.log()
		}
		delete(f.seen, key)
	}
}

// log logs the newest record. A single one is logged as it is.
func (e *repeated) log() {
	if e.n > 1 {
		e.last.AddAttrs(slog.Int("repeated", e.n))
	}
	// As slog.Logger does, ignore the error of a log that cannot be written.
	_ = e.handler.Handle(context.Background(), e.last)
	*e = repeated{}
}
