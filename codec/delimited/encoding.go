package delimited

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"edgeframe/codec"
)

// byteOrderMarks are the marks at the beginning of a text that name its encoding.
var byteOrderMarks = []struct{ encoding, mark string }{
	{encodingUTF8, "\ufeff"}, {encodingUTF16LE, "\xff\xfe"}, {encodingUTF16BE, "\xfe\xff"},
}

// markedEncoding is the encoding of the byte order mark of data, and its length.
func markedEncoding(data []byte) (encoding string, length int) {
	for _, m := range byteOrderMarks {
		if bytes.HasPrefix(data, []byte(m.mark)) {
			return m.encoding, len(m.mark)
		}
	}
	return "", 0
}

// unmarkedUTF16 returns the encoding of UTF-16 without a byte order mark, or "". At
// least half of the first characters must be below U+0100, and hardly any NUL may be in the
// other half of the code units.
func unmarkedUTF16(data []byte) string {
	data = data[:min(len(data), sampleBytes)&^1]
	var nuls [2]int
	for i, c := range data {
		if c == 0 {
			nuls[i&1]++
		}
	}
	enough := (len(data)/2 + 1) / 2
	switch {
	case nuls[1] > 0 && nuls[1] >= enough && nuls[0] <= nuls[1]/8:
		return encodingUTF16LE
	case nuls[0] > 0 && nuls[0] >= enough && nuls[1] <= nuls[0]/8:
		return encodingUTF16BE
	}
	return ""
}

// detectEncoding returns the encoding of a text without a byte order mark: UTF-8 if it is valid, UTF-16 by
// its NUL bytes, ISO-2022-JP by its escape sequences, else windows-1252, with the confidence of this guess in
// percent. Text with NUL bytes, or that is damaged UTF-8, counts as UTF-8; decoding it then fails. Other text
// is an error that says which encodings are likely. checked says that the text is valid UTF-8 without NUL bytes.
func detectEncoding(data []byte) (encoding string, checked bool, confidence int, err error) {
	found := survey(data)
	switch {
	case found.nul:
		if e := unmarkedUTF16(data); e != "" && len(data)%2 == 0 {
			return e, false, 0, nil
		}
		return encodingUTF8, false, 0, nil
	case found.escape && hasKanjiEscape(data) && isASCII(data):
		return encoding2022JP, false, 0, nil
	case found.valid || isDamagedUTF8(data):
		return encodingUTF8, found.valid, 0, nil
	}
	confidence, likely := guessWestern(data)
	if confidence == 0 {
		return "", false, 0, unknownEncoding(data, likely)
	}
	return encoding1252, false, confidence, nil
}

// hasKanjiEscape reports whether data has an escape sequence of ISO-2022-JP (RFC 1468, RFC 2237) that begins
// characters of two bytes.
func hasKanjiEscape(data []byte) bool {
	for _, sequence := range []string{"\x1b$@", "\x1b$B", "\x1b$(D"} {
		if bytes.Contains(data, []byte(sequence)) {
			return true
		}
	}
	return false
}

func isASCII(data []byte) bool {
	return bytes.IndexFunc(data, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// minConfidence is the confidence in percent below which strict reading rejects a guess.
const minConfidence = 50

// refuseGuess returns the error of strict reading about an encoding that is hardly more than a guess.
func refuseGuess(encoding string, confidence int) error {
	if confidence == 0 || confidence >= minConfidence {
		return nil
	}
	return codec.Errorf(codec.ErrMalformed, "the text is taken as %s with a confidence of %d %% only, which strict=true refuses: name its encoding with the parameter encoding", encoding, confidence)
}

func unknownEncoding(data []byte, likely []string) error {
	at := textScanner{data: data}
	i := firstInvalid(data)
	where := fmt.Sprintf("line %d has the byte 0x%02x, which is not valid UTF-8 there, and the text does not read as windows-1252", at.line(i), data[i])
	if len(likely) == 0 {
		return codec.Errorf(codec.ErrMalformed, "%s: name its encoding with the parameter encoding", where)
	}
	return codec.Errorf(codec.ErrMalformed, "%s: name its encoding with the parameter encoding, such as encoding=%s", where, strings.Join(likely, " or encoding="))
}

// isDamagedUTF8 reports whether at least half of what is not ASCII is valid UTF-8, which does
// not happen by chance in windows-1252.
func isDamagedUTF8(data []byte) bool {
	valid, invalid := 0, 0
	for i := 0; i < len(data); {
		if data[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			invalid++
		} else {
			valid++
		}
		i += size
	}
	return valid > 0 && valid >= invalid
}

// byteTable has the UTF-8 spelling of each byte of an encoding of one byte per character;
// nil stands for bytes that it does not define.
type byteTable [256][]byte

var windows1252 = newByteTable(encoding1252, charmap.Windows1252)

// newByteTable returns the table of an encoding. The WHATWG gives the bytes that the windows encodings do not
// define to control characters, which are text in none of them.
func newByteTable(name string, m *charmap.Charmap) *byteTable {
	t := new(byteTable)
	windows := strings.HasPrefix(name, "windows-")
	for b := range t {
		r := m.DecodeByte(byte(b))
		if r == utf8.RuneError || windows && r >= 0x80 && r < 0xa0 {
			continue
		}
		t[b] = utf8.AppendRune(nil, r)
	}
	return t
}

// firstUndefined is the index of the first byte that t does not define, or -1.
func firstUndefined(data []byte, t *byteTable) int {
	for i, b := range data {
		if t[b] == nil {
			return i
		}
	}
	return -1
}

// decodeText returns data as UTF-8 without its byte order mark, the name of its encoding and, if that is a
// guess, the confidence of it in percent. UTF-8 is not copied; converted text is taken from mem.
func decodeText(data []byte, encoding string, mem *codec.Budget) (text []byte, name string, confidence int, err error) {
	if isUTF32(data) {
		return nil, "", 0, codec.Errorf(codec.ErrMalformed, "the text is UTF-32, which is not accepted: send it as UTF-8 or UTF-16")
	}
	marked, length := markedEncoding(data)
	switch {
	case encoding == encodingUTF16 && marked != "" && marked != encodingUTF8:
		encoding = marked
	case encoding == encodingUTF16:
		if encoding = unmarkedUTF16(data); encoding == "" {
			encoding = encodingUTF16LE
		}
	case encoding == "" && marked != "":
		encoding = marked
	case encoding == "":
		var checked bool
		if encoding, checked, confidence, err = detectEncoding(data); err != nil {
			return nil, "", 0, err
		}
		if checked && len(data) <= maxTextBytes {
			return data, encoding, 0, nil
		}
	case encoding == "gb18030" && bytes.HasPrefix(data, []byte(gb18030Mark)):
		length = len(gb18030Mark)
	}
	if marked != "" && marked != encoding {
		return nil, "", 0, codec.Errorf(codec.ErrMalformed, "the text begins with the byte order mark of %s and is not %s: leave the encoding out or name that one", marked, encoding)
	}
	data = data[length:]
	if len(data) > maxTextBytes {
		return nil, "", 0, codec.Errorf(codec.ErrTooLarge, "the text has %d bytes: at most %d are accepted", len(data), maxTextBytes)
	}
	if text, err = toUTF8(data, encoding, mem); err != nil {
		return nil, "", 0, err
	}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		at := textScanner{data: text}
		return nil, "", 0, codec.Errorf(codec.ErrMalformed, "line %d has a NUL byte: %s text without NUL bytes is accepted", at.line(i), strings.ToUpper(encoding))
	}
	return text, encoding, confidence, nil
}

// gb18030Mark is the byte order mark in gb18030.
const gb18030Mark = "\x84\x31\x95\x33"

// isUTF32 reports whether data begins with a byte order mark of UTF-32, or has 3 NUL bytes in each of its first
// characters. The mark in little-endian order begins with that of UTF-16, but then a NUL would follow.
func isUTF32(data []byte) bool {
	if bytes.HasPrefix(data, []byte("\xff\xfe\x00\x00")) || bytes.HasPrefix(data, []byte("\x00\x00\xfe\xff")) {
		return true
	}
	return len(data) >= 8 && len(data)%4 == 0 && data[1]|data[2]|data[5]|data[6] == 0 &&
		(data[0]|data[4] == 0 && data[3] != 0 && data[7] != 0 || data[3]|data[7] == 0 && data[0] != 0 && data[4] != 0)
}

// toUTF8 converts text of an encoding that has a name of its own. UTF-8 is only checked.
func toUTF8(data []byte, name string, mem *codec.Budget) ([]byte, error) {
	switch name {
	case encodingUTF8:
		return data, checkUTF8(data)
	case encodingUTF16LE:
		return fromUTF16(data, binary.LittleEndian, name, mem)
	case encodingUTF16BE:
		return fromUTF16(data, binary.BigEndian, name, mem)
	}
	e := encodingOf(name)
	if chars, ok := e.(*charmap.Charmap); ok {
		return fromBytes(data, newByteTable(name, chars), name, mem)
	}
	return fromMultiByte(data, e, name, mem)
}

func checkUTF8(data []byte) error {
	if utf8.Valid(data) {
		return nil
	}
	i := firstInvalid(data)
	at := textScanner{data: data}
	if j := bytes.IndexByte(data[:i], 0); j >= 0 {
		return codec.Errorf(codec.ErrMalformed, "line %d has a NUL byte: UTF-8 text without NUL bytes is accepted", at.line(j))
	}
	return codec.Errorf(codec.ErrMalformed, "line %d has the byte 0x%02x, which is not valid UTF-8 there: UTF-8 text is accepted, and other encodings that the parameter encoding names", at.line(i), data[i])
}

// firstInvalid is the index of the first byte that is not part of valid UTF-8.
func firstInvalid(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(data)
}

// takeText makes room for converted text of that size.
func takeText(size int, mem *codec.Budget) ([]byte, error) {
	if size > maxTextBytes {
		return nil, codec.Errorf(codec.ErrTooLarge, "the text has %d bytes in UTF-8: at most %d are accepted", size, maxTextBytes)
	}
	mem.Take(int64(size))
	return make([]byte, 0, size), nil
}

// fromBytes converts text of an encoding of one byte per character.
func fromBytes(data []byte, t *byteTable, encoding string, mem *codec.Budget) ([]byte, error) {
	if i := firstUndefined(data, t); i >= 0 {
		at := textScanner{data: data}
		return nil, codec.Errorf(codec.ErrMalformed, "line %d has the byte 0x%02x, which means nothing in %s: name another encoding", at.line(i), data[i], encoding)
	}
	size := 0
	for _, b := range data {
		size += len(t[b])
	}
	text, err := takeText(size, mem)
	if err != nil {
		return nil, err
	}
	for _, b := range data {
		text = append(text, t[b]...)
	}
	return text, nil
}

// fromUTF16 converts UTF-16. An unpaired surrogate is an error.
func fromUTF16(data []byte, order binary.ByteOrder, encoding string, mem *codec.Budget) ([]byte, error) {
	size, line := 0, 1
	for i := 0; i < len(data); {
		r, n := nextUTF16(data[i:], order)
		if n == 0 {
			return nil, codec.Errorf(codec.ErrMalformed, "line %d has a code unit that is not valid %s there: name another encoding", line, encoding)
		}
		if r == '\n' || r == '\r' && (i+4 > len(data) || order.Uint16(data[i+2:]) != '\n') {
			line++
		}
		size += utf8.RuneLen(r)
		i += n
	}
	text, err := takeText(size, mem)
	if err != nil {
		return nil, err
	}
	for len(data) > 0 {
		r, n := nextUTF16(data, order)
		text = utf8.AppendRune(text, r)
		data = data[n:]
	}
	return text, nil
}

// nextUTF16 decodes the first character of data. n is its size in bytes, 0 if it is not valid.
func nextUTF16(data []byte, order binary.ByteOrder) (r rune, n int) {
	if len(data) < 2 {
		return 0, 0
	}
	r = rune(order.Uint16(data))
	if !utf16.IsSurrogate(r) {
		return r, 2
	}
	if len(data) < 4 {
		return 0, 0
	}
	if r = utf16.DecodeRune(r, rune(order.Uint16(data[2:]))); r == utf8.RuneError {
		return 0, 0
	}
	return r, 4
}

// sampleText returns the beginning of data as UTF-8 for [looksDelimited]. Text that is neither UTF-8 nor UTF-16
// is read as windows-1252: only its delimiters count.
func sampleText(data []byte) []byte {
	data = data[:min(len(data), sampleBytes)]
	encoding, length := markedEncoding(data)
	data = data[length:]
	if encoding == "" {
		encoding = unmarkedUTF16(data)
	}
	free := codec.NewBudget(4 * sampleBytes)
	var order binary.ByteOrder = binary.BigEndian
	switch {
	case encoding == encodingUTF16LE:
		order = binary.LittleEndian
	case encoding == encodingUTF16BE:
	case encoding == "" && !isPlainText(data) && bytes.IndexByte(data, 0) < 0 && !isDamagedUTF8(data):
		text, _ := fromBytes(data, newByteTable(encodingLatin1, charmap.Windows1252), encoding1252, free)
		return text
	default:
		return data
	}
	// The last character may be cut off.
	data = data[:len(data)&^1]
	if n := len(data) - 2; n >= 0 && order.Uint16(data[n:])&^0x3ff == 0xd800 {
		data = data[:n]
	}
	text, _ := fromUTF16(data, order, encoding, free)
	return text
}
