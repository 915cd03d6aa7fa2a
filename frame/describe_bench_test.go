package frame

import (
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

func BenchmarkDescribe(b *testing.B) {
	of := codectest.Generate(100_000, 50, 1)
	b.ReportAllocs()
	for b.Loop() {
		describe(b, of, nil, codec.Limits{})
	}
}
