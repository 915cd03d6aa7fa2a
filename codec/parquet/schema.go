package parquet

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// kind is what a node of a Parquet schema is in Arrow.
type kind uint8

const (
	kindLeaf kind = iota
	kindStruct
	kindList
	kindMap
)

// node is a node of the schema as Arrow sees it: a list and the group that it repeats are one node.
type node struct {
	kind kind
	// name is the name of the node, column that of the column that it is part of.
	name, column string
	optional     bool
	// def is the lowest definition level at which a value is present, rep the number of lists around
	// the node.
	def, rep uint8
	// outer is the lowest definition level at which there is a place for a value, present or not:
	// the innermost list around the node has an element.
	outer uint8
	// children are the members of a struct, the element of a list, or key and value of a map.
	children []*node
	// first is the index of the first leaf column below the node, leaves their number.
	first, leaves int
	// physical is the type of a leaf's values in the file; width is their length, 0 if it varies.
	physical format.Type
	width    int
	// integer says that a leaf has integers of 32 or 64 bits and, by Parquet alone, no other type.
	integer bool
	// dt is the type in Arrow.
	dt arrow.DataType
	// uuid says that the bytes of a leaf are UUIDs.
	uuid bool
	// empty counts the decimals without bytes, which are read as 0.
	empty int64
}

// elementDef is the lowest definition level at which a list or map has an element.
func (n *node) elementDef() uint8 { return n.def + 1 }

// rawNode is a node as the file has it.
type rawNode struct {
	*format.SchemaElement
	children []*rawNode
	// column is the index of a leaf.
	column int
}

func (n *rawNode) repeated() bool { return n.RepetitionType.V == format.Repeated }

func (n *rawNode) converted(t deprecated.ConvertedType) bool {
	return n.ConvertedType.Valid && n.ConvertedType.V == t
}

func (n *rawNode) isList() bool {
	_, ok := n.LogicalType.Value.(*format.ListType)
	return ok || n.converted(deprecated.List)
}

func (n *rawNode) isMap() bool {
	_, ok := n.LogicalType.Value.(*format.MapType)
	return ok || n.converted(deprecated.Map) || n.converted(deprecated.MapKeyValue)
}

// isKeySet reports whether r, which is annotated as a map, has keys without values. The standard makes the
// value optional.
func (n *rawNode) isKeySet() bool {
	return len(n.children) == 1 && n.children[0].repeated() && len(n.children[0].children) == 1
}

// schema builds a tree from the elements of a schema.
type schema struct {
	limits   codec.Limits
	elements []format.SchemaElement
	leaves   []*node
	columns  int
	// notes are about columns that become something else in a table.
	notes []string
}

func (s *schema) note(n *node, format string, args ...any) {
	s.notes = codec.AddNote(s.notes, "column %q: "+format, append([]any{codec.Shorten(n.column)}, args...)...)
}

// read returns the nodes of the columns.
func (s *schema) read() ([]*node, error) {
	if len(s.elements) == 0 {
		return nil, codec.Errorf(codec.ErrMalformed, "the Parquet file has no schema")
	}
	if n := int(s.elements[0].NumChildren.V); n > s.limits.Columns {
		return nil, codec.Errorf(codec.ErrTooLarge, "%d columns are more than the %d that a dataframe may have", n, s.limits.Columns)
	}
	if len(s.elements) > 1+10*s.limits.Columns {
		return nil, codec.Errorf(codec.ErrTooLarge, "the columns have more than %d nested fields", 10*s.limits.Columns)
	}
	root, err := s.raw(-1)
	if err != nil {
		return nil, err
	}
	if len(s.elements) > 0 {
		return nil, codec.Errorf(codec.ErrMalformed, "the schema of the Parquet file has elements that belong to no column")
	}
	nodes := make([]*node, len(root.children))
	for i, child := range root.children {
		if nodes[i], err = s.node(child, node{column: child.Name}); err != nil {
			return nil, columnError(child.Name, err)
		}
	}
	return nodes, nil
}

// columnError adds the name of a column to an error, unless the error is complete.
func columnError(name string, err error) error {
	if _, ok := err.(*codec.Error); ok {
		return err
	}
	return codec.Errorf(codec.ErrMalformed, "column %q of the Parquet file is damaged: %v", codec.Shorten(name), err)
}

// raw takes the next element and its children. A list takes two levels of elements, so twice the
// limit is allowed.
func (s *schema) raw(depth int) (*rawNode, error) {
	if len(s.elements) == 0 {
		return nil, codec.Errorf(codec.ErrMalformed, "the schema of the Parquet file ends early")
	}
	if depth > 2*s.limits.Depth {
		return nil, codec.Errorf(codec.ErrTooLarge, "a column is nested deeper than %d levels", s.limits.Depth)
	}
	n := &rawNode{SchemaElement: &s.elements[0]}
	s.elements = s.elements[1:]
	if r := n.RepetitionType.V; r < format.Required || r > format.Repeated {
		return nil, codec.Errorf(codec.ErrMalformed, "the field %q of the Parquet file has an unknown repetition", codec.Shorten(n.Name))
	}
	if n.Type.Valid {
		if n.NumChildren.V > 0 {
			return nil, codec.Errorf(codec.ErrMalformed, "the field %q of the Parquet file has both a type and children", codec.Shorten(n.Name))
		}
		n.column = s.columns
		s.columns++
		return n, nil
	}
	count := int(n.NumChildren.V)
	if count < 0 || count > len(s.elements) {
		return nil, codec.Errorf(codec.ErrMalformed, "the schema of the Parquet file ends early")
	}
	for range count {
		child, err := s.raw(depth + 1)
		if err != nil {
			return nil, err
		}
		n.children = append(n.children, child)
	}
	return n, nil
}

// node returns r as a node. in has the levels of its parent.
func (s *schema) node(r *rawNode, in node) (*node, error) {
	switch r.RepetitionType.V {
	case format.Repeated:
		// The old form of a list, without a group around it.
		list := in
		list.kind, list.name, list.optional, list.first = kindList, r.Name, false, len(s.leaves)
		return s.finish(&list, func() error { return s.element(&list, r, true) })
	case format.Optional:
		in.def++
		in.optional = true
	default:
		in.optional = false
	}
	return s.body(r, in)
}

// maxLevel is the highest accepted level of a column.
const maxLevel = 250

// body is node without regard to the repetition of r.
func (s *schema) body(r *rawNode, in node) (*node, error) {
	n := &in
	n.name, n.first = r.Name, len(s.leaves)
	if n.def > maxLevel {
		return nil, codec.Errorf(codec.ErrTooLarge, "column %q is nested deeper than %d levels", codec.Shorten(n.column), s.limits.Depth)
	}
	if r.Type.Valid {
		n.kind = kindLeaf
		s.leaves = append(s.leaves, n)
		if shape := r.LogicalType.Value; isGeometry(shape) {
			s.note(n, "%s is kept as binary (WKB)", codec.Shorten(shape.String()))
		}
		return s.finish(n, func() error { return n.setType(r.SchemaElement) })
	}
	if _, ok := r.LogicalType.Value.(*format.VariantType); ok {
		return nil, codec.Errorf(codec.ErrUnsupported, "column %q of the Parquet file is of type VARIANT, which has no type in a dataframe", codec.Shorten(n.column))
	}
	if len(r.children) == 0 {
		return nil, codec.Errorf(codec.ErrUnsupported, "column %q of the Parquet file has the group %q without fields", codec.Shorten(n.column), codec.Shorten(r.Name))
	}
	switch {
	case r.isList():
		n.kind = kindList
		return s.finish(n, func() error { return s.list(n, r) })
	case r.isMap():
		n.kind = kindMap
		if r.isKeySet() {
			n.kind = kindList
			s.note(n, "the map %q has no values and is kept as the list of its keys", codec.Shorten(r.Name))
		}
		return s.finish(n, func() error { return s.mapping(n, r) })
	}
	n.kind = kindStruct
	return s.finish(n, func() error {
		for _, child := range r.children {
			if err := s.child(n, child, node{column: n.column, def: n.def, rep: n.rep, outer: n.outer}); err != nil {
				return err
			}
		}
		return nil
	})
}

// finish calls fill, which sets the children or the type of n, and completes n.
func (s *schema) finish(n *node, fill func() error) (*node, error) {
	if err := fill(); err != nil {
		return nil, err
	}
	n.leaves = len(s.leaves) - n.first
	if n.kind != kindLeaf {
		n.dt = n.plainType()
	}
	return n, nil
}

// child adds r to the children of n.
func (s *schema) child(n *node, r *rawNode, in node) error {
	child, err := s.node(r, in)
	n.children = append(n.children, child)
	return err
}

// element adds the element of list n: r, which is repeated, or its only child.
func (s *schema) element(n *node, r *rawNode, itself bool) error {
	in := node{column: n.column, def: n.def + 1, rep: n.rep + 1, outer: n.def + 1}
	if !itself {
		return s.child(n, r.children[0], in)
	}
	child, err := s.body(r, in)
	n.children = append(n.children, child)
	return err
}

// list reads a group that is annotated as a list, by the rules of
// https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists
func (s *schema) list(n *node, r *rawNode) error {
	if len(r.children) != 1 || !r.children[0].repeated() {
		return fmt.Errorf("the list %q is not a group with one repeated field", codec.Shorten(r.Name))
	}
	repeated := r.children[0]
	itself := len(repeated.children) != 1 || repeated.children[0].repeated() || repeated.isList() || repeated.isMap() ||
		repeated.Name == "array" || repeated.Name == r.Name+"_tuple"
	return s.element(n, repeated, itself)
}

// mapping reads a group that is annotated as a map.
func (s *schema) mapping(n *node, r *rawNode) error {
	if len(r.children) != 1 || !r.children[0].repeated() {
		return fmt.Errorf("the map %q is not a group with one repeated field", codec.Shorten(r.Name))
	}
	entries := r.children[0]
	if len(entries.children) != 2 && n.kind == kindMap {
		return codec.Errorf(codec.ErrUnsupported, "column %q of the Parquet file has a map whose entries are not a key and a value", codec.Shorten(n.column))
	}
	in := node{column: n.column, def: n.def + 1, rep: n.rep + 1, outer: n.def + 1}
	for _, child := range entries.children {
		if err := s.child(n, child, in); err != nil {
			return err
		}
	}
	return nil
}

// field returns n as a field of its parent.
func (n *node) field() arrow.Field {
	f := arrow.Field{Name: n.name, Type: n.dt, Nullable: n.optional}
	if n.uuid {
		f.Metadata = scalar.WithUUID(f.Metadata)
	}
	return f
}

// plainType is the type of a node with children according to Parquet alone.
func (n *node) plainType() arrow.DataType {
	switch n.kind {
	case kindList:
		return arrow.ListOfField(n.children[0].field())
	case kindMap:
		key, item := n.children[0].field(), n.children[1].field()
		dt := arrow.MapOfWithMetadata(key.Type, key.Metadata, item.Type, item.Metadata)
		dt.SetItemNullable(item.Nullable)
		return dt
	}
	fields := make([]arrow.Field, len(n.children))
	for i, child := range n.children {
		fields[i] = child.field()
	}
	return arrow.StructOf(fields...)
}
