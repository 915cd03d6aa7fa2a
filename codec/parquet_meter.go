package codec

import "sync/atomic"

// meter is a [budget] that goroutines share. A refusal is the same panic.
type meter struct {
	limit int64
	used  atomic.Int64
}

func (m *meter) take(n int64) {
	if n < 0 || n > m.limit || m.used.Add(n) > m.limit {
		panic(overBudget{m.limit})
	}
}

// holding is what one purpose has taken from a meter, to be given back at once.
type holding struct {
	meter *meter
	n     atomic.Int64
}

func (h *holding) take(n int64) {
	h.meter.take(n)
	h.n.Add(n)
}

// release gives everything back and returns how much that was.
func (h *holding) release() int64 {
	n := h.n.Swap(0)
	h.meter.used.Add(-n)
	return n
}
