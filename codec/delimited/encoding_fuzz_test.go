package delimited

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

// fuzzedEncodings are all that can be asked for; "" is detected.
var fuzzedEncodings = func() []string {
	names := []string{""}
	for _, e := range namedEncodings() {
		names = append(names, e.name)
	}
	return names
}()

// inUTF16 is text in UTF-16, without a byte order mark unless the text has one.
func inUTF16(order binary.AppendByteOrder, text string) (b []byte) {
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return b
}

// FuzzEncodings checks that any bytes in any encoding give a table or an error of a known
// kind, and that the same text gives the same table in UTF-8 and UTF-16, and in the encodings
// of one byte per character if they have its characters.
func FuzzEncodings(f *testing.F) {
	const text = "ä,b\n1,\"x\ny\"\nNA,é\n"
	for _, seed := range []string{
		text, "\ufeff" + text, "", "\ufeff", "a", "\xff\xfe", "\xfe\xff", "\xff", "\xef\xbb", "a,b\n\x80,\x81\n", "a\n\xe9t\xe9 \xc3\xa9\n",
		"日,本\n😀,語\n", "a\r\n\x00\r\n", "a\n\xed\xa0\x80\n", "a\n\xd8\x00\xdc\x00\n", "a,a\n", "a,b\n1\n", "a,\"b\n", "\ufeff\ufeffa\n\ufeff\n", "a\n\u0080\u009f\n",
		string(inUTF16(binary.LittleEndian, text)), string(inUTF16(binary.BigEndian, text)),
		string(inUTF16(binary.LittleEndian, "\ufeff"+text)), string(inUTF16(binary.BigEndian, "\ufeff"+text)),
		string(inUTF16(binary.LittleEndian, text)) + "\x00", string(inUTF16(binary.BigEndian, text)) + "\xd8\x00",
	} {
		for i := range 7 { // detected, UTF and Western
			f.Add([]byte(seed), byte(i))
		}
	}
	for text, names := range foreign {
		for _, name := range names {
			f.Add(encoded(f, name, text), byte(0))
			f.Add(encoded(f, name, text), byte(slices.Index(fuzzedEncodings, name)))
		}
	}
	f.Add([]byte("a\x1b$B0!\n\x1b(B"), byte(0))
	f.Fuzz(func(t *testing.T, data []byte, choice byte) {
		given := fuzzedEncodings[int(choice)%len(fuzzedEncodings)]
		opt := codec.ReadOptions{Limits: codec.Limits{Bytes: 1 << 20, Columns: 100}, Options: Options{Encoding: given}}
		table, err := CSV.Decode(data, opt)
		checkEncoded(t, table, err, given)
		text, encoding, _, err := decodeText(data, given, codec.NewBudget(1<<20))
		if err != nil {
			if table != nil {
				t.Fatalf("%q is a table although it is no text: %v", data, err)
			}
			return
		}
		if table != nil && table.Receipt.Encoding != encoding {
			t.Fatalf("the receipt says %s, the text is %s", table.Receipt.Encoding, encoding)
		}
		if !utf8.Valid(text) || strings.IndexByte(string(text), 0) >= 0 {
			t.Fatalf("%q is decoded as %q", data, text)
		}
		sameInAllEncodings(t, string(text), opt.Limits)
	})
}

// checkEncoded fails unless there is a table in one of the encodings that were asked for, or an
// error of a kind that text can have.
func checkEncoded(t *testing.T, table *codec.Table, err error, given string) {
	t.Helper()
	if err != nil {
		if table != nil || !errors.Is(err, codec.ErrMalformed) && !errors.Is(err, codec.ErrTooLarge) || len(err.Error()) > 1000 {
			t.Fatalf("a table %v with the error %v", table, err)
		}
		return
	}
	got := table.Receipt.Encoding
	asked := given == "" && got != encodingUTF16 || got == given ||
		given == encodingUTF16 && (got == encodingUTF16LE || got == encodingUTF16BE)
	if !asked || got == encodingUTF16 {
		t.Fatalf("the encoding is %q, asked for was %q", got, given)
	}
}

// sameInAllEncodings reads text in UTF-8 and in each encoding that has its characters.
func sameInAllEncodings(t *testing.T, text string, limits codec.Limits) {
	t.Helper()
	if strings.HasPrefix(text, "\ufeff") {
		return // a second mark would be the first
	}
	limits.Bytes *= 4 // what other encodings become is counted too
	want, wantErr := CSV.Decode([]byte(text), codec.ReadOptions{Limits: limits, Options: Options{Encoding: encodingUTF8}})
	for name, data := range map[string][]byte{
		encodingUTF16LE:                inUTF16(binary.LittleEndian, text),
		encodingUTF16BE:                inUTF16(binary.BigEndian, text),
		encodingUTF16LE + " by a mark": inUTF16(binary.LittleEndian, "\ufeff"+text),
		encodingUTF16BE + " by a mark": inUTF16(binary.BigEndian, "\ufeff"+text),
		encodingUTF8 + " by a mark":    []byte("\ufeff" + text),
		encoding1252:                   inBytes(text, windows1252),
		encodingLatin1:                 inBytes(text, newByteTable(encodingLatin1, charmap.ISO8859_1)),
	} {
		if data == nil && text != "" {
			continue
		}
		encoding, _, marked := strings.Cut(name, " by a mark")
		if _, length := markedEncoding(data); length > 0 && !marked {
			continue // ÿþ in Latin-1, say
		}
		opt := codec.ReadOptions{Limits: limits}
		if !marked {
			opt.Options = Options{Encoding: encoding}
		}
		got, err := CSV.Decode(data, opt)
		if fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Fatalf("%q in %s: %v, in UTF-8: %v", text, name, err, wantErr)
		}
		if err == nil {
			codectest.SameTable(t, got, want)
		}
	}
}

// inBytes is text in an encoding of one byte per character, nil if it has not all characters.
func inBytes(text string, table *byteTable) []byte {
	bytes := map[string]byte{}
	for b, spelled := range table {
		if spelled != nil {
			bytes[string(spelled)] = byte(b)
		}
	}
	out := make([]byte, 0, len(text))
	for _, r := range text {
		b, ok := bytes[string(r)]
		if !ok {
			return nil
		}
		out = append(out, b)
	}
	return out
}
