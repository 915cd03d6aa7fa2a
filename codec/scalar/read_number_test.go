package scalar_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"edgeframe/codec/scalar"
)

// TestFloatsAreThoseOfTheStandardLibrary compares the fast ways of reading floats, and the
// check that no digit is lost, with strconv.
func TestFloatsAreThoseOfTheStandardLibrary(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	kept, lost := 0, 0
	for range 50_000 {
		text := randomNumber(random)
		want, err := strconv.ParseFloat(text, 64)
		keeps := err == nil && scalar.KeepsDigits([]byte(text))
		got, fit := scalar.ParseFloat([]byte(text))
		ok := fit != scalar.NoFit
		if ok != keeps || ok && math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%s is read as %v, %v; want %v, %v", text, got, ok, want, keeps)
		}
		if ok {
			kept++
		} else {
			lost++
		}
	}
	if kept < 1000 || lost < 1000 {
		t.Errorf("%d numbers are kept and %d are not: the test needs more of both", kept, lost)
	}
}

// randomNumber has a point or an exponent and no leading zeros.
func randomNumber(random *rand.Rand) string {
	switch random.IntN(4) {
	case 0: // any float, in its shortest form
		return strconv.FormatFloat(math.Float64frombits(random.Uint64()&^(1<<62)), 'e', -1, 64)
	case 1: // a few more or less digits than a float has
		return strconv.FormatFloat(random.NormFloat64(), 'e', 10+random.IntN(10), 64)
	case 2: // next to a power of two
		f := math.Nextafter(math.Ldexp(1, random.IntN(80)-20), random.Float64()*1e30)
		return strconv.FormatFloat(f, 'e', random.IntN(20), 64)
	}
	return fmt.Sprintf("%d.%0*d", random.IntN(100), 1+random.IntN(18), random.IntN(1_000_000_000))
}

func TestDatesAreThoseOfTheStandardLibrary(t *testing.T) {
	first := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	var text []byte
	for day := first; day.Year() < 10_000; day = day.AddDate(0, 0, 13) {
		text = day.AppendFormat(text[:0], time.DateOnly)
		if got, ok := scalar.ParseDate(text); !ok || got != day.Unix()/(24*60*60) {
			t.Fatalf("%s is read as day %d, %v", text, got, ok)
		}
	}
	for year := 1; year < 10_000; year++ {
		text = fmt.Appendf(text[:0], "%04d-02-29", year)
		_, err := time.Parse(time.DateOnly, string(text))
		if _, ok := scalar.ParseDate(text); ok != (err == nil) {
			t.Fatalf("%s is a date: %v, want %v", text, ok, err == nil)
		}
	}
}

func TestReadFloatsSayWhetherTheyAreSpelledSo(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 5))
	spelled := 0
	for range 200_000 {
		var b []byte
		switch f := random.NormFloat64() * math.Pow10(random.IntN(23)-11); random.IntN(3) {
		case 0:
			b = scalar.AppendFloat(b, f, 64)
		case 1:
			b = append(b, decimal128.FromI64(random.Int64N(1_000_000_000_000_000_000)).ToString(int32(1+random.IntN(18)))...)
		case 2:
			b = append(b, decimal128.FromI64(random.Int64N(1_000_000)).ToString(int32(1+random.IntN(8)))...)
		}
		v, fit := scalar.ParseFloat(b)
		if fit == scalar.NoFit {
			continue
		}
		same := string(scalar.AppendFloat(nil, v, 64)) == string(b)
		if same != (fit == scalar.Same) {
			t.Fatalf("%s is spelled as it is written: %v, want %v", b, fit == scalar.Same, same)
		}
		if same {
			spelled++
		}
	}
	if spelled < 50_000 {
		t.Errorf("only %d numbers are spelled as they are written", spelled)
	}
}
