// Package gather builds one Arrow array out of ranges of rows of others.
//
// It supports every Arrow type. array.Concatenate of arrow-go v17 rejects unions, and damages
// dictionary indices next to nulls and the run ends of slices. Results have offset 0, and buffers
// and children of exactly the length of their rows, so that equal ranges of equal arrays have
// equal buffers, wherever they were cut from.
//
// It trusts its input: arrays from outside must be validated first.
package gather

import (
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// ErrOverflow says that the result cannot be expressed in the type of its sources: offsets
// or run ends would grow beyond their integer, or a dictionary beyond its indices.
var ErrOverflow = errors.New("result too large for its type")

// Run is the rows From to To, without To, of one of the sources.
type Run struct {
	Source   int
	From, To int
}

// Rows returns the rows of all runs in order, as one array that shares no row data with its
// sources; a dictionary that all sources share is shared further. The sources have one
// type, and there is at least one. Different dictionaries are unified, and a dictionary larger
// than the result is reduced to the values in use.
func Rows(sources []arrow.Array, runs []Run) (out arrow.Array, err error) {
	defer recovered(&err)
	if err := sameType(sources); err != nil {
		return nil, err
	}
	ps := make(pieces, 0, len(runs))
	for _, r := range runs {
		data := sources[r.Source].Data()
		if r.From < 0 || r.To < r.From || r.To > data.Len() {
			return nil, fmt.Errorf("%w: rows %d to %d of an array of %d", arrow.ErrIndex, r.From, r.To, data.Len())
		}
		ps = ps.add(data, r.From, r.To)
	}
	return (&gatherer{}).array(sources[0].DataType(), ps)
}

// sameType returns an error unless sources have one type.
func sameType(sources []arrow.Array) error {
	dt := sources[0].DataType()
	for _, s := range sources[1:] {
		if !arrow.TypeEqual(dt, s.DataType()) {
			return fmt.Errorf("%w: rows of %s cannot be combined with rows of %s", arrow.ErrType, s.DataType(), dt)
		}
	}
	return nil
}

// Trim returns arr with offset 0 and without what its rows do not use. It shares memory
// with arr wherever that saves a copy.
func Trim(arr arrow.Array) (out arrow.Array, err error) {
	defer recovered(&err)
	g := &gatherer{share: true}
	return g.array(arr.DataType(), pieces(nil).add(arr.Data(), 0, arr.Len()))
}

// Unify returns parts, which have one type, so that all of them have the same dictionaries,
// down to the innermost child. Except for dictionaries the results share memory.
func Unify(parts []arrow.Array) (out []arrow.Array, err error) {
	defer recovered(&err)
	runs := make([]Run, len(parts))
	for i, p := range parts {
		runs[i] = Run{Source: i, To: p.Len()}
	}
	whole, err := Rows(parts, runs)
	if err != nil {
		return nil, err
	}
	if whole, err = Trim(whole); err != nil {
		return nil, err
	}
	dictionaries := collect(whole.Data(), []*array.Data{})
	out = make([]arrow.Array, len(parts))
	at := 0
	for i, p := range parts {
		g := &gatherer{share: true, keep: dictionaries}
		if out[i], err = g.array(whole.DataType(), pieces(nil).add(whole.Data(), at, at+p.Len())); err != nil {
			return nil, err
		}
		at += p.Len()
	}
	return out, nil
}

// collect appends the dictionaries of data to dst in the order in which gatherer.data visits
// them. Dictionaries within dictionaries are left out.
func collect(data arrow.ArrayData, dst []*array.Data) []*array.Data {
	if data.DataType().ID() == arrow.DICTIONARY {
		return append(dst, data.Dictionary().(*array.Data))
	}
	for _, child := range data.Children() {
		dst = collect(child, dst)
	}
	return dst
}

func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", arrow.ErrInvalid, p)
	}
}

// piece is a range of rows of one array. Its positions count from the start of the array's
// buffers, not from the array's offset.
type piece struct {
	data     arrow.ArrayData
	from, to int
}

func (p piece) len() int { return p.to - p.from }

func (p piece) buffer(i int) []byte {
	if bufs := p.data.Buffers(); i < len(bufs) && bufs[i] != nil {
		return bufs[i].Bytes()
	}
	return nil
}

type pieces []piece

// add appends the rows from to to of data, counted from its offset. If they continue the last
// piece, it is extended. Empty ranges are left out.
func (ps pieces) add(data arrow.ArrayData, from, to int) pieces {
	if from == to {
		return ps
	}
	from, to = from+data.Offset(), to+data.Offset()
	if n := len(ps); n > 0 && ps[n-1].to == from && ps[n-1].data == data {
		ps[n-1].to = to
		return ps
	}
	return append(ps, piece{data, from, to})
}

func (ps pieces) rows() int {
	n := 0
	for _, p := range ps {
		n += p.len()
	}
	return n
}

// child returns the pieces of child i that belong to the same rows. Each row has n rows of the
// child.
func (ps pieces) child(i, n int) pieces {
	var out pieces
	for _, p := range ps {
		out = out.add(p.data.Children()[i], p.from*n, p.to*n)
	}
	return out
}

type gatherer struct {
	// share allows the result to alias its only piece.
	share bool
	// keep, unless nil, is the dictionaries of the result, as collect lists them. They have all
	// values of the dictionaries of the pieces, at the same indices.
	keep []*array.Data
}

func (g *gatherer) array(dt arrow.DataType, ps pieces) (arrow.Array, error) {
	data, err := g.data(dt, ps)
	if err != nil {
		return nil, err
	}
	return array.MakeFromData(data), nil
}

// result is an array under construction: its type, the pieces that its n rows come from, and which
// of the rows are missing.
type result struct {
	dt arrow.DataType
	ps pieces
	n  int
	// validity is nil if no row is missing or the layout has no bitmap.
	validity *memory.Buffer
	nulls    int
}

// data returns the array with these children and the buffers after the validity bitmap.
func (r result) data(children []arrow.ArrayData, buffers ...*memory.Buffer) *array.Data {
	return array.NewData(r.dt, r.n, append([]*memory.Buffer{r.validity}, buffers...), children, r.nulls, 0)
}

// data gathers rows of type dt, depending on its physical layout.
func (g *gatherer) data(dt arrow.DataType, ps pieces) (*array.Data, error) {
	out := result{dt: dt, ps: ps, n: ps.rows()}
	if ext, ok := dt.(arrow.ExtensionType); ok {
		dt = ext.StorageType()
	}
	switch dt := dt.(type) {
	case *arrow.NullType:
		out.nulls = out.n
		return out.data(nil), nil
	case *arrow.RunEndEncodedType:
		return g.runEnds(out, dt)
	case *arrow.SparseUnionType:
		children, err := g.children(dt.Fields(), ps)
		return out.data(children, g.fixed(ps, 1, 1)), err
	case *arrow.DenseUnionType:
		return g.denseUnion(out, dt)
	}
	out.validity, out.nulls = g.validity(ps, out.n)
	switch dt := dt.(type) {
	case *arrow.DictionaryType:
		return g.dictionary(out, dt)
	case arrow.NestedType:
		return g.nested(out, dt)
	}
	return g.flat(out, dt)
}

// flat gathers rows of a type without children.
func (g *gatherer) flat(out result, dt arrow.DataType) (*array.Data, error) {
	switch dt := dt.(type) {
	case *arrow.BooleanType:
		return out.data(nil, g.bits(out.ps, 1, out.n)), nil
	case arrow.FixedWidthDataType:
		return out.data(nil, g.fixed(out.ps, 1, dt.Bytes())), nil
	case arrow.BinaryViewDataType:
		return out.data(nil, views(out.ps, out.n)...), nil
	case *arrow.BinaryType, *arrow.StringType:
		return binaries[int32](g, out)
	case *arrow.LargeBinaryType, *arrow.LargeStringType:
		return binaries[int64](g, out)
	}
	return nil, fmt.Errorf("%w: rows of type %s", arrow.ErrNotImplemented, out.dt)
}

// nested gathers rows of structs, lists and maps.
func (g *gatherer) nested(out result, dt arrow.NestedType) (*array.Data, error) {
	switch dt := dt.(type) {
	case *arrow.StructType:
		children, err := g.children(dt.Fields(), out.ps)
		return out.data(children), err
	case *arrow.FixedSizeListType:
		child, err := g.data(dt.Elem(), out.ps.child(0, int(dt.Len())))
		if err != nil {
			return nil, err
		}
		return out.data([]arrow.ArrayData{child}), nil
	case *arrow.ListViewType:
		return listViews[int32](g, out, dt.Elem())
	case *arrow.LargeListViewType:
		return listViews[int64](g, out, dt.Elem())
	case *arrow.ListType:
		return lists[int32](g, out, dt.Elem())
	case *arrow.MapType:
		return lists[int32](g, out, dt.Elem())
	case *arrow.LargeListType:
		return lists[int64](g, out, dt.Elem())
	}
	return nil, fmt.Errorf("%w: rows of type %s", arrow.ErrNotImplemented, out.dt)
}

func (g *gatherer) children(fields []arrow.Field, ps pieces) ([]arrow.ArrayData, error) {
	out := make([]arrow.ArrayData, len(fields))
	for i, f := range fields {
		data, err := g.data(f.Type, ps.child(i, 1))
		if err != nil {
			return nil, err
		}
		out[i] = data
	}
	return out, nil
}
