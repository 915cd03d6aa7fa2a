package frame

import (
	"testing"

	"edgeframe/codec"
	"edgeframe/internal/tabletest"
)

func BenchmarkDescribe(b *testing.B) {
	of := tabletest.Generate(100_000, 50, 1)
	b.ReportAllocs()
	for b.Loop() {
		describe(b, of, nil, codec.Limits{})
	}
}
