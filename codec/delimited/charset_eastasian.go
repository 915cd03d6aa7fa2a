package delimited

import "bytes"

// eastAsianEncoding is an encoding of two bytes per character.
type eastAsianEncoding struct {
	name string
	// single reports whether a byte that is not ASCII is a character of its own.
	single func(b byte) bool
	// frequent are the first and last characters of the ranges that nearly all of a text is in: syllables,
	// signs, and the ideographs of level 1.
	frequent [2][2]int
}

func noSingle(byte) bool { return false }

// eastAsianEncodings are in the order in which they are suggested if they explain as much. Hangul is in the place
// of frequent Chinese ideographs, and seldom the other way round.
var eastAsianEncodings = []eastAsianEncoding{
	{"euc-kr", noSingle, [2][2]int{{0xa1a1, 0xa3fe}, {0xb0a1, 0xc8fe}}},
	{"shift_jis", func(b byte) bool { return b >= 0xa1 && b <= 0xdf }, [2][2]int{{0x8140, 0x84be}, {0x889f, 0x9872}}},
	{"gbk", noSingle, [2][2]int{{0xa1a1, 0xa3fe}, {0xb0a1, 0xd7f9}}},
	{"big5", noSingle, [2][2]int{{0xa140, 0xa3bf}, {0xa440, 0xc67e}}},
	{"euc-jp", noSingle, [2][2]int{{0xa1a1, 0xa8fe}, {0xb0a1, 0xcfd3}}},
}

// eastAsian returns the encodings that a text is valid in, and how many of its characters are frequent ones.
func eastAsian(data []byte) (candidates []candidate) {
	if len(data) > sampleBytes {
		// In none of the encodings is a line end part of another character.
		data = data[:sampleBytes]
		data = data[:bytes.LastIndexByte(data, '\n')+1]
	}
	for _, e := range eastAsianEncodings {
		if e.isValid(data) {
			candidates = append(candidates, candidate{e.name, e.share(data)})
		}
	}
	return candidates
}

func (e eastAsianEncoding) isValid(data []byte) bool {
	valid := true
	_ = decodeChunks(data, encodingOf(e.name), func(chunk []byte) error {
		valid = valid && !bytes.Contains(chunk, replacement)
		return nil
	})
	return valid
}

// share is the share of frequent characters among those that are not ASCII, in percent.
func (e eastAsianEncoding) share(data []byte) int {
	all, frequent := 0, 0
	for i := 0; i < len(data); i++ {
		if data[i] < 0x80 {
			continue
		}
		if all++; e.single(data[i]) || i+1 == len(data) {
			continue
		}
		char := int(data[i])<<8 | int(data[i+1])
		for _, r := range e.frequent {
			if char >= r[0] && char <= r[1] {
				frequent++
			}
		}
		i++
	}
	if all == 0 {
		return 0
	}
	return frequent * 100 / all
}
