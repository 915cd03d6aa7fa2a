package tabletest

import (
	"bytes"

	"edgeframe/codec"
)

// ArrowStream returns t as an Arrow stream. It is written by codec, because the writer of
// arrow-go v17 fails on slices of some types.
func ArrowStream(t *codec.Table) []byte {
	var b bytes.Buffer
	if err := codec.ByName("arrow").Encode(&b, t, codec.WriteOptions{}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// FromArrowStream reads what ArrowStream has written.
func FromArrowStream(data []byte) (*codec.Table, error) {
	return codec.ByName("arrow").Decode(data, codec.ReadOptions{})
}
