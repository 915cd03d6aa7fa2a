package frame

import (
	"bytes"
	"encoding/json"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/formats"
)

func FuzzDescribe(f *testing.F) {
	format := formats.ByName("arrow")
	for _, of := range []*codec.Table{codectest.AllTypes(), codectest.Generate(50, 10, 1)} {
		var b bytes.Buffer
		if err := format.Encode(&b, of, codec.WriteOptions{}); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		limits := codec.Limits{Bytes: 1 << 20, Columns: 200}
		of, err := format.Decode(data, codec.ReadOptions{Limits: limits})
		if err != nil {
			return
		}
		d := describe(t, of, nil, limits)
		doc, err := d.JSON()
		if err != nil || !json.Valid(doc) {
			t.Fatalf("%v in %.300q", err, doc)
		}
		for _, c := range d.Columns {
			if c.Count+c.Missing != d.Rows || c.Unique > c.Count || c.Count > 0 && c.Unique == 0 {
				t.Errorf("%s: %s", c.DType, described(t, c))
			}
			if c.Frequencies != nil && c.UniqueExact {
				total := int64(0)
				for _, f := range c.Top {
					total += f.Count
				}
				if total > c.Count || c.Unique <= DefaultTop && total != c.Count {
					t.Errorf("%s: %s", c.DType, described(t, c))
				}
			}
		}
	})
}
