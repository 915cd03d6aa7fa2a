package codec_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"edgeframe/codec"
)

func FuzzParquet(f *testing.F) {
	// One type at a time keeps inputs short, which is what a fuzzer is good at.
	all := parquetTypes()
	for i := range all.Schema.NumFields() {
		f.Add(encoded(f, "parquet", onlyColumn(all, i)))
	}
	// Files of other programs have more encodings, and no Arrow schema.
	files, err := filepath.Glob(filepath.Join("testdata", "parquet", "*.parquet"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := allocated()
		table, err := codec.ByName("parquet").Decode(data, codec.ReadOptions{Limits: fuzzLimits})
		// Pages may unpack to twice the limit, and the values in them are copied.
		if n := allocated() - before; n > 6*uint64(fuzzLimits.Bytes) {
			t.Errorf("%d bytes of memory were used where %d are the limit", n, fuzzLimits.Bytes)
		}
		if err != nil {
			checkKind(t, err, codec.ErrMalformed, codec.ErrTooLarge, codec.ErrUnsupported)
			return
		}
		use(t, table)
		if err := codec.ByName("parquet").Encode(io.Discard, table, codec.WriteOptions{}); err != nil {
			checkKind(t, err, codec.ErrUnsupported)
		}
	})
}
