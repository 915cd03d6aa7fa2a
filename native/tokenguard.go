//go:build !js

package native

import (
	"cmp"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"edgeframe/internal/lru"
)

const (
	// freeRefusals is how many wrong tokens an address may send in a row, and refusalInterval the
	// time after which it may send one more.
	freeRefusals    = 10
	refusalInterval = 6 * time.Second

	// maxAddresses is how many addresses are remembered, about 100 bytes each.
	maxAddresses = 4096

	// reportInterval is the time between two reports of wrong tokens in the log, each of at most
	// maxReported lines for one address and one line for all others.
	reportInterval = time.Second
	maxReported    = 5
)

// tokenGuard counts requests with wrong tokens by the address of the client, so that guessing shows in
// the log and costs more. It cannot stop a guesser, because a right token is accepted at any time; the
// length of the tokens does that.
type tokenGuard struct {
	log *slog.Logger

	mu      sync.Mutex
	buckets *lru.Cache[bucket]
	// unreported has the number of wrong tokens by address since the last report. It has at most
	// maxAddresses; more counts those of further addresses.
	unreported map[string]int
	more       int
}

// bucket is the state of one address: how many refusals it had left at a time.
type bucket struct {
	left float64
	at   time.Time
}

func newTokenGuard(log *slog.Logger) *tokenGuard {
	return &tokenGuard{log: log, buckets: lru.New[bucket](maxAddresses), unreported: map[string]int{}}
}

// refused counts a wrong token and returns how long its sender should wait: 0 until it has sent too
// many.
func (g *tokenGuard) refused(r *http.Request) (wait time.Duration) {
	from := sender(r.RemoteAddr)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.note(from)

	now := time.Now()
	b, known := g.buckets.Get(from)
	if !known {
		b = bucket{freeRefusals, now}
	}
	b.left = min(freeRefusals, b.left+float64(now.Sub(b.at))/float64(refusalInterval))
	b.at = now
	if b.left < 1 {
		wait = time.Duration((1 - b.left) * float64(refusalInterval))
	} else {
		b.left--
	}
	g.buckets.Add(from, b, 1)
	return wait
}

// note counts a wrong token for the next report. The first one after a report starts the timer.
func (g *tokenGuard) note(from string) {
	if len(g.unreported) == 0 {
		time.AfterFunc(reportInterval, g.report)
	}
	if _, known := g.unreported[from]; known || len(g.unreported) < maxAddresses {
		g.unreported[from]++
	} else {
		g.more++
	}
}

// report logs the wrong tokens since the last report, the addresses with the most of them first.
func (g *tokenGuard) report() {
	g.mu.Lock()
	counts, others := g.unreported, g.more
	g.unreported, g.more = map[string]int{}, 0
	g.mu.Unlock()

	addresses := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(counts[b]-counts[a], strings.Compare(a, b))
	})
	for i, from := range addresses {
		if i < maxReported {
			g.log.Warn("wrong API tokens refused", "remote", from, "requests", counts[from], "event", "token_refused")
		} else {
			others += counts[from]
		}
	}
	if others > 0 {
		g.log.Warn("wrong API tokens refused", "remote", "other addresses", "requests", others, "event", "token_refused")
	}
}

// sender returns what of a remote address names a client: an IPv4 address, or the network of an IPv6
// address, of which a client usually has all addresses.
func sender(remote string) string {
	client, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	addr := client.Addr().Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, 64).Masked().String()
}
