package arrowipc

import (
	"errors"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
)

// TestChildrenThatAreMentionedManyTimesAreCounted reads a schema of 20 nested structs in
// which both children of each are the same, which makes a million fields in a kilobyte.
func TestChildrenThatAreMentionedManyTimesAreCounted(t *testing.T) {
	dt := arrow.DataType(arrow.PrimitiveTypes.Int8)
	for range 20 {
		dt = arrow.StructOf(arrow.Field{Name: "deep", Type: dt}, arrow.Field{Name: "flat", Type: arrow.PrimitiveTypes.Int8})
	}
	data, err := EncodeSchema(arrow.NewSchema([]arrow.Field{{Name: "root", Type: dt}}, nil))
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := nextMessage(data)
	if err != nil {
		t.Fatal(err)
	}
	// Both entries of each vector of children are made to point to the first child.
	field := m.header.vector(schemaFields, 4).table(0)
	for range 20 {
		children := field.vector(fieldChildren, 4)
		field = children.table(0)
		offset := field.at - (children.at + 4)
		copy(children.buf.data[children.at+4:], arrow.Int32Traits.CastToBytes([]int32{int32(offset)}))
	}
	_, err = Stream.Decode(data, codec.ReadOptions{})
	if !errors.Is(err, codec.ErrTooLarge) {
		t.Errorf("the error is %v", err)
	}
}
