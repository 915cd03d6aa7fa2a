package frame

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"edgeframe/codec/codectest"
	"edgeframe/codec/scalar"
)

// computeTable is two row groups with a column of each kind.
func computeTable(t testing.TB) *base {
	t.Helper()
	return stored(t,
		column{"i", "int64", []string{`[1,-7,null]`, `[9223372036854775807,0]`}},
		column{"j", "int8", []string{`[2,2,2]`, `[3,null]`}},
		column{"u", "uint64", []string{`[1,2,3]`, `[4,5]`}},
		column{"f", "float64", []string{`[0.5,-1.5,2.5]`, `[null,0.0]`}},
		column{"d", "decimal(5, 2)", []string{`["1.25","-2.50",null]`, `["0.00","3.75"]`}},
		column{"b", "bool", []string{`[true,false,null]`, `[true,false]`}},
		column{"s", "utf8", []string{`["Äpfel","b c",""]`, `[null," x "]`}},
		column{"k", "dictionary", []string{`["x","y","x"]`, `[null,"y"]`}},
		column{"day", "date32", []string{`["2024-02-29","1969-12-31",null]`, `["2026-01-18","0001-01-01"]`}},
		column{"at", "timestamp[us]", []string{`["2024-02-29T12:34:56.5","1969-12-31T23:59:59",null]`, `["2026-01-18","2026-01-19T00:00:01"]`}},
		column{"zoned", "timestamp[ms, tz=UTC]", []string{`["2024-02-29T12:00:00Z","2024-02-29T12:00:00Z",null]`, `["2024-02-29T12:00:00Z","2024-02-29T12:00:00Z"]`}},
		column{"clock", "time64[us]", []string{`["23:59:59.5","00:00:01",null]`, `["12:30:00","01:02:03"]`}},
		column{"span", "duration[ms]", []string{`["PT1.5S","PT-1S",null]`, `["PT0S","PT86400S"]`}},
		column{"n", "null", []string{`[null,null,null]`, `[null,null]`}},
		column{"bin", "binary", []string{`["AA==",null,"AA=="]`, `["AA==","AA=="]`}},
		column{"type", "int64", []string{`[1,2,3]`, `[4,5]`}},
		column{"a b.c", "int64", []string{`[1,2,3]`, `[4,5]`}},
	)
}

// computed has the values of expressions on computeTable.
var computed = []struct{ expression, dtype, want string }{
	{"j + 1", "int64", "[3,3,3,4,null]"},
	{"-j - 1", "int64", "[-3,-3,-3,-4,null]"},
	{"j * j", "int64", "[4,4,4,9,null]"},
	{"i / j", "float64", "[0.5,-3.5,null,3.0744573456182584e+18,null]"},
	{"j / (j - 2)", "float64", "[null,null,null,3.0,null]"},
	{"i % 3", "int64", "[1,2,null,1,0]"},
	{"i % -3", "int64", "[-2,-1,null,-2,0]"},
	{"j % 0", "int64", "[null,null,null,null,null]"},
	{"floor_divide(i, 2)", "int64", "[0,-4,null,4611686018427387903,0]"},
	{"floor_divide(f, 0.4)", "float64", "[1.0,-4.0,6.0,null,0.0]"},
	{"f % 1", "float64", "[0.5,0.5,0.5,null,0.0]"},
	{"f + j", "float64", "[2.5,0.5,4.5,null,null]"},
	{"d * 2", "float64", "[2.5,-5.0,null,0.0,7.5]"},
	{"u + j", "int64", "[3,4,5,7,null]"},
	{"-9223372036854775808 + u", "int64", "[-9223372036854775807,-9223372036854775806,-9223372036854775805,-9223372036854775804,-9223372036854775803]"},
	{"0x10 + 1_000", "int64", "[1016,1016,1016,1016,1016]"},
	{"2 + 3 * 4 - -5", "int64", "[19,19,19,19,19]"},
	{"(2 + 3) * 4", "int64", "[20,20,20,20,20]"},
	{"10 - 4 - 3", "int64", "[3,3,3,3,3]"},
	{"n + 1", "null", "[null,null,null,null,null]"},
	{"type + `a b.c` + col(\"a b.c\")", "int64", "[3,6,9,12,15]"},

	{"i<-1", "bool", "[false,true,null,false,false]"},
	{"i > f", "bool", "[true,false,null,null,false]"},
	{"s == \"b c\"", "bool", "[false,true,false,null,false]"},
	{"s < k", "bool", "[false,true,true,null,true]"},
	{"k != \"x\"", "bool", "[false,true,false,null,true]"},
	{"b == true", "bool", "[true,false,null,true,false]"},
	{"b != (i == 1)", "bool", "[false,false,null,true,false]"},
	{"day >= \"2000-01-01\"", "bool", "[true,false,null,true,false]"},
	{"\"12:30\" <= clock", "bool", "[true,false,null,true,false]"},
	{"at >= day", "bool", "[true,true,null,true,true]"},
	{"zoned == \"2024-02-29T13:00:00+01:00\"", "bool", "[true,true,null,true,true]"},
	{"span > seconds(1)", "bool", "[true,false,null,false,true]"},
	{"n == 1", "bool", "[null,null,null,null,null]"},
	{"n == n", "bool", "[null,null,null,null,null]"},

	{"b && f > 0", "bool", "[true,false,null,null,false]"},
	{"b || f > 0", "bool", "[true,false,true,true,false]"},
	{"!b", "bool", "[false,true,null,false,true]"},
	{"null && b", "bool", "[null,false,null,null,false]"},
	{"null || b", "bool", "[true,null,null,true,null]"},
	{"i > 0 && i * 1 > 0", "bool", "[true,false,null,true,false]"},
	{"i < 2 && i * 9 < 10", "bool", "[true,true,null,false,true]"},
	{"i > 2 || i * 9 < 10", "bool", "[true,true,null,true,true]"},

	{"if_else(f > 0, j, -1)", "int64", "[2,-1,2,null,-1]"},
	{"if_else(i > 100, null, i * 2)", "int64", "[2,-14,null,null,0]"},
	{"if_else(b, j, f)", "float64", "[2.0,-1.5,null,3.0,0.0]"},
	{"if_else(b, day, \"2000-01-01\")", "date32", `["2024-02-29","2000-01-01",null,"2026-01-18","2000-01-01"]`},
	{"if_else(b, s, null)", "utf8", `["Äpfel",null,null,null,null]`},
	{"if_else(b, if_else(j > 2, 1, 2), 3)", "int64", "[2,3,null,1,3]"},
	{"coalesce(s, k, \"?\")", "utf8", `["Äpfel","b c","","?"," x "]`},
	{"coalesce(n, i, 0)", "int64", "[1,-7,0,9223372036854775807,0]"},
	{"coalesce(b, true)", "bool", "[true,false,true,true,false]"},
	{"coalesce(null, null)", "null", "[null,null,null,null,null]"},
	{"is_null(f)", "bool", "[false,false,false,true,false]"},
	{"is_valid(bin)", "bool", "[true,false,true,true,true]"},
	{"is_null(n)", "bool", "[true,true,true,true,true]"},
	{"min(j, f, 1)", "float64", "[0.5,-1.5,1.0,1.0,0.0]"},
	{"max_element_wise(j, i)", "int64", "[2,2,2,9223372036854775807,0]"},
	{"max(s, k)", "utf8", `["Äpfel","y","x",null,"y"]`},
	{"min(day, at)", "timestamp[us]", `["2024-02-29T00:00:00","1969-12-31T00:00:00",null,"2026-01-18T00:00:00","0001-01-01T00:00:00"]`},
	{"row_number()", "int64", "[0,1,2,3,4]"},

	{"abs(f)", "float64", "[0.5,1.5,2.5,null,0.0]"},
	{"abs(j - 4)", "int64", "[2,2,2,1,null]"},
	{"round(f)", "float64", "[0.0,-2.0,2.0,null,0.0]"},
	{"round(f / 3, 2)", "float64", "[0.17,-0.5,0.83,null,0.0]"},
	{"round(type * 10 + 5, -1)", "int64", "[20,20,40,40,60]"},
	{"round(f * 100, -2)", "float64", "[0.0,-200.0,200.0,null,0.0]"},
	{"round(j, -30)", "int64", "[0,0,0,0,null]"},
	{"floor(f)", "float64", "[0.0,-2.0,2.0,null,0.0]"},
	{"ceil(j)", "int64", "[2,2,2,3,null]"},
	{"sqrt(f)", "float64", "[0.7071067811865476,null,1.5811388300841898,null,0.0]"},
	{"ln(exp(j))", "float64", "[2.0,2.0,2.0,3.0,null]"},
	{"log10(10.0)", "float64", "[1.0,1.0,1.0,1.0,1.0]"},
	{"power(j, 10)", "int64", "[1024,1024,1024,59049,null]"},
	{"power(j, -1.0)", "float64", "[0.5,0.5,0.5,0.3333333333333333,null]"},
	{"-(1.5)", "float64", "[-1.5,-1.5,-1.5,-1.5,-1.5]"},

	{"s + \"!\"", "utf8", `["Äpfel!","b c!","!",null," x !"]`},
	{"concat(s, k, s)", "utf8", `["ÄpfelxÄpfel","b cyb c","x",null," x y x "]`},
	{"upper(s)", "utf8", `["ÄPFEL","B C","",null," X "]`},
	{"lower(s)", "utf8", `["äpfel","b c","",null," x "]`},
	{"trim(s)", "utf8", `["Äpfel","b c","",null,"x"]`},
	{"length(s)", "int64", "[5,3,0,null,3]"},
	{"substr(s, 2)", "utf8", `["pfel"," c","",null,"x "]`},
	{"substr(s, 1, 2)", "utf8", `["Äp","b ","",null," x"]`},
	{"substr(s, -2, 1)", "utf8", `["e"," ","",null,"x"]`},
	{"substr(s, 100, 1)", "utf8", `["","","",null,""]`},
	{"starts_with(s, \"Ä\")", "bool", "[true,false,false,null,false]"},
	{"ends_with(s, \"c\")", "bool", "[false,true,false,null,false]"},
	{"contains(s, \" \")", "bool", "[false,true,false,null,true]"},

	{"year(day)", "int64", "[2024,1969,null,2026,1]"},
	{"month(at)", "int64", "[2,12,null,1,1]"},
	{"day(day)", "int64", "[29,31,null,18,1]"},
	{"weekday(day)", "int64", "[3,2,null,6,0]"},
	{"hour(at)", "int64", "[12,23,null,0,0]"},
	{"minute(clock)", "int64", "[59,0,null,30,2]"},
	{"second(at)", "int64", "[56,59,null,0,1]"},
	{"date(at)", "date32", `["2024-02-29","1969-12-31",null,"2026-01-18","2026-01-19"]`},
	{"day - \"2024-02-28\"", "int64", "[1,-19782,null,690,-738943]"},
	{"day + 1", "date32", `["2024-03-01","1970-01-01",null,"2026-01-19","0001-01-02"]`},
	{"1 + day - 1", "date32", `["2024-02-29","1969-12-31",null,"2026-01-18","0001-01-01"]`},
	{"day + hours(36)", "timestamp[s]", `["2024-03-01T12:00:00","1970-01-01T12:00:00",null,"2026-01-19T12:00:00","0001-01-02T12:00:00"]`},
	{"at - day", "duration[us]", `["PT45296.5S","PT86399S",null,"PT0S","PT63904377601S"]`},
	{"total_seconds(at - \"2024-02-29\")", "float64", "[45296.5,-1709164801.0,null,59529600.0,59616001.0]"},
	{"at + span", "timestamp[us]", `["2024-02-29T12:34:58","1969-12-31T23:59:58",null,"2026-01-18T00:00:00","2026-01-20T00:00:01"]`},
	{"zoned - days(1)", "timestamp[ms, tz=UTC]", `["2024-02-28T12:00:00Z","2024-02-28T12:00:00Z",null,"2024-02-28T12:00:00Z","2024-02-28T12:00:00Z"]`},
	{"span * 2 + minutes(1)", "duration[ms]", `["PT63S","PT58S",null,"PT60S","PT172860S"]`},
	{"span / seconds(2)", "float64", "[0.75,-0.5,null,0.0,43200.0]"},
	{"-abs(span)", "duration[ms]", `["PT-1.5S","PT-1S",null,"PT0S","PT-86400S"]`},

	{"int64(f * 2)", "int64", "[1,-3,5,null,0]"},
	{"int64(b)", "int64", "[1,0,null,1,0]"},
	{"float64(\" 1.5\")", "float64", "[1.5,1.5,1.5,1.5,1.5]"},
	{"utf8(f) + utf8(b)", "utf8", `["0.5true","-1.5false",null,null,"0.0false"]`},
	{"utf8(day)", "utf8", `["2024-02-29","1969-12-31",null,"2026-01-18","0001-01-01"]`},
	{"cast(\"18.01.2026\", \"date32[%d.%m.%Y]\")", "date32", `["2026-01-18","2026-01-18","2026-01-18","2026-01-18","2026-01-18"]`},
	{"cast(j, \"decimal(4, 2)\")", "float64", "[2.0,2.0,2.0,3.0,null]"},
	{"clock", "time64[us]", `["23:59:59.5","00:00:01",null,"12:30:00","01:02:03"]`},
	{"null", "null", "[null,null,null,null,null]"},
}

// compute returns the operation that sets a column.
func computeOf(column, expression, dtype string) string {
	if dtype != "" {
		dtype = `,"dtype":` + quoted(dtype)
	}
	return fmt.Sprintf(`[{"op":"compute","column":%s,"expression":%s%s}]`, quoted(column), quoted(expression), dtype)
}

func TestExpressionsHaveTheirValues(t *testing.T) {
	for _, tt := range computed {
		b := computeTable(t)
		ops, err := parse(t, computeOf("new", tt.expression, ""))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = Apply(b.Frame, ops); err != nil {
			t.Errorf("%s: %v", tt.expression, err)
			continue
		}
		b.check(t)
		c := b.Columns[len(b.Columns)-1]
		got := strings.TrimSuffix(codectest.JSONArray(c.Chunks[0].Data), "]") + "," + strings.TrimPrefix(codectest.JSONArray(c.Chunks[1].Data), "[")
		if dtype := scalar.DType(c.Field.Type); got != tt.want || dtype != tt.dtype {
			t.Errorf("%s is %s %s; want %s %s", tt.expression, dtype, got, tt.dtype, tt.want)
		}
	}
}

// computeRefusals are expressions that are refused, with what the error says and what it proposes.
var computeRefusals = []struct{ expression, says, expected string }{
	{"", "compute needs an expression", "price / n"},
	{" \n", "compute needs an expression", "price / n"},
	{strings.Repeat("i", 4097), "has 4097 bytes; it may have 4096", "at most 4096 bytes"},
	{"i +", "character 4 of the expression: a value is missing before the end", ""},
	{"(i", "a ) or an operator is missing before the end", ""},
	{"i)", "character 2 of the expression: an operator such as + is missing before )", ""},
	{"i i", "character 3 of the expression: an operator such as + is missing before i", ""},
	{"i;j", "missing before ;", ""},
	{"abs(i j)", "a , or a ) is missing before j", ""},
	{"abs(", "a value is missing before the end", ""},
	{"i +\n  * 2", "line 2, character 3 of the expression: a value is missing before *", ""},
	{"010", "no zeros at its beginning", ""},
	{"1i", "a value is missing before 1i", ""},
	{"1e999", "beyond float64", ""},
	{"9223372036854775808", "beyond int64", ""},
	{"-9223372036854775809", "beyond int64", ""},
	{"1x", "character 2 of the expression: an operator such as + is missing before x", ""},
	{`"a`, "string literal not terminated", ""},
	{"`a", "raw string literal not terminated", ""},
	{`"\xff"`, "an escape that is no character", ""},
	{`"\q"`, "unknown escape sequence", ""},
	{"\x00", "illegal character NUL", ""},
	{"i # j", "illegal character", ""},

	{"i > 0 and j > 0", "instead of and, write &&", "&&"},
	{"i > 0 OR j > 0", "instead of OR, write ||", "||"},
	{"not b", "character 1 of the expression: instead of not, write !", "!"},
	{"not(b)", `there is no function "not"; did you mean !?`, "!"},
	{"b & b", "instead of &, write &&", "&&"},
	{"b | b", "instead of |, write ||", "||"},
	{"~b", "instead of ~, write !", "!"},
	{"i = 1", "instead of =, write ==", "=="},
	{"i <> 1", "instead of <>, write !=", "!="},
	{"i ** 2", "character 3 of the expression: instead of **, write power(x, y)", "power(x, y)"},
	{"i ^ 2", "instead of ^, write power(x, y)", "power(x, y)"},
	{"i // 2", "instead of //, write floor_divide(x, y)", "floor_divide(x, y)"},
	{"i /* x */", "missing before /* x */", ""},
	{"s == 'x'", "text stands in double quotes", `"text"`},
	{"s == 'xyz'", "text stands in double quotes", `"text"`},
	{"b ? 1 : 2", "if_else(c, a, b)", "if_else(c, a, b)"},
	{"1 if b else 2", "instead of if, write if_else(c, a, b)", "if_else(c, a, b)"},
	{"@limit * 2", "no variables", "the name of a column"},
	{"s.lower()", "functions as lower(x)", ""},
	{"s[0]", "instead of [, write substr(x, start, length)", ""},
	{"i is null", "is_null(x) or is_valid(x)", ""},
	{"i in (1, 2)", "x == 1 || x == 2", ""},
	{"i == True", "instead of True, write true", "true"},
	{"i == null", "a comparison with null is always missing", ""},
	{"1 < i < 3", "write 1 < x && x < 3", ""},

	{"1 + prise", `character 5 of the expression: there is no column "prise" in this table`, ""},
	{"spam", `there is no column "spam" in this table; did you mean "span"?`, "span"},
	{"abs", "abs is a function; it is called as abs(x)", ""},
	{"col(i)", `col takes the name of a column as text: col("name")`, ""},
	{"rond(f)", `there is no function "rond"; did you mean round?`, "round"},
	{"len(s)", "did you mean length?", "length"},
	{"zzzzzzzzz(s)", "there are abs, cast, ceil, coalesce", ""},
	{"\"abs\"(i)", "missing before (", ""},
	{"abs(i)(j)", "missing before (", ""},
	{"abs()", "abs does not take 0 values; it is called as abs(x)", "abs(x)"},
	{"min(i)", "compares the values of a row", ""},

	{"i + s", `+ does not take int64 and utf8`, ""},
	{"i * b", "int64(x) makes a number of true and false", ""},
	{"s - s", "- does not take utf8 and utf8; it takes numbers", ""},
	{"i && b", "&& takes true or false; this is int64; a comparison such as x != 0", "true or false"},
	{"!i", "! takes true or false", ""},
	{"-s", "- takes numbers; this is utf8; float64(x) reads a number", "numbers"},
	{"lower(i)", "character 7 of the expression: lower takes text; this is int64; utf8(x) makes text of it", "text"},
	{"sqrt(s)", "sqrt takes numbers", ""},
	{"substr(s, 1.5)", "substr takes whole numbers; this is float64; int64(x) makes whole numbers of it", ""},
	{"i == s", "== takes values of one type; these are int64 and utf8; utf8(x) makes text of a number", ""},
	{"b < b", "true and false have no order", ""},
	{"if_else(i, 1, 2)", "if_else takes true or false", ""},
	{"if_else(b, 1, \"x\")", "values of one type", ""},
	{"bin", "the expression has a type that is not computed with", ""},
	{"bin == bin", "values of one type", ""},
	{"bin + 1", "+ does not take a type that is not computed with and int64", ""},
	{"round(f, j)", "the digits of round are a whole number", ""},
	{"day == \"2024-13-01\"", `the text "2024-13-01" does not fit date32`, ""},
	{"day == \"x\" + \"y\"", "== takes values of one type; these are date32 and utf8", ""},
	{"day * 2", "* does not take date32 and int64", ""},
	{"at + 1", "+ does not take timestamp[us] and int64", ""},
	{"2 - day", "- does not take int64 and date32", ""},
	{"at - zoned", "- does not take", ""},
	{"day == zoned", "values of one type", ""},
	{"day + day", "+ does not take date32 and date32", ""},
	{"year(s)", "year takes dates or timestamps; this is utf8", ""},
	{"hour(day)", "hour takes timestamps or times", ""},
	{"days(1.5)", "days takes whole numbers", ""},
	{"cast(i, \"int\")", "unknown dtype", ""},
	{"cast(day, \"int64\")", "date32 values have no form as int64", ""},
	{"cast(i, s)", "cast takes a value and a dtype as text", ""},

	{"i + 1", "character 3 of the expression: row 3: the result is beyond int64", ""},
	{"i * i", "row 3: the result is beyond int64", ""},
	{"-2 - i", "row 3: the result is beyond int64", ""},
	{"power(i, 2)", "row 3: the power is beyond int64", ""},
	{"power(j, -1)", "row 0: the power is beyond int64, or its exponent negative", ""},
	{"9223372036854775807 + u", "row 0: the result is beyond int64", ""},
	{"u - 9223372036854775807 - 9", "row 0: the result is beyond int64", ""},
	{"abs(-9223372036854775808 + 0 * i)", "row 0: the result is beyond int64", ""},
	{"floor_divide(-9223372036854775808, -1)", "row 0: the result is beyond int64", ""},
	{"round(i, -1)", "row 3: the result is beyond int64", ""},
	{"int64(f)", `row 0: the value "0.5" does not fit int64`, ""},
	{"int64(s)", `row 0: the value "Äpfel" does not fit int64`, ""},
	{"cast(i, \"int8\")", `row 3: the value "9223372036854775807" does not fit int8`, ""},
	{"cast(\"18446744073709551615\", \"uint64\")", "the value 18446744073709551615 is beyond int64", ""},
	{"substr(s, 0)", "row 0: start counts characters from 1", ""},
	{"substr(s, 1, -1)", "the length of substr cannot be negative", ""},
	{"day + 9000000000", "row 0: the result is beyond date32", ""},
	{"at + days(999999999)", "row 0: the value is beyond duration[us]", ""},
	{"days(9223372036854775807)", "the result is beyond duration[s]", ""},
	{"year(cast(\"2024-01-01\", \"timestamp[s]\") + seconds(9000000000000000000))", "row 0: the date is beyond the calendar", ""},
	{strings.Repeat("(", 1000) + "i" + strings.Repeat(")", 1000), "nested more than 64 deep", ""},
	{strings.Repeat("-", 1000) + "i", "nested more than 64 deep", ""},
	{"i" + strings.Repeat("+i", 500), "has more than 500 parts", ""},
}

func TestExpressionsAreRefused(t *testing.T) {
	for _, tt := range computeRefusals {
		b := computeTable(t)
		ops, err := parse(t, computeOf("new", tt.expression, ""))
		if err != nil {
			t.Fatal(err)
		}
		_, err = Apply(b.Frame, ops)
		fault, ok := errors.AsType[*Fault](err)
		if !says(err, tt.says) || !ok || fault.Pointer != "/operations/0/expression" || tt.expected != "" && fault.Expected != tt.expected {
			t.Errorf("%.100q: %v, %+v; want %s", tt.expression, err, fault, tt.says)
			continue
		}
		if !errors.Is(err, ErrInvalidOperation) && !errors.Is(err, ErrColumnNotFound) {
			t.Errorf("%q: %v", tt.expression, err)
		}
	}
}
