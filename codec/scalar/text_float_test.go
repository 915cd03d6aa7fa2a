package scalar_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"edgeframe/codec/scalar"
)

// TestFloatsAreSpelledAsByStrconv compares numbers with few decimals, those beside them and others.
func TestFloatsAreSpelledAsByStrconv(t *testing.T) {
	check := func(f float64) {
		t.Helper()
		for _, bits := range []int{32, 64} {
			if bits == 32 {
				f = float64(float32(f))
			}
			want := strconv.FormatFloat(f, 'f', -1, bits)
			if abs := math.Abs(f); abs != 0 && (abs < 1e-4 || abs >= 1e16) {
				want = strconv.FormatFloat(f, 'e', -1, bits)
			} else if !strings.Contains(want, ".") {
				want += ".0"
			}
			if got := scalar.AppendFloat([]byte("f="), f, bits); string(got) != "f="+want {
				t.Fatalf("%d bits: got %s, want %s", bits, got, want)
			}
		}
	}
	random := rand.New(rand.NewPCG(6, 7))
	numbers := []float64{0, math.Copysign(0, -1), 1e-4, 0.000123, 0.1, 0.3, 1e9, 1e9 - 1e-6, 999_999_999.999_999, 1 << 30, 1e15, 5e-324, math.MaxFloat32}
	for range 200_000 {
		numbers = append(numbers,
			float64(random.Int64N(1e15))/math.Pow10(random.IntN(9)),
			float64(random.IntN(1e6))/math.Pow10(random.IntN(9)),
			random.NormFloat64()*math.Pow10(random.IntN(23)-11))
	}
	for _, f := range numbers {
		for _, near := range []float64{f, math.Nextafter(f, 0), math.Nextafter(f, math.Inf(1))} {
			check(near)
			check(-near)
		}
	}
}

func BenchmarkAppendFloat(b *testing.B) {
	for _, test := range []struct {
		name string
		f    float64
	}{{"two decimals", 1234.56}, {"six decimals", -87.654321}, {"sixteen digits", 0.8412471129041357}, {"whole", 1200}} {
		b.Run(test.name, func(b *testing.B) {
			var buf [40]byte
			for b.Loop() {
				scalar.AppendFloat(buf[:0], test.f, 64)
			}
		})
	}
}
