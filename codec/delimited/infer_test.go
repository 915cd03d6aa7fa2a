package delimited

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/scalar"
)

// columnText spells the values of a column, a missing one as "null" and text in quotes.
func columnText(t *codec.Table, column int) string {
	var all []string
	for _, group := range t.RowGroups {
		values := group.Column(column)
		isNull, spell := scalar.NullChecker(values), scalar.Text(values)
		for row := range values.Len() {
			text := "null"
			if !isNull(row) {
				text = string(spell(nil, row))
				if values.DataType().ID() == arrow.STRING {
					text = strconv.Quote(text)
				}
			}
			all = append(all, text)
		}
	}
	return strings.Join(all, " ")
}

func TestColumnsGetTheNarrowestTypeThatLosesNothing(t *testing.T) {
	for _, test := range []struct {
		name, cells, dtype, values string
	}{
		{"integers", "0 -1 9223372036854775807 -9223372036854775808", "int64", "0 -1 9223372036854775807 -9223372036854775808"},
		{"integers with missing values stay integers", "1 NA 3", "int64", "1 null 3"},
		{"missing values before integers", "NA NA 3", "int64", "null null 3"},
		{"leading zeros stay text", "007 1", "utf8", `"007" "1"`},
		{"a plus stays text", "+5 1", "utf8", `"+5" "1"`},
		{"20 digits stay text", "12345678901234567890 1", "utf8", `"12345678901234567890" "1"`},
		{"an integer beyond int64 stays text", "9223372036854775808 1", "utf8", `"9223372036854775808" "1"`},
		{"a thousands separator stays text", "1_000 1", "utf8", `"1_000" "1"`},
		{"hexadecimal stays text", "0x1p-2 1", "utf8", `"0x1p-2" "1"`},
		{"minus zero is a float", "-0 1", "float64", "-0.0 1.0"},
		{"floats", "1.5 .5 5. 1e3 1E-2 -2.5e+3", "float64", "1.5 0.5 5.0 1000.0 0.01 -2500.0"},
		{"integers among floats", "1 2.5 NA -3", "float64", "1.0 2.5 null -3.0"},
		{"infinities", "inf -inf Infinity -INFINITY 1", "float64", "Infinity -Infinity Infinity -Infinity 1.0"},
		{"integers that floats lose make text", "9007199254740993 0.5", "utf8", `"9007199254740993" "0.5"`},
		{"the same in the other order", "0.5 9007199254740993", "utf8", `"0.5" "9007199254740993"`},
		{"long integers that floats keep", "9007199254740992 0.5", "float64", "9007199254740992.0 0.5"},
		{"17 digits that a float keeps", "0.30000000000000004 1", "float64", "0.30000000000000004 1.0"},
		{"17 digits that a float loses", "0.30000000000000001 1", "utf8", `"0.30000000000000001" "1"`},
		{"the shortest spelling next to a power of two", "5.684341886080802e-14", "float64", "5.684341886080802e-14"},
		{"the digits of a float in full", "0.1000000000000000055511151231257827", "float64", "0.1"},
		{"more digits than any float is worth", "0." + strings.Repeat("1", 65), "utf8", `"0.` + strings.Repeat("1", 65) + `"`},
		{"trailing zeros are no digits to lose", "1.50000000000000000000 2", "float64", "1.5 2.0"},
		{"overflow stays text", "1e999 1", "utf8", `"1e999" "1"`},
		{"underflow stays text", "1e-400 1", "utf8", `"1e-400" "1"`},
		{"a subnormal that keeps its digits", "5e-324 1.0", "float64", "5e-324 1.0"},
		{"a subnormal that loses digits", "1.2345678e-320", "utf8", `"1.2345678e-320"`},
		{"zero with any exponent", "0e99 0.00", "float64", "0.0 0.0"},
		{"leading zeros before a point stay text", "007.5 1.5", "utf8", `"007.5" "1.5"`},
		{"lone signs and points stay text", "- . -. e1 1e 1e+", "utf8", `"-" "." "-." "e1" "1e" "1e+"`},
		{"other spellings of NaN stay text", "NAN 1", "utf8", `"NAN" "1"`},
		{"booleans", "true False TRUE false True FALSE NA", "bool", "true false true false true false null"},
		{"yes and no stay text", "yes no", "utf8", `"yes" "no"`},
		{"booleans and integers make text", "true 1", "utf8", `"true" "1"`},
		{"dates", "2024-02-29 0001-01-01 9999-12-31 1970-01-01", "date32", "2024-02-29 0001-01-01 9999-12-31 1970-01-01"},
		{"days that do not exist stay text", "2023-02-29 2024-01-01", "utf8", `"2023-02-29" "2024-01-01"`},
		{"other date formats stay text", "2024-1-1 01/02/2024", "utf8", `"2024-1-1" "01/02/2024"`},
		{"timestamps", "2024-01-02T03:04 2024-01-02T03:04:05 1969-12-31T23:59:59.5 NA", "timestamp[us]", "2024-01-02T03:04:00 2024-01-02T03:04:05 1969-12-31T23:59:59.5 null"},
		{"microseconds", "2024-01-02T03:04:05.123456", "timestamp[us]", "2024-01-02T03:04:05.123456"},
		{"nanoseconds stay text", "2024-01-02T03:04:05.1234567", "utf8", `"2024-01-02T03:04:05.1234567"`},
		{"times that do not exist stay text", "2024-01-02T24:00 2024-01-02T00:60 2024-01-02T00:00:60", "utf8", `"2024-01-02T24:00" "2024-01-02T00:60" "2024-01-02T00:00:60"`},
		{"instants", "2024-01-02T03:04Z 2024-01-02T03:04:05.25Z", "timestamp[us, tz=UTC]", "2024-01-02T03:04:00Z 2024-01-02T03:04:05.25Z"},
		{"local times and instants make text", "2024-01-02T03:04Z 2024-01-02T03:04", "utf8", `"2024-01-02T03:04Z" "2024-01-02T03:04"`},
		{"other offsets stay text", "2024-01-02T03:04+01:00", "utf8", `"2024-01-02T03:04+01:00"`},
		{"dates and timestamps make text", "2024-01-02 2024-01-02T03:04", "utf8", `"2024-01-02" "2024-01-02T03:04"`},
		{"mixed columns keep their spelling", "1 1.50 TRUE x", "utf8", `"1" "1.50" "TRUE" "x"`},
		{"missing values only", "NA null -nan", "null", "null null null"},
		{"quoted numbers are numbers", `"1" 2`, "int64", "1 2"},
		{"a quoted NA is missing among numbers", `"NA" 2`, "int64", "null 2"},
		{"a quoted NA is text among text", `"NA" NA x`, "utf8", `"NA" null "x"`},
		{"a quoted empty field is an empty text", `"" NA x`, "utf8", `"" null "x"`},
		{"a column of quoted empty fields is text", `"" ""`, "utf8", `"" ""`},
	} {
		t.Run(test.name, func(t *testing.T) {
			table, err := CSV.Decode([]byte("c\n"+strings.ReplaceAll(test.cells, " ", "\n")+"\n"), codec.ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got := table.Schema.Field(0).Type.String(); got != test.dtype {
				t.Errorf("the type is %s, want %s", got, test.dtype)
			}
			if got := columnText(table, 0); got != test.values {
				t.Errorf("the values are %s, want %s", got, test.values)
			}
		})
	}
}

func TestTimestampsMayHaveASpaceInsteadOfT(t *testing.T) {
	table := decodeCSV(t, "a,b\n2024-01-02 03:04,2024-01-02 03:04:05Z\n")
	if got, want := codectest.SchemaText(table.Schema), "a timestamp[us], b timestamp[us, tz=UTC]"; got != want {
		t.Errorf("the schema is %s, want %s", got, want)
	}
}

func TestBlanksAroundValuesMatterInTextOnly(t *testing.T) {
	table := decodeCSV(t, "i,f,b,d,s,n\n 1,\t2.5 , true,2024-01-02 , x, NA \n  , NA,NA ,  , NA,\n")
	if got, want := codectest.SchemaText(table.Schema), "i int64, f float64, b bool, d date32, s utf8, n utf8"; got != want {
		t.Errorf("the schema is %s, want %s", got, want)
	}
	for i, want := range []string{"1 null", "2.5 null", "true null", "2024-01-02 null", `" x" " NA"`, `" NA " null`} {
		if got := columnText(table, i); got != want {
			t.Errorf("column %d is %s, want %s", i, got, want)
		}
	}
}

func TestNullValuesReplaceTheDefaults(t *testing.T) {
	const data = "i,f,s\n-999,NaN,NA\n0,-999,-999\n,1.5,\"-999\"\n"
	table, err := CSV.Decode([]byte(data), codec.ReadOptions{Options: Options{NullValues: []string{"-999"}}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"null 0 null", "NaN null 1.5", `"NA" null "-999"`} {
		if got := columnText(table, i); got != want {
			t.Errorf("column %d is %s, want %s", i, got, want)
		}
	}
}

func TestEveryDefaultNullValueIsMissing(t *testing.T) {
	for _, spelling := range scalar.DefaultNullValues {
		table := decodeCSV(t, fmt.Sprintf("a,b\nx,1\n%s,%[1]s\n", spelling))
		if got, want := columnText(table, 0)+" "+columnText(table, 1), `"x" null 1 null`; got != want {
			t.Errorf("%q is read as %s, want %s", spelling, got, want)
		}
	}
}

func TestNullSetsHaveLongSpellings(t *testing.T) {
	long := strings.Repeat("x", 100)
	set := scalar.NewNullSet([]string{long})
	if !set.Has([]byte(long)) || !set.Has(nil) || set.Has(bytes.Repeat([]byte("x"), 99)) {
		t.Error("the set has other members than its spelling and the empty text")
	}
}
