package arrowipc_test

import (
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/formats"
	"edgeframe/codec/formats/formatstest"
)

func FuzzArrow(f *testing.F) {
	// One type at a time keeps inputs short, which is what a fuzzer is good at.
	all := codectest.AllTypes()
	for i := range all.Schema.NumFields() {
		column := formatstest.OnlyColumn(all, i)
		stream := formatstest.Encode(f, "arrow", column)
		f.Add(stream)
		f.Add(stream[:len(stream)*2/3])
		f.Add(formatstest.Encode(f, "arrow_file", column))
	}
	for _, wrap := range textContainers {
		f.Add(formatstest.Encode(f, "arrow", inColumn(wrap(texts("a", "b", halves[0], halves[1])))))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := formatstest.Allocated()
		table, err := formats.ByName("arrow").Decode(data, codec.ReadOptions{Limits: formatstest.FuzzLimits})
		if n := formatstest.Allocated() - before; n > 3*uint64(formatstest.FuzzLimits.Bytes) {
			t.Errorf("%d bytes of memory were used where %d are the limit", n, formatstest.FuzzLimits.Bytes)
		}
		if err != nil {
			formatstest.CheckKind(t, err, codec.ErrMalformed, codec.ErrTooLarge, codec.ErrUnsupported)
			return
		}
		formatstest.Use(t, table)
	})
}
