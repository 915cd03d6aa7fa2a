package frame

import (
	"slices"
	"strings"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// maxKnownTexts is up to how many different texts each is kept once. If there are more, most are probably
// different.
const maxKnownTexts = 1 << 16

// texts are the keys of the values of a column that do not fit a word, each with a number.
type texts struct {
	list []string
	// numbers has the number of each text as long as there are few; then it is nil.
	numbers map[string]uint32
	bytes   int64
}

func newTexts() *texts { return &texts{numbers: map[string]uint32{}} }

func (t *texts) of(number uint64) string { return t.list[number] }

// localTexts are the different texts of a row group. lacking is the place of missing values among them, -1 for none.
type localTexts struct {
	list    []string
	lacking int
	bytes   int64
}

// numberTexts returns the different texts in some rows and sets words to their numbers in it.
func numberTexts(c *cells, rows []int32, words []uint64) *localTexts {
	numbers, first := c.number(rows)
	for at, number := range numbers {
		words[at] = uint64(number)
	}
	t, key := &localTexts{list: make([]string, len(first)), lacking: -1}, scalar.Keys(c.arr)
	var text []byte
	for i, row := range first {
		if !c.has(row) {
			t.lacking = i
			continue
		}
		text = key(text[:0], int(row))
		t.list[i] = string(text)
		t.bytes += int64(len(text))
	}
	return t
}

// merge adds the texts of a row group and makes the numbers in words those of t.
func (t *texts) merge(f *Frame, local *localTexts, words []uint64, missing []bool) error {
	more := local.bytes + textBytes*int64(len(local.list))
	if t.bytes += more; t.bytes > f.Limits.WithDefaults().Bytes {
		return codec.Errorf(codec.ErrTooLarge, "the values to sort or to group by take more than the %d bytes of memory that a table may have", f.Limits.WithDefaults().Bytes)
	}
	if err := f.reserve(more); err != nil {
		return err
	}
	numbers := make([]uint64, len(local.list))
	for i, text := range local.list {
		if i == local.lacking {
			continue
		}
		number, known := t.numbers[text]
		if !known {
			number = uint32(len(t.list))
			t.list = append(t.list, text)
			if t.numbers != nil {
				t.numbers[text] = number
			}
		}
		numbers[i] = uint64(number)
	}
	if len(t.numbers) > maxKnownTexts {
		t.numbers = nil
	}
	for i, number := range words {
		if !missing[i] {
			words[i] = numbers[number]
		}
	}
	return nil
}

// ranks returns for each text a number that is ordered as the texts are. prefixes says that different texts may
// have equal ones.
func (t *texts) ranks() (ranks []uint64, prefixes bool) {
	ranks = make([]uint64, len(t.list))
	if t.numbers == nil {
		for i, text := range t.list {
			ranks[i] = firstWordOf(text)
		}
		return ranks, true
	}
	order := make([]uint32, len(t.list))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return strings.Compare(t.list[a], t.list[b]) })
	for rank, number := range order {
		ranks[number] = uint64(rank)
	}
	return ranks, false
}

// firstWordOf is firstWord of a text.
func firstWordOf(text string) (word uint64) {
	for i := range wordBytes {
		word <<= 8
		if i < len(text) {
			word |= uint64(text[i])
		}
	}
	return word
}
