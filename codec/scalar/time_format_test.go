package scalar_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/scalar"
)

// formatCase is a type with a format, texts that it reads as they are, texts that it reads although the
// format spells the value otherwise, and texts that it refuses. Values stand behind =.
type formatCase struct {
	dtype                    string
	same, respelled, refuses []string
}

var formatCases = []formatCase{
	{
		"date32[%d/%m/%Y]",
		[]string{"31/01/2020=2020-01-31", "29/02/2024=2024-02-29"},
		[]string{"1/2/2020=2020-02-01", " 01/02/2020 =2020-02-01"},
		[]string{"29/02/2023", "32/01/2020", "01/13/2020", "01/01/20", "01/01/12020", "2020-01-31", "", "01/01/2020x", "01-01-2020", "001/01/2020", "+1/01/2020"},
	},
	{"date64[%m/%d/%y]", []string{"01/31/68=2068-01-31", "01/31/69=1969-01-31"}, nil, []string{"1/31/2020", "01/31/6"}},
	{"date32[%Y%m%d]", []string{"20200131=2020-01-31", "00010101=0001-01-01"}, nil, []string{"2020131", "202001031", "20200230"}},
	{"date32[%Y%j]", []string{"2024366=2024-12-31", "2023001=2023-01-01"}, nil, []string{"2023366", "2023000", "202300", "2024367"}},
	{"date32[%Y/%j]", []string{"2023/365=2023-12-31"}, []string{"2023/1=2023-01-01"}, []string{"2023/"}},
	{"date32[%b %d, %Y]", []string{"Jan 31, 2020=2020-01-31", "May 01, 2020=2020-05-01"}, []string{"jan 31, 2020=2020-01-31", "JAN  1, 2020=2020-01-01"}, []string{"January 31, 2020", "Jan31, 2020", "Foo 1, 2020", "Jan 31 2020"}},
	{"date32[%d. %B %Y]", []string{"01. February 2020=2020-02-01", "31. May 2020=2020-05-31"}, []string{"1. february 2020=2020-02-01"}, []string{"1. Feb 2020"}},
	{"date32[%Y-%m]", []string{"2020-02=2020-02-01"}, []string{"2020-2=2020-02-01"}, []string{"2020"}},
	{"date32[%d/%m/%Y %H:%M]", []string{"31/01/2020 00:00=2020-01-31"}, nil, []string{"31/01/2020 00:01"}},
	{"timestamp[us, %d.%m.%Y %H:%M]", []string{"31.01.2020 23:59=2020-01-31T23:59:00"}, []string{"1.1.2020 9:05=2020-01-01T09:05:00"}, []string{"31.01.2020 24:00", "31.01.2020 10:60", "31.01.2020", "31.01.2020 10:00:00"}},
	{"timestamp[ns, %Y-%m-%d %H:%M:%S.%f]", []string{"2020-01-31 10:00:00.123456789=2020-01-31T10:00:00.123456789", "2020-01-31 10:00:00.5=2020-01-31T10:00:00.5"}, nil, []string{"2020-01-31 10:00:00.", "2020-01-31 10:00:00.1234567890", "2020-01-31 10:00:60.1", "2300-01-01 00:00:00.000000000"}},
	{"timestamp[s, %m/%d/%Y %I:%M %p]", []string{"01/31/2020 12:30 AM=2020-01-31T00:30:00", "01/31/2020 12:30 PM=2020-01-31T12:30:00", "01/31/2020 11:59 PM=2020-01-31T23:59:00"}, []string{"1/31/2020 1:05 pm=2020-01-31T13:05:00"}, []string{"01/31/2020 13:00 PM", "01/31/2020 00:30 AM", "01/31/2020 1:05", "01/31/2020 1:05 XM"}},
	{"timestamp[us, tz=UTC, %Y-%m-%d %H:%M %z]", []string{"2020-01-31 10:00 Z=2020-01-31T10:00:00Z"}, []string{"2020-01-31 10:00 +0530=2020-01-31T04:30:00Z", "2020-01-31 10:00 -01:30=2020-01-31T11:30:00Z", "2020-01-31 10:00 +01=2020-01-31T09:00:00Z"}, []string{"2020-01-31 10:00", "2020-01-31 10:00 +2400", "2020-01-31 10:00 UTC"}},
	{"timestamp[us, tz=Europe/Madrid, %d/%m/%Y]", []string{"31/01/2020=2020-01-31T00:00:00Z"}, nil, []string{"31/01/2020 Z"}},
	{"time32[s, %H.%M]", []string{"23.59=23:59:00", "00.00=00:00:00"}, []string{"9.05=09:05:00"}, []string{"24.00", "10:00"}},
	{"time64[us, %I:%M:%S.%f %p]", []string{"01:02:03.000000004 PM"}, nil, nil},
	{"date32[100%% %Y]", []string{"100% 2020=2020-01-01"}, nil, []string{"100 2020"}},
	{"timestamp[s, %s]", []string{"1580515200=2020-02-01T00:00:00", "-1=1969-12-31T23:59:59", "0=1970-01-01T00:00:00"}, []string{"1580515200.0=2020-02-01T00:00:00", "1.5805152e9=2020-02-01T00:00:00", "007=1970-01-01T00:00:07", "+7=1970-01-01T00:00:07"}, []string{"1580515200.5", "x", "", "1e400", "99999999999999999999", "2020-01-31", "NaN"}},
	{"timestamp[ms, epoch[s]]", []string{"-1=1969-12-31T23:59:59"}, []string{"1580515200.25=2020-02-01T00:00:00.25", "-0.5=1969-12-31T23:59:59.5", ".5=1970-01-01T00:00:00.5"}, []string{"0.0001"}},
	{"timestamp[ms, epoch[ms]]", []string{"1580515200123=2020-02-01T00:00:00.123"}, []string{"1580515200123.000=2020-02-01T00:00:00.123"}, []string{"0.5"}},
	{"timestamp[us, epoch[ms]]", nil, []string{"0.5=1970-01-01T00:00:00.0005"}, []string{"0.0005"}},
	{"timestamp[us, tz=UTC, epoch[us]]", []string{"1580515200123456=2020-02-01T00:00:00.123456Z"}, nil, nil},
	{"timestamp[ns, epoch[ns]]", []string{"9223372036854775807=2262-04-11T23:47:16.854775807"}, nil, []string{"9223372036854775808"}},
	{"date32[epoch[s]]", []string{"1580515200=2020-02-01"}, nil, []string{"1580515201"}},
}

func TestDatesAreReadInTheFormatThatIsNamed(t *testing.T) {
	for _, c := range formatCases {
		dt, format, b := formatted(t, c.dtype)
		for fit, texts := range map[scalar.Fit][]string{scalar.Same: c.same, scalar.Respelled: c.respelled, scalar.NoFit: c.refuses} {
			for _, text := range texts {
				text, want, _ := strings.Cut(text, "=")
				got := b.AppendFormatted([]byte(text), format)
				if dt.ID() == arrow.TIME64 {
					fit, want = scalar.NoFit, "" // microseconds do not keep 4 nanoseconds
				}
				if got != fit {
					t.Errorf("%s: %q: the fit is %d, want %d", c.dtype, text, got, fit)
					continue
				}
				if arr := b.Array(); got != scalar.NoFit && string(scalar.Text(arr)(nil, 0)) != want {
					t.Errorf("%s: %q is %s, want %s", c.dtype, text, scalar.Text(arr)(nil, 0), want)
				}
			}
		}
	}
}

// formatted returns a type with a format, and a builder for it.
func formatted(t testing.TB, dtype string) (arrow.DataType, *scalar.TimeFormat, *scalar.Builder) {
	t.Helper()
	dt, spec, err := scalar.ParseFormattedDType(dtype)
	if err != nil || spec == "" {
		t.Fatalf("%s: %v", dtype, err)
	}
	format, err := scalar.ParseTimeFormat(spec, dt)
	if err != nil {
		t.Fatal(err)
	}
	b, err := scalar.NewBuilder(dt, codec.NewBudget(1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return dt, format, b
}

func TestFormatsThatMakeNoDateAreRefusedWithTheirPosition(t *testing.T) {
	for dtype, says := range map[string]string{
		"date32[%d/%q/%Y]":                          "has %q at position 4",
		"date32[%d/%m/%Y %]":                        "ends with %",
		"date32[%d/%m/%d/%Y]":                       "has %d at position 7, but position 1 says the same",
		"date32[%Y %y]":                             "has %y at position 4",
		"date32[%m %b %Y]":                          "has %b at position 4",
		"date32[%H:%M]":                             "no year",
		"date32[%d %Y]":                             "a day without a month",
		"timestamp[ms, Europe/Berlin]":              "has no directives; a time zone is written tz=Europe/Berlin",
		"date32[%Y-%m-%d %z]":                       "has a time zone",
		"date32[%Y-%m-%d %I]":                       "%I or %p without the other",
		"date32[day]":                               "no year",
		"date32[]":                                  "no year",
		"date32[epoch[h]]":                          "an epoch is",
		"date32[epoch[s]":                           "an epoch is",
		"time32[s, epoch[s]]":                       "an epoch is",
		"time32[s, %Y]":                             "more than a time of day",
		"time32[s, x]":                              "no time of day",
		"timestamp[us, %Y %H:%M %z]":                "tz=UTC",
		"timestamp[us, tz=UTC, %Y-%m-%d %H:%M]":     "without %z",
		"duration[s, %S]":                           "formats are for",
		"timestamp[us, %s %Y]":                      "has %s at position 1",
		"date32[" + strings.Repeat("%Y", 150) + "]": "has 300 bytes",
		"int64[%Y]":                                 "unknown dtype",
		"timestamp[h, %Y]":                          "unknown dtype",
		"timestamp[us, tz=UTC %Y]":                  "unknown dtype",
		"timestamp[us":                              "unknown dtype",
	} {
		_, _, err := scalar.ParseFormattedDType(dtype)
		if !errors.Is(err, codec.ErrUnsupported) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want an error that says %s", dtype, err, says)
		}
	}
}

func FuzzTimeFormat(f *testing.F) {
	for _, c := range formatCases {
		for _, text := range append(append(c.same, c.respelled...), c.refuses...) {
			text, _, _ := strings.Cut(text, "=")
			f.Add(c.dtype, text)
		}
	}
	f.Fuzz(func(t *testing.T, dtype, text string) {
		dt, spec, err := scalar.ParseFormattedDType(dtype)
		if err != nil || spec == "" {
			return
		}
		format, err := scalar.ParseTimeFormat(spec, dt)
		if err != nil {
			t.Fatalf("the format %q is accepted once only: %v", spec, err)
		}
		b, err := scalar.NewBuilder(dt, codec.NewBudget(codectest.FuzzLimits.Bytes))
		if err != nil {
			t.Fatal(err)
		}
		if b.AppendFormatted([]byte(text), format) == scalar.NoFit {
			return
		}
		// What was read has a spelling, and is read again from it.
		spelled := scalar.Text(b.Array())(nil, 0)
		if b.AppendText(spelled) == scalar.NoFit {
			t.Fatalf("%q in the format %q became %s, which cannot be read", text, spec, spelled)
		}
	})
}
