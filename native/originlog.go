//go:build !js

package native

import (
	"log/slog"
	"sync"
)

// maxRefusedOrigins is how many origins are named in the log.
const maxRefusedOrigins = 100

// originLog logs the origins whose pages are refused, each once: the browser tells a page only that its
// request has failed.
type originLog struct {
	log *slog.Logger

	mu   sync.Mutex
	seen map[string]bool
}

func newOriginLog(log *slog.Logger) *originLog {
	return &originLog{log: log, seen: map[string]bool{}}
}

// refused notes that a page was refused.
func (l *originLog) refused(origin string) {
	l.mu.Lock()
	known := l.seen[origin] || len(l.seen) > maxRefusedOrigins
	if !known {
		l.seen[origin] = true
	}
	last := len(l.seen) > maxRefusedOrigins
	l.mu.Unlock()
	switch {
	case known:
	case last:
		l.log.Warn("pages of many origins were refused; further ones are not logged", "event", "origin_refused", "setting", "CORS_ORIGINS")
	default:
		l.log.Warn("a page was refused; to let pages of its origin call, add the origin to CORS_ORIGINS", "event", "origin_refused", "origin", origin, "setting", "CORS_ORIGINS")
	}
}
