// Package formatstest has helpers for the tests of several file formats. It knows all formats.
package formatstest

import (
	"bytes"
	"encoding/json"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/formats"
)

// ArrowStream returns t as an Arrow stream. It is written by codec, because the writer of
// arrow-go v17 fails on slices of some types.
func ArrowStream(t *codec.Table) []byte {
	var b bytes.Buffer
	if err := formats.ByName("arrow").Encode(&b, t, codec.WriteOptions{}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// FromArrowStream reads what ArrowStream has written.
func FromArrowStream(data []byte) (*codec.Table, error) {
	return formats.ByName("arrow").Decode(data, codec.ReadOptions{})
}

// Cells returns the names of the columns and then the rows, as decoded JSON.
func Cells(t *testing.T, table *codec.Table) [][]any {
	t.Helper()
	var out bytes.Buffer
	if err := formats.ByName("json").Encode(&out, table, codec.WriteOptions{Orient: codec.Split}); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Columns []any   `json:"columns"`
		Data    [][]any `json:"data"`
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	return append([][]any{doc.Columns}, doc.Data...)
}
