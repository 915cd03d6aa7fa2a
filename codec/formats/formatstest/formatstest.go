// Package formatstest has helpers for the tests of several file formats. It knows all formats.
package formatstest

import (
	"bytes"
	"encoding/json"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/document"
	"edgeframe/codec/formats"
)

// ArrowStream returns t as an Arrow stream. It uses the format of this module, because the writer of
// arrow-go v17 alone fails on slices of some types.
func ArrowStream(t *codec.Table) []byte {
	var b bytes.Buffer
	if err := formats.ByName("arrow").Encode(&b, t, codec.WriteOptions{}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// FromArrowStream reads an Arrow stream.
func FromArrowStream(data []byte) (*codec.Table, error) {
	return formats.ByName("arrow").Decode(data, codec.ReadOptions{})
}

// Cells returns the names of the columns and then the rows of a table, as decoded JSON.
func Cells(t *testing.T, table *codec.Table) [][]any {
	t.Helper()
	var out bytes.Buffer
	if err := formats.ByName("json").Encode(&out, table, codec.WriteOptions{Options: document.Options{Orient: document.Split}}); err != nil {
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
