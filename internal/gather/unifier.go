package gather

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Unifier does for the parts of one array of a dictionary type what [Unify] does, but has only the
// dictionary in memory and not the parts: every part is added, and after [Unifier.Finish] every part is
// mapped. Its zero value is ready for use.
type Unifier struct {
	dict *arrow.DictionaryType
	// first is a copy of the dictionary of the first part that has rows.
	first arrow.Array
	equal bool
	rows  int
	// known has the index of every value by its key. values are the values, as one array for each part
	// that had new ones. Nothing refers to a part, so that its memory can be used again.
	known  map[string]int
	values []arrow.Array
	bytes  int64
	// odd says that a dictionary has values that have no key.
	odd bool
	// final is the dictionary of all parts.
	final *array.Data
}

// keyBytes is about what a key takes in a map besides its bytes.
const keyBytes = 40

// Bytes is about the memory that is in use.
func (u *Unifier) Bytes() int64 { return u.bytes }

// Add adds a part.
func (u *Unifier) Add(part arrow.Array) (err error) {
	defer recovered(&err)
	u.dict = part.DataType().(*arrow.DictionaryType)
	if part.Len() == 0 || u.odd {
		return nil
	}
	u.rows += part.Len()
	values := part.(*array.Dictionary).Dictionary()
	if u.first == nil {
		whole := pieces(nil).add(values.Data(), 0, values.Len())
		if u.first, err = (&gatherer{}).array(u.dict.ValueType, whole); err != nil {
			return err
		}
		u.equal, u.known = true, map[string]int{}
		return u.merge(values)
	}
	u.equal = u.equal && values.Len() == u.first.Len() && Equal(u.first, values)
	if u.equal {
		return nil
	}
	return u.merge(values)
}

// merge adds the values of a dictionary that are not known.
func (u *Unifier) merge(values arrow.Array) error {
	data := values.Data()
	var added pieces
	for i := range data.Len() {
		key, ok := valueKey(u.dict.ValueType, data, i)
		if !ok {
			u.odd, u.known, u.values, u.first = true, nil, nil, nil
			return nil
		}
		if _, ok := u.known[string(key)]; ok {
			continue
		}
		u.known[string(key)] = len(u.known)
		u.bytes += 2*int64(len(key)) + keyBytes
		added = added.add(data, i, i+1)
	}
	if added == nil {
		return nil
	}
	copied, err := (&gatherer{}).array(u.dict.ValueType, added)
	u.values = append(u.values, copied)
	return err
}

// Finish ends the adding of parts. It returns false if the dictionaries cannot be unified without the
// parts: if one has values that cannot be compared, or if there are fewer rows than values, so that
// some of them may not be in use.
func (u *Unifier) Finish() (ok bool, err error) {
	defer recovered(&err)
	if u.odd || u.first == nil {
		return false, nil
	}
	if u.equal {
		u.values = []arrow.Array{u.first}
	} else if n := len(u.known); n > 0 && uint64(n-1) > maxIndex(u.dict.IndexType) {
		return false, fmt.Errorf("%w: %d values of a dictionary with %s indices", ErrOverflow, n, u.dict.IndexType)
	}
	var all pieces
	for _, v := range u.values {
		all = all.add(v.Data(), 0, v.Len())
	}
	if all.rows() > u.rows {
		return false, nil
	}
	u.final, err = (&gatherer{}).data(u.dict.ValueType, all)
	u.first, u.values = nil, nil
	if u.equal {
		u.known = nil
	}
	return err == nil, err
}

// Map returns a part that was added with the dictionary of all parts. It shares memory with the part.
func (u *Unifier) Map(part arrow.Array) (out arrow.Array, err error) {
	defer recovered(&err)
	if !u.equal {
		if part, err = u.reindex(part); err != nil {
			return nil, err
		}
	}
	g := &gatherer{share: true, keep: []*array.Data{u.final}}
	return g.array(part.DataType(), pieces(nil).add(part.Data(), 0, part.Len()))
}

// reindex returns part with indices into the final dictionary.
func (u *Unifier) reindex(part arrow.Array) (arrow.Array, error) {
	values := part.Data().Dictionary()
	mapping := make([]int, values.Len())
	for i := range mapping {
		key, _ := valueKey(u.dict.ValueType, values, i)
		mapping[i] = u.known[string(key)]
	}
	g := &gatherer{}
	ps := pieces(nil).add(part.Data(), 0, part.Len())
	validity, nulls := g.validity(ps, part.Len())
	indices := g.fixed(ps, 1, u.dict.IndexType.(arrow.FixedWidthDataType).Bytes())
	mapIndices(u.dict, indices.Bytes(), validity, 0, part.Len(), func(i int) int { return mapping[i] })
	data := array.NewDataWithDictionary(part.DataType(), part.Len(), []*memory.Buffer{validity, indices}, nulls, 0, u.final)
	return array.MakeFromData(data), nil
}
