package scalar_test

import (
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/document"
)

func FuzzValuesFromJSON(f *testing.F) {
	types := []arrow.DataType{nil}
	for _, s := range codectest.AllSpellings(f) {
		f.Add([]byte("["+s.JSON+"]"), uint8(len(types)))
		types = append(types, s.Arr.DataType())
	}
	for _, c := range misfits {
		f.Add([]byte("["+c.value+"]"), uint8(len(types)))
		types = append(types, c.want)
	}
	f.Fuzz(func(t *testing.T, raw []byte, choice uint8) {
		want := types[int(choice)%len(types)]
		arr, err := document.Values(raw, want, codectest.FuzzLimits)
		if err != nil {
			return
		}
		if want != nil && !arrow.TypeEqual(arr.DataType(), want) {
			t.Fatalf("the type is %v, want %v", arr.DataType(), want)
		}
		spelled := codectest.JSONArray(arr)
		again, err := document.Values([]byte(spelled), arr.DataType(), codec.Limits{})
		if err != nil {
			t.Fatalf("%s cannot be read again as %v: %v", spelled, arr.DataType(), err)
		}
		if second := codectest.JSONArray(again); second != spelled {
			t.Fatalf("%s became %s", spelled, second)
		}
	})
}
