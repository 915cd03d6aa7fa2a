package arrowipc

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/internal/gather"
)

// maxHeldBytes bounds what an Arrow file needs of its row groups before the first one can be written:
// the unified dictionaries, and columns whose dictionaries cannot be unified one row group after the
// other.
const maxHeldBytes = 64 << 20

// unify returns for the columns with dictionaries, by position, a function that gives the parts of the
// column, in order, the same dictionaries. A table of one row group needs none.
func unify(src codec.Source) (map[int]func(arrow.Array) (arrow.Array, error), error) {
	schema := src.Open(nil).Schema()
	var plain, held []int
	for i, f := range schema.Fields() {
		if f.Type.ID() == arrow.DICTIONARY {
			plain = append(plain, i)
		} else if hasDictionary(f.Type) {
			held = append(held, i)
		}
	}
	u := &unification{schema: schema, unified: map[int]func(arrow.Array) (arrow.Array, error){}}
	rest, err := u.plain(src, plain)
	if err != nil || u.groups == 1 {
		return nil, err
	}
	return u.unified, u.hold(src, slices.Concat(held, rest))
}

func hasDictionary(dt arrow.DataType) bool {
	if dt.ID() == arrow.DICTIONARY {
		return true
	}
	nested, ok := dt.(arrow.NestedType)
	return ok && slices.ContainsFunc(nested.Fields(), func(f arrow.Field) bool { return hasDictionary(f.Type) })
}

type unification struct {
	schema  *arrow.Schema
	unified map[int]func(arrow.Array) (arrow.Array, error)
	// groups is the number of row groups, bytes the memory that is held.
	groups int
	bytes  int64
}

// plain unifies the dictionaries of columns, which are of dictionary types. It returns the columns of
// which the parts are needed as a whole.
func (u *unification) plain(src codec.Source, columns []int) (rest []int, err error) {
	if columns == nil {
		return nil, nil
	}
	unifiers := make([]*gather.Unifier, len(columns))
	for i := range columns {
		unifiers[i] = &gather.Unifier{}
	}
	err = codec.EachGroup(src.Open(columns), func(rec arrow.Record) error {
		u.groups++
		held := int64(0)
		for i, dictionary := range unifiers {
			if err := dictionary.Add(rec.Column(i)); err != nil {
				return u.failed(columns[i], err)
			}
			held += dictionary.Bytes()
		}
		return u.check(held)
	})
	if err != nil {
		return nil, err
	}
	for i, c := range columns {
		usable, err := unifiers[i].Finish()
		if err != nil {
			return nil, u.failed(c, err)
		}
		if !usable {
			rest = append(rest, c)
			continue
		}
		u.unified[c] = unifiers[i].Map
		u.bytes += unifiers[i].Bytes()
	}
	return rest, nil
}

// hold unifies the dictionaries of columns whose parts are kept in memory.
func (u *unification) hold(src codec.Source, columns []int) error {
	for _, c := range columns {
		var parts []arrow.Array
		err := codec.EachGroup(src.Open([]int{c}), func(rec arrow.Record) error {
			parts = append(parts, rec.Column(0))
			u.bytes += sizeOf(rec.Column(0).Data())
			return u.check(0)
		})
		if err != nil {
			return err
		}
		if len(parts) < 2 {
			continue
		}
		if parts, err = gather.Unify(parts); err != nil {
			return u.failed(c, err)
		}
		u.unified[c] = func(arrow.Array) (arrow.Array, error) {
			part := parts[0]
			parts = parts[1:]
			return part, nil
		}
	}
	return nil
}

func (u *unification) failed(column int, err error) error {
	return codec.Errorf(codec.ErrUnsupported, "column %q cannot be written to an Arrow file: %v; fetch it as an Arrow stream (format=arrow)", u.schema.Field(column).Name, err)
}

// check returns an error if more memory is held than is allowed.
func (u *unification) check(more int64) error {
	if u.bytes+more <= maxHeldBytes {
		return nil
	}
	return codec.Errorf(codec.ErrUnsupported, "the dictionaries of the table take more than the %d bytes that are kept to write an Arrow file; fetch it as an Arrow stream (format=arrow)", maxHeldBytes)
}

// sizeOf is the size of the buffers of an array with its children and dictionaries, in bytes.
func sizeOf(data arrow.ArrayData) int64 {
	n := int64(0)
	for _, b := range data.Buffers() {
		if b != nil {
			n += int64(b.Len())
		}
	}
	for _, child := range data.Children() {
		n += sizeOf(child)
	}
	if data.DataType().ID() == arrow.DICTIONARY {
		n += sizeOf(data.Dictionary())
	}
	return n
}
