package scalar_test

import (
	"bytes"
	"fmt"
	"strings"
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

func fromJSON(t *testing.T, text string, dt arrow.DataType) arrow.Array {
	t.Helper()
	arr, err := scalar.FromJSON([]byte(text), dt, codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return arr
}

// uuidTypes are types that have UUIDs in them, each with a value and how it is spelled.
func uuidTypes() map[string]struct {
	dt    arrow.DataType
	value string
} {
	ids := arrow.Field{Name: "id", Type: &arrow.FixedSizeBinaryType{ByteWidth: 16}, Nullable: true, Metadata: scalar.WithUUID(arrow.Metadata{})}
	type typed = struct {
		dt    arrow.DataType
		value string
	}
	return map[string]typed{
		"list":            {arrow.ListOfField(ids), `["` + someUUID + `",null]`},
		"large list":      {arrow.LargeListOfField(ids), `["` + someUUID + `"]`},
		"fixed size list": {arrow.FixedSizeListOfField(1, ids), `["` + someUUID + `"]`},
		"struct":          {arrow.StructOf(ids), `{"id":"` + someUUID + `"}`},
		"list of structs": {arrow.ListOf(arrow.StructOf(ids)), `[{"id":"` + someUUID + `"},{"id":null}]`},
		"map":             {arrow.MapOfWithMetadata(ids.Type, ids.Metadata, ids.Type, ids.Metadata), `[{"key":"` + someUUID + `","value":"` + someUUID + `"}]`},
	}
}

func TestUUIDsInsideOfOtherValuesAreSpelled(t *testing.T) {
	for name, tt := range uuidTypes() {
		t.Run(name, func(t *testing.T) {
			arr := fromJSON(t, "["+tt.value+",null]", tt.dt)
			for how, spell := range map[string]scalar.Appender{"JSON": scalar.JSON(arr), "text": scalar.Text(arr)} {
				if got := string(spell(nil, 0)); got != tt.value {
					t.Errorf("%s: %s", how, got)
				}
			}
			// The values of a table keep its type, also those that come from another one.
			bare := fromJSON(t, "["+tt.value+",null]", withoutMetadata(tt.dt))
			for _, from := range []arrow.Array{bare, array.NewSlice(bare, 0, 1)} {
				got, err := scalar.Convert(from, tt.dt, codec.Limits{})
				if err != nil {
					t.Fatal(err)
				}
				if text := string(scalar.JSON(got)(nil, 0)); text != tt.value || got.Len() != from.Len() || from.Len() > 1 && got.IsValid(1) {
					t.Errorf("%s instead of %s", text, tt.value)
				}
			}
		})
	}
}

// withoutMetadata returns a nested type whose fields have no metadata.
func withoutMetadata(dt arrow.DataType) arrow.DataType {
	plain := func(f arrow.Field) arrow.Field {
		return arrow.Field{Name: f.Name, Type: withoutMetadata(f.Type), Nullable: f.Nullable}
	}
	switch dt := dt.(type) {
	case *arrow.MapType:
		return arrow.MapOf(dt.KeyType(), dt.ItemType())
	case *arrow.FixedSizeListType:
		return arrow.FixedSizeListOfField(dt.Len(), plain(dt.ElemField()))
	case *arrow.LargeListType:
		return arrow.LargeListOfField(plain(dt.ElemField()))
	case *arrow.ListType:
		return arrow.ListOfField(plain(dt.ElemField()))
	case *arrow.StructType:
		return arrow.StructOf(plain(dt.Field(0)))
	}
	return dt
}

func TestUUIDsOfUnionsAreSpelled(t *testing.T) {
	ids := uuidTable(t)
	field := ids.Schema.Field(0)
	kinds := mustValues(t, `[0,0]`, arrow.PrimitiveTypes.Int8)
	union := array.NewSparseUnion(arrow.SparseUnionOf([]arrow.Field{field}, []arrow.UnionTypeCode{0}), 2,
		[]arrow.Array{ids.RowGroups[0].Column(0)}, kinds.Data().Buffers()[1], 0)
	if got := string(scalar.JSON(union)(nil, 0)); got != `"`+someUUID+`"` {
		t.Errorf("JSON: %s", got)
	}
	if got := string(scalar.Text(union)(nil, 0)); got != someUUID {
		t.Errorf("text: %s", got)
	}
}

func TestUUIDsInDictionariesAreSpelled(t *testing.T) {
	dt := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: &arrow.FixedSizeBinaryType{ByteWidth: 16}}
	arr := fromJSON(t, `["`+someUUID+`",null]`, dt)
	f := arrow.Field{Name: "id", Type: dt, Nullable: true, Metadata: scalar.WithUUID(arrow.Metadata{})}
	if got := string(scalar.FieldJSON(f, arr)(nil, 0)) + string(scalar.FieldJSON(f, arr)(nil, 1)); got != `"`+someUUID+`"null` {
		t.Errorf("%s", got)
	}
	schema := arrow.NewSchema([]arrow.Field{f, {Name: "n", Type: arrow.Null, Nullable: true}}, nil)
	table := &codec.Table{Schema: schema, RowGroups: []arrow.Record{array.NewRecord(schema, []arrow.Array{arr, array.NewNull(2)}, 2)}}
	var b bytes.Buffer
	if err := formats.ByName("csv").Encode(&b, table, codec.WriteOptions{}); err != nil || b.String() != "id,n\n"+someUUID+",\n,\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
	if got := scalar.WithoutUUID(f); got.Metadata.Len() != 0 {
		t.Errorf("the extension type does not allow dictionaries, but the field is %v", got)
	}
}

func TestUUIDsBecomeText(t *testing.T) {
	table := uuidTable(t)
	f, arr, text := table.Schema.Field(0), table.RowGroups[0].Column(0), arrow.BinaryTypes.String
	cast, err := scalar.Cast(arr, scalar.CastOf(f, text), text, codec.Limits{}, func(int, scalar.Fit) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	converted, err := scalar.ConvertField(f, arr, text, codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	retyped, err := scalar.ApplyDTypes(table, codec.ReadOptions{DTypes: map[string]arrow.DataType{"id": text}})
	if err != nil {
		t.Fatal(err)
	}
	if got := retyped.Schema.Field(0); got.Type != text || got.Metadata.Len() != 0 {
		t.Errorf("the field is %v", got)
	}
	nested := uuidTypes()["list"]
	list, err := scalar.Convert(fromJSON(t, `[["`+someUUID+`"],null]`, nested.dt), arrow.ListOf(text), codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for how, got := range map[string]arrow.Array{"cast": cast, "convert": converted, "dtype": retyped.RowGroups[0].Column(0), "list": list.(*array.List).ListValues()} {
		if got.(*array.String).Value(0) != someUUID || how != "list" && got.IsValid(1) {
			t.Errorf("%s: %v", how, got)
		}
	}
	if _, err := scalar.Convert(arr, text, codec.Limits{}); err == nil {
		t.Error("bytes that are no UUIDs become text")
	}
}

func TestTextForUUIDsIsChangedUnlessItIsGivenBack(t *testing.T) {
	dt := &arrow.FixedSizeBinaryType{ByteWidth: 16}
	b := array.NewStringBuilder(memory.DefaultAllocator)
	b.AppendValues([]string{someUUID, "550E8400-E29B-41D4-A716-446655440000", " " + someUUID, "VQ6EAOKbQdSnFkRmVUQAAA=="}, nil)
	schema := arrow.NewSchema([]arrow.Field{{Name: "id", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
	table := &codec.Table{Schema: schema, RowGroups: []arrow.Record{array.NewRecord(schema, []arrow.Array{b.NewArray()}, 4)}}
	opt := codec.ReadOptions{Into: map[string]arrow.DataType{"id": dt}}
	got, err := scalar.ApplyDTypes(table, opt)
	if err != nil {
		t.Fatal(err)
	}
	want := "[3] [[{respelled 2 550E8400-E29B-41D4-A716-446655440000 " + someUUID + "} {respelled 3  " + someUUID + " " + someUUID + "} {respelled 4 VQ6EAOKbQdSnFkRmVUQAAA== " + someUUID + "}]]"
	if text := fmt.Sprint(got.Receipt.Changed, got.Receipt.Samples); text != want {
		t.Errorf("%s instead of %s", text, want)
	}
	opt.Strict = true
	if _, err := scalar.ApplyDTypes(table, opt); err == nil || !strings.Contains(err.Error(), `given back as "`+someUUID) {
		t.Errorf("strict: %v", err)
	}
}
