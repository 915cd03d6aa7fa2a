//go:build !js

package native

import (
	"crypto/sha256"
	"math"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"edgeframe/api"
	"edgeframe/internal/lru"
)

// maxLimited is how many tokens, actors and addresses are counted, about 200 bytes each. Beyond it, those that have
// not sent a request for longest are forgotten, and begin anew.
const maxLimited = 16384

// newRateLimit returns a function that counts requests and says how many more their sender may send: perMinute at
// once, and one more every minute/perMinute. It returns nil if perMinute is 0, which means no limit.
func newRateLimit(perMinute int) func(r *http.Request, who string) api.Rate {
	if perMinute == 0 {
		return nil
	}
	l := &rateLimit{perMinute: perMinute, now: time.Now, limiters: lru.New[*rate.Limiter](maxLimited)}
	return l.count
}

type rateLimit struct {
	perMinute int
	now       func() time.Time

	mu       sync.Mutex // so that no sender gets two limiters
	limiters *lru.Cache[*rate.Limiter]
}

// count counts a request of who, or of its address if who is empty.
func (l *rateLimit) count(r *http.Request, who string) api.Rate {
	if who == "" {
		who = "address " + sender(r.RemoteAddr)
	}
	// No token stays in memory, and all keys have the same size.
	sum := sha256.Sum256([]byte(who))
	limiter := l.limiter(string(sum[:]))
	now := l.now()
	allowed := limiter.AllowN(now, 1)
	tokens := max(limiter.TokensAt(now), 0)
	result := api.Rate{PerMinute: l.perMinute, Left: int(tokens), Full: l.time(float64(l.perMinute) - tokens)}
	if !allowed {
		result.Left, result.Wait = 0, l.time(1-math.Min(tokens, 1))+time.Nanosecond
	}
	return result
}

// time returns how long it takes until a sender may send n requests more.
func (l *rateLimit) time(n float64) time.Duration {
	return time.Duration(n * float64(time.Minute) / float64(l.perMinute))
}

func (l *rateLimit) limiter(key string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	limiter, known := l.limiters.Get(key)
	if !known {
		limiter = rate.NewLimiter(rate.Every(time.Minute/time.Duration(l.perMinute)), l.perMinute)
		l.limiters.Add(key, limiter, 1)
	}
	return limiter
}
