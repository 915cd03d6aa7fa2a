package frame

import (
	"slices"
	"strings"

	"edgeframe/codec"
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

// localTexts are the different texts of a row group.
type localTexts struct {
	list  []string
	bytes int64
}

// numberTexts returns the different texts in some rows and sets words to their numbers in it.
func numberTexts(c *cells, rows []int32, words []uint64) *localTexts {
	keys := keysOf(c.arr, c.missing)
	t, numbers := new(localTexts), map[string]uint64{}
	var all strings.Builder
	var ends []int
	for at, row := range rows {
		if c.missing != nil && c.missing[row] {
			continue
		}
		number, known := numbers[keys[row]]
		if !known {
			number = uint64(len(ends))
			numbers[keys[row]] = number
			all.WriteString(keys[row])
			ends = append(ends, all.Len())
		}
		words[at] = number
	}
	// The keys may be parts of the array, which is let go of.
	text, start := all.String(), 0
	t.list, t.bytes = make([]string, len(ends)), int64(len(text))
	for i, end := range ends {
		t.list[i], start = text[start:end], end
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

// words returns for each of some numbers of texts a number that is ordered as the texts are. prefixes says
// that equal ones may be of different texts.
func (t *texts) words(of []uint64) (words []uint64, prefixes bool) {
	words = make([]uint64, len(of))
	if len(t.list) == 0 {
		return words, false
	}
	by := make([]uint64, len(t.list))
	if t.numbers != nil {
		order := make([]uint32, len(t.list))
		for i := range order {
			order[i] = uint32(i)
		}
		slices.SortFunc(order, func(a, b uint32) int { return strings.Compare(t.list[a], t.list[b]) })
		for rank, number := range order {
			by[number] = uint64(rank)
		}
	} else {
		for i, text := range t.list {
			by[i] = firstWordOf(text)
		}
	}
	for i, number := range of {
		words[i] = by[number]
	}
	return words, t.numbers == nil
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
