package frame

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// Distinct is the values of a column, the most frequent first, equally frequent ones in the order of the
// values, as Series.value_counts of pandas.
type Distinct struct {
	Column string          `json:"column"`
	DType  string          `json:"dtype"`
	Values []DistinctValue `json:"values"`
	// Distinct is how many different values there are that Search finds, of which Values are some. Missing
	// is the number of cells without a value, marked ones included.
	Distinct int64 `json:"distinct"`
	Missing  int64 `json:"missing"`
}

// DistinctValue is how often a value occurs. Value is formatted as in JSON pages.
type DistinctValue struct {
	Value json.RawMessage `json:"value"`
	Count int64           `json:"count"`
}

// JSON returns d as a JSON object.
func (d *Distinct) JSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(d)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// Distinct returns the values of a column in the rows of s, the selection of q, and how often they occur.
func (f *Frame) Distinct(s *Selection, q *Query) (*Distinct, error) {
	d, err := f.distinct(s.ascending(), q.Distinct)
	return d, inQuery(err)
}

func (f *Frame) distinct(s *Selection, q *DistinctQuery) (*Distinct, error) {
	c, err := f.index(q.Column, "/distinct/column")
	if err != nil {
		return nil, err
	}
	limit := cmp.Or(q.Limit, DefaultDistinct)
	if limit < 1 || limit > MaxDistinct {
		return nil, invalid("/distinct/limit", "a whole number from 1 to 10000", "limit is %d; it must be a whole number from 1 to %d", limit, MaxDistinct)
	}
	counts := new(counter)
	g := &grouper{f: f, by: []int{c}, columns: []int{c}, aggregates: []aggregate{{-1, integerField(&Aggregate{Fn: "count"}), counts}}, parts: make([]*groupPart, len(f.Rows))}
	if err := g.read(s); err != nil {
		return nil, err
	}
	field := f.Columns[c].Field
	d := &Distinct{Column: field.Name, DType: scalar.DType(field.Type), Values: []DistinctValue{}}
	found, err := g.search(q.Search, isTextType(field.Type))
	if err != nil {
		return nil, err
	}
	if lacks := slices.Index(g.lacks, true); lacks >= 0 {
		d.Missing = counts.counts[lacks]
	}
	d.Distinct = int64(len(found))
	slices.SortFunc(found, func(a, b distinctGroup) int {
		return cmp.Or(cmp.Compare(counts.counts[b.number], counts.counts[a.number]), strings.Compare(a.key, b.key))
	})
	found = found[:min(len(found), limit)]
	rows := make([]int64, len(found))
	for i, v := range found {
		rows[i] = g.first[v.number]
		d.Values = append(d.Values, DistinctValue{Count: counts.counts[v.number]})
	}
	return d, f.spellRows(c, rows, scalar.JSON, func(i int, text []byte) { d.Values[i].Value = bytes.Clone(text) })
}

// distinctBytes is the memory for a distinctGroup besides its key, twice while they are sorted.
const distinctBytes = 40

// distinctGroup is a group of equal values.
type distinctGroup struct {
	key    string
	number uint32
}

// search returns the groups that have a value whose spelling has a text in it. texts says that the keys of
// the values are their spellings.
func (g *grouper) search(text string, texts bool) ([]distinctGroup, error) {
	if err := g.f.reserve(distinctBytes * int64(len(g.first))); err != nil {
		return nil, err
	}
	found := make([]distinctGroup, 0, len(g.first))
	for number, key := range g.numbers.values[0].keys {
		if key != keyOfMissing {
			found = append(found, distinctGroup{key[1:], uint32(number)})
		}
	}
	if text == "" {
		return found, nil
	}
	text = foldCase(text)
	holds := make([]bool, len(found))
	if texts {
		for i, v := range found {
			holds[i] = strings.Contains(foldCase(v.key), text)
		}
	} else if err := g.searchSpelled(found, text, holds); err != nil {
		return nil, err
	}
	kept := found[:0]
	for i, v := range found {
		if holds[i] {
			kept = append(kept, v)
		}
	}
	return kept, nil
}

// searchSpelled sets for each group whether its value has a folded text in its spelling. It spells one row
// group's worth of values after the other.
func (g *grouper) searchSpelled(found []distinctGroup, text string, holds []bool) error {
	slices.SortFunc(found, func(a, b distinctGroup) int { return cmp.Compare(a.number, b.number) })
	for from := 0; from < len(found); from += codec.RowGroupRows {
		part := found[from:min(from+codec.RowGroupRows, len(found))]
		rows := make([]int64, len(part))
		for i, v := range part {
			rows[i] = g.first[v.number]
		}
		err := g.f.spellRows(g.by[0], rows, scalar.Text, func(i int, spelled []byte) {
			holds[from+i] = strings.Contains(foldCase(string(spelled)), text)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// spellRows calls visit with the spellings of the values of a column in some rows.
func (f *Frame) spellRows(column int, rows []int64, spelling func(arrow.Array) scalar.Appender, visit func(i int, text []byte)) error {
	arrays, err := f.take([]int{column}, rows, true)
	if err != nil {
		return err
	}
	var text []byte
	i := 0
	for _, group := range arrays {
		spell := spelling(group[0])
		for row := range group[0].Len() {
			text = spell(text[:0], row)
			visit(i, text)
			i++
		}
	}
	return nil
}
