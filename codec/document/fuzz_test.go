package document

import (
	"bytes"
	"slices"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

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
func fuzzRoundTrip(t *testing.T, decoder, encoder *codec.Format, data []byte) {
	table, err := decoder.Decode(data, codec.ReadOptions{Limits: codectest.FuzzLimits})
	if err != nil {
		return
	}
	encoded := encodeSplit(t, encoder, table)
	again, err := encoder.Decode(encoded, codec.ReadOptions{Options: Options{Orient: Split}})
	if err != nil {
		t.Fatalf("%q cannot be read again: %v", encoded, err)
	}
	if !again.Schema.Equal(table.Schema) {
		t.Fatalf("the schema was %s and became %s", codectest.SchemaText(table.Schema), codectest.SchemaText(again.Schema))
	}
	// Bytes are compared because NaN does not equal itself.
	if second := encodeSplit(t, encoder, again); !bytes.Equal(second, encoded) {
		t.Fatalf("%q became %q", encoded, second)
	}
}

func encodeSplit(t *testing.T, f *codec.Format, table *codec.Table) []byte {
	var buf bytes.Buffer
	if err := f.Encode(&buf, table, codec.WriteOptions{Options: Options{Orient: Split}}); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// encoderFor is a format that keeps the infinities in data.
func encoderFor(data []byte) *codec.Format {
	if bytes.Contains(data, []byte("Infinity")) {
		return MessagePack
	}
	return JSON
}

func FuzzJSON(f *testing.F) {
	addSeeds(f, slices.Concat(jsonShapes, jsonTypes, pandasShapes, lines, literalCases), jsonRefusals)
	f.Add([]byte(`[{"a":Infinity},{"a":-Infinity},{"a":1}]`))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRoundTrip(t, JSON, encoderFor(data), data) })
}

func FuzzNDJSON(f *testing.F) {
	addSeeds(f, slices.Concat(ndjsonCases, lines), ndjsonRefusals)
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRoundTrip(t, NDJSON, encoderFor(data), data) })
}

func FuzzMsgpack(f *testing.F) {
	addSeeds(f, msgpackShapes, msgpackRefusals)
	for _, values := range msgpackColumns {
		f.Add(oneColumn(f, values.values...))
	}
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRoundTrip(t, MessagePack, MessagePack, data) })
}
