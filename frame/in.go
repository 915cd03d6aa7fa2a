package frame

import (
	"bytes"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// listedBytes is about what a value of a list takes in a set of keys, listedWordBytes in a set of words.
const (
	listedBytes     = 48
	listedWordBytes = 20
)

// in makes c hold for cells that equal one of a list of values. The list is read into one array of the
// type of the column.
func (f *Frame) in(c *cellTest, field arrow.Field, list value, at string) error {
	if list.n < 0 {
		return codec.Errorf(ErrInvalidOperation, "in needs a value that is a list, for instance [1, 2]")
	}
	size := int64(listedBytes)
	if c.words || arrow.IsFloating(valuesOf(field.Type).ID()) {
		size = listedWordBytes
	}
	if err := f.within(size * int64(list.n)); err != nil {
		return err
	}
	c.relation = oneOf
	r := &listReader{f: f, at: at, column: field.Name, dt: valuesOf(field.Type)}
	var err error
	if arrow.IsFloating(r.dt.ID()) {
		c.wordSet = make(map[uint64]struct{}, list.n)
		err = r.floats(list.raw, c.wordSet)
	} else {
		err = r.exact(list, c)
	}
	c.missing = r.missing
	return err
}

// listReader reads the list of an in.
type listReader struct {
	f      *Frame
	column string
	dt     arrow.DataType
	// at is the pointer to the list, position the value that is read.
	at       string
	position int
	// missing says that null is in the list.
	missing bool
}

// pauseRows is after how many values or rows a loop looks whether its work has been given up.
const pauseRows = 10_000

// each calls visit for the values of a list that are not null.
func (r *listReader) each(list []byte, visit func(raw jsontext.Value) error) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(list))
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for i := 0; dec.PeekKind() != ']'; i++ {
		r.position = i
		if i%pauseRows == 0 {
			if err := r.f.Ended(); err != nil {
				return err
			}
		}
		raw, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if raw.Kind() == 'n' {
			r.missing = true
		} else if err := visit(raw); err != nil {
			return err
		}
	}
	return nil
}

// floats adds the words of a list to a set. A number stands for the float that is nearest to it.
func (r *listReader) floats(list []byte, set map[uint64]struct{}) error {
	return r.each(list, func(raw jsontext.Value) error {
		if raw.Kind() != '0' {
			return incomparable(element(r.at, r.position), r.column, r.dt, raw)
		}
		nearest, _ := strconv.ParseFloat(string(raw), 64)
		set[scalar.FloatWord(nearestIn(r.dt, nearest))] = struct{}{}
		return nil
	})
}

// exact adds the values of a list to a set of c. Each must be one of the type, but numbers that no
// integer or decimal of the type equals are left out.
func (r *listReader) exact(list value, c *cellTest) (err error) {
	defer codec.Guard(&err, codec.ErrMalformed, "the array of values")
	arr, err := r.array(list)
	if err != nil {
		return err
	}
	missing := scalar.Missing(arr)
	if c.words {
		c.wordSet = make(map[uint64]struct{}, arr.Len())
		for row, word := range wordsOf(arr, nil) {
			if !missing(row) {
				c.wordSet[word] = struct{}{}
			}
		}
		return nil
	}
	c.keySet = make(map[string]struct{}, arr.Len())
	for row, key := range keysOf(arr, nil) {
		if !missing(row) {
			c.keySet[key] = struct{}{}
		}
	}
	return nil
}

// array returns the values of a list. It may have nulls.
func (r *listReader) array(list value) (arrow.Array, error) {
	b, err := scalar.NewBuilder(r.dt, codec.NewBudget(r.f.Limits.WithDefaults().Bytes))
	if err != nil {
		return r.nested(list.raw)
	}
	b.Reserve(list.n)
	err = r.each(list.raw, func(raw jsontext.Value) error {
		if arrow.IsInteger(r.dt.ID()) {
			raw = bareInteger(raw)
		}
		switch {
		case b.AppendJSON(raw):
			return nil
		case !isNumeric(r.dt) || raw.Kind() != '0':
			return incomparable(element(r.at, r.position), r.column, r.dt, raw)
		}
		scale := 0
		if decimal, ok := r.dt.(arrow.DecimalType); ok {
			scale = int(decimal.GetScale())
		}
		if v, ok := scaledInteger(raw, scale); ok {
			b.AppendInteger(v)
		}
		return nil
	})
	return b.Array(), err
}

// nested returns the values of a list of a type whose values are not made one by one.
func (r *listReader) nested(list []byte) (arrow.Array, error) {
	var first jsontext.Value
	err := r.each(list, func(raw jsontext.Value) error {
		if first == nil {
			first = raw.Clone()
		}
		return nil
	})
	if err != nil || first == nil {
		return MakeNulls(arrow.Null, 0), err
	}
	arr, err := scalar.FromJSON(list, r.dt, r.f.Limits)
	if err != nil {
		return nil, codec.Errorf(codec.ErrMismatch, "a value of the list cannot be compared with column %.100q, which is %s: %v", r.column, scalar.DType(r.dt), err)
	}
	return arr, nil
}
