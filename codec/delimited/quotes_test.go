package delimited

import (
	"strings"
	"testing"

	"edgeframe/codec"
)

func TestQuotesInTSVMeanNothingIfTheLinesAreEvenWithoutThem(t *testing.T) {
	for _, tt := range []readTable{
		{name: "a quote that another closes some lines below", input: "id\ttitle\tn\n1\t\"Foo\t5\n2\tx\t6\n3\tBar\"\t7\n4\tz\t8\n", want: "id: 1 2 3 4\ntitle: \"\\\"Foo\" \"x\" \"Bar\\\"\" \"z\"\nn: 5 6 7 8", dialect: "\t"},
		{name: "text behind a quoted word", input: "id\ttitle\tn\n1\t\"Foo\" and more\t5\n2\tx\t6\n", want: "id: 1 2\ntitle: \"\\\"Foo\\\" and more\" \"x\"\nn: 5 6", dialect: "\t"},
		{name: "a quote that is never closed", input: "a\tb\n1\t\"x\n2\ty\n", want: "a: 1 2\nb: \"\\\"x\" \"y\"", dialect: "\t"},
		{name: "quotes inside fields", input: "a\tb\n1\t5\" pipe\n", want: "a: 1\nb: \"5\\\" pipe\"", dialect: "\t\""},
		{name: "quoted tabs", input: "a\tb\n1\t\"x\ty\"\n", want: "a: 1\nb: \"x\\ty\"", dialect: "\t\""},
		{name: "quoted line ends", input: "a\tb\n1\t\"x\ny\"\n2\tz\n", want: "a: 1 2\nb: \"x\\ny\" \"z\"", dialect: "\t\""},
		{name: "quoted quotes and line ends", input: "a\tb\r\n1\t\"say \"\"x\"\"\r\n\"\r\n", want: "a: 1\nb: \"say \\\"x\\\"\\r\\n\"", dialect: "\t\""},
		{name: "everything quoted", input: "\"a\"\t\"b\"\n\"1\"\t\"x\"\n", want: "a: 1\nb: \"x\"", dialect: "\t\""},
		{name: "an empty line at the end", input: "a\tb\n1\t\"x\ny\tz\"\n\n", want: "a: 1\nb: \"x\\ny\\tz\"", dialect: "\t\""},
		{name: "quotes in comments", input: "#\t\"x\na\tb\n#\t\"\n1\t\"y\nz\"\n", own: Options{Comment: '#'}, want: "a: 1\nb: \"y\\nz\"", dialect: "\t\""},
		{name: "quotes that a parameter names", input: "a\tb\n1\t\"x\n2\ty\"\n", own: Options{Quote: '"', FillShort: true}, want: "a: 1\nb: \"x\\n2\\ty\"", dialect: "\t\""},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.check(t, TSV) })
	}
	bars := readTable{input: "id|title\n1|\"Foo\n2|Bar\"\n", want: "id: 1 2\ntitle: \"\\\"Foo\" \"Bar\\\"\"", dialect: "|"}
	bars.check(t, CSV)
	refusal{"uneven both ways", "a\tb\n1\t\"x\n2\n", codec.ReadOptions{}, codec.ErrMalformed, "with quote=none quotes are ordinary characters"}.run(t, TSV)
}

func TestParametersSayWhatEnclosesFields(t *testing.T) {
	for _, tt := range []readTable{
		{name: "no quotes", input: "a,b\n\"1,2\"\n", own: Options{NoQuotes: true}, want: "a: \"\\\"1\"\nb: \"2\\\"\"", dialect: ","},
		{name: "no quotes before a line end", input: "a,b\n1,\"x\n2,y\n", own: Options{NoQuotes: true}, want: "a: 1 2\nb: \"\\\"x\" \"y\"", dialect: ","},
		{name: "apostrophes", input: "a,b\n'1,5','it''s'\n2,\"x\"\n", own: Options{Quote: '\''}, want: "a: \"1,5\" \"2\"\nb: \"it's\" \"\\\"x\\\"\"", dialect: ",'"},
		{name: "apostrophes around the other delimiters", input: "'a','b;c;d'\n'1','2;3;4'\n", own: Options{Quote: '\''}, want: "a: 1\nb;c;d: \"2;3;4\"", dialect: ",'"},
		{name: "an escape in quotes", input: "a,b\n1,\"say \\\"x, y\\\"\"\n2,\"\\\\\"\n", own: Options{Escape: '\\'}, want: "a: 1 2\nb: \"say \\\"x, y\\\"\" \"\\\\\"", dialect: ",\""},
		{name: "an escape outside of quotes", input: "a,b\n1,x\\, y\n2,l1\\\nl2\n3,\\\"q\n", own: Options{Escape: '\\'}, want: "a: 1 2 3\nb: \"x, y\" \"l1\\nl2\" \"\\\"q\"", dialect: ",\""},
		{name: "an escape without quotes", input: "a\tb\n1\tx\\\ty\"\n2\t\"z\n", own: Options{Escape: '\\', NoQuotes: true, Delimiter: '\t'}, want: "a: 1 2\nb: \"x\\ty\\\"\" \"\\\"z\"", dialect: "\t"},
		{name: "an escape and doubled quotes", input: "a,b\n1,\"\"\"x\"\"\"\n", own: Options{Escape: '\\'}, want: "a: 1\nb: \"\\\"x\\\"\""},
		{name: "an escape at the end", input: "a,b\n1,x\\", own: Options{Escape: '\\'}, want: "a: 1\nb: \"x\\\\\""},
		{name: "an escape and comments", input: "#\\\na,b\n#\"\n1,\\#x\n", own: Options{Escape: '\\', Comment: '#'}, want: "a: 1\nb: \"#x\""},
		{name: "an escape in a name", input: "a\\,b,c\n1,2\n", own: Options{Escape: '\\'}, want: "a,b: 1\nc: 2"},
		{name: "an escape that is the quote", input: "a,b\n1,\"x\"\"\"\n", own: Options{Escape: '"'}, want: "a: 1\nb: \"x\\\"\""},
		{name: "an escape before a line of the title", input: "Report\\\n\na,b\n1,2\n", own: Options{Escape: '\\', HeaderRow: 3}, want: "a: 1\nb: 2"},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.check(t, CSV) })
	}
	const text = "a,b\n1,2\n"
	for _, c := range []refusal{
		{"a letter as quote", text, codec.ReadOptions{Options: Options{Quote: 'q'}}, codec.ErrUnsupported, `'q' cannot enclose fields: expected one ASCII punctuation character`},
		{"the delimiter as quote", text, codec.ReadOptions{Options: Options{Quote: ';', Delimiter: ';'}}, codec.ErrUnsupported, `';' cannot both separate fields and enclose fields`},
		{"the comment as quote", text, codec.ReadOptions{Options: Options{Quote: '#', Comment: '#'}}, codec.ErrUnsupported, `'#' cannot both begin lines of comment and enclose fields`},
		{"a blank as escape", text, codec.ReadOptions{Options: Options{Escape: ' '}}, codec.ErrUnsupported, `' ' cannot make the next character ordinary`},
		{"the delimiter as escape", text, codec.ReadOptions{Options: Options{Escape: ',', Delimiter: ','}}, codec.ErrUnsupported, `',' cannot both separate fields`},
		{"a quote and none", text, codec.ReadOptions{Options: Options{Quote: '\'', NoQuotes: true}}, codec.ErrUnsupported, `cannot enclose fields if quotes mean nothing`},
		{"text behind a quote with an escape", "a,b\n1,\"x\"y\n", codec.ReadOptions{Options: Options{Escape: '\\'}}, codec.ErrMalformed, "line 2 has text after the closing quote"},
		{"an uneven line behind escaped line ends", "a,b\n1,x\\\ny\n3\n", codec.ReadOptions{Options: Options{Escape: '\\'}}, codec.ErrMalformed, "line 4 has 1 field"},
		{"an escaped quote at the end", "a,b\n1,\"x\\\"", codec.ReadOptions{Options: Options{Escape: '\\'}}, codec.ErrMalformed, "the quote that opens a field on line 2 is never closed"},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, CSV) })
	}
}

// TestTextWithStrayQuotesIsReadInLinearTime reads text in which each blank is followed by a quote: none of
// them may look through the rest of the text for the one that closes it.
func TestTextWithStrayQuotesIsReadInLinearTime(t *testing.T) {
	for _, part := range []string{"1, \"\n", "1, \"x\n", "1, \"\"\"x\n", "1, \"\" \"\n", "1, \"\"\"\"x\n", "1,  \n"} {
		text := "a,b\n" + strings.Repeat(part, 200_000)
		table, err := CSV.Decode([]byte(text), codec.ReadOptions{})
		if err == nil && table.NumRows() == 0 {
			t.Errorf("%q gives no rows", part)
		}
		table, err = TSV.Decode([]byte(strings.ReplaceAll(text, ",", "\t")), codec.ReadOptions{})
		if err == nil && table.NumRows() == 0 {
			t.Errorf("%q gives no rows", part)
		}
	}
}
