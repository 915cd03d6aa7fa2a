package scalar_test

import (
	"bytes"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/formats"
	"edgeframe/codec/scalar"
)

const someUUID = "550e8400-e29b-41d4-a716-446655440000"

// uuidTable has a UUID, a missing one, and 16 bytes of another kind.
func uuidTable(t *testing.T) *codec.Table {
	t.Helper()
	dt := &arrow.FixedSizeBinaryType{ByteWidth: 16}
	b := array.NewFixedSizeBinaryBuilder(memory.DefaultAllocator, dt)
	b.Append([]byte{0x55, 0x0e, 0x84, 0, 0xe2, 0x9b, 0x41, 0xd4, 0xa7, 0x16, 0x44, 0x66, 0x55, 0x44, 0, 0})
	b.AppendNull()
	ids := b.NewArray()
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: dt, Nullable: true, Metadata: scalar.WithUUID(arrow.Metadata{})},
		{Name: "bytes", Type: dt, Nullable: true},
	}, nil)
	return &codec.Table{Schema: schema, RowGroups: []arrow.Record{array.NewRecord(schema, []arrow.Array{ids, ids}, 2)}}
}

func TestUUIDsAreSpelledInText(t *testing.T) {
	for name, want := range map[string]string{
		"csv":    "id,bytes\n" + someUUID + ",VQ6EAOKbQdSnFkRmVUQAAA==\n,\n",
		"ndjson": `{"id":"` + someUUID + `","bytes":"VQ6EAOKbQdSnFkRmVUQAAA=="}` + "\n" + `{"id":null,"bytes":null}` + "\n",
		"json":   `[{"id":"` + someUUID + `","bytes":"VQ6EAOKbQdSnFkRmVUQAAA=="},{"id":null,"bytes":null}]`,
	} {
		var b bytes.Buffer
		if err := formats.ByName(name).Encode(&b, uuidTable(t), codec.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		if got := b.String(); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	var b bytes.Buffer
	if err := formats.ByName("xlsx").Encode(&b, uuidTable(t), codec.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	sheet, err := formats.ByName("xlsx").Decode(b.Bytes(), codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := sheet.RowGroups[0].Column(0).ValueStr(0); got != someUUID {
		t.Errorf("xlsx: %s", got)
	}
}

func TestUUIDsAreReadAsSixteenBytes(t *testing.T) {
	dt := &arrow.FixedSizeBinaryType{ByteWidth: 16}
	want := uuidTable(t).RowGroups[0].Column(0)
	for _, text := range []string{someUUID, "550E8400-E29B-41D4-A716-446655440000", "VQ6EAOKbQdSnFkRmVUQAAA=="} {
		texts := array.NewStringBuilder(memory.DefaultAllocator)
		texts.Append(text)
		texts.AppendNull()
		if got, err := scalar.Convert(texts.NewArray(), dt, codec.Limits{}); err != nil || !array.Equal(got, want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{someUUID[:35], someUUID + "0", "550e8400_e29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-44665544000g", "{50e8400-e29b-41d4-a716-4466554400000"} {
		texts := array.NewStringBuilder(memory.DefaultAllocator)
		texts.Append(text)
		if got, err := scalar.Convert(texts.NewArray(), dt, codec.Limits{}); err == nil {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestAColumnThatIsCastIsNoLongerOfUUIDs(t *testing.T) {
	f := uuidTable(t).Schema.Field(0)
	if !scalar.IsUUID(f) || scalar.WithoutUUID(f).Metadata.Len() != 2 {
		t.Errorf("%v", f)
	}
	f.Type = arrow.BinaryTypes.String
	if scalar.IsUUID(f) || scalar.WithoutUUID(f).Metadata.Len() != 0 {
		t.Errorf("%v", f)
	}
	other := arrow.NewMetadata([]string{"ARROW:extension:name"}, []string{"other"})
	if got := scalar.WithUUID(other); got.Len() != 1 {
		t.Errorf("%v", got)
	}
}
