package scalar_test

import (
	"bytes"
	"cmp"
	"math"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/document"
	"edgeframe/codec/formats"
	"edgeframe/codec/scalar"
)

func TestKeysHaveTheOrderOfTheValues(t *testing.T) {
	for dtype, ascending := range map[string]string{
		"bool":            `[false,true]`,
		"int8":            `[-128,-1,0,1,127]`,
		"int64":           `[-9223372036854775808,-256,-1,0,1,255,256,9223372036854775807]`,
		"uint64":          `[0,1,9223372036854775808,18446744073709551615]`,
		"float32":         `[-3.5e38,-1.5,-1e-40,0,1e-40,1.5,16777216]`,
		"float64":         `[-1.7e308,-2,-1.5,-5e-324,0,5e-324,1.5,2,1e300]`,
		"utf8":            `["","A","Z","a","aa","b","é"]`,
		"date32":          `["0001-01-01","1969-12-31","1970-01-01","2026-11-25"]`,
		"timestamp[us]":   `["1969-12-31T23:59:59.999999","1970-01-01T00:00:00","2026-11-25T10:00:00"]`,
		"decimal(38, 2)":  `["-1000.00","-0.01","0.00","0.01","999999999999999999999999999999999999.99"]`,
		"decimal256(5,1)": `["-1000.0","-0.1","0.0","0.1","1000.0"]`,
		"binary":          `["","AA==","AAA=","AQ==","/w=="]`,
	} {
		if dtype == "float32" {
			ascending = `[-3.25e38,-1.5,0,1.5,16777216]`
		}
		arr := codectest.ParseCells(t, dtype, ascending)
		if !scalar.Ordered(arr.DataType()) {
			t.Errorf("%s has no order", dtype)
		}
		key := scalar.Keys(arr)
		for i := range arr.Len() {
			for j := range arr.Len() {
				if got := bytes.Compare(key(nil, i), key(nil, j)); got != cmp.Compare(i, j) {
					t.Errorf("%s: values %d and %d of %s compare as %d", dtype, i, j, ascending, got)
				}
			}
		}
	}
}

func TestBothZerosAreEqual(t *testing.T) {
	key := scalar.Keys(codectest.ParseCells(t, "float64", `[0.0,-0.0]`))
	if !bytes.Equal(key(nil, 0), key(nil, 1)) {
		t.Error("0 and -0 have different keys")
	}
}

func TestNaNIsMissing(t *testing.T) {
	arr, err := formats.ByName("msgpack").Decode([]byte("\x81\xa1a\x93\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00\xc0\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"), codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	column := arr.RowGroups[0].Column(0)
	missing := scalar.Missing(column)
	if !missing(0) || !missing(1) || missing(2) || scalar.CountMissing(column) != 2 {
		t.Errorf("of NaN, null and 1.5 are missing: %v, %v, %v; in all %d", missing(0), missing(1), missing(2), scalar.CountMissing(column))
	}
}

func TestKeysOfNestedValuesDifferWhereTheValuesDo(t *testing.T) {
	floats := array.NewListBuilder(memory.DefaultAllocator, arrow.PrimitiveTypes.Float64)
	inner := floats.ValueBuilder().(*array.Float64Builder)
	for _, v := range [][]float64{{}, {math.NaN()}, {math.Inf(1)}, {math.Inf(-1)}, {0}, {1, 2}, {1}} {
		floats.Append(true)
		inner.AppendValues(v, nil)
	}
	floats.Append(true)
	inner.AppendNull()
	texts := array.NewListBuilder(memory.DefaultAllocator, arrow.BinaryTypes.String)
	for _, v := range [][]string{{"a", "bc"}, {"ab", "c"}, {"abc"}, {`a","bc`}, {""}, {}} {
		texts.Append(true)
		texts.ValueBuilder().(*array.StringBuilder).AppendValues(v, nil)
	}
	for _, arr := range []arrow.Array{floats.NewArray(), texts.NewArray()} {
		key, seen := scalar.Keys(arr), map[string]int{}
		for row := range arr.Len() {
			k := string(key(nil, row))
			if other, ok := seen[k]; ok {
				t.Errorf("%s: rows %d and %d have one key", arr.DataType(), other, row)
			}
			seen[k] = row
		}
	}
	pairs := array.NewStructBuilder(memory.DefaultAllocator, arrow.StructOf(
		arrow.Field{Name: "a", Type: arrow.BinaryTypes.String}, arrow.Field{Name: "b", Type: arrow.BinaryTypes.String},
	))
	for _, v := range [][2]string{{"x", "yz"}, {"xy", "z"}, {"x", "yz"}} {
		pairs.Append(true)
		pairs.FieldBuilder(0).(*array.StringBuilder).Append(v[0])
		pairs.FieldBuilder(1).(*array.StringBuilder).Append(v[1])
	}
	key := scalar.Keys(pairs.NewArray())
	if bytes.Equal(key(nil, 0), key(nil, 1)) || !bytes.Equal(key(nil, 0), key(nil, 2)) {
		t.Error("structs do not have the keys of their fields")
	}
}

func TestKeysOfUnionsKnowTheTypeOfTheValue(t *testing.T) {
	table, err := document.JSON.Decode([]byte(`[{"a":1},{"a":2}]`), codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	integers := table.RowGroups[0].Column(0)
	texts := codectest.ParseCells(t, "utf8", `["x","1"]`)
	ids := arrow.Int8Traits.CastToBytes([]int8{0, 1})
	dt := arrow.SparseUnionOf([]arrow.Field{{Name: "i", Type: integers.DataType()}, {Name: "s", Type: texts.DataType()}}, []arrow.UnionTypeCode{0, 1})
	data := array.NewData(dt, 2, []*memory.Buffer{nil, memory.NewBufferBytes(ids)},
		[]arrow.ArrayData{integers.Data(), texts.Data()}, 0, 0)
	key := scalar.Keys(array.NewSparseUnionData(data))
	if bytes.Equal(key(nil, 0), key(nil, 1)) {
		t.Error("the number 1 and the text 1 have one key")
	}
}
