package record

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// headWithSegments carries a segment of a table and the marks of it.
func headWithSegments() *Head {
	h := sampleHead()
	table := SegmentRef{Hash: [16]byte{4}, Born: 1, Stored: 5, Raw: 9}
	h.Manifests[0] = sampleManifest(Manifest{Layout: [][]int{{0, 1}}, Groups: []RowGroup{{Rows: 10, Segments: []SegmentRef{table}, Missing: []int{0, 3}}}})
	marks := SegmentRef{Hash: [16]byte{5}, Born: 2, Stored: 3, Raw: 3}
	h.Versions[1].Marks = &marks
	h.Carry(table, []byte("table"))
	h.Carry(marks, []byte("mrk"))
	return h
}

func encoded(t testing.TB, h *Head) []byte {
	t.Helper()
	b, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A head that format 2 wrote stays readable for good.
func TestRecordOfFormat2IsRead(t *testing.T) {
	stored, err := os.ReadFile(filepath.Join("testdata", "head-v2.bin"))
	if err != nil {
		t.Fatal(err)
	}
	if written := encoded(t, headWithSegments()); !bytes.Equal(written, stored) {
		t.Errorf("written as\n%q, want\n%q", written, stored)
	}
	got, err := DecodeHead(stored)
	if err != nil {
		t.Fatal(err)
	}
	if want := headWithSegments(); !reflect.DeepEqual(got, want) {
		t.Errorf("read\n%+v\nwant\n%+v", got, want)
	}
}

// Releases that do not know segments in heads reject format 2 by its number. They read heads without segments.
func TestOnlyHeadsWithSegmentsHaveFormat2(t *testing.T) {
	h := headWithSegments()
	if f := encoded(t, h)[formatAt]; f != inlineFormat {
		t.Errorf("a head with segments has format %d", f)
	}
	h.KeepCarried(nil)
	if f := encoded(t, h)[formatAt]; f != headFormat || h.Inline != nil || h.Data != nil {
		t.Errorf("a head without segments has format %d, %v", f, h.Inline)
	}
}

func TestSegmentsThatDoNotFitTheHeadAreRejected(t *testing.T) {
	for name, tt := range map[string]struct {
		damage func(*Head)
		says   string
	}{
		"a segment of no version":   {func(h *Head) { h.Inline[0].Hash[0]++ }, "no version refers to 1 of the 2"},
		"another number":            {func(h *Head) { h.Inline[1].Born++ }, "no version refers"},
		"the same segment again":    {func(h *Head) { h.Carry(h.Inline[0], h.Data[0]) }, "the same as another"},
		"a size of nothing":         {func(h *Head) { h.Inline[0].Stored, h.Data[0] = 0, nil }, "segment 0 of 0 bytes"},
		"a size below nothing":      {func(h *Head) { h.Inline[0].Stored = -5 }, "segment 0 of -5 bytes"},
		"too little data":           {func(h *Head) { h.Data[1] = h.Data[1][:2] }, "too few"},
		"too much data":             {func(h *Head) { h.Data[1] = []byte("more") }, "1 bytes follow"},
		"a manifest that is no one": {func(h *Head) { h.Manifests[0] = []byte{1} }, "manifest of version 1"},
	} {
		h := headWithSegments()
		tt.damage(h)
		if _, err := DecodeHead(encoded(t, h)); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want an error that says %q", name, err, tt.says)
		}
	}
}

func TestADamagedHeadWithSegmentsIsRejected(t *testing.T) {
	good := encoded(t, headWithSegments())
	segments := len("tablemrk")
	for i := range good {
		damaged := bytes.Clone(good)
		damaged[i] ^= 1
		if _, err := DecodeHead(damaged); (err == nil) != (i >= len(good)-segments) {
			t.Errorf("one bit in byte %d of %d: %v", i, len(good), err)
		}
		if _, err := DecodeHead(good[:i]); err == nil {
			t.Errorf("a head of %d bytes is read after %d", len(good), i)
		}
	}
	// The format alone does not decide what a head has.
	for _, tt := range []struct {
		head   *Head
		format byte
	}{{headWithSegments(), headFormat}, {sampleHead(), inlineFormat}} {
		body, err := tt.head.MarshalMsg(nil)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, bodyAt)
		b[formatAt] = tt.format
		if tt.format == inlineFormat {
			b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
		}
		b = append(b, body...)
		setChecksum(b)
		if _, err := DecodeHead(b); err == nil || !strings.Contains(err.Error(), "segments") {
			t.Errorf("format %d: %v", tt.format, err)
		}
	}
}

// A head is known by its seal as long as no bit of it differs.
func TestAHeadIsKnownByItsSeal(t *testing.T) {
	for name, h := range map[string]*Head{"with segments": headWithSegments(), "without": headWithSteps()} {
		good := encoded(t, h)
		seal := SealOf(good)
		if !seal.Matches(bytes.Clone(good), h) {
			t.Errorf("%s: it is not known", name)
		}
		for i := range good {
			damaged := bytes.Clone(good)
			damaged[i] ^= 1
			if seal.Matches(damaged, h) || seal.Matches(good[:i], h) {
				t.Errorf("%s: it is known with a wrong bit in byte %d, or without it", name, i)
			}
		}
		if seal.Matches(append(bytes.Clone(good), 0), h) {
			t.Errorf("%s: it is known with a byte behind it", name)
		}
		h.Accessed++
		if seal.Matches(encoded(t, h), h) {
			t.Errorf("%s: another one of the same revision is known", name)
		}
		if (Seal{}).Matches(make([]byte, len(good)), h) {
			t.Errorf("%s: nothing is known", name)
		}
	}
}

func FuzzHeadWithSegments(f *testing.F) {
	h := headWithSegments()
	body, err := h.MarshalMsg(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body, []byte("tablemrk"))
	f.Add(body, []byte("table"))
	f.Add([]byte{0x81, 0xa6, 'i', 'n', 'l', 'i', 'n', 'e', 0xdd, 0xff, 0xff, 0xff, 0xff}, []byte{})
	f.Fuzz(func(t *testing.T, body, segments []byte) {
		b := make([]byte, bodyAt)
		b[formatAt] = inlineFormat
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(body))), body...)
		setChecksum(b)
		h, err := DecodeHead(append(b, segments...))
		if err != nil {
			return
		}
		if h.CarriedBytes() != len(segments) || len(h.Inline) != len(h.Data) || len(h.Inline) == 0 {
			t.Fatalf("%d bytes in %d segments of %v, not %d", h.CarriedBytes(), len(h.Data), h.Inline, len(segments))
		}
		for i, r := range h.Inline {
			if !bytes.Equal(h.Carried(r), h.Data[i]) || len(h.Data[i]) != r.Stored {
				t.Fatalf("segment %v has the bytes %q", r, h.Carried(r))
			}
		}
		again := encoded(t, h)
		h2, err := DecodeHead(again)
		if err != nil {
			t.Fatal(err)
		}
		if once := encoded(t, h2); !bytes.Equal(once, again) {
			t.Errorf("written back\n%q, want\n%q", once, again)
		}
	})
}
