package scalar_test

import (
	"errors"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/scalar"
)

func newBuilder(t testing.TB, dt arrow.DataType) *scalar.Builder {
	t.Helper()
	b, err := scalar.NewBuilder(dt, codec.NewBudget(1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBuildersGoOnAfterAValueThatDoesNotFit(t *testing.T) {
	for _, tt := range []struct{ dtype, good, bad, want string }{
		{"int8", "7", "128", `[7,null,7]`},
		{"uint64", "18446744073709551615", "-1", `[18446744073709551615,null,18446744073709551615]`},
		{"float16", "1.5", "70000", `[1.5,null,1.5]`},
		{"float64", "1.5", "x", `[1.5,null,1.5]`},
		{"bool", "true", "2", `[true,null,true]`},
		{"decimal(4, 2)", "1.5", "100", `["1.50",null,"1.50"]`},
		{"decimal256(60, 2)", "1.5", "1.555", `["1.50",null,"1.50"]`},
		{"date32", "2026-01-18", "9999999-01-01", `["2026-01-18",null,"2026-01-18"]`},
		{"timestamp[ms]", "2026-01-18 10:30", "2026-01-18T10:30:00.0001", `["2026-01-18T10:30:00",null,"2026-01-18T10:30:00"]`},
		{"binary", "AAEC", "A", `["AAEC",null,"AAEC"]`},
	} {
		dt := codectest.DTypes(t, "a="+tt.dtype)["a"]
		b := newBuilder(t, dt)
		for range 2 { // Array begins anew
			if b.AppendText([]byte(tt.bad)) != scalar.NoFit || b.AppendText([]byte(tt.good)) == scalar.NoFit || b.AppendText([]byte(tt.bad)) != scalar.NoFit {
				t.Errorf("%s: %s fits or %s does not", tt.dtype, tt.bad, tt.good)
			}
			b.AppendNull()
			if b.AppendText([]byte(tt.bad)) != scalar.NoFit || b.AppendText([]byte(tt.good)) == scalar.NoFit {
				t.Errorf("%s: %s fits or %s does not behind a missing value", tt.dtype, tt.bad, tt.good)
			}
			arr := b.Array()
			if got := codectest.JSONArray(arr); got != tt.want || arr.NullN() != 1 || !arrow.TypeEqual(arr.DataType(), dt) {
				t.Errorf("%s: %s of type %s with %d missing, want %s", tt.dtype, got, arr.DataType(), arr.NullN(), tt.want)
			}
		}
	}
}

func TestBuildersKeepManyValues(t *testing.T) {
	const n = 1000
	for _, dtype := range []string{"int8", "int16", "int32", "int64", "uint8", "uint64", "float16", "float32", "float64", "decimal(20, 0)", "decimal256(50, 0)", "utf8", "duration[s]", "time32[s]"} {
		b := newBuilder(t, codectest.DTypes(t, "a="+dtype)["a"])
		var want []string
		for i := range n {
			if i%7 == 3 {
				b.AppendNull()
				want = append(want, "null")
				continue
			}
			text := strconv.Itoa(i % 100)
			switch {
			case strings.HasPrefix(dtype, "duration"):
				text = "PT" + text + "S"
			case strings.HasPrefix(dtype, "time32"):
				text = "00:01:" + strconv.Itoa(100 + i%60)[1:]
			}
			if b.AppendText([]byte(text)) == scalar.NoFit {
				t.Fatalf("%s does not fit %s", text, dtype)
			}
			want = append(want, text)
		}
		arr := b.Array()
		spell := scalar.Text(arr)
		for i := range n {
			got := "null"
			if arr.IsValid(i) {
				got = strings.TrimSuffix(string(spell(nil, i)), ".0")
			}
			if got != want[i] {
				t.Fatalf("value %d of %s is %s, want %s", i, dtype, got, want[i])
			}
		}
	}
}

func TestBuildersKeepToTheirBudget(t *testing.T) {
	for _, dtype := range []string{"int8", "bool", "decimal(10, 2)", "utf8", "timestamp[us]"} {
		err := func() (err error) {
			defer codec.Guard(&err, codec.ErrMalformed, "it")
			b, err := scalar.NewBuilder(codectest.DTypes(t, "a="+dtype)["a"], codec.NewBudget(4096))
			if err != nil {
				return err
			}
			for range 10_000 {
				b.AppendNull()
			}
			return nil
		}()
		if !errors.Is(err, codec.ErrTooLarge) {
			t.Errorf("10,000 values of %s in 4 KiB: %v", dtype, err)
		}
	}
}

func TestNestedTypesHaveNoBuilder(t *testing.T) {
	for _, dt := range []arrow.DataType{arrow.ListOf(arrow.Null), smallDict, arrow.FixedWidthTypes.MonthInterval, pointStruct} {
		if b, err := scalar.NewBuilder(dt, codec.NewBudget(1<<20)); !errors.Is(err, codec.ErrUnsupported) {
			t.Errorf("%s: %v, %v", dt, b, err)
		}
	}
}

func TestIntegersComeBackFromTheirUnits(t *testing.T) {
	for _, s := range codectest.AllSpellings(t) {
		integers := scalar.Integers(s.Arr)
		if integers == nil || strings.Contains(s.Name, "hostile") {
			continue
		}
		if _, at := scalar.Indirect(s.Arr); at != nil {
			continue
		}
		var value big.Int
		integers(&value, 0)
		got, err := scalar.FromIntegers([]*big.Int{&value}, s.Arr.DataType(), codec.Limits{})
		if err != nil || !array.Equal(got, s.Arr) {
			t.Errorf("%s: %v, %v; want %v", s.Name, got, err, s.Arr)
		}
	}
	huge := new(big.Int).Lsh(big.NewInt(1), 100)
	for dtype, says := range map[string]string{"int8": "does not fit int8", "date32": "does not fit date32", "decimal(10, 2)": "e-2 at position 0"} {
		_, err := scalar.FromIntegers([]*big.Int{huge}, codectest.DTypes(t, "a="+dtype)["a"], codec.Limits{})
		if !errors.Is(err, codec.ErrMismatch) || !strings.Contains(err.Error(), says) {
			t.Errorf("2^100 as %s: %v", dtype, err)
		}
	}
}

// timePattern is what docs/api.md says of dates and times.
var timePattern = regexp.MustCompile(`^(-?)([0-9]{4}|[1-9][0-9]{4,9})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?)?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?$`)

// slowTime reads a time with package time. It knows no years that package time does not.
func slowTime(text string) (at time.Time, hasClock bool, zone string, ok bool) {
	m := timePattern.FindStringSubmatch(text)
	if m == nil {
		return at, false, "", false
	}
	number := func(s string) int { n, _ := strconv.Atoi(s); return n }
	year := number(m[2])
	if m[1] == "-" {
		year = -year
	}
	nanos := number((m[8] + "000000000")[:9])
	at = time.Date(year, time.Month(number(m[3])), number(m[4]), number(m[5]), number(m[6]), number(m[7]), nanos, time.UTC)
	hasClock, zone = m[5] != "", m[9]
	ok = at.Month() == time.Month(number(m[3])) && at.Day() == number(m[4]) && number(m[5]) < 24 && number(m[6]) < 60 && number(m[7]) < 60
	if digits := strings.ReplaceAll(zone, ":", ""); ok && zone != "" && zone != "Z" {
		hours, minutes := number(digits[1:3]), number(digits[3:])
		east := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
		if zone[0] == '-' {
			east = -east
		}
		at = at.Add(-east)
		ok = hours < 24 && minutes < 60 && hasClock
	}
	return at, hasClock, zone, ok
}

// FuzzParseTime compares the reader of dates and times with package time.
func FuzzParseTime(f *testing.F) {
	for _, text := range []string{
		"2026-01-18", "2024-02-29T23:59:59.999999999Z", "0000-02-29 00:00", "-0044-03-15T12:00-01:30", "12026-12-31", "1900-02-29", "2026-01-18T10:30+0545",
		"999999999-01-01", "-0000-01-01", "2026-04-31", "2026-01-18T10:30:15.", "2026-01-18T10:30:15+1", "2026-01-18-01", "1-1-1",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, ok := scalar.ParseTime(text)
		want, hasClock, zone, wantOK := slowTime(string(text))
		if wantOK && (want.Unix() >= 1<<55 || want.Unix() <= -1<<55) {
			return // beyond the calendar
		}
		if ok != wantOK {
			t.Fatalf("%q is read: %v, want %v", text, ok, wantOK)
		}
		if !ok {
			return
		}
		sec, nanos := got.Unix()
		if sec != want.Unix() || nanos != int64(want.Nanosecond()) || got.HasClock() != hasClock || (got.Zone() == scalar.UTC) != (zone == "Z") || (got.Zone() == scalar.NoZone) != (zone == "") {
			t.Fatalf("%q is %+v, %d.%09d, want %v", text, got, sec, nanos, want)
		}
		if days, short := scalar.ParseDate(text); short != (len(text) == len("2006-01-02")) || short && days*scalar.SecondsPerDay != sec {
			t.Fatalf("%q alone is day %d, %v; want the one with second %d", text, days, short, sec)
		}
	})
}

// FuzzBuilder checks what a builder says of a text against the array that it makes.
func FuzzBuilder(f *testing.F) {
	var types []arrow.DataType
	for _, s := range codectest.AllSpellings(f) {
		if _, err := scalar.NewBuilder(s.Arr.DataType(), codec.NewBudget(1<<20)); err == nil {
			f.Add([]byte(s.Text), uint8(len(types)))
			types = append(types, s.Arr.DataType())
		}
	}
	for _, text := range []string{"+007.50", ".5e-3", "1e2", "18446744073709551616.0", "-0", "inf", "TRUE", " 2026-01-18 ", "2026-01-18T00:00Z", "YQ==\n", "581181580-07-11"} {
		for choice := range types {
			f.Add([]byte(text), uint8(choice))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, choice uint8) {
		dt := types[int(choice)%len(types)]
		b := newBuilder(t, dt)
		fit := b.AppendText(text)
		b.AppendNull()
		arr := b.Array()
		if fit == scalar.NoFit {
			if arr.Len() != 1 {
				t.Fatalf("%q does not fit %s, but there are %d values", text, dt, arr.Len())
			}
			return
		}
		if arr.Len() != 2 || arr.IsNull(0) || dt.ID() != arrow.NULL && !arr.IsNull(1) {
			t.Fatalf("%q and null as %s are %v", text, dt, arr)
		}
		spelled := scalar.Text(arr)(nil, 0)
		if (fit == scalar.Same) != (string(spelled) == string(text)) {
			t.Fatalf("%q as %s is spelled %q; the builder says %v", text, dt, spelled, fit)
		}
		if again := b.AppendText(spelled); again != scalar.Same {
			t.Fatalf("%q, which is how %q as %s is spelled, has the fit %v", spelled, text, dt, again)
		}
		if back := b.Array(); !array.Equal(array.NewSlice(arr, 0, 1), back) && string(spelled) != "NaN" {
			t.Fatalf("%q as %s is %v, its spelling %v", text, dt, arr, back)
		}
	})
}
