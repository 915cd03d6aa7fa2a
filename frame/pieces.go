package frame

import "edgeframe/internal/large"

// pieces collects values of which the number is not known before. It copies each once, however many
// there are, so that nothing is left over beside them.
type pieces[T any] struct {
	full [][]T
	last []T
}

const (
	firstPiece = 32
	// maxPiece is the number of values in the largest piece.
	maxPiece = 1 << 18
)

func (p *pieces[T]) add(values ...T) {
	if len(values) > cap(p.last)-len(p.last) {
		if len(p.last) > 0 {
			p.full = append(p.full, p.last)
		}
		p.last = make([]T, 0, max(len(values), min(2*cap(p.last), maxPiece), firstPiece))
	}
	p.last = append(p.last, values...)
}

// all returns the values in order. The pieces must not be used after it.
func (p *pieces[T]) all() []T {
	if len(p.full) == 0 {
		return p.last
	}
	return large.Concat(append(p.full, p.last)...)
}
