package frame

import (
	"math/bits"
	"math/rand/v2"

	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// numbering gives numbers to words, in the order in which they come first. The hash is a product with a random
// number, so that nobody can choose words that collide.
type numbering struct {
	factor uint64
	shift  int
	// slots has one more than the number of a word, 0 for none; words are those that have numbers.
	slots []uint32
	words []uint64
}

const (
	firstSlots = 256
	// slotBytes is about the memory for a word.
	slotBytes = 2*4*2 + 8
)

func newNumbering() *numbering {
	return &numbering{factor: rand.Uint64() | 1, shift: 64 - bits.Len(firstSlots-1), slots: make([]uint32, firstSlots)}
}

// number returns the number of a word.
func (n *numbering) number(word uint64) uint32 {
	slot := n.find(word)
	if *slot == 0 {
		n.words = append(n.words, word)
		*slot = uint32(len(n.words))
		if 2*len(n.words) > len(n.slots) {
			n.grow()
		}
		return uint32(len(n.words) - 1)
	}
	return *slot - 1
}

// find returns the slot of a word, or the one that it goes into.
func (n *numbering) find(word uint64) *uint32 {
	mask := uint64(len(n.slots) - 1)
	for at := word * n.factor >> n.shift; ; at++ {
		slot := &n.slots[at&mask]
		if *slot == 0 || n.words[*slot-1] == word {
			return slot
		}
	}
}

func (n *numbering) grow() {
	n.slots = make([]uint32, 2*len(n.slots))
	n.shift--
	for i, word := range n.words {
		*n.find(word) = uint32(i + 1)
	}
}

// number returns for each of some rows a number that is the same for equal values, in the order in which they
// come first, and for each number the first of the rows that has it. Missing values have one number.
func (c *cells) number(rows []int32) (numbers []uint32, first []int32) {
	numbers = make([]uint32, len(rows))
	words := c.words
	if words == nil {
		if fitsWord(valuesOf(c.arr.DataType())) {
			words = wordsOf(c.arr, c.missing)
			c.words = words
		} else {
			words = shortWords(c, rows)
		}
	}
	if words != nil {
		return numbers, c.numberWords(rows, words, numbers)
	}
	// Many row groups may share a large dictionary.
	if dict, ok := c.arr.(*array.Dictionary); ok && dict.Dictionary().Len() <= codec.RowGroupRows {
		return numbers, c.numberIndices(dict, rows, numbers)
	}
	return numbers, c.numberTexts(rows, c.texts(false), numbers)
}

// numberWords numbers rows by their words.
func (c *cells) numberWords(rows []int32, words []uint64, numbers []uint32) (first []int32) {
	known := newNumbering()
	lacking := uint32(0) // one more than the number of missing values, 0 for none
	ofWord := []uint32(nil)
	for i, row := range rows {
		if !c.has(row) {
			if lacking == 0 {
				first = append(first, row)
				lacking = uint32(len(first))
			}
			numbers[i] = lacking - 1
			continue
		}
		number := known.number(words[row])
		if int(number) == len(ofWord) {
			ofWord = append(ofWord, uint32(len(first)))
			first = append(first, row)
		}
		numbers[i] = ofWord[number]
	}
	return first
}

// numberTexts numbers rows by their texts.
func (c *cells) numberTexts(rows []int32, texts []string, numbers []uint32) (first []int32) {
	known := map[string]uint32{}
	lacking := uint32(0)
	for i, row := range rows {
		number := lacking
		has := c.has(row)
		if has {
			number = known[texts[row]]
		}
		if number == 0 {
			first = append(first, row)
			number = uint32(len(first))
			if has {
				known[texts[row]] = number
			} else {
				lacking = number
			}
		}
		numbers[i] = number - 1
	}
	return first
}

// numberIndices numbers rows of a dictionary array. Each index is looked up once, because a dictionary may have
// a value twice.
func (c *cells) numberIndices(dict *array.Dictionary, rows []int32, numbers []uint32) (first []int32) {
	key := scalar.Keys(dict.Dictionary())
	known := map[string]uint32{}
	ofIndex := make([]uint32, dict.Dictionary().Len()) // one more than the number, 0 for none
	lacking := uint32(0)
	var text []byte
	for i, row := range rows {
		number := &lacking
		has := c.has(row)
		if has {
			number = &ofIndex[dict.GetValueIndex(int(row))]
		}
		if *number == 0 && has {
			text = key(text[:0], dict.GetValueIndex(int(row)))
			*number = known[string(text)]
		}
		if *number == 0 {
			first = append(first, row)
			*number = uint32(len(first))
			if has {
				known[string(text)] = *number
			}
		}
		numbers[i] = *number - 1
	}
	return first
}

// shortWords returns for each row of an array of texts or bytes its value as a number, if all values in the given
// rows have at most seven bytes: equal values have equal numbers. Those of missing values mean nothing. It
// returns nil for other arrays.
func shortWords(c *cells, rows []int32) []uint64 {
	if c.arr.NullN() == c.arr.Len() {
		return nil
	}
	switch a := c.arr.(type) {
	case *array.String:
		return shortValues(c, rows, a.ValueOffsets(), a.ValueBytes())
	case *array.LargeString:
		return shortValues(c, rows, a.ValueOffsets(), a.ValueBytes())
	case *array.Binary:
		return shortValues(c, rows, a.ValueOffsets(), a.ValueBytes())
	case *array.LargeBinary:
		return shortValues(c, rows, a.ValueOffsets(), a.ValueBytes())
	}
	return nil
}

// shortValues is shortWords for values that are between offsets, which count from the first of them, in bytes.
func shortValues[O int32 | int64](c *cells, rows []int32, offsets []O, bytes []byte) []uint64 {
	const longest = 7
	words := make([]uint64, c.arr.Len())
	for _, row := range rows {
		if !c.has(row) {
			continue
		}
		value := bytes[offsets[row]-offsets[0] : offsets[row+1]-offsets[0]]
		if len(value) > longest {
			return nil
		}
		word := uint64(len(value))
		for _, b := range value {
			word = word<<8 | uint64(b)
		}
		words[row] = word
	}
	return words
}
