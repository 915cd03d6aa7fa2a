package frame

import "sync"

// pool keeps values that computations of one call use one after the other.
type pool[T any] struct {
	mu   sync.Mutex
	free []T
	make func() T
}

func newPool[T any](of func() T) *pool[T] { return &pool[T]{make: of} }

func (p *pool[T]) get() T {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.free) - 1
	if last < 0 {
		return p.make()
	}
	v := p.free[last]
	p.free = p.free[:last]
	return v
}

func (p *pool[T]) put(v T) {
	p.mu.Lock()
	p.free = append(p.free, v)
	p.mu.Unlock()
}
