package scalar

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Prepare makes an array safe for concurrent readers. In arrow-go v17 the first call of Dictionary makes the
// array of the dictionary, without a lock.
func Prepare(arr arrow.Array) {
	switch arr := arr.(type) {
	case *array.Dictionary:
		Prepare(arr.Dictionary())
	case *array.Struct:
		for i := range arr.NumField() {
			Prepare(arr.Field(i))
		}
	case array.Union:
		for i := range arr.NumFields() {
			Prepare(arr.Field(i))
		}
	case *array.RunEndEncoded:
		Prepare(arr.Values())
	case array.ListLike: // maps and lists of all kinds
		Prepare(arr.ListValues())
	case array.ExtensionArray:
		Prepare(arr.Storage())
	}
}
