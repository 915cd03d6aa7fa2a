// Package budget shares the memory and the processors of one process among the work of its requests.
//
// Work reserves memory before it allocates, by what it will take. Work that takes little is small: it
// has a part of the budget of its own, so that it never waits behind large work. Large work waits in
// the order of its arrival, for as long as the budget allows, and is then told to come back later. A
// share that is large already and needs more must not wait for others that do the same: only one
// share at a time waits in that state, so at least one of them always finishes.
//
// A budget only counts. What is reserved is an estimate, and the garbage collector needs some room
// beside it.
package budget

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"
)

// Options configure a [Budget].
type Options struct {
	// Bytes is the memory that all shares may reserve together.
	Bytes int64
	// Slots is how much large work may compute at the same time; zero means any number.
	Slots int
	// MemoryWait and SlotWait are how long work waits for memory and for a slot. Zero means that it
	// does not wait, as in Wasm, where a request must not wait for another one.
	MemoryWait, SlotWait time.Duration
	// Alone admits work of any size while no other work has reserved memory.
	Alone bool
}

const (
	// smallPart is the part of the budget that is for small work, and smallest the part that one
	// small share may reserve, at most maxSmall bytes.
	smallPart = 8
	smallest  = 64
	maxSmall  = 32 << 20
)

// Budget is the memory that work shares. It is safe for concurrent use. All methods of a nil
// *Budget and of its shares do nothing and admit everything.
type Budget struct {
	opt Options
	// small is how much a small share reserves at most.
	small int64

	mu    sync.Mutex
	pools [2]pool
	// growing is the large share that waits for more.
	growing *waiter
	slots   slots
	// peak is the largest sum of reservations since the last call of [Budget.Peak].
	peak int64
	// hold is about how long large shares hold their memory.
	hold time.Duration
}

// pool is the part of the budget for small or for large shares.
type pool struct {
	size, used int64
	queue      []*waiter
}

// waiter waits for need bytes more for a share.
type waiter struct {
	share *Share
	need  int64
	ready chan struct{}
}

// The pools of a budget.
const (
	smallPool = iota
	largePool
)

// New returns a budget.
func New(opt Options) *Budget {
	b := &Budget{opt: opt, hold: time.Second}
	b.pools[largePool].size = opt.Bytes
	if opt.MemoryWait > 0 { // otherwise nobody waits behind large work
		b.small = min(opt.Bytes/smallest, maxSmall)
		b.pools[smallPool].size = opt.Bytes / smallPart
		b.pools[largePool].size -= opt.Bytes / smallPart
	}
	b.slots.free = opt.Slots
	return b
}

// Reserved is the number of bytes that all shares have reserved.
func (b *Budget) Reserved() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reserved()
}

func (b *Budget) reserved() int64 { return b.pools[smallPool].used + b.pools[largePool].used }

// Peak is the largest number of bytes that were reserved at a time since the last call.
func (b *Budget) Peak() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	peak := b.peak
	b.peak = b.reserved()
	return peak
}

// Busy is the error of work that found no memory or no slot in time.
type Busy struct {
	// RetryAfter is about how long it takes until the work is likely to find room.
	RetryAfter time.Duration
}

func (e *Busy) Error() string {
	return fmt.Sprintf("the server is busy with other requests; try again in %d seconds", int64(e.RetryAfter/time.Second))
}

// TooLarge is the error of work that needs more than there is for large work.
type TooLarge struct{ Need, Most int64 }

func (e *TooLarge) Error() string {
	return fmt.Sprintf("the request needs about %d MB of memory; this server has %d MB for one request (MAX_MEMORY_MB)", megabytes(e.Need), megabytes(e.Most))
}

func megabytes(bytes int64) int64 { return (bytes + 1<<20 - 1) >> 20 }

// busy returns the error for a share that needs so many bytes of the large pool.
func (b *Budget) busy(need int64) error {
	p := &b.pools[largePool]
	ahead := need + p.used
	for _, w := range p.queue {
		ahead += w.need
	}
	seconds := math.Ceil(b.hold.Seconds() * float64(ahead) / float64(max(p.size, 1)))
	return &Busy{RetryAfter: time.Duration(min(max(seconds, 1), maxRetryAfter)) * time.Second}
}

// maxRetryAfter bounds the estimate of [Busy], in seconds.
const maxRetryAfter = 60

// take reserves need bytes more for s, waiting if there is no room. b.mu is held, and released
// meanwhile.
func (b *Budget) take(ctx context.Context, s *Share, need int64) error {
	p := &b.pools[smallPool]
	first := !s.large
	if s.large || s.held+need > b.small {
		p = &b.pools[largePool]
	}
	if s.held+need > p.size && !b.alone(s) {
		return &TooLarge{Need: s.held + need, Most: p.size}
	}
	if (first && len(p.queue) == 0 || s.large && b.growing == nil) && b.grant(s, need) {
		return nil
	}
	if b.opt.MemoryWait == 0 || s.large && b.growing != nil {
		return b.busy(need)
	}
	w := &waiter{share: s, need: need, ready: make(chan struct{})}
	if s.large {
		b.growing = w
	} else {
		p.queue = append(p.queue, w)
	}
	b.mu.Unlock()
	err := wait(ctx, w.ready, b.opt.MemoryWait)
	b.mu.Lock()
	select {
	case <-w.ready: // maybe at the same moment as the end of the wait
		return nil
	default:
	}
	b.forget(w)
	if err == nil {
		err = b.busy(need)
	}
	return err
}

// wait returns when ready is closed or after the time, with nil, or with the cause of the end of ctx.
func wait(ctx context.Context, ready <-chan struct{}, most time.Duration) error {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-ready:
	case <-timer.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// alone reports whether no share but s has reserved memory, and that is enough to admit s.
func (b *Budget) alone(s *Share) bool { return b.opt.Alone && b.reserved() == s.held }

// grant reserves need bytes more for s if there is room. A share that is not small any more moves to
// the large pool with all that it holds.
func (b *Budget) grant(s *Share, need int64) bool {
	from, to := &b.pools[smallPool], &b.pools[smallPool]
	moved := need
	if s.large {
		from, to = &b.pools[largePool], &b.pools[largePool]
	} else if s.held+need > b.small {
		to = &b.pools[largePool]
		moved += s.held
	}
	if to.used+moved > to.size && !b.alone(s) {
		return false
	}
	if from != to {
		from.used -= s.held
		s.large, s.since = true, time.Now()
	}
	to.used += moved
	s.held += need
	b.peak = max(b.peak, b.reserved())
	return true
}

// forget removes a waiter that has given up. Those behind it may fit now.
func (b *Budget) forget(w *waiter) {
	if b.growing == w {
		b.growing = nil
	}
	for i := range b.pools {
		p := &b.pools[i]
		for j := range p.queue {
			if p.queue[j] == w {
				p.queue = append(p.queue[:j], p.queue[j+1:]...)
				break
			}
		}
	}
	b.wake()
}

// wake grants memory to those who wait: to the growing share first, then in the order of arrival.
func (b *Budget) wake() {
	if w := b.growing; w != nil {
		if !b.grant(w.share, w.need) {
			b.wakeQueue(&b.pools[smallPool])
			return
		}
		b.growing = nil
		close(w.ready)
	}
	b.wakeQueue(&b.pools[smallPool])
	b.wakeQueue(&b.pools[largePool])
}

func (b *Budget) wakeQueue(p *pool) {
	for len(p.queue) > 0 && b.grant(p.queue[0].share, p.queue[0].need) {
		close(p.queue[0].ready)
		p.queue = p.queue[1:]
	}
}

// give returns bytes that s has reserved.
func (b *Budget) give(s *Share, bytes int64) {
	p := &b.pools[smallPool]
	if s.large {
		p = &b.pools[largePool]
	}
	p.used -= bytes
	s.held -= bytes
	b.wake()
}
