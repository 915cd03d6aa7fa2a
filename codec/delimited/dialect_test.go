package delimited

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// european is how most of Europe writes numbers.
var european = codec.ReadOptions{Options: Options{Delimiter: ';', Decimal: ',', Thousands: '.'}}

func TestNumbersOfADialect(t *testing.T) {
	comma := codec.ReadOptions{Options: Options{Delimiter: ';', Decimal: ','}}
	groups := func(c byte) codec.ReadOptions {
		return codec.ReadOptions{Options: Options{Delimiter: ';', Thousands: c}}
	}
	for _, test := range []struct {
		opt                 codec.ReadOptions
		cells, dtype, wants string
		changed             int64
	}{
		{comma, "1,5 -0,25 3", "float64", "1.5 -0.25 3.0", 1},
		{comma, "1,50 ,5 5, -,5", "float64", "1.5 0.5 5.0 -0.5", 4},
		{comma, "1,5e3 2E-2", "float64", "1500.0 0.02", 2},
		{comma, "0,1 0,30000000000000004", "float64", "0.1 0.30000000000000004", 0},
		{comma, "1.5 2,5", "utf8", `"1.5" "2,5"`, 0},
		{comma, "1,5,6", "utf8", `"1,5,6"`, 0},
		{comma, ", 1,5", "utf8", `"," "1,5"`, 0},
		{comma, "1,5.0", "utf8", `"1,5.0"`, 0},
		{comma, "1e5.0", "utf8", `"1e5.0"`, 0},
		{comma, "01,5", "utf8", `"01,5"`, 0},
		{comma, "+1,5", "utf8", `"+1,5"`, 0},
		{comma, "inf -Infinity 1,5", "float64", "Infinity -Infinity 1.5", 1},
		{comma, "9223372036854775807 -9223372036854775808", "int64", "9223372036854775807 -9223372036854775808", 0},
		{european, "1.234,5 -12.345.678,25 7", "float64", "1234.5 -12345678.25 7.0", 1},
		{european, "1.234 12 123 -1.000.000", "int64", "1234 12 123 -1000000", 0},
		{european, "1.5", "utf8", `"1.5"`, 0},
		{european, "1234.567", "utf8", `"1234.567"`, 0},
		{european, "1.2345", "utf8", `"1.2345"`, 0},
		{european, ".123", "utf8", `".123"`, 0},
		{european, "1..234", "utf8", `"1..234"`, 0},
		{european, "1.234.", "utf8", `"1.234."`, 0},
		{european, "-.234", "utf8", `"-.234"`, 0},
		{european, "1,234.5", "utf8", `"1,234.5"`, 0},
		{european, "0.123", "utf8", `"0.123"`, 0},
		{european, "1e3.000", "utf8", `"1e3.000"`, 0},
		{european, "9.223.372.036.854.775.807", "int64", "9223372036854775807", 0},
		{european, "9.223.372.036.854.775.808", "utf8", `"9.223.372.036.854.775.808"`, 0},
		{european, "2026-01-18", "date32", "2026-01-18", 0},
		{european, "true", "bool", "true", 0},
		{groups(','), "1,234 1,234.5", "float64", "1234.0 1234.5", 1},
		{groups(','), "1.234,567", "utf8", `"1.234,567"`, 0},
		{groups('\''), "1'234'567", "int64", "1234567", 0},
		{groups('_'), "1_234", "int64", "1234", 0},
		{groups('_'), "1_23", "utf8", `"1_23"`, 0},
	} {
		own := test.opt.Options.(Options)
		t.Run(fmt.Sprintf("%s with %c and %c", test.cells, max(own.Decimal, '.'), max(own.Thousands, ' ')), func(t *testing.T) {
			text := "a\n" + strings.ReplaceAll(test.cells, " ", "\n") + "\n"
			table, err := CSV.Decode([]byte(text), test.opt)
			if err != nil {
				t.Fatal(err)
			}
			if got := scalar.DType(table.Schema.Field(0).Type); got != test.dtype {
				t.Errorf("the type is %s, want %s", got, test.dtype)
			}
			if got := columnText(table, 0); got != test.wants {
				t.Errorf("the values are %s, want %s", got, test.wants)
			}
			var changed int64
			if table.Receipt.Changed != nil {
				changed = table.Receipt.Changed[0]
			}
			if changed != test.changed {
				t.Errorf("%d cells are changed, want %d", changed, test.changed)
			}
		})
	}
}

func TestBlanksBetweenThousandsAndAroundNumbers(t *testing.T) {
	table, err := CSV.Decode([]byte("a,b\n 1 234 ,1 \n12 345 678,\t-7\n"), codec.ReadOptions{Options: Options{Thousands: ' '}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := gridText(table), "a: 1234 12345678\nb: 1 -7"; got != want {
		t.Errorf("the table is\n%s\nwant\n%s", got, want)
	}
	if got, want := fmt.Sprint(table.Receipt.Changed), "[1 2]"; got != want {
		t.Errorf("changed are %s, want %s", got, want)
	}
}

func TestThousandsHaveTheSpacesAndApostrophesOfTypography(t *testing.T) {
	for _, tt := range []struct {
		own        Options
		text, want string
	}{
		{Options{Thousands: ' ', Decimal: ','}, "a;b\n1\u00a0234,5;12\u202f345\n2\u2009345,5;-1\u00a0234\u00a0567\n", "a: 1234.5 2345.5\nb: 12345 -1234567"},
		{Options{Thousands: '\''}, "a;b\n1\u2019234.5;1'234\n7.5;1\u2019000'000\n", "a: 1234.5 7.5\nb: 1234 1000000"},
		{Options{Thousands: ' '}, "a;b\n1\u00a023;1\u2019234\nx;y\n", "a: \"1\\u00a023\" \"x\"\nb: \"1\u2019234\" \"y\""},
	} {
		table, err := CSV.Decode([]byte(tt.text), codec.ReadOptions{Options: tt.own, Strict: true})
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		if got := gridText(table); got != tt.want {
			t.Errorf("%q is\n%s\nwant\n%s", tt.text, got, tt.want)
		}
	}
}

func TestSpellingsOfAMissingValueAreTextOnlyWithoutNullValues(t *testing.T) {
	given, err := CSV.Reading.Options(codec.Values{"null_values": {""}})
	if err != nil {
		t.Fatal(err)
	}
	for want, own := range map[string]any{`zip: null "01234"`: nil, `zip: "NA" "01234"`: given} {
		opt := codec.ReadOptions{Options: own, DTypes: map[string]arrow.DataType{"zip": arrow.BinaryTypes.String}}
		table, err := CSV.Decode([]byte("zip\nNA\n01234\n"), opt)
		if err != nil {
			t.Fatal(err)
		}
		if got := gridText(table); got != want {
			t.Errorf("the table is %s, want %s", got, want)
		}
	}
}

func TestCommentsAreSkipped(t *testing.T) {
	hash := codec.ReadOptions{Options: Options{Comment: '#'}}
	for _, test := range []struct {
		name, input, want string
		opt               codec.ReadOptions
	}{
		{"in every place", "#x\n#\na,b\n#1,2\n1,2\n#\n#\n3,4\n#5", "a: 1 3\nb: 2 4", hash},
		{"with CRLF", "#x\r\na,b\r\n#y\r\n1,2\r\n#z\r\n", "a: 1\nb: 2", hash},
		{"with CR", "#x\ra,b\r#y\r1,2\r#z", "a: 1\nb: 2", hash},
		{"around blank lines", "\n#x\n\na,b\n\n#y\n\n1,2\n\n#z\n\n", "a: 1\nb: 2", hash},
		{"in one column, where blank lines are values", "#x\na\n#y\n\n#z\n1\n", "a: null 1", hash},
		{"without a header", "#x\n1,2\n#y\n3,4\n", "column_1: 1 3\ncolumn_2: 2 4", codec.ReadOptions{Options: Options{Comment: '#', NoHeader: true}}},
		{"without a header in one column", "#x\n\n#y\n3\n", "column_1: null 3", codec.ReadOptions{Options: Options{Comment: '#', NoHeader: true}}},
		{"not in a quoted field", "a,b\n1,\"x\n#y\n\"\n", "a: 1\nb: \"x\\n#y\\n\"", hash},
		{"not when the first field is quoted", "a,b\n\"#1\",2\n", "a: \"#1\"\nb: 2", hash},
		{"not behind a blank", "a,b\n #1,2\n", "a: \" #1\"\nb: 2", hash},
		{"not behind a value", "a,b\n1#,2#\n", "a: \"1#\"\nb: \"2#\"", hash},
		{"with quotes that nothing closes", "#\"x\na,b\n#,\"\n1,2\n#\"\n", "a: 1\nb: 2", hash},
		{"before the delimiter is found", "#,\"1,2\n#,,,\na;b\n1;2\n", "a: 1\nb: 2", hash},
		{"that are longer than the sample", strings.Repeat("#,,\n\n", sampleBytes) + "a;b\n1;2\n", "a: 1\nb: 2", hash},
		{"of another character", "%a\na,b\n#1,2\n", "a: \"#1\"\nb: 2", codec.ReadOptions{Options: Options{Comment: '%'}}},
		{"of the minus, which then begins no number", "a,b\n1,-2\n-1,2\n", "a: 1\nb: -2", codec.ReadOptions{Options: Options{Comment: '-'}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, sizes := range []textSizes{defaultSizes, {groupRows: 1, windowFields: 1, windowRows: 1}} {
				table, err := sized(sizes).Decode([]byte(test.input), test.opt)
				if err != nil {
					t.Fatal(err)
				}
				if got := gridText(table); got != test.want {
					t.Errorf("the table is\n%s\nwant\n%s", got, test.want)
				}
			}
		})
	}
}

func TestDelimitersOfADialectAreDetected(t *testing.T) {
	for _, test := range []struct {
		input string
		opt   codec.ReadOptions
		want  byte
	}{
		{"a,b\n1,2\n", codec.ReadOptions{}, ','},
		{"a;b\n1,5;2,5\n1,5;3,5\n", codec.ReadOptions{}, ';'},
		{"a,b;c\n1,2;3\n", codec.ReadOptions{Options: Options{Decimal: ','}}, ';'},
		{"a\n1,5\n", codec.ReadOptions{Options: Options{Decimal: ','}}, ';'},
		{"a\n1,234\n", codec.ReadOptions{Options: Options{Thousands: ','}}, ';'},
		{"a,b\n\"1,234\",2\n", codec.ReadOptions{Options: Options{Thousands: ','}}, ','},
		{"a|b\n|;;;\n1|2\n", codec.ReadOptions{Options: Options{Comment: ';'}}, '|'},
		{"a|b\n1|2\n", codec.ReadOptions{Options: Options{Comment: '|'}}, ','},
	} {
		table, err := CSV.Decode([]byte(test.input), test.opt)
		if err != nil {
			t.Errorf("%q: %v", test.input, err)
		} else if table.Receipt.Delimiter != test.want {
			t.Errorf("%q is cut at %q, want %q", test.input, table.Receipt.Delimiter, test.want)
		}
	}
}

func TestDialectsThatCannotBeReadAreRefused(t *testing.T) {
	const text = "a;b\n1;2\n"
	for _, c := range []refusal{
		{"another decimal", text, codec.ReadOptions{Options: Options{Decimal: ';'}}, codec.ErrUnsupported, "expected a point or a comma"},
		{"other thousands", text, codec.ReadOptions{Options: Options{Thousands: '-'}}, codec.ErrUnsupported, "expected a comma, point, space, apostrophe or underscore"},
		{"thousands like the decimal", text, codec.ReadOptions{Options: Options{Thousands: '.'}}, codec.ErrUnsupported, `'.' cannot be both the decimal point and the separator of thousands`},
		{"a comment of a digit", text, codec.ReadOptions{Options: Options{Comment: '1'}}, codec.ErrUnsupported, "one ASCII punctuation character"},
		{"a comment of a blank", text, codec.ReadOptions{Options: Options{Comment: ' '}}, codec.ErrUnsupported, "one ASCII punctuation character"},
		{"a comment of a quote", text, codec.ReadOptions{Options: Options{Comment: '"'}}, codec.ErrUnsupported, "other than a double quote"},
		{"a comment of half a character", text, codec.ReadOptions{Options: Options{Comment: 0xc3}}, codec.ErrUnsupported, "one ASCII punctuation character"},
		{"the decimal as delimiter", text, codec.ReadOptions{Options: Options{Decimal: ',', Delimiter: ','}}, codec.ErrUnsupported, "separate fields and be the decimal point"},
		{"the comment as delimiter", text, codec.ReadOptions{Options: Options{Comment: ';', Delimiter: ';'}}, codec.ErrUnsupported, "separate fields and begin lines of comment"},
		{"comments only", "#a\n#b", codec.ReadOptions{Options: Options{Comment: '#'}}, codec.ErrMalformed, "the text is empty"},
		{"an uneven line among comments", "#\na;b\n#\r\n1;2\n#\n3\n", codec.ReadOptions{Options: Options{Comment: '#'}}, codec.ErrMalformed, "line 6 has 1 field"},
		{"a number that strict reading refuses", "a;b\n#\n1.234,5;\"x\ny\"\n1,50;z\n", codec.ReadOptions{Strict: true, Options: Options{Comment: '#', Delimiter: ';', Decimal: ',', Thousands: '.'}}, codec.ErrMalformed, `line 5, column "a": "1,50" would be written back as "1.5"`},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, CSV) })
	}
}
