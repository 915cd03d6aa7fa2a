// Package budget shares the memory and the processors of one process among the work of its requests.
//
// Work reserves memory before it allocates, by what it will take. The budget has lanes for work of
// different sizes, each with a part of the memory, so that small work never waits behind larger work.
// In each lane work waits in the order of its arrival, for as long as the budget allows, and is then
// told to come back later. A large share that needs more goes before those that have nothing yet. It
// waits only if all that wait like it can be served one after the other, so that they never wait for
// one another.
//
// A budget only counts. What is reserved is an estimate, and the garbage collector needs some room
// beside it.
package budget

import (
	"context"
	"fmt"
	"math"
	"slices"
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
	// Collect, if it is given, is called before so many bytes are allocated that a share uses within the budget. It
	// collects garbage where the collector would be too late.
	Collect func(bytes int64)
}

// sizes says what the lanes are for. A share of a lane reserves at most the budget divided by share, and at
// most most bytes, or the least of it that is worth a lane. The lane has the budget divided by part. What
// is left is the lane of large shares.
var sizes = []struct{ share, most, least, part int64 }{
	{share: 512, most: 4 << 20, least: 256 << 10, part: 16},
	{share: 64, most: 32 << 20, part: 12},
}

// Budget is the memory that work shares. It is safe for concurrent use. All methods of a nil
// *Budget and of its shares do nothing and admit everything.
type Budget struct {
	opt Options

	mu sync.Mutex
	// lanes are in the order of the sizes of their shares. The last one is for large shares.
	lanes []*lane
	// growing are large shares that wait for more, in the order of arrival.
	growing []*waiter
	slots   slots
	// alones has the one slot of [Share.Alone].
	alones slots
	// hold is about how long large shares hold their memory.
	hold time.Duration
	// refused counts the errors of [Busy] and [TooLarge].
	refused int64
}

// lane is a part of the budget. A share of it reserves at most most bytes.
type lane struct {
	most, size, used int64
	queue            []*waiter
}

// waiter waits for need bytes more for a share.
type waiter struct {
	share *Share
	need  int64
	ready chan struct{}
}

// New returns a budget.
func New(opt Options) *Budget {
	b := &Budget{opt: opt, hold: time.Second}
	left := opt.Bytes
	if opt.MemoryWait > 0 { // otherwise nobody waits behind large work
		for _, s := range sizes {
			size := opt.Bytes / s.part
			b.lanes = append(b.lanes, &lane{most: min(max(opt.Bytes/s.share, s.least), s.most, size), size: size})
			left -= size
		}
	}
	b.lanes = append(b.lanes, &lane{most: left, size: left})
	b.slots.free, b.alones.free = opt.Slots, 1
	return b
}

func (b *Budget) large() *lane { return b.lanes[len(b.lanes)-1] }

// Reserved is the number of bytes that all shares have reserved.
func (b *Budget) Reserved() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reserved()
}

func (b *Budget) reserved() (bytes int64) {
	for _, l := range b.lanes {
		bytes += l.used
	}
	return bytes
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
type TooLarge struct {
	Need, Most int64
	// fixed says that no setting changes Most.
	fixed bool
}

func (e *TooLarge) Error() string {
	if e.fixed {
		return fmt.Sprintf("the request needs about %d MB of memory; there are %d MB for one request: select fewer rows or columns, or group by a column with fewer values", megabytes(e.Need), megabytes(e.Most))
	}
	return fmt.Sprintf("the request needs about %d MB of memory; this server has %d MB for one request (MAX_MEMORY_MB)", megabytes(e.Need), megabytes(e.Most))
}

func megabytes(bytes int64) int64 { return (bytes + 1<<20 - 1) >> 20 }

// busy refuses a share that needs so many bytes of a lane, and returns its error.
func (b *Budget) busy(l *lane, need int64) error {
	b.refused++
	ahead := need + l.used
	for _, w := range l.queue {
		ahead += w.need
	}
	seconds := math.Ceil(b.hold.Seconds() * float64(ahead) / float64(max(l.size, 1)))
	return &Busy{RetryAfter: time.Duration(min(max(seconds, 1), maxRetryAfter)) * time.Second}
}

// maxRetryAfter bounds the estimate of [Busy], in seconds.
const maxRetryAfter = 60

// take reserves need bytes more for s, waiting if there is no room. b.mu is held, and released
// meanwhile.
func (b *Budget) take(ctx context.Context, s *Share, need int64) error {
	l := b.laneFor(s.held + need)
	if s.held+need > l.size && !b.alone(s) {
		if b.opt.Alone {
			// It will be admitted when it is alone.
			return b.busy(l, need)
		}
		b.refused++
		return &TooLarge{Need: s.held + need, Most: l.size}
	}
	w := &waiter{share: s, need: need, ready: make(chan struct{})}
	grows := s.lane == b.large()
	if grows && len(b.growing) == 0 && b.grant(w, l) || !grows && b.grantAtOnce(w, l) {
		return nil
	}
	if b.opt.MemoryWait == 0 || grows && !b.mayWait(w) {
		return b.busy(l, need)
	}
	if grows {
		b.growing = append(b.growing, w)
	} else {
		l.queue = append(l.queue, w)
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
		err = b.busy(l, need)
	}
	return err
}

// laneFor returns the lane of a share of so many bytes.
func (b *Budget) laneFor(bytes int64) *lane {
	for _, l := range b.lanes {
		if bytes <= l.most {
			return l
		}
	}
	return b.large()
}

// grantAtOnce grants memory in a lane in which nobody waits, l or a larger one, but none for large shares
// that l is not.
func (b *Budget) grantAtOnce(w *waiter, l *lane) bool {
	for _, other := range b.lanes[slices.Index(b.lanes, l):] {
		if (other == l || other != b.large()) && len(other.queue) == 0 && b.grant(w, other) {
			return true
		}
	}
	return false
}

// mayWait reports whether a large share may wait for more: whether each of those that wait can be served
// while those behind it hold what they have.
func (b *Budget) mayWait(w *waiter) bool {
	held := int64(0)
	for i := len(b.growing); i >= 0; i-- {
		if i < len(b.growing) {
			w = b.growing[i]
		}
		if held += w.share.held; held+w.need > b.large().size {
			return false
		}
	}
	return true
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

// grant reserves what w needs in lane l if there is room. The share moves there with all that it holds,
// but a large share stays one.
func (b *Budget) grant(w *waiter, l *lane) bool {
	s, more := w.share, w.need
	if s.lane == b.large() {
		l = s.lane
	} else if s.lane != l {
		more += s.held
	}
	if l.used+more > l.size && !b.alone(s) {
		return false
	}
	if s.lane != l {
		if s.lane != nil {
			s.lane.used -= s.held
		}
		s.lane, s.since = l, time.Now()
	}
	l.used += more
	s.held += w.need
	return true
}

// forget removes a waiter that has given up. Those behind it may fit now.
func (b *Budget) forget(w *waiter) {
	same := func(other *waiter) bool { return other == w }
	b.growing = slices.DeleteFunc(b.growing, same)
	for _, l := range b.lanes {
		l.queue = slices.DeleteFunc(l.queue, same)
	}
	b.wake()
}

// wake grants memory to those who wait, in the order of arrival. In the lane of large shares those that
// have some go first.
func (b *Budget) wake() {
	b.growing = b.grantAll(b.growing, b.large())
	for _, l := range b.lanes {
		if l != b.large() || len(b.growing) == 0 {
			l.queue = b.grantAll(l.queue, l)
		}
	}
}

// grantAll grants memory of a lane to waiters until one does not fit, and returns those that still wait.
func (b *Budget) grantAll(waiting []*waiter, l *lane) []*waiter {
	for len(waiting) > 0 && b.grant(waiting[0], l) {
		close(waiting[0].ready)
		waiting = waiting[1:]
	}
	return waiting
}

// give returns bytes that s has reserved.
func (b *Budget) give(s *Share, bytes int64) {
	s.lane.used -= bytes
	s.held -= bytes
	b.wake()
}
