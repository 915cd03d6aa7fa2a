package codectest

import (
	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/scalar"
)

// JSONArray spells the values of arr as one JSON array.
func JSONArray(arr arrow.Array) string {
	spell := scalar.JSON(arr)
	text := []byte{'['}
	for i := range arr.Len() {
		if i > 0 {
			text = append(text, ',')
		}
		text = spell(text, i)
	}
	return string(append(text, ']'))
}
