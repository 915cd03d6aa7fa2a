package budget

import (
	"context"
	"slices"
)

// slots bounds the work that computes at the same time. Those who wait take turns by key, so that
// one key with much work does not keep others waiting.
type slots struct {
	free int
	// turns are the keys with waiters, in the order of their turns.
	turns []*turn
}

// turn has the waiters of one key, in the order of arrival.
type turn struct {
	key     string
	waiting []chan struct{}
}

// Begin waits for a slot to compute in, and returns a function that gives it back. A share that is closed
// has none any more, so end need not be called. Small shares, and those that have a slot, need none: then
// end does nothing. Waiters with different keys take turns. The errors are those of [Share.Reserve].
func (s *Share) Begin(ctx context.Context, key string) (end func(), err error) {
	if s == nil || s.b.opt.Slots == 0 {
		return func() {}, nil
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	if s.lane != s.b.large() || s.slot {
		return func() {}, nil
	}
	if err := s.b.waitForSlot(ctx, &s.b.slots, key); err != nil {
		return nil, err
	}
	s.slot = true
	return func() {
		s.b.mu.Lock()
		defer s.b.mu.Unlock()
		s.b.endSlot(s)
	}, nil
}

// Alone is Begin for work that the runtime cannot interrupt, such as the decompression of a large block:
// only one such work runs at a time, so that a processor is left for others. end must be called.
func (s *Share) Alone(ctx context.Context, key string) (end func(), err error) {
	if s == nil || s.b.opt.Slots == 0 {
		return func() {}, nil
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	if err := s.b.waitForSlot(ctx, &s.b.alones, key); err != nil {
		return nil, err
	}
	return func() {
		s.b.mu.Lock()
		defer s.b.mu.Unlock()
		s.b.alones.release()
	}, nil
}

// waitForSlot takes one of sl. b.mu is held, and released meanwhile.
func (b *Budget) waitForSlot(ctx context.Context, sl *slots, key string) error {
	if sl.free > 0 {
		sl.free--
		return nil
	}
	if b.opt.SlotWait == 0 {
		return b.busy(b.large(), 0)
	}
	ready := sl.enqueue(key)
	b.mu.Unlock()
	err := wait(ctx, ready, b.opt.SlotWait)
	b.mu.Lock()
	select {
	case <-ready:
		return nil
	default:
	}
	sl.forget(key, ready)
	if err == nil {
		err = b.busy(b.large(), 0)
	}
	return err
}

// endSlot gives back the slot of s, if it has one.
func (b *Budget) endSlot(s *Share) {
	if s.slot {
		s.slot = false
		b.slots.release()
	}
}

// release gives a slot to the next waiter.
func (sl *slots) release() {
	if !sl.pass() {
		sl.free++
	}
}

func (sl *slots) enqueue(key string) chan struct{} {
	ready := make(chan struct{})
	i := sl.find(key)
	if i < 0 {
		sl.turns = append(sl.turns, &turn{key: key, waiting: []chan struct{}{ready}})
	} else {
		sl.turns[i].waiting = append(sl.turns[i].waiting, ready)
	}
	return ready
}

func (sl *slots) find(key string) int {
	return slices.IndexFunc(sl.turns, func(t *turn) bool { return t.key == key })
}

// pass gives a slot to the next waiter. It reports false if nobody waits.
func (sl *slots) pass() bool {
	if len(sl.turns) == 0 {
		return false
	}
	t := sl.turns[0]
	sl.turns = sl.turns[1:]
	close(t.waiting[0])
	if t.waiting = t.waiting[1:]; len(t.waiting) > 0 {
		sl.turns = append(sl.turns, t)
	}
	return true
}

func (sl *slots) forget(key string, ready chan struct{}) {
	i := sl.find(key)
	t := sl.turns[i]
	t.waiting = slices.DeleteFunc(t.waiting, func(c chan struct{}) bool { return c == ready })
	if len(t.waiting) == 0 {
		sl.turns = slices.Delete(sl.turns, i, i+1)
	}
}
