package scalar

import (
	"strings"

	"edgeframe/codec"
)

// DefaultNullValues are the spellings of a missing value in delimited text: the list that
// pandas.read_csv uses.
var DefaultNullValues = []string{
	"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
	"<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
}

// NullSet is a set of spellings of a missing value. The empty text always belongs to it. The
// first byte, last byte and length are enough to reject nearly all other text.
type NullSet struct {
	// first and last have, for each byte, a bit for each length of the spellings that begin
	// or end with it. The last bit stands for all longer ones.
	first, last [256]uint64
	values      map[string]struct{}
}

// NewNullSet returns the set of spellings, or of [DefaultNullValues] if spellings is nil.
func NewNullSet(spellings []string) *NullSet {
	if spellings == nil {
		spellings = DefaultNullValues
	}
	n := &NullSet{values: make(map[string]struct{}, len(spellings))}
	for _, s := range spellings {
		if s != "" {
			n.first[s[0]] |= lengthBit(len(s))
			n.last[s[len(s)-1]] |= lengthBit(len(s))
			n.values[s] = struct{}{}
		}
	}
	return n
}

func lengthBit(n int) uint64 { return 1 << min(uint(n), 63) }

// Has reports whether b spells a missing value.
func (n *NullSet) Has(b []byte) bool {
	return len(b) == 0 || n.first[b[0]]&n.last[b[len(b)-1]]&lengthBit(len(b)) != 0 && n.lookUp(b)
}

func (n *NullSet) lookUp(b []byte) bool {
	_, ok := n.values[string(b)]
	return ok
}

// ParseNullValues reads the parameter null_values: spellings with commas between them, in one value
// or several. It returns nil if the parameter is not given.
func ParseNullValues(given codec.Values) []string {
	if !given.Has("null_values") {
		return nil
	}
	list := []string{}
	for _, spellings := range given["null_values"] {
		list = append(list, strings.Split(spellings, ",")...)
	}
	return list
}
