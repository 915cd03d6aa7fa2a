//go:build !js

package disk

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// The engine's log and manifest consist of blocks of 32 KiB, and a block of chunks: a checksum of 4
// bytes over everything behind the length, a length of 2, a kind of 1, in newer kinds the number of
// the log (4) and how much of it is synced (8), and a part of a record. See the package record of the
// engine, whose reader ends at the first chunk that is damaged.
const (
	logBlock   = 32 << 10
	lastKind   = 12
	chunkFull  = 1
	chunkFirst = 2
	chunkLast  = 4
	// trailerBytes is the length of what follows each block of a table or value file: a byte for the
	// compression and a checksum of the block and that byte.
	trailerBytes = 5
	// diskPage is the unit in which a power cut leaves parts of a file unwritten.
	diskPage = 4096
)

// chunkHeader returns the size of the header of a chunk of that kind, 0 for an unknown kind.
func chunkHeader(kind byte) int {
	switch {
	case kind >= 1 && kind <= 4:
		return 7
	case kind >= 5 && kind <= 8:
		return 11
	case kind >= 9 && kind <= lastKind:
		return 19
	}
	return 0
}

// logRecord is a record and the offset behind its last chunk.
type logRecord struct {
	data []byte
	end  int
}

// logScan is what a scan of a log or manifest found.
type logScan struct {
	records []logRecord
	// gaps are the ranges without an intact chunk that have intact chunks behind them.
	gaps [][2]int
	// torn is set if the file ends within a record.
	torn bool
}

// before returns the records that end at or before an offset.
func (s logScan) before(offset int) []logRecord {
	n := slices.IndexFunc(s.records, func(r logRecord) bool { return r.end > offset })
	if n < 0 {
		n = len(s.records)
	}
	return s.records[:n]
}

// scanLog reads all intact records of the log with a number, or of a manifest, whose number is 0.
// Chunks of another number are what a reused file had before.
func scanLog(data []byte, number uint32) logScan {
	var s logScan
	var record []byte
	open := false // a record has begun
	good := 0     // the offset behind the last intact chunk
	bad := false  // there was no intact chunk since
	for block := 0; block < len(data); block += logBlock {
		end := min(block+logBlock, len(data))
		for at := block; at+7 <= end; {
			kind, size := data[at+6], int(binary.LittleEndian.Uint16(data[at+4:]))
			header := chunkHeader(kind)
			if header == 0 && allZero(data[at:end]) {
				bad = bad || end-at >= 19 // the rest of a block may be too short for a chunk
				break
			}
			if header == 0 || at+header+size > end {
				bad = true
				break
			}
			next := at + header + size
			ours := header == 7 || binary.LittleEndian.Uint32(data[at+7:]) == number
			if !ours && size == 0 && binary.LittleEndian.Uint32(data[at+7:]) == number+1 && !bad {
				return s // the mark at the end of a log that was closed
			}
			if !ours || checksum(data[at+6:next]) != binary.LittleEndian.Uint32(data[at:]) {
				bad, at = true, next
				continue
			}
			if bad {
				s.gaps = append(s.gaps, [2]int{good, at})
				open, bad = false, false
			}
			switch position := (kind-1)%4 + 1; {
			case position == chunkFull || position == chunkFirst:
				record, open = slices.Clone(data[at+header:next]), true
			case open:
				record = append(record, data[at+header:next]...)
			}
			if position := (kind-1)%4 + 1; open && (position == chunkFull || position == chunkLast) {
				s.records, open = append(s.records, logRecord{record, next}), false
			}
			good, at = next, next
		}
	}
	s.torn = open || bad && !allZero(data[good:])
	return s
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is the engine's checksum of data: a masked CRC-32C.
func checksum(data []byte) uint32 { return maskChecksum(crc32.Checksum(data, castagnoli)) }

func maskChecksum(c uint32) uint32 { return (c>>15 | c<<17) + 0xa282ead8 }

func allZero(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c != 0 })
}

// hasZeroPage reports whether a range of data includes a page of the disk that was never written.
func hasZeroPage(data []byte, from, to int) bool {
	first := (from + diskPage - 1) / diskPage * diskPage
	for page := first; page+diskPage <= to; page += diskPage {
		if allZero(data[page : page+diskPage]) {
			return true
		}
	}
	return false
}
