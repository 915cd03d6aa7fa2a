package budget

import (
	"context"
	"time"
)

// Share is what the work of one request has reserved of a [Budget]. It is safe for concurrent use.
type Share struct {
	b *Budget
	// held is what is reserved, used what of it is in use, in bytes.
	held, used int64
	// lane has held, since some time; nil while nothing is reserved.
	lane  *lane
	since time.Time
	// slot says that the share has a slot, closed that it must not reserve any more.
	slot, closed bool
}

// Open returns an empty share. The caller closes it when the work is done.
func (b *Budget) Open() *Share {
	if b == nil {
		return nil
	}
	return &Share{b: b}
}

// Key is the key of a share in a context, for contexts that do not come from [NewContext].
type Key struct{}

// NewContext returns a context that carries a share to the code that allocates.
func NewContext(ctx context.Context, s *Share) context.Context {
	if s == nil {
		return ctx
	}
	return context.WithValue(ctx, Key{}, s)
}

// From returns the share that ctx carries, nil if it carries none.
func From(ctx context.Context) *Share {
	s, _ := ctx.Value(Key{}).(*Share)
	return s
}

// Reserve reserves memory for bytes that will be used later, so that [Share.Use] of so many does not
// have to wait. The error is a [*Busy], a [*TooLarge] or the cause of the end of ctx; then nothing
// more is reserved.
func (s *Share) Reserve(ctx context.Context, bytes int64) error {
	if s == nil {
		return nil
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	return s.ensure(ctx, s.used+bytes)
}

// Use says that bytes are going to be allocated. Its errors are those of [Share.Reserve].
func (s *Share) Use(ctx context.Context, bytes int64) error {
	if s == nil {
		return nil
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	if err := s.ensure(ctx, s.used+bytes); err != nil {
		return err
	}
	s.used += bytes
	return nil
}

// UseWithin is [Share.Use] for memory that is really going to be in use at once, no estimate of what several steps
// take. With [Options.Alone] too, the error is a [*TooLarge] if the share would use more than the whole budget.
func (s *Share) UseWithin(ctx context.Context, bytes int64) error {
	if s == nil {
		return nil
	}
	s.b.mu.Lock()
	need, most := s.used+bytes, s.b.opt.Bytes
	s.b.mu.Unlock()
	if s.b.opt.Alone && need > most {
		return &TooLarge{Need: need, Most: most, fixed: true}
	}
	if err := s.Use(ctx, bytes); err != nil {
		return err
	}
	if s.b.opt.Collect != nil {
		s.b.opt.Collect(bytes)
	}
	return nil
}

// UseAlone is [Share.UseWithin] with [Options.Alone], for memory that what the share has reserved covers: a share that
// is alone may have been admitted although it reserved more than there is. Without that option it does nothing.
func (s *Share) UseAlone(ctx context.Context, bytes int64) error {
	if s == nil || !s.b.opt.Alone {
		return nil
	}
	return s.UseWithin(ctx, bytes)
}

// ensure makes the share hold at least so many bytes.
func (s *Share) ensure(ctx context.Context, bytes int64) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if s.closed {
		return context.Canceled
	}
	if bytes <= s.held {
		return nil
	}
	return s.b.take(ctx, s, bytes-s.held)
}

// Used is the number of bytes in use.
func (s *Share) Used() int64 {
	if s == nil {
		return 0
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	return s.used
}

// Free says that bytes are not in use any more. They stay reserved.
func (s *Share) Free(bytes int64) {
	if s == nil {
		return
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.used -= bytes
}

// Trim gives back what is reserved and not in use.
func (s *Share) Trim() {
	if s == nil {
		return
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	if s.held > s.used {
		s.b.give(s, s.held-s.used)
	}
}

// Close gives everything back. After it the share reserves nothing more: its errors are
// [context.Canceled].
func (s *Share) Close() {
	if s == nil {
		return
	}
	b := s.b
	b.mu.Lock()
	defer b.mu.Unlock()
	s.closed = true
	if s.lane == b.large() {
		// A moving average of the last few shares.
		b.hold += (time.Since(s.since) - b.hold) / 8
	}
	b.endSlot(s)
	if s.held > 0 {
		b.give(s, s.held)
	}
}
