// Package timing measures the phases of one request, for the header Server-Timing.
//
// It reads the clock and waits for nothing, so it can be used in every build. In a Worker the clock stands
// still while a program computes, and advances with I/O only, so there the time of the store is real, and
// that of everything else is about 0.
package timing

import (
	"context"
	"strconv"
	"sync"
	"time"
)

// Phases are how long a request has spent in what. They are safe for concurrent use. The methods of a nil
// *Phases measure nothing.
type Phases struct {
	start time.Time

	mu sync.Mutex
	// calls is how many calls of the store are under way, busy since when there is one.
	calls int
	busy  time.Time
	// encoding is since when the answer is being encoded, zero if it is not, and before was store then.
	encoding time.Time
	before   time.Duration
	// store is the time with at least one call of the store, encode that of encoding without such a call.
	store, encode time.Duration
}

type key struct{}

// NewContext returns a context that carries the phases of a request that begins now.
func NewContext(ctx context.Context) (context.Context, *Phases) {
	p := &Phases{start: time.Now()}
	return context.WithValue(ctx, key{}, p), p
}

// From returns the phases that ctx carries, nil if it carries none.
func From(ctx context.Context) *Phases {
	p, _ := ctx.Value(key{}).(*Phases)
	return p
}

// Call notes that a call of the store begins, and returns the function that notes its end.
func (p *Phases) Call() (end func()) {
	if p == nil {
		return func() {}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls++; p.calls == 1 {
		p.busy = time.Now()
	}
	return p.endCall
}

func (p *Phases) endCall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls--; p.calls == 0 {
		p.store += time.Since(p.busy)
	}
}

// Encode notes that the answer is being encoded, and returns the function that notes the end. Only one
// goroutine encodes an answer.
func (p *Phases) Encode() (end func()) {
	if p == nil {
		return func() {}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.encoding, p.before = time.Now(), p.stored()
	return p.endEncode
}

func (p *Phases) endEncode() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.encode, p.encoding = p.encoded(), time.Time{}
}

// stored and encoded are store and encode with what is under way. p.mu is held.
func (p *Phases) stored() time.Duration {
	if p.calls > 0 {
		return p.store + time.Since(p.busy)
	}
	return p.store
}

func (p *Phases) encoded() time.Duration {
	if p.encoding.IsZero() {
		return p.encode
	}
	return p.encode + max(0, time.Since(p.encoding)-(p.stored()-p.before))
}

// String returns the value of Server-Timing, in milliseconds: store, encode, compute, which is the rest, and
// total.
func (p *Phases) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	total, store, encode := time.Since(p.start), p.stored(), p.encoded()
	var b []byte
	for _, phase := range []struct {
		name string
		took time.Duration
	}{{"store", store}, {"compute", max(0, total-store-encode)}, {"encode", encode}, {"total", total}} {
		if len(b) > 0 {
			b = append(b, ", "...)
		}
		b = append(append(b, phase.name...), ";dur="...)
		b = strconv.AppendFloat(b, float64(phase.took.Microseconds())/1000, 'f', -1, 64)
	}
	return string(b)
}
