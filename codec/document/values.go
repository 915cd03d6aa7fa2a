package document

import (
	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// Values reads a JSON array of the values of one column. If want is nil, their type
// is inferred as for a JSON document. Otherwise each value must fit want, see [scalar.FromJSON].
func Values(raw []byte, want arrow.DataType, lim codec.Limits) (arr arrow.Array, err error) {
	if want != nil {
		return scalar.FromJSON(raw, want, lim)
	}
	defer codec.Guard(&err, codec.ErrMalformed, "the array of values")
	lim = lim.WithDefaults()
	t, err := newDynTable(raw, lim, codec.NewBudget(lim.Bytes), appendJSONTo)
	if err != nil {
		return nil, err
	}
	return inferValues(t)
}

func inferValues(t *dynTable) (arrow.Array, error) {
	r := newJSONReader(t)
	r.depth = documentDepth - 1
	if r.opens() != '[' {
		return nil, r.fail(codec.ErrMalformed, "the values must be an array")
	}
	column := &dynColumn{}
	err := r.array(func(i uint32) error {
		t.numRows = i + 1
		return r.value(column, i)
	})
	if err != nil {
		return nil, err
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return t.build(column, column.dataType(), 0, t.numRows), nil
}
