//go:build !js

package conformance

import (
	"encoding/binary"
	"net/http"
	"strings"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// inUTF16 encodes text in UTF-16. It adds no byte order mark.
func inUTF16(order binary.AppendByteOrder, text string) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return b
}

// accents has text that all encodings can represent, euros characters that Latin-1 lacks.
const (
	accents      = "näme;année\nÄnne;7\nÖle;8\n"
	accentsCells = "[\"Änne\",7]\n[\"Öle\",8]"
	euros        = "price;year\n5 €;7\n“6 €”;8\n"
	eurosCells   = "[\"5 €\",7]\n[\"“6 €”\",8]"
)

// The bytes of accents and euros in encodings with one byte per character.
var (
	accentsInLatin1 = []byte("n\xe4me;ann\xe9e\n\xc4nne;7\n\xd6le;8\n")
	eurosIn1252     = []byte("price;year\n5 \x80;7\n\x936 \x80\x94;8\n")
	// tokyoInShiftJIS and moscowIn1251 have names and cities in Japanese and Russian.
	tokyoInShiftJIS = []byte("\x8e\x81\x96\xbc,\x93s\x8es\n\x8eR\x93c,\x93\x8c\x8b\x9e\n")
	moscowIn1251    = []byte("\xe8\xec\xff,\xe3\xee\xf0\xee\xe4\n\xc8\xe2\xe0\xed,\xcc\xee\xf1\xea\xe2\xe0\n")
)

// encodedFile is delimited text in an encoding, and the expected result.
type encodedFile struct {
	claim, contentType string
	file               []byte
	params             []string
	encoding, cells    string
}

func encodedFiles() []encodedFile {
	le, be := binary.LittleEndian, binary.BigEndian
	mark := "\ufeff"
	return []encodedFile{
		{"UTF-8", csvType, []byte(accents), nil, "utf-8", accentsCells},
		{"UTF-8 with a byte order mark", csvType, []byte(mark + accents), nil, "utf-8", accentsCells},
		{"UTF-16LE with a byte order mark", csvType, inUTF16(le, mark+accents), nil, "utf-16le", accentsCells},
		{"UTF-16BE with a byte order mark", csvType, inUTF16(be, mark+accents), nil, "utf-16be", accentsCells},
		{"UTF-16LE without a mark", csvType, inUTF16(le, accents), nil, "utf-16le", accentsCells},
		{"UTF-16BE without a mark", csvType, inUTF16(be, accents), nil, "utf-16be", accentsCells},
		{"windows-1252", csvType, eurosIn1252, nil, "windows-1252", eurosCells},
		{"an unknown type that begins with a mark of UTF-16", "application/octet-stream", inUTF16(le, mark+accents), nil, "utf-16le", accentsCells},
		{"an unknown type in UTF-16BE without a mark", "application/octet-stream", inUTF16(be, accents), nil, "utf-16be", accentsCells},
		{"an unknown type in windows-1252", "application/octet-stream", eurosIn1252, nil, "windows-1252", eurosCells},
		{"tabs in UTF-16", "text/tab-separated-values", inUTF16(be, strings.ReplaceAll(accents, ";", "\t")), nil, "utf-16be", accentsCells},
		{"encoding=utf-16 finds the order by the mark", csvType, inUTF16(be, mark+accents), []string{"encoding=utf-16"}, "utf-16be", accentsCells},
		{"encoding=UTF-16 finds the order without a mark", csvType, inUTF16(be, accents), []string{"encoding=UTF-16"}, "utf-16be", accentsCells},
		{"encoding=utf-16le names the order", csvType, inUTF16(le, "日;本\n語;7\n"), []string{"encoding=utf-16le"}, "utf-16le", `["語",7]`},
		{"encoding=utf-16be names the order", csvType, inUTF16(be, "日;本\n😀;7\n"), []string{"encoding=utf-16be"}, "utf-16be", `["😀",7]`},
		{"encoding=cp1252 is windows-1252", csvType, eurosIn1252, []string{"encoding=cp1252"}, "windows-1252", eurosCells},
		{"encoding=latin1 is iso-8859-1", csvType, accentsInLatin1, []string{"encoding=latin1"}, "iso-8859-1", accentsCells},
		{"iso-8859-1 has control characters where windows-1252 has signs", csvType, []byte("a;b\n\x80;7\n"), []string{"encoding=iso-8859-1"}, "iso-8859-1", "[\"\u0080\",7]"},
		{"encoding goes before what the bytes look like", csvType, []byte("a;b\né;7\n"), []string{"encoding=windows-1252"}, "windows-1252", `["Ã©",7]`},
		{"the charset of the content type", "text/csv; charset=utf-16le", inUTF16(le, "日;本\n語;7\n"), nil, "utf-16le", `["語",7]`},
		{"a charset in quotes and capitals", `text/csv; charset="ISO-8859-1"`, accentsInLatin1, nil, "iso-8859-1", accentsCells},
		{"a charset of plain text", "text/plain; charset=windows-1252", eurosIn1252, nil, "windows-1252", eurosCells},
		{"encoding goes before the charset", "text/csv; charset=utf-8", accentsInLatin1, []string{"encoding=iso-8859-1"}, "iso-8859-1", accentsCells},
		{"encoding=shift_jis", csvType, tokyoInShiftJIS, []string{"encoding=shift_jis"}, "shift_jis", `["山田","東京"]`},
		{"the charset Windows-31J, by the name of the standard", "text/csv; charset=Windows-31J", tokyoInShiftJIS, nil, "shift_jis", `["山田","東京"]`},
		{"encoding=cp1251 is windows-1251", csvType, moscowIn1251, []string{"encoding=cp1251"}, "windows-1251", `["Иван","Москва"]`},
		{"a mark is not text where the charset says so already", "text/csv; charset=utf-8", []byte(mark + accents), nil, "utf-8", accentsCells},
	}
}

func checkEncodings(c *client) {
	for _, tt := range encodedFiles() {
		c.run(tt.claim, func(c *client) {
			s := c.upload(tt.contentType, tt.file, tt.params...)
			if s.made.Upload.Encoding != tt.encoding {
				c.Errorf("encoding %q, want %q", s.made.Upload.Encoding, tt.encoding)
			}
			if diff := cmp.Diff(tt.cells, s.cells()); diff != "" {
				c.Error(diff)
			}
		})
	}
	c.run("the names of columns are decoded too", func(c *client) {
		s := c.upload(csvType, inUTF16(binary.LittleEndian, "\ufeff"+accents))
		if diff := cmp.Diff([]string{"näme", "année"}, s.made.Columns); diff != "" {
			c.Error(diff)
		}
	})
	c.run("a form's file and fields say the encoding", func(c *client) {
		body, mediaType := form("x.csv", "text/csv; charset=iso-8859-1", accentsInLatin1)
		named, otherType := form("x.csv", "", accentsInLatin1, "encoding=latin-1", "delimiter=semicolon")
		for _, s := range []*sess{c.upload(mediaType, body), c.upload(otherType, named)} {
			if got := s.cells(); got != accentsCells || s.made.Upload.Encoding != "iso-8859-1" {
				c.Errorf("encoding %q, cells %s", s.made.Upload.Encoding, got)
			}
		}
	})
	c.run("every request that sends a table takes an encoding", func(c *client) {
		s := c.create("a;b\nx;1\n")
		added := s.do("POST", s.path("/data", "encoding=iso-8859-1"), []byte("a;b\n\xe9;2\n"), "Content-Type: text/csv").is(http.StatusOK).session()
		if got := s.cells(); got != "[\"x\",1]\n[\"é\",2]" || added.Upload.Encoding != "iso-8859-1" {
			c.Errorf("encoding %q, cells %s", added.Upload.Encoding, got)
		}
		put := s.do("PUT", s.path("/data"), eurosIn1252, "Content-Type: text/csv; charset=windows-1252").is(http.StatusOK).session()
		if got := s.cells(); got != eurosCells || put.Upload.Encoding != "windows-1252" {
			c.Errorf("encoding %q, cells %s", put.Upload.Encoding, got)
		}
	})
}

// refusedDialect is a file with parameters that must be refused.
type refusedDialect struct {
	claim, contentType, file string
	params                   []string
	status                   int
	code                     string
	says                     []string
}

func refuseDialects(c *client, cases []refusedDialect) {
	for _, tt := range cases {
		c.run(tt.claim, func(c *client) {
			c.do("POST", query("/api/v1/sessions", tt.params...), tt.file, "Content-Type: "+tt.contentType).refused(tt.status, tt.code, tt.says...)
		})
	}
}

func checkEncodingRefusals(c *client) {
	const malformed, parameter, media = http.StatusUnprocessableEntity, http.StatusBadRequest, http.StatusUnsupportedMediaType
	le := binary.LittleEndian
	refuseDialects(c, []refusedDialect{
		{"an unknown encoding", csvType, accents, []string{"encoding=utf-7"}, parameter, "invalid_parameter", []string{"encoding=utf-7", "windows-1252", "iso-8859-1", "utf-16le", "shift_jis"}},
		{"an empty encoding", csvType, accents, []string{"encoding="}, parameter, "invalid_parameter", []string{"encoding=", "utf-8"}},
		{"an encoding twice", csvType, accents, []string{"encoding=utf-8", "encoding=utf-8"}, parameter, "invalid_parameter", []string{"encoding"}},
		{"an unknown charset", "text/csv; charset=utf-7", accents, nil, media, "unsupported_media_type", []string{"utf-7", "windows-1252"}},
		{"a charset of JSON", "application/json; charset=windows-1252", `[{"a":1}]`, nil, media, "unsupported_media_type", []string{"windows-1252", "UTF-8"}},
		{"Latin-1 that is said to be UTF-8", csvType, string(accentsInLatin1), []string{"encoding=utf-8"}, malformed, "malformed_input", []string{"line 1", "0xe4", "UTF-8", "encoding"}},
		{"a charset that the text has not", "text/csv; charset=utf-8", "a;b\nx;y\n\xe9;z\n", nil, malformed, "malformed_input", []string{"line 3", "0xe9", "UTF-8"}},
		{"UTF-8 with one damaged character", csvType, "a;b\nü;ö\n\xfc;é\n", nil, malformed, "malformed_input", []string{"line 3", "0xfc"}},
		{"a byte that means nothing in windows-1252", csvType, "a;b\n\x8d;1\n", []string{"encoding=windows-1252"}, malformed, "malformed_input", []string{"line 2", "0x8d", "windows-1252"}},
		{"the mark of another encoding", csvType, string(inUTF16(le, "\ufeff"+accents)), []string{"encoding=utf-8"}, malformed, "malformed_input", []string{"utf-16le", "utf-8"}},
		{"Japanese text that nothing names", csvType, string(tokyoInShiftJIS), nil, malformed, "malformed_input", []string{"line 1", "encoding=shift_jis", "windows-1252"}},
		{"Russian text that nothing names", "application/octet-stream", string(moscowIn1251), nil, malformed, "malformed_input", []string{"line 1", "windows-1251"}},
		{"bytes that mean nothing in the encoding that is named", csvType, string(moscowIn1251) + "\xff\n", []string{"encoding=shift_jis"}, malformed, "malformed_input", []string{"shift_jis"}},
		{"UTF-32", csvType, "\xff\xfe\x00\x00a\x00\x00\x00\n\x00\x00\x00", nil, malformed, "malformed_input", []string{"UTF-32"}},
		{"half a character of UTF-16", csvType, string(inUTF16(le, "\ufeff"+accents)) + "x", nil, malformed, "malformed_input", []string{"line 4", "utf-16le"}},
		{"half a surrogate pair", csvType, string(inUTF16(le, "\ufeffa;b\n1;2\n")) + "\x00\xd8;\x003\x00", nil, malformed, "malformed_input", []string{"line 3", "utf-16le"}},
		{"a NUL byte", csvType, "a;b\n1;2\n\x00;3\n", nil, malformed, "malformed_input", []string{"line 3", "NUL"}},
	})
}
