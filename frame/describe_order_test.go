package frame

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"edgeframe/codec/scalar"
)

func TestQuantilesAndDistinctValuesWithoutSorting(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	quantiles := []float64{0, 0.25, 0.5, 0.75, 0.999, 1}
	for name, word := range map[string]func(i int) uint64{
		"any":                     func(int) uint64 { return random.Uint64() },
		"floats":                  func(int) uint64 { return scalar.FloatWord(random.NormFloat64()) },
		"near":                    func(int) uint64 { return 1<<63 + random.Uint64N(1000) },
		"equal":                   func(int) uint64 { return 7 },
		"zeros":                   func(int) uint64 { return 0 },
		"the ends":                func(i int) uint64 { return uint64(i%2) * math.MaxUint64 },
		"in order":                func(i int) uint64 { return uint64(i) << 20 },
		"backwards":               func(i int) uint64 { return uint64(-i) << 20 },
		"powers of two":           func(int) uint64 { return 1 << random.Uint64N(64) },
		"nearly all in one part":  func(i int) uint64 { return uint64(i%5_000/4_999)<<60 | random.Uint64N(1<<40) },
		"nearly all near another": func(i int) uint64 { return uint64(i%5_000/4_999)<<60 | random.Uint64N(1<<10) },
	} {
		for _, n := range []int{1, 2, sortedWords + 1, 5_000, 200_000} {
			words := make([]uint64, n)
			for i := range words {
				words[i] = word(i)
			}
			o := newOrdered(t.Context(), n, quantiles)
			room := func() []uint64 { return make([]uint64, n) }
			each := func(visit func([]uint64)) error {
				for part := range slices.Chunk(words, 1000) {
					visit(part)
				}
				return nil
			}
			if err := o.divide(slices.Min(words), slices.Max(words), room, each); err != nil {
				t.Fatal(err)
			}
			slices.Sort(words)
			if got, want := o.distinct.Load(), int64(countRuns(words)); got != want {
				t.Errorf("%s: %d of %d words are different; want %d", name, got, n, want)
			}
			for _, p := range quantiles {
				index := float64(n-1) * p
				at := int(index)
				wantLow, wantHigh, wantPart := words[at], words[min(at+1, n-1)], index-float64(at)
				if low, high, part := o.quantile(p); low != wantLow || high != wantHigh || part != wantPart {
					t.Errorf("%s: the quantile %v of %d words is between %x and %x, at %v; want %x, %x, %v", name, p, n, low, high, part, wantLow, wantHigh, wantPart)
				}
			}
		}
	}
}

func TestFindingQuantilesEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	words := []uint64{1, 1 << 40}
	o := newOrdered(ctx, len(words), []float64{0.5})
	err := o.divide(1, 1<<40, func() []uint64 { return make([]uint64, len(words)) }, func(visit func([]uint64)) error {
		visit(words)
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestDigestsOfDifferentKeysAreDifferent(t *testing.T) {
	// Each key is the beginning of the next, with and without other bytes in it.
	seen := map[any][]byte{}
	for n := range 40 {
		for at := -1; at < n; at++ {
			key := make([]byte, n)
			if at >= 0 {
				key[at] = 1
			}
			d := digestOf(key, 7)
			if other, ok := seen[d]; ok {
				t.Errorf("%x and %x have the same digest", key, other)
			}
			seen[d] = key
		}
	}
}

func TestSumsAreExactToTheLastAddition(t *testing.T) {
	for _, c := range []struct {
		numbers []float64
		want    float64
	}{
		{[]float64{1, 1e100, 1, -1e100}, 2},
		{[]float64{1e100, 1, -1e100, 1}, 2},
		{[]float64{-1, 0x1p60, 0x1p-60, -0x1p60}, -1 + 0x1p-60},
		{[]float64{0.1, 0.2, 0.3, -0.6}, 2.7755575615628914e-17},
	} {
		var s sum
		for _, f := range c.numbers {
			s.add(f)
		}
		if got := s.value(); got != c.want {
			t.Errorf("the sum of %v is %v; want %v", c.numbers, got, c.want)
		}
	}
}
