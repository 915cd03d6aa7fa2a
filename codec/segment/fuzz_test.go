package segment

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/compress"
)

// FuzzSegment reads payloads under a header that fits them, as a fuzzer does not find
// checksums.
func FuzzSegment(f *testing.F) {
	files, err := filepath.Glob("testdata/*.bin")
	if err != nil || len(files) == 0 {
		f.Fatalf("no segments to begin with: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[5], data[6], binary.LittleEndian.Uint32(data[8:]), data[payloadAt:])
	}
	f.Fuzz(func(t *testing.T, method, compression byte, size uint32, payload []byte) {
		data := make([]byte, payloadAt, payloadAt+len(payload))
		copy(data, segmentMagic)
		data[4], data[5], data[6] = segmentVersion, method, compression
		binary.LittleEndian.PutUint32(data[8:], size)
		data = append(data, payload...)
		hash := checksum(data)
		copy(data[checksumAt:], hash[:])

		rec, err := Decode(data, hash, 16<<20)
		if err != nil {
			if !errors.Is(err, codec.ErrCorrupt) && !errors.Is(err, codec.ErrTooLarge) {
				t.Errorf("the error is %v", err)
			}
			return
		}
		for _, method := range methods {
			s, err := Encode(rec, Options{Method: method, Compression: compress.None})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Decode(s.Data, s.Hash, s.RawBytes); err != nil {
				t.Fatal(err)
			}
		}
	})
}
