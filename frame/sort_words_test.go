package frame

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/zeebo/xxh3"

	"edgeframe/codec/scalar"
)

func TestWordsAreSortedWhateverTheyAre(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, word := range map[string]func(i int) uint64{
		"any":             func(int) uint64 { return random.Uint64() },
		"floats":          func(int) uint64 { return scalar.FloatWord(random.NormFloat64()) },
		"near":            func(int) uint64 { return 1<<63 + random.Uint64N(1000) },
		"near, few":       func(int) uint64 { return 1<<63 + random.Uint64N(90_000) },
		"equal":           func(int) uint64 { return 7 },
		"the ends":        func(i int) uint64 { return uint64(i%2) * math.MaxUint64 },
		"in order":        func(i int) uint64 { return uint64(i) << 20 },
		"backwards":       func(i int) uint64 { return uint64(-i) << 20 },
		"powers of two":   func(int) uint64 { return 1 << random.Uint64N(64) },
		"first or last":   func(int) uint64 { return random.Uint64N(256)<<56 | random.Uint64N(256) },
		"one is far away": func(i int) uint64 { return uint64(i%5_000/4_999) << 40 },
	} {
		for _, n := range []int{0, 1, 2, fewWords, fewWords + 1, 5_000, 200_000} {
			words := make([]uint64, n)
			for i := range words {
				words[i] = word(i)
			}
			want := slices.Clone(words)
			slices.Sort(want)
			if err := sortWords(t.Context(), words); err != nil || !slices.Equal(words, want) {
				t.Errorf("%s: %d words are not in order, %v", name, n, err)
			}
		}
	}
}

func TestSortingWordsEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sortWords(ctx, make([]uint64, fewWords+1)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := countDistinct(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestDifferentDigestsAreCounted(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, different := range []uint64{1, 2, 300, 1 << 40} {
		for _, n := range []int{0, 1, 1000, 100_000} {
			digests, want := make([]xxh3.Uint128, n), map[xxh3.Uint128]bool{}
			for i := range digests {
				// Digests with one half in common are different.
				digests[i] = xxh3.Uint128{Hi: random.Uint64N(different), Lo: random.Uint64N(2)}
				want[digests[i]] = true
			}
			if got, err := countDistinct(t.Context(), digests); err != nil || got != int64(len(want)) {
				t.Errorf("%d of %d are different, %v; want %d", got, n, err, len(want))
			}
		}
	}
}

func TestCountingEqualDigestsTakesLittleMemory(t *testing.T) {
	digests := make([]xxh3.Uint128, 1<<20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := countDistinct(t.Context(), digests)
	runtime.ReadMemStats(&after)
	if bytes := after.TotalAlloc - before.TotalAlloc; n != 1 || err != nil || bytes > 1<<20 {
		t.Errorf("there are %d digests, %v; %d bytes were allocated", n, err, bytes)
	}
}
