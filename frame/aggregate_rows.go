package frame

import (
	"errors"

	"github.com/apache/arrow/go/v17/arrow"
)

// chosen are the rows whose values are the result of an accumulator: one for each group, -1 for none.
type chosen struct{ row []int64 }

func (a *chosen) rows() []int64 { return a.row }

func (a *chosen) grow(n int) {
	for len(a.row) < n {
		a.row = append(a.row, -1)
	}
}

// values is not called, because there is a method rows.
func (a *chosen) values(*Frame, arrow.Field) (arrow.Array, error) {
	return nil, errors.New("rows are taken instead")
}

func newChosen(n int) chosen {
	var a chosen
	a.grow(n)
	return a
}

// edge is the first or the last value.
type edge struct {
	chosen
	last bool
}

func (a *edge) read(p *groupPart, c *cells) any {
	part := newChosen(p.n)
	for i, row := range p.rows {
		if g := p.groups[i]; c.has(row) && (a.last || part.row[g] < 0) {
			part.row[g] = int64(p.from) + int64(row)
		}
	}
	return part
}

func (a *edge) bytes() int64 { return 8 }

func (a *edge) add(partial any, groups []uint32) int64 {
	part := partial.(chosen)
	for i, g := range groups {
		if part.row[i] >= 0 && (a.last || a.row[g] < 0) {
			a.row[g] = part.row[i]
		}
	}
	return 0
}

// extreme is the least or the greatest value; of equal ones the first.
type extreme struct {
	chosen
	greatest bool
	// words says that values are compared by their words, otherwise by their keys.
	words bool
	word  []uint64
	key   []string
}

func (a *extreme) grow(n int) {
	a.chosen.grow(n)
	if a.words {
		a.word = grown(a.word, n)
	} else {
		a.key = grown(a.key, n)
	}
}

func (a *extreme) read(p *groupPart, c *cells) any {
	part := &extreme{greatest: a.greatest, words: a.words}
	part.grow(p.n)
	if a.words {
		for i, word := range c.wordsIn(p.rows) {
			if row := p.rows[i]; c.has(row) {
				part.offerWord(p.groups[i], word, int64(p.from)+int64(row))
			}
		}
		return part
	}
	keys := c.texts(false)
	for i, row := range p.rows {
		if c.has(row) {
			part.offerKey(p.groups[i], keys[row], int64(p.from)+int64(row))
		}
	}
	// The keys may be parts of the array, which is let go of.
	for g, key := range part.key {
		part.key[g] = string([]byte(key))
	}
	return part
}

func (a *extreme) offerWord(g uint32, word uint64, row int64) bool {
	if a.row[g] >= 0 && (word == a.word[g] || word > a.word[g] != a.greatest) {
		return false
	}
	a.row[g], a.word[g] = row, word
	return true
}

func (a *extreme) offerKey(g uint32, key string, row int64) bool {
	if a.row[g] >= 0 && (key == a.key[g] || key > a.key[g] != a.greatest) {
		return false
	}
	a.row[g], a.key[g] = row, key
	return true
}

func (a *extreme) bytes() int64 {
	if a.words {
		return 16
	}
	return 24
}

func (a *extreme) add(partial any, groups []uint32) (bytes int64) {
	part := partial.(*extreme)
	for i, g := range groups {
		row := part.row[i]
		switch {
		case row < 0:
		case a.words:
			a.offerWord(g, part.word[i], row)
		default:
			before := len(a.key[g])
			if a.offerKey(g, part.key[i], row) {
				bytes += int64(len(a.key[g]) - before)
			}
		}
	}
	return bytes
}
