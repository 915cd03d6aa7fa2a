package frame

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/zeebo/xxh3"

	"edgeframe/codec/scalar"
)

// tallyBytes is the memory for counting a distinct value. Measured were 53 to 73 bytes, depending on
// how many there are.
const tallyBytes = 80

// tallies counts the occurrences of values, by the 128-bit hash of their keys, up to a number of
// distinct values.
type tallies struct {
	positions map[xxh3.Uint128]int32
	list      []tally
	most      int
	// full is true if there were more distinct values than are counted.
	full bool
}

// tally is how often a value occurs, and the place of its first occurrence.
type tally struct {
	count int64
	first cellPlace
}

func newTallies(bytes int64) *tallies {
	return &tallies{positions: map[xxh3.Uint128]int32{}, most: int(min(bytes/tallyBytes, 1<<30))}
}

// add counts a value and reports whether it is new, or not counted because t is full.
func (t *tallies) add(key []byte, at cellPlace) bool {
	digest := xxh3.Hash128(key)
	if i, ok := t.positions[digest]; ok {
		t.list[i].count++
		return false
	}
	if len(t.list) >= t.most {
		t.full = true
		return true
	}
	t.positions[digest] = int32(len(t.list))
	t.list = append(t.list, tally{1, at})
	return true
}

// into writes the number of distinct values into a description.
func (t *tallies) into(out *ColumnDescription) {
	out.Unique, out.UniqueExact = int64(len(t.list)), !t.full
}

// describeValues describes a column by counting its distinct values.
func (c *describedColumn) describeValues(out *ColumnDescription, budget int64, most int) error {
	counted := newTallies(budget)
	shortest, longest := int64(-1), int64(-1)
	var buf []byte
	err := c.each(func(at cellPlace, chunk *describedChunk) {
		buf = chunk.key(buf[:0], int(at.row))
		if counted.add(buf, at) && c.kind == describedText {
			n := int64(utf8.RuneCount(buf))
			longest = max(longest, n)
			if shortest < 0 || n < shortest {
				shortest = n
			}
		}
	})
	counted.into(out)
	if c.kind == describedOther || err != nil {
		return err
	}
	out.Frequencies = new(Frequencies)
	if !counted.full {
		out.Top = c.top(counted.list, most)
	}
	if c.kind == describedText {
		out.Lengths = new(Lengths)
		if longest >= 0 {
			out.MinLength, out.MaxLength = &shortest, &longest
		}
	}
	return nil
}

// maxTopValue is the length to which frequent values are truncated, in characters of text or bytes of
// binary.
const maxTopValue = 256

// top returns the most frequent values.
func (c *describedColumn) top(list []tally, most int) []Frequency {
	type ranked struct {
		tally
		key []byte
	}
	before := func(a, b ranked) int {
		if a.count != b.count {
			return int(min(max(b.count-a.count, -1), 1))
		}
		return bytes.Compare(a.key, b.key)
	}
	var best []ranked
	buf := []byte{}
	for _, t := range list {
		if len(best) == most && t.count < best[most-1].count {
			continue
		}
		buf = c.key(buf[:0], t.first)
		next := ranked{t, buf}
		if len(best) == most && before(next, best[most-1]) > 0 {
			continue
		}
		next.key = bytes.Clone(buf)
		at, _ := slices.BinarySearchFunc(best, next, before)
		best = slices.Insert(best, at, next)
		best = best[:min(len(best), most)]
	}
	top := make([]Frequency, len(best))
	for i, r := range best {
		top[i] = c.frequency(r.tally, r.key)
	}
	return top
}

// frequency returns the value with the given key and its count.
func (c *describedColumn) frequency(t tally, key []byte) Frequency {
	f := Frequency{Count: t.count}
	if scalar.IsUUID(c.field) {
		f.Value = string(scalar.FieldText(c.field, c.chunks[t.first.chunk].data)(nil, int(t.first.row)))
		return f
	}
	switch c.kind {
	case describedBool:
		f.Value = key[0] == 1
	case describedText:
		n := 0
		for i := range string(key) {
			if n == maxTopValue {
				key, f.Truncated = key[:i], true
				break
			}
			n++
		}
		f.Value = string(key)
	default:
		if len(key) > maxTopValue {
			key, f.Truncated = key[:maxTopValue], true
		}
		f.Value = key
	}
	return f
}
