package formats_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/delimited"
	"edgeframe/codec/document"
	"edgeframe/codec/formats"
	"edgeframe/codec/formats/formatstest"
)

func TestTheFormatOfWhatWasWrittenIsDetected(t *testing.T) {
	table := codectest.Generate(20, 5, 1)
	for _, f := range formats.All() {
		if got := formats.Detect(formatstest.Encode(t, f.Name, table)); got != f {
			t.Errorf("%s is detected as %v", f.Name, got)
		}
	}
}

// A later format in the order of detection would also accept each of these inputs.
func TestTheStricterFormatIsDetected(t *testing.T) {
	for _, test := range []struct {
		name, data string
		stricter   *codec.Format
		also       *codec.Format
	}{
		{"lines of objects", "{\"a\":1}\n{\"a\":2}\n", document.NDJSON, document.JSON},
		{"MessagePack that has only characters of windows-1252", "\x82\xa8a,b\nc,d\n\x91\xa3e,f\xa1g\x91\xa1h", document.MessagePack, delimited.CSV},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !test.also.Sniff([]byte(test.data)) {
				t.Fatalf("%s does not accept it", test.also.Name)
			}
			if got := formats.Detect([]byte(test.data)); got != test.stricter {
				t.Errorf("%v is detected, want %s", got, test.stricter.Name)
			}
		})
	}
}

func TestDelimitedTextIsDetected(t *testing.T) {
	for _, test := range []struct {
		name, data string
		want       *codec.Format
	}{
		{"commas", "a,b\n1,2\n", delimited.CSV},
		{"semicolons", "a;b\n1;2\n", delimited.CSV},
		{"tabs", "a\tb\n1\t2\n", delimited.TSV},
		{"tabs and a byte order mark", "\ufeffa\tb\n1\t2\n", delimited.TSV},
		{"a header only", "a,b\n", delimited.CSV},
		{"one column", "a\n1\n2\n", delimited.CSV},
		{"a beginning that ends in a line", "a,b\n1,2\n3", delimited.CSV},
		{"a beginning that ends in a character", "a,b\n1,2\n3,\xe6\x97", delimited.CSV},
		{"a beginning that ends in quotes", "a,b\n1,2\n3,\"x", delimited.CSV},
		{"more than what is looked at", "a,b\n" + strings.Repeat("1,\"2\n\"\n", 50_000), delimited.CSV},
		{"nothing", "", nil},
		{"one word", "word", nil},
		{"a line of text", "word\n", nil},
		{"sentences", "One, two.\nThree, four, five.\n", nil},
		{"one column with a tab further down", "a\n1\n2\t3\n", nil},
		{"uneven rows", "a,b\n1,2\n3\n4,5\n", nil},
		{"JSON", "{\"a\":1,\n\"b\":2}\n", document.JSON},
		{"a JSON array", " [{\"a\":1,\n\"b\":2}]\n", document.JSON},
		{"HTML", "<html>\n<body>\n", nil},
		{"control characters", "a,b\n1,\x01\n", nil},
		{"a NUL byte", "a,b\n1,\x00\n", nil},
		{"UTF-16", utf16Text("a,b\n1,2\n"), delimited.CSV},
		{"UTF-16 without a mark", utf16Text("a\tb\n1\t2\n")[2:], delimited.TSV},
		{"UTF-16 that is cut", utf16Text("a,b\n" + strings.Repeat("😀,é\n", 20_000)), delimited.CSV},
		{"Windows-1252", "a,b\n\xe9,2\n", delimited.CSV},
		{"a byte that it has not", "a,b\n\xe9,\x81\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var name, want string
			if got := formats.Detect([]byte(test.data)); got != nil {
				name = got.Name
			}
			if test.want != nil {
				want = test.want.Name
			}
			if name != want {
				t.Errorf("the format is %q, want %q", name, want)
			}
			if delimited.CSV.Sniff([]byte(test.data)) && delimited.TSV.Sniff([]byte(test.data)) {
				t.Error("it is both CSV and TSV")
			}
		})
	}
}

func utf16Text(s string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}
