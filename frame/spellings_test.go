package frame

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/formats"
	"edgeframe/codec/scalar"
)

// spellings are texts that a type accepts, with the values that they are, and texts that it refuses.
// The table of spellings in docs/api.md says the same in general.
var spellings = []struct {
	dtype   string
	accepts map[string]string
	refuses []string
}{
	{"date32", map[string]string{
		"2026-01-18":                  "2026-01-18",
		" 2026-01-18\t":               "2026-01-18",
		"0000-01-01":                  "0000-01-01",
		"0001-01-01":                  "0001-01-01",
		"9999-12-31":                  "9999-12-31",
		"-0044-03-15":                 "-0044-03-15",
		"12026-01-18":                 "12026-01-18",
		"2024-02-29":                  "2024-02-29",
		"2026-01-18T00:00:00":         "2026-01-18",
		"2026-01-18 00:00":            "2026-01-18",
		"2026-01-18T00:00:00.000":     "2026-01-18",
		"2026-01-18T00:00:00Z":        "2026-01-18",
		"2026-01-18Z":                 "2026-01-18",
		"-0000-02-29":                 "0000-02-29",
		"5881580-07-11":               "5881580-07-11",
		"2026-01-18T00:00:00.0000000": "2026-01-18",
	}, []string{
		"2026-1-18", "2026-01", "20260118", "18.01.2026", "2026/01/18", "2026-02-29", "2026-00-10", "2026-13-01",
		"2026-01-00", "226-01-18", "02026-01-18", "+2026-01-18", "2026-01-18T", "2026-01-18T10:30:00", "2026-01-18T00:00:00+01:00",
		"2026-01-18+01:00", "5881580-07-12", "99999999999-01-01", "today", "2026-01-18  ,",
	}},
	{"date64", map[string]string{"2026-01-18": "2026-01-18", "2026-01-18T00:00": "2026-01-18"}, []string{"2026-01-18T00:01"}},
	{"timestamp[us]", map[string]string{
		"2026-01-18":                    "2026-01-18T00:00:00",
		"2026-01-18T10:30":              "2026-01-18T10:30:00",
		"2026-01-18 10:30":              "2026-01-18T10:30:00",
		"2026-01-18T10:30:15":           "2026-01-18T10:30:15",
		"2026-01-18 10:30:15":           "2026-01-18T10:30:15",
		"2026-01-18T10:30:15.5":         "2026-01-18T10:30:15.5",
		"2026-01-18T10:30:15.123456":    "2026-01-18T10:30:15.123456",
		"2026-01-18T10:30:15.123456000": "2026-01-18T10:30:15.123456",
		" 2026-01-18 10:30:15 ":         "2026-01-18T10:30:15",
		"0000-12-31T23:59:59.999999":    "0000-12-31T23:59:59.999999",
		"-0044-03-15T12:00:00":          "-0044-03-15T12:00:00",
		"12026-01-18 12:00":             "12026-01-18T12:00:00",
	}, []string{
		"2026-01-18T10:30:15Z", "2026-01-18Z", "2026-01-18T10:30:15+01:00", "2026-01-18T10", "2026-01-18T1:30", "2026-01-18  10:30",
		"2026-01-18T10:30:5", "2026-01-18T10:30.5", "2026-01-18T10:30:15.", "2026-01-18T10:30:15,5", "2026-01-18T10:30:15.1234567",
		"2026-01-18T10:30:15.1234567890", "2026-01-18T24:00:00", "2026-01-18T10:60", "2026-01-18T10:30:60", "2026-01-18t10:30:15",
		"2026-02-30T10:30", "10:30", "999999-01-01T00:00:00",
	}},
	{"timestamp[s]", map[string]string{"2026-01-18 10:30:15.000": "2026-01-18T10:30:15"}, []string{"2026-01-18T10:30:15.5"}},
	{"timestamp[ms]", map[string]string{"2026-01-18 10:30:15.25": "2026-01-18T10:30:15.25"}, []string{"2026-01-18T10:30:15.0005"}},
	{"timestamp[ns]", map[string]string{
		"2026-01-18T10:30:15.123456789": "2026-01-18T10:30:15.123456789",
		"1677-09-21T00:12:43.145224192": "1677-09-21T00:12:43.145224192",
	}, []string{"9999-01-01T00:00:00", "1677-09-21T00:12:43.145224191"}},
	{"timestamp[us, tz=Europe/Madrid]", map[string]string{
		"2026-01-18":                    "2026-01-18T00:00:00Z",
		"2026-01-18Z":                   "2026-01-18T00:00:00Z",
		"2026-01-18T10:30Z":             "2026-01-18T10:30:00Z",
		"2026-01-18 10:30:15Z":          "2026-01-18T10:30:15Z",
		"2026-01-18T10:30:15+01:00":     "2026-01-18T09:30:15Z",
		"2026-01-18T10:30:15.5+0100":    "2026-01-18T09:30:15.5Z",
		"2026-01-18T10:30-05":           "2026-01-18T15:30:00Z",
		"2026-01-18T00:30:00+05:45":     "2026-01-17T18:45:00Z",
		"2026-12-31 23:30:00-01:30":     "2027-01-01T01:00:00Z",
		"2026-01-18T10:30:15.000000Z":   "2026-01-18T10:30:15Z",
		"2026-01-18T10:30:15.25+00:00 ": "2026-01-18T10:30:15.25Z",
	}, []string{
		"2026-01-18T10:30:15", "2026-01-18T10:30", "2026-01-18T10:30:15CET", "2026-01-18T10:30:15 +01:00", "2026-01-18T10:30:15+1",
		"2026-01-18T10:30:15+01:0", "2026-01-18T10:30:15+24:00", "2026-01-18T10:30:15+01:60", "2026-01-18T10:30:15ZZ",
		"2026-01-18+01:00", "2026-01-18T10:30:15z", "2026-01-18T10:30:15+", "2026-01-18T10:30:15+01-00",
	}},
	{"time32[s]", map[string]string{"10:30": "10:30:00", "10:30:15": "10:30:15", " 23:59:59": "23:59:59", "00:00:00.0": "00:00:00"}, []string{
		"10", "1:30", "24:00", "10:30:15.5", "10:30:15Z", "2026-01-18T10:30", "10.30", "-10:30",
	}},
	{"time64[us]", map[string]string{"10:30:15.000001": "10:30:15.000001"}, []string{"10:30:15.0000001"}},
	{"duration[ms]", map[string]string{"PT1.5S": "PT1.5S", "PT-90S": "PT-90S", " PT01S ": "PT1S"}, []string{
		"1.5", "PT1.5", "PT1M", "P1D", "PT+5S", "PT.5S", "PT1.0001S", "PT1.S",
	}},
	{"decimal(5, 2)", map[string]string{
		"1.5": "1.50", "-1.50": "-1.50", "7": "7.00", "007": "7.00", "+3": "3.00", "1e2": "100.00", "1.5E-1": "0.15", "123.450": "123.45",
	}, []string{"1.005", "1000", "1_0", "0x1", "1,5", "inf", "", "--1", "1e", "1e400"}},
}

// doors are the ways by which a text becomes a value of a type. Each returns the text of the value.
var doors = map[string]func(t *testing.T, dt arrow.DataType, text string) (string, error){
	"dtype of CSV": func(t *testing.T, dt arrow.DataType, text string) (string, error) {
		return uploaded("csv", fmt.Sprintf("a,b\n\"%s\",\n", text), dt)
	},
	"dtype of JSON": func(t *testing.T, dt arrow.DataType, text string) (string, error) {
		return uploaded("json", fmt.Sprintf(`[{"a":%s}]`, quoted(text)), dt)
	},
	"set_values": func(t *testing.T, dt arrow.DataType, text string) (string, error) {
		return edited(t, dt, `{"op":"set_values","column":"a","rows":[0],"value":`+quoted(text)+`}`)
	},
	"add_column": func(t *testing.T, dt arrow.DataType, text string) (string, error) {
		return edited(t, arrow.Null, `{"op":"add_column","column":"b","dtype":"`+scalar.DType(dt)+`","values":[`+quoted(text)+`]},{"op":"drop_columns","columns":["a"]}`)
	},
	"fill_missing": func(t *testing.T, dt arrow.DataType, text string) (string, error) {
		return edited(t, dt, `{"op":"fill_missing","columns":["a"],"method":"constant","value":`+quoted(text)+`}`)
	},
	"cast": func(t *testing.T, dt arrow.DataType, text string) (string, error) {
		b := stored(t, column{"a", "utf8", []string{`[` + quoted(text) + `]`}})
		return applied(t, b, `{"op":"cast","column":"a","dtype":"`+scalar.DType(dt)+`"}`)
	},
	"append": func(t *testing.T, dt arrow.DataType, text string) (string, error) {
		b := stored(t, column{"a", scalar.DType(dt), []string{`[null]`}})
		if err := Append(b.Frame, table(t, column{"a", "utf8", []string{`[` + quoted(text) + `]`}})); err != nil {
			return "", err
		}
		return applied(t, b, `{"op":"delete_rows","rows":[0]}`)
	},
}

// bound reports whether a filter takes a text for one of the values, all of which are equal.
func bound(t *testing.T, dt arrow.DataType, text, value string) error {
	t.Helper()
	b := stored(t, column{"a", scalar.DType(dt), []string{`[` + quoted(value) + `,null]`}})
	ops, err := parse(t, `[{"op":"filter","where":{"column":"a","cmp":"eq","value":`+quoted(text)+`}}]`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(b.Frame, ops); err != nil {
		return err
	}
	if b.NumRows() != 1 {
		t.Errorf("a filter of %s keeps %d rows of the value %s", text, b.NumRows(), value)
	}
	return nil
}

func TestWhatOneDoorAcceptsAllAccept(t *testing.T) {
	for _, tt := range spellings {
		dt, err := scalar.ParseDType(tt.dtype)
		if err != nil {
			t.Fatal(err)
		}
		var value string
		for text, want := range tt.accepts {
			value = want
			for name, door := range doors {
				if got, err := door(t, dt, text); err != nil || got != want {
					t.Errorf("%s of %q as %s: %q, %v; want %q", name, text, tt.dtype, got, err, want)
				}
			}
			if err := bound(t, dt, text, want); err != nil {
				t.Errorf("filter of %q as %s: %v", text, tt.dtype, err)
			}
		}
		for _, text := range tt.refuses {
			for name, door := range doors {
				if name == "dtype of CSV" && text == "" {
					continue // a missing value
				}
				if got, err := door(t, dt, text); !errors.Is(err, codec.ErrMismatch) {
					t.Errorf("%s of %q as %s: %q, %v; want a refusal", name, text, tt.dtype, got, err)
				}
			}
			if err := bound(t, dt, text, value); !errors.Is(err, codec.ErrMismatch) {
				t.Errorf("filter of %q as %s: %v, want a refusal", text, tt.dtype, err)
			}
		}
	}
}

func quoted(text string) string {
	q, _ := json.Marshal(text)
	return string(q)
}

// firstText is the text of the first value of a column, "null" if it is missing.
func firstText(arr arrow.Array) string {
	if arr.IsNull(0) {
		return "null"
	}
	return string(scalar.Text(arr)(nil, 0))
}

func uploaded(format, data string, dt arrow.DataType) (string, error) {
	table, err := formats.ByName(format).Decode([]byte(data), codec.ReadOptions{DTypes: map[string]arrow.DataType{"a": dt}})
	if err != nil {
		return "", err
	}
	return firstText(table.RowGroups[0].Column(0)), nil
}

// edited applies operations to a table with one missing value of a type.
func edited(t *testing.T, dt arrow.DataType, operations string) (string, error) {
	b := stored(t, column{"a", scalar.DType(dt), []string{`[null]`}})
	return applied(t, b, operations)
}

func applied(t *testing.T, b *base, operations string) (string, error) {
	t.Helper()
	ops, err := parse(t, `[`+operations+`]`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(b.Frame, ops); err != nil {
		return "", err
	}
	return firstText(b.Columns[0].Chunks[0].Data), nil
}
