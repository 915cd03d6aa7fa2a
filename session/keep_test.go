//go:build !js

package session

import (
	"bytes"
	"context"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/formats"
	"edgeframe/codec/segment"
)

// arrowPage returns the first rows of a session as Arrow.
func (h *harness) arrowPage(sess *Session) []byte {
	h.t.Helper()
	d, err := h.Read(context.Background(), sess, Selection{Limit: 100})
	if err != nil {
		h.t.Fatal(err)
	}
	defer d.Close()
	var b bytes.Buffer
	if err := formats.ByName("arrow").Encode(&b, d, codec.WriteOptions{}); err != nil {
		h.t.Fatal(err)
	}
	return b.Bytes()
}

// The first row group of an upload is read from the cache, and is the same to the byte as what is read from the store.
func TestTheFirstRowGroupOfAnUploadIsCached(t *testing.T) {
	for name, test := range map[string]struct {
		table  *codec.Table
		adjust func(*Options)
		read   bool
	}{
		"small":           {codectest.Generate(2000, 16, 1), func(*Options) {}, true},
		"one group":       {codectest.Generate(10_000, 50, 1), func(*Options) {}, false},
		"msgpack":         {codectest.Generate(10_000, 50, 1), func(o *Options) { o.Segment.Method = segment.MethodMsgpack }, false},
		"several groups":  {codectest.Generate(2*codec.RowGroupRows, 20, 1), func(*Options) {}, false},
		"large":           {codectest.Generate(codec.RowGroupRows, 100, 1), func(*Options) {}, true},
		"a small cache":   {codectest.Generate(20_000, 16, 1), func(o *Options) { o.CacheBytes = 1 << 20 }, true},
		"a distant store": {codectest.Generate(10_000, 50, 1), func(o *Options) { o.FarStore = true }, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, inStore, func(o *Options) { o.CacheBytes = 256 << 20 }, test.adjust)
			sess := h.must(h.Create(context.Background(), test.table, "t.csv", 0, nil))
			first := h.arrowPage(sess)
			if n := h.segmentsRead(); (n > 0) != test.read {
				t.Errorf("the first page read %d segments", n)
			}
			other := newHarness(t, inStore, test.adjust, func(o *Options) { o.Store = h.store })
			if stored := other.arrowPage(sess); !bytes.Equal(first, stored) {
				t.Error("the page is not the same after it has been read from the store")
			}
		})
	}
}
