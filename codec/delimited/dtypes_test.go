package delimited

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/scalar"
)

func TestTextIsReadAsTheTypeThatIsWanted(t *testing.T) {
	for _, test := range []struct {
		dtype, cells, want string
		changed            int64
	}{
		{"int8", "127|-128|007|+5|NA| 3 |1e2|1.0|5.", "127 -128 7 5 null 3 100 1 5", 7},
		{"int16", "32767|-32768", "32767 -32768", 0},
		{"int32", "2147483647|-0", "2147483647 0", 1},
		{"int64", "9223372036854775807|-9223372036854775808|0000000000000000000000000001", "9223372036854775807 -9223372036854775808 1", 1},
		{"uint8", "255|0", "255 0", 0},
		{"uint64", "18446744073709551615", "18446744073709551615", 0},
		{"float64", "1|2.5|.5|5.|1.e3|1.00E-2|007.5|+1.5|-.5|-0", "1.0 2.5 0.5 5.0 1000.0 0.01 7.5 1.5 -0.5 -0.0", 9},
		{"float64", "inf|-Infinity|+INF|1", "Infinity -Infinity Infinity 1.0", 3},
		{"float32", "0.1|inf|16777216", "0.1 Infinity 16777216.0", 2},
		{"float16", "1.5|-inf", "1.5 -Infinity", 1},
		{"bool", "true|FALSE|True| false|NA", "true false true false null", 4},
		{"bool", "1|0|true", "true false true", 2},
		{"utf8", "007|1.50| x |NA|true", `"007" "1.50" " x " null "true"`, 1},
		{"large_utf8", "007|NA", "007 null", 1},
		{"date32", "2026-01-18|0001-01-01|9999-12-31", "2026-01-18 0001-01-01 9999-12-31", 0},
		{"date64", "2026-01-18", "2026-01-18", 0},
		{"timestamp[s]", "2026-01-18T10:30:00|2026-01-18 10:30:00|2026-01-18 10:30", "2026-01-18T10:30:00 2026-01-18T10:30:00 2026-01-18T10:30:00", 2},
		{"timestamp[ns]", "2026-01-18T10:30:00.123456789", "2026-01-18T10:30:00.123456789", 0},
		{"timestamp[ms, tz=UTC]", "2026-01-18T10:30:00Z|2026-01-18T12:30+02:00", "2026-01-18T10:30:00Z 2026-01-18T10:30:00Z", 1},
		{"time32[s]", "10:30:00", "10:30:00", 0},
		{"time64[us]", "10:30:00.000001", "10:30:00.000001", 0},
		{"decimal(10, 2)", "1.5|1.50|-12345678.25|7|007|1e2|+3|.5|5.", "1.50 1.50 -12345678.25 7.00 7.00 100.00 3.00 0.50 5.00", 7},
		{"decimal(38, 0)", strings.Repeat("9", 38), strings.Repeat("9", 38), 0},
		{"binary", "AAEC", "AAEC", 0},
		{"null", "NA||", "null null null", 1},
	} {
		t.Run(test.dtype+" "+test.cells, func(t *testing.T) {
			text := "a,b\n" + strings.ReplaceAll(test.cells, "|", ",\n") + ",\n"
			opt := codec.ReadOptions{DTypes: codectest.DTypes(t, "a="+test.dtype)}
			for _, sizes := range []textSizes{defaultSizes, {groupRows: 2, windowFields: 2, windowRows: 1}} {
				table, err := sized(sizes).Decode([]byte(text), opt)
				if err != nil {
					t.Fatal(err)
				}
				if got := scalar.DType(table.Schema.Field(0).Type); got != test.dtype {
					t.Errorf("the type is %s, want %s", got, test.dtype)
				}
				if got := columnText(table, 0); got != test.want {
					t.Errorf("the values are %s, want %s", got, test.want)
				}
				var changed int64
				if table.Receipt.Changed != nil {
					changed = table.Receipt.Changed[0]
				}
				if changed != test.changed {
					t.Errorf("%d cells are changed, want %d", changed, test.changed)
				}
				checkChanged(t, []byte(text), table, opt)
				checkArrays(t, table)
			}
			opt.Strict = true
			if _, err := CSV.Decode([]byte(text), opt); (err != nil) != (test.changed > 0) {
				t.Errorf("strict reading says %v about %d changed cells", err, test.changed)
			}
		})
	}
}

func TestTextThatDoesNotFitATypeIsRefusedWithItsPlace(t *testing.T) {
	for _, test := range []struct{ dtype, cell string }{
		{"int8", "128"},
		{"int8", "-129"},
		{"int8", "1.5"},
		{"int8", "x"},
		{"int8", "+-5"},
		{"int8", "--5"},
		{"int8", "+"},
		{"int8", "1 2"},
		{"int8", "0x10"},
		{"int8", "1_000"},
		{"int8", "true"},
		{"int8", "inf"},
		{"int64", "9223372036854775808"},
		{"uint8", "-1"},
		{"uint64", "18446744073709551616"},
		{"int64", "1e400"},
		{"float64", "1e400"},
		{"float64", "1e5.0"},
		{"int64", "1e2."},
		{"float64", "."},
		{"float64", strings.Repeat("0", 2000)},
		{"float64", "1.e"},
		{"float64", ".e5"},
		{"float64", "+-1.5"},
		{"float64", "1.5.5"},
		{"float64", "9007199254740993"},
		{"float32", "16777217"},
		{"float16", "65520"},
		{"float16", "2049"},
		{"float64", "infinit"},
		{"bool", "2"},
		{"bool", "yes"},
		{"date32", "2026-02-30"},
		{"date32", "18.01.2026"},
		{"date32", "2026-01-18T00:00:01"},
		{"timestamp[s]", "2026-01"},
		{"timestamp[s]", "2026-01-18T10:30:00.5"},
		{"timestamp[s]", "2026-01-18T10:30.5"},
		{"timestamp[s]", "2026-01-18T10:30:00Z"},
		{"timestamp[s, tz=UTC]", "2026-01-18T10:30:00"},
		{"timestamp[ns]", "9999-01-01T00:00:00"},
		{"time32[s]", "24:00:00"},
		{"decimal(10, 2)", "1.005"},
		{"decimal(4, 2)", "100"},
		{"decimal(4, 2)", "+-1"},
		{"decimal(4, 2)", "inf"},
		{"binary", "AA"},
		{"null", "x"},
	} {
		t.Run(test.dtype+" "+codec.Shorten(test.cell), func(t *testing.T) {
			// The cell is the first of a second row group, behind a quoted line end and a comment.
			text := "a,b\n,\"x\ny\"\n#\nNA,\n" + test.cell + ",z\n,\n"
			opt := codec.ReadOptions{DTypes: codectest.DTypes(t, "a="+test.dtype), Options: Options{Comment: '#'}}
			_, err := sized(textSizes{groupRows: 2, windowFields: 2, windowRows: 1}).Decode([]byte(text), opt)
			want := fmt.Sprintf(`line 6, column "a": %q does not fit %s`, codec.Shorten(test.cell), test.dtype)
			if !errors.Is(err, codec.ErrMismatch) || err.Error() != want {
				t.Errorf("the error is %v, want %s", err, want)
			}
		})
	}
	for _, c := range []refusal{
		{"no such column", "a,b\n1,2\n", codec.ReadOptions{DTypes: codectest.DTypes(t, "c=int8")}, codec.ErrMismatch, `there is no column "c" to have a dtype: the columns are "a", "b"`},
		{"no such column of many", strings.Repeat("c,", 2) + "d\n", codec.ReadOptions{DTypes: codectest.DTypes(t, "c=int8"), Options: Options{NoHeader: true}}, codec.ErrMismatch, `the columns are "column_1", "column_2", "column_3"`},
		{"the number of another dialect", "a;b\n1,5;2\n", codec.ReadOptions{DTypes: codectest.DTypes(t, "a=float64"), Options: Options{Delimiter: ';'}}, codec.ErrMismatch, `line 2, column "a": "1,5" does not fit float64`},
		{"groups of other sizes", "a;b\n1.23;2\n", codec.ReadOptions{DTypes: codectest.DTypes(t, "a=int32"), Options: Options{Delimiter: ';', Decimal: ',', Thousands: '.'}}, codec.ErrMismatch, `"1.23" does not fit int32`},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, CSV) })
	}
}

// TestPlainCellsOfAColumnWithATypeAreReadAsAllOthers compares with a builder that gets one cell after the other.
func TestPlainCellsOfAColumnWithATypeAreReadAsAllOthers(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for dtype, cells := range map[string][]string{
		"int64":   {"1", "-20", "1234567890123456", "12345678901234567", "007", "+3", "NA", "", " 4 ", `"5"`, "0", "-0"},
		"float64": {"1.5", "-0.25", "0.0", "1e-7", "7", "NA", " 2.5", `"3.5"`, "1.50", "inf", "0.00001"},
		"bool":    {"true", "false", "TRUE", "1", "NA", `"true"`, " false"},
		"date32":  {"2026-01-18", "0001-01-01", "2024-02-29", `"2023-12-31"`, "NA", " 2026-01-19"},
	} {
		opt := codec.ReadOptions{DTypes: codectest.DTypes(t, "a="+dtype)}
		for _, sizes := range []textSizes{defaultSizes, {groupRows: 150, windowFields: 100, windowRows: 50}} {
			given := slices.Repeat(cells[:1], 500)
			for range 20 {
				given[random.IntN(len(given))] = cells[random.IntN(len(cells))]
			}
			want, changed := oneByOne(t, opt.DTypes["a"], given)
			table, err := sized(sizes).Decode([]byte("a,b\n"+strings.Join(given, ",\n")+",\n"), opt)
			if err != nil {
				t.Fatal(dtype, err)
			}
			if got := columnText(table, 0); got != want {
				t.Errorf("%s: the values are\n%s\nwant\n%s", dtype, got, want)
			}
			if got := table.Receipt.Changed[0]; got != changed {
				t.Errorf("%s: %d cells have changed, want %d", dtype, got, changed)
			}
		}
	}
}

// oneByOne returns what cells are as a type, and how many change.
func oneByOne(t *testing.T, dt arrow.DataType, cells []string) (text string, changed int64) {
	t.Helper()
	builder, err := scalar.NewBuilder(dt, codec.NewBudget(1<<20))
	if err != nil {
		t.Fatal(err)
	}
	for _, cell := range cells {
		switch bare := strings.Trim(cell, "\" "); {
		case bare == "":
			builder.AppendNull()
		case bare == "NA":
			builder.AppendNull()
			changed++
		case builder.AppendText([]byte(bare)) == scalar.Respelled || strings.Contains(cell, " "):
			changed++
		}
	}
	arr := builder.Array()
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: dt, Nullable: true}}, nil)
	rec := array.NewRecord(schema, []arrow.Array{arr}, int64(arr.Len()))
	return columnText(&codec.Table{Schema: schema, RowGroups: []arrow.Record{rec}}, 0), changed
}
