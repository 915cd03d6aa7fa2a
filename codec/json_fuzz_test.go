package codec

import (
	"bytes"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
)

// fuzzLimits are small, so that an input that gets around them is noticed.
var fuzzLimits = Limits{Bytes: 4 << 20, Columns: 100, Depth: 8}

// longestSeed keeps the deep and long inputs of other tests out of the corpus.
const longestSeed = 1000

func addSeeds(f *testing.F, cases []decodeCase, refusals []refusal) {
	for _, c := range cases {
		f.Add([]byte(c.input))
	}
	for _, c := range refusals {
		if len(c.input) <= longestSeed {
			f.Add([]byte(c.input))
		}
	}
}

// fuzzRoundTrip decodes data and, if that succeeds, requires that the table survives being
// encoded and decoded again. The shape split keeps tables without rows or columns, too.
func fuzzRoundTrip(t *testing.T, decoder, encoder *Format, data []byte) {
	table, err := decoder.Decode(data, ReadOptions{Limits: fuzzLimits})
	if err != nil {
		return
	}
	encoded := encodeSplit(t, encoder, table)
	again, err := encoder.Decode(encoded, ReadOptions{Orient: Split})
	if err != nil {
		t.Fatalf("%q cannot be read again: %v", encoded, err)
	}
	if !again.Schema.Equal(table.Schema) {
		t.Fatalf("the schema was %s and became %s", schemaText(table.Schema), schemaText(again.Schema))
	}
	// Bytes are compared because NaN does not equal itself.
	if second := encodeSplit(t, encoder, again); !bytes.Equal(second, encoded) {
		t.Fatalf("%q became %q", encoded, second)
	}
}

func encodeSplit(t *testing.T, f *Format, table *Table) []byte {
	var buf bytes.Buffer
	if err := f.Encode(&buf, table, WriteOptions{Orient: Split}); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func FuzzJSON(f *testing.F) {
	addSeeds(f, append(jsonShapes, jsonTypes...), jsonRefusals)
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRoundTrip(t, jsonFormat, jsonFormat, data) })
}

func FuzzNDJSON(f *testing.F) {
	addSeeds(f, ndjsonCases, ndjsonRefusals)
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRoundTrip(t, ndjsonFormat, jsonFormat, data) })
}

func FuzzMsgpack(f *testing.F) {
	addSeeds(f, msgpackShapes, msgpackRefusals)
	for _, values := range msgpackColumns {
		f.Add(oneColumn(f, values.values...))
	}
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRoundTrip(t, msgpackFormat, msgpackFormat, data) })
}

func FuzzValuesFromJSON(f *testing.F) {
	types := []arrow.DataType{nil}
	for _, s := range allSpellings(f) {
		f.Add([]byte("["+s.json+"]"), uint8(len(types)))
		types = append(types, s.arr.DataType())
	}
	for _, c := range misfits {
		f.Add([]byte("["+c.value+"]"), uint8(len(types)))
		types = append(types, c.want)
	}
	f.Fuzz(func(t *testing.T, raw []byte, choice uint8) {
		want := types[int(choice)%len(types)]
		arr, err := ValuesFromJSON(raw, want, fuzzLimits)
		if err != nil {
			return
		}
		if want != nil && !arrow.TypeEqual(arr.DataType(), want) {
			t.Fatalf("the type is %v, want %v", arr.DataType(), want)
		}
		spelled := AppendJSONArray(nil, arr)
		again, err := ValuesFromJSON(spelled, arr.DataType(), Limits{})
		if err != nil {
			t.Fatalf("%s cannot be read again as %v: %v", spelled, arr.DataType(), err)
		}
		if second := AppendJSONArray(nil, again); !bytes.Equal(second, spelled) {
			t.Fatalf("%s became %s", spelled, second)
		}
	})
}
