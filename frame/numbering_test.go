package frame

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec/codectest"
	"edgeframe/codec/scalar"
)

func TestWordsAreNumberedInTheOrderInWhichTheyComeFirst(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, different := range []uint64{1, 200, 50_000} {
		numbers, want := newNumbering(), map[uint64]uint32{}
		for range 100_000 {
			word := r.Uint64N(different) << 40 // the same low bits
			number, known := want[word]
			if !known {
				number = uint32(len(want))
				want[word] = number
			}
			if got := numbers.number(word); got != number {
				t.Fatalf("%d has number %d, want %d", word, got, number)
			}
		}
		if len(numbers.words) != len(want) {
			t.Errorf("%d words, want %d", len(numbers.words), len(want))
		}
	}
}

// numberedByKeys is what number returns, by the keys of the values.
func numberedByKeys(c *cells, rows []int32) (numbers []uint32, first []int32) {
	known := map[string]uint32{}
	key := scalar.Keys(c.arr)
	for _, row := range rows {
		text := "missing"
		if c.has(row) {
			text = "value " + string(key(nil, int(row)))
		}
		number, ok := known[text]
		if !ok {
			number = uint32(len(first))
			known[text] = number
			first = append(first, row)
		}
		numbers = append(numbers, number)
	}
	return numbers, first
}

func TestEqualValuesOfEveryTypeHaveOneNumber(t *testing.T) {
	all := codectest.AllTypes()
	arrays := map[string]arrow.Array{
		"short texts":   values(t, "utf8", `["LAX","","SFO",null,"1234567","LAX","",null,"SFO "]`),
		"long texts":    values(t, "utf8", `["LAX","12345678",null,"12345679","LAX",""]`),
		"large texts":   values(t, "large_utf8", `["LAX",null,"","LAX"]`),
		"bytes":         values(t, "binary", `["AA==","AAA=",null,"","AA=="]`),
		"no texts":      values(t, "utf8", `[null,null]`),
		"dictionary":    values(t, "dictionary", `["b","a",null,"b",""]`),
		"a value twice": twice(t),
		"floats":        values(t, "float64", `[0.0,-0.0,1.5,null,1.5]`),
	}
	for _, g := range all.RowGroups {
		for i, field := range all.Schema.Fields() {
			arrays[fmt.Sprintf("%s of %d rows", field.Name, g.NumRows())] = g.Column(i)
		}
	}
	for name, arr := range arrays {
		for _, arr := range []arrow.Array{arr, array.NewSlice(arr, 1, int64(arr.Len()))} {
			for _, every := range []int{1, 2} {
				var rows []int32
				for row := 0; row < arr.Len(); row += every {
					rows = append(rows, int32(row))
				}
				c := &cells{arr: arr}
				c.countMissing()
				numbers, first := c.number(rows)
				wantNumbers, wantFirst := numberedByKeys(c, rows)
				if !slices.Equal(numbers, wantNumbers) || !slices.Equal(first, wantFirst) {
					t.Errorf("%s: numbers %v first in %v, want %v in %v", name, numbers, first, wantNumbers, wantFirst)
				}
			}
		}
	}
}

// twice is an array of a dictionary that has a value twice.
func twice(t *testing.T) arrow.Array {
	t.Helper()
	indices := values(t, "int8", `[1,0,null,2,1]`)
	return array.NewDictionaryArray(dictionary, indices, values(t, "utf8", `["x","y","x"]`))
}

// randomKey is a key of n rows with words of width bits, or texts.
func randomKey(r *rand.Rand, n, width int, lacks, descending bool) *orderKey {
	k := &orderKey{descending: descending, words: make([]uint64, n), missing: make([]bool, n)}
	if width == 0 {
		k.texts = newTexts()
		longest := r.IntN(2)
		for i := range 300 {
			text := strings.Repeat("same begin ", 1-r.IntN(1+longest))
			if lacks { // as of many texts: some are there twice
				k.texts.numbers = nil
				i /= 2
			}
			k.texts.list = append(k.texts.list, text+fmt.Sprint(i))
		}
	}
	for i := range k.words {
		k.words[i] = r.Uint64() >> (64 - max(width, 1))
		if k.texts != nil {
			k.words[i] = r.Uint64N(300)
		}
		k.missing[i] = lacks && r.IntN(4) == 0
	}
	return k
}

// compareRows compares two rows by a key.
func (k *orderKey) compareRows(a, b uint32) int {
	if k.missing[a] || k.missing[b] {
		return compareBools(k.missing[a], k.missing[b])
	}
	if k.descending {
		a, b = b, a
	}
	if k.texts != nil {
		return strings.Compare(k.texts.of(k.words[a]), k.texts.of(k.words[b]))
	}
	return bytes.Compare(wordKey(k.words[a]), wordKey(k.words[b]))
}

func TestRowsAreSortedByTheBitsOfAllKeys(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{1, 2, 1000, sortedPart + 5} {
		for i, widths := range [][]int{{0, 44}, {1}, {64}, {11, 13}, {64, 64, 1}, {20, 20, 20, 20}, {0, 0}} {
			if n > sortedPart && i > 0 {
				continue // the reference takes long
			}
			var keys []*orderKey
			for _, width := range widths {
				keys = append(keys, randomKey(r, n, width, r.IntN(2) == 0, r.IntN(2) == 0))
			}
			want := make([]uint32, n)
			for i := range want {
				want[i] = uint32(i)
			}
			slices.SortStableFunc(want, func(a, b uint32) int {
				for _, k := range keys {
					if c := k.compareRows(a, b); c != 0 {
						return c
					}
				}
				return 0
			})
			o := newOrdering(&Frame{}, n)
			for i := len(keys) - 1; i >= 0; i-- {
				if err := o.by(keys[i]); err != nil {
					t.Fatal(err)
				}
			}
			if err := o.sort(); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(o.order, want) {
				t.Errorf("%d rows by keys of %v bits are in another order", n, widths)
			}
		}
	}
}

func TestAValueIsInTheIntervalThatNumpySays(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, span := range [][2]float64{{0, 1}, {-80, 1575}, {-1.7e308, 1.7e308}, {1e15, 1e15 + 1}, {0, 5e-324}, {-3, 1e300}} {
		for _, bins := range []int{1, 7, 1000} {
			h := &histogram{bins: bins, valueRange: valueRange{n: 2, low: span[0], high: span[1]}}
			h.divide()
			for range 2000 {
				v := span[0]*r.Float64() + span[1]*r.Float64()
				switch r.IntN(4) {
				case 0:
					v = h.bounds[r.IntN(len(h.bounds))]
				case 1:
					v = span[r.IntN(2)]
				}
				v = min(max(v, span[0]), span[1])
				want := 0
				for want < bins-1 && h.bounds[want+1] <= v {
					want++
				}
				if got := h.binOf(v); got != want {
					t.Fatalf("%v is in interval %d of %d of %v, want %d", v, got, bins, span, want)
				}
			}
		}
	}
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
