package budget

import "slices"

// Stats is the state of a [Budget] at one moment.
type Stats struct {
	// Reserved is what all shares have reserved, Bytes what they may reserve together.
	Reserved, Bytes int64
	// Waiting is how many shares wait for memory or for a slot.
	Waiting int
	// Refused is how often a share was told [Busy] or [TooLarge] since the start.
	Refused int64
}

// Stats returns the present state.
func (b *Budget) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Stats{Reserved: b.reserved(), Bytes: b.opt.Bytes, Waiting: len(b.growing), Refused: b.refused}
	for _, l := range b.lanes {
		s.Waiting += len(l.queue)
	}
	for _, turn := range slices.Concat(b.slots.turns, b.alones.turns) {
		s.Waiting += len(turn.waiting)
	}
	return s
}
