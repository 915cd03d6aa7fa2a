package session

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// sampleHead has every field set.
func sampleHead() *head {
	ref := segmentRef{Hash: [16]byte{1, 2, 3}, Born: 7, Stored: 1234, Raw: 5678}
	return &head{
		ID:          "123e4567-e89b-42d3-a456-426614174000",
		Filename:    "données.csv",
		Created:     1768732200000,
		Accessed:    1768732260000,
		Expires:     1768735920000,
		TTL:         3600000,
		Lease:       1768739520000,
		Commits:     [][]byte{{1, 1, 1, 1, 1, 1, 1, 1}, {2, 2, 2, 2, 2, 2, 2, 2}},
		Current:     1,
		NextVersion: 3,
		Versions: []version{
			{ID: 1, Time: 1768732200000, Summary: "Session created", RowsBefore: 10, Rows: 10, Commit: []byte{9}, StoredBytes: 1234, RawBytes: 5678, NewBytes: 1234, Segments: 1, Columns: 2, Method: "arrow", Compression: "snappy"},
			{ID: 2, Time: 1768732260000, Summary: "Edit", RowsBefore: 10, Rows: 10, Commit: []byte{8}, StoredBytes: 1234, RawBytes: 5678, NewBytes: 99, Segments: 1, Columns: 1, Method: "msgpack", Compression: "none", Schema: 1, Manifest: 1, Marks: &ref},
		},
		Schemas:     [][]byte{{42}, {43}},
		Manifests:   [][]byte{sampleManifest(manifest{Layout: [][]int{{0, 1}}, Groups: []rowGroup{{Rows: 10, Segments: []segmentRef{ref}, Missing: []int{0, 3}}}}), sampleManifest(manifest{Layout: [][]int{{0, -1}}, Groups: []rowGroup{{Rows: 10, Segments: []segmentRef{ref}, Missing: []int{0}}}})},
		Metadata:    []byte(`{"study":"A"}`),
		Audit:       []auditEntry{{Time: 1768732200000, Text: "Session created."}},
		AuditChunks: []segmentRef{ref},
		InitialRows: 10,
		revision:    Token{Revision: 2, Commit: [8]byte{2, 2, 2, 2, 2, 2, 2, 2}},
	}
}

func sampleManifest(m manifest) []byte {
	raw, err := m.MarshalMsg(nil)
	if err != nil {
		panic(err)
	}
	return raw
}

// A record that version 1 of the format wrote stays readable for good.
func TestRecordOfFormat1IsRead(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "head-v1.bin"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeHead(data)
	if err != nil {
		t.Fatal(err)
	}
	if want := sampleHead(); !reflect.DeepEqual(got, want) {
		t.Errorf("read\n%+v\nwant\n%+v", got, want)
	}
}

func TestRecordRoundTrip(t *testing.T) {
	b, err := sampleHead().encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeHead(b)
	if err != nil {
		t.Fatal(err)
	}
	if want := sampleHead(); !reflect.DeepEqual(got, want) {
		t.Errorf("read\n%+v\nwant\n%+v", got, want)
	}
	b[formatAt]++
	if _, err := decodeHead(b); err == nil {
		t.Error("a record of an unknown format is read")
	}
}

func FuzzHead(f *testing.F) {
	good, err := sampleHead().encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good[bodyAt:])
	f.Add([]byte{0xdd, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, body []byte) {
		// The checksum would keep the fuzzer out, so it is made to fit.
		b := make([]byte, bodyAt, bodyAt+len(body))
		b[formatAt] = headFormat
		b = append(b, body...)
		setChecksum(b)
		h, err := decodeHead(b)
		if err != nil {
			return
		}
		for i := range h.Versions {
			_, _ = h.manifest(&h.Versions[i])
		}
		again, err := h.encode()
		if err != nil {
			t.Fatal(err)
		}
		h2, err := decodeHead(again)
		if err != nil {
			t.Fatal(err)
		}
		// Bytes are compared, because an empty list may be read as none.
		if once, err := h2.encode(); err != nil || !bytes.Equal(once, again) {
			t.Errorf("written back\n%q, %v\nwant\n%q", once, err, again)
		}
	})
}
