package delimited

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"edgeframe/codec"
)

// The names of encodings: those of the WHATWG Encoding standard, and iso-8859-1, which is
// Latin-1 as ISO defines it; the standard treats that name as an alias of windows-1252.
const (
	encodingUTF8    = "utf-8"
	encodingUTF16   = "utf-16"
	encodingUTF16LE = "utf-16le"
	encodingUTF16BE = "utf-16be"
	encoding1252    = "windows-1252"
	encodingLatin1  = "iso-8859-1"
)

var encodingNames = map[string]string{
	"utf-8": encodingUTF8, "utf8": encodingUTF8, "us-ascii": encodingUTF8, "ascii": encodingUTF8,
	"utf-16": encodingUTF16, "utf-16le": encodingUTF16LE, "utf-16be": encodingUTF16BE,
	"windows-1252": encoding1252, "cp1252": encoding1252,
	"iso-8859-1": encodingLatin1, "latin-1": encodingLatin1, "latin1": encodingLatin1,
}

// EncodingNames lists what [ParseEncoding] accepts, for messages.
const EncodingNames = "utf-8, utf-16, utf-16le, utf-16be, windows-1252 (cp1252) and iso-8859-1 (latin1)"

// ParseEncoding returns the encoding that a user named, in upper or lower case, for
// [Options]. Other names are [codec.ErrUnsupported].
func ParseEncoding(name string) (string, error) {
	if e, ok := encodingNames[strings.ToLower(strings.TrimSpace(name))]; ok {
		return e, nil
	}
	return "", codec.Errorf(codec.ErrUnsupported, "the encoding %s is not known: accepted are %s", codec.Quoted(codec.Shorten(name)), EncodingNames)
}

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

// detectEncoding returns the encoding of a text without a byte order mark: UTF-8 if it is
// valid, UTF-16 by its NUL bytes, else windows-1252. Text that can be none of them, or that is
// damaged UTF-8, counts as UTF-8; decoding it then fails.
func detectEncoding(data []byte) string {
	if bytes.IndexByte(data, 0) >= 0 {
		if e := unmarkedUTF16(data); e != "" && len(data)%2 == 0 {
			return e
		}
		return encodingUTF8
	}
	if utf8.Valid(data) || firstUndefined(data, &windows1252) >= 0 || isDamagedUTF8(data) {
		return encodingUTF8
	}
	return encoding1252
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

var (
	windows1252 = newByteTable(charmap.Windows1252, "\x81\x8d\x8f\x90\x9d")
	latin1      = newByteTable(charmap.ISO8859_1, "")
)

func newByteTable(m *charmap.Charmap, undefined string) (t byteTable) {
	for b := range t {
		if strings.IndexByte(undefined, byte(b)) < 0 {
			t[b] = utf8.AppendRune(nil, m.DecodeByte(byte(b)))
		}
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

// decodeText returns data as UTF-8 without its byte order mark, and the name of its encoding.
// UTF-8 is not copied; converted text is taken from mem.
func decodeText(data []byte, encoding string, mem *codec.Budget) (text []byte, name string, err error) {
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
		encoding = detectEncoding(data)
	}
	if marked != "" && marked != encoding {
		return nil, "", codec.Errorf(codec.ErrMalformed, "the text begins with the byte order mark of %s and is not %s: leave the encoding out or name that one", marked, encoding)
	}
	data = data[length:]
	if len(data) > maxTextBytes {
		return nil, "", codec.Errorf(codec.ErrTooLarge, "the text has %d bytes: at most %d are accepted", len(data), maxTextBytes)
	}
	switch encoding {
	case encodingUTF16LE:
		text, err = fromUTF16(data, binary.LittleEndian, encoding, mem)
	case encodingUTF16BE:
		text, err = fromUTF16(data, binary.BigEndian, encoding, mem)
	case encoding1252:
		text, err = fromBytes(data, &windows1252, encoding, mem)
	case encodingLatin1:
		text, err = fromBytes(data, &latin1, encoding, mem)
	default:
		text, err = data, checkUTF8(data)
	}
	if err != nil {
		return nil, "", err
	}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		at := textScanner{data: text}
		return nil, "", codec.Errorf(codec.ErrMalformed, "line %d has a NUL byte: %s text without NUL bytes is accepted", at.line(i), strings.ToUpper(encoding))
	}
	return text, encoding, nil
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

// sampleText returns the beginning of data as UTF-8 for [looksDelimited].
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
	case encoding == "" && !isPlainText(data) && bytes.IndexByte(data, 0) < 0 && detectEncoding(data) == encoding1252:
		text, _ := fromBytes(data, &windows1252, encoding1252, free)
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
