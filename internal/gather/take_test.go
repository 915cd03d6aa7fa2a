package gather_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/internal/gather"
)

// somePlaces returns n random rows of sources that have any.
func somePlaces(r *rand.Rand, sources []arrow.Array, n int) (places []gather.Place, runs []gather.Run) {
	for len(places) < n {
		source := r.IntN(len(sources))
		if sources[source].Len() == 0 {
			continue
		}
		row := r.IntN(sources[source].Len())
		places = append(places, gather.Place{Source: uint32(source), Row: uint32(row)})
		runs = append(runs, gather.Run{Source: source, From: row, To: row + 1})
	}
	return places, runs
}

func TestTakenRowsAreThoseOfTheRuns(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for name, sources := range columns() {
		cut := make([]arrow.Array, len(sources)) // arrays that begin within theirs
		for i, s := range sources {
			cut[i] = array.NewSlice(s, min(3, int64(s.Len())), int64(s.Len()))
		}
		cut = append(cut, array.NewSlice(sources[0], 1, 1))
		for _, of := range [][]arrow.Array{sources, cut} {
			for _, n := range []int{0, 1, 40} {
				t.Run(fmt.Sprint(name, n), func(t *testing.T) {
					places, runs := somePlaces(r, of, n)
					taker, err := gather.NewTaker(of)
					if err != nil {
						t.Fatal(err)
					}
					got, err := taker.Take(places)
					if err != nil {
						t.Fatal(err)
					}
					want, err := gather.Rows(of, runs)
					if err != nil {
						t.Fatal(err)
					}
					checkRuns(t, got, of, runs)
					checkSameBuffers(t, got.Data(), want.Data())
				})
			}
		}
	}
}

func TestPlacesOutsideOfTheirSourceAndOtherTypesAreRefused(t *testing.T) {
	sources := columns()["int64"]
	other := columns()["utf8"]
	if len(sources) == 0 || len(other) == 0 {
		t.Fatal("there are no such columns")
	}
	if _, err := gather.NewTaker([]arrow.Array{sources[0], other[0]}); !errors.Is(err, arrow.ErrType) {
		t.Errorf("sources of two types give the error %v", err)
	}
	for name, of := range columns() {
		taker, err := gather.NewTaker(of[:1])
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []gather.Place{{Source: 0, Row: uint32(of[0].Len())}, {Source: 1, Row: 0}} {
			if _, err := taker.Take([]gather.Place{p}); err == nil {
				t.Errorf("%s: %v is taken", name, p)
			}
		}
	}
}
