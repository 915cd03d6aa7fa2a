package frame

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// shown returns the columns of the answer to a query, or its JSON.
func shown(t testing.TB, f *Frame, text string) string {
	t.Helper()
	q := query(t, text)
	s, err := f.Select(q)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var doc []byte
	switch {
	case q.Histogram != nil:
		h, err := f.Histogram(s, q)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		doc, err = h.JSON()
		if err != nil {
			t.Fatal(err)
		}
	case q.Distinct != nil:
		d, err := f.Distinct(s, q)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		doc, err = d.JSON()
		if err != nil {
			t.Fatal(err)
		}
	default:
		of, err := f.Group(s, q)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return strings.Join((&base{Frame: FromTable(of, codec.Limits{})}).show(t), "; ")
	}
	return string(doc)
}

func TestAnswersThatPandasDoesNotHave(t *testing.T) {
	b := stored(t,
		column{"g", "utf8", []string{`["x","y","x"]`, `["y",null]`}},
		column{"i", "int64", []string{`[9223372036854775807,1,1]`, `[2,null]`}},
		column{"j", "int64", []string{`[9223372036854775807,1,-9223372036854775807]`, `[2,null]`}},
		column{"u", "uint64", []string{`[18446744073709551615,1,0]`, `[2,null]`}},
		column{"t", "time32[s]", []string{`["10:00:00","23:59:59","10:00:01"]`, `[null,null]`}},
		column{"d", "date32", []string{`["2020-01-01","2020-01-01","2020-01-02"]`, `[null,null]`}},
		column{"c", "dictionary", []string{`["b","a",null]`, `["é","a"]`}},
		column{"same", "float64", []string{`[2.5,2.5,2.5]`, `[2.5,2.5]`}},
		column{"day", "date32", []string{`["2020-01-01","2020-01-01","2020-01-01"]`, `[null,null]`}},
		column{"none", "float32", []string{`[null,null,null]`, `[null,null]`}},
	)
	b.Marks = Marks{"g": {1, 4}, "i": {2}, "same": {0}}
	for query, want := range map[string]string{
		// The marked cell of g, which has a value, is in the group of the missing one.
		`{"group":{"by":["g"],"aggregates":[{"fn":"count"},{"column":"i","fn":"count"}]}}`:                                                                                                `g utf8 ["x","y",null]; count int64 [2,1,2]; count_i int64 [1,1,1]`,
		`{"group":{"by":[],"aggregates":[{"column":"j","fn":"sum"},{"column":"i","fn":"min"},{"column":"u","fn":"max"}]}}`:                                                                `sum_j int64 [3]; min_i int64 [1]; max_u uint64 [18446744073709551615]`,
		`{"group":{"by":["g"],"aggregates":[{"column":"u","fn":"sum","as":"s"}]},"sort":"-s"}`:                                                                                            `g utf8 ["x","y",null]; s uint64 [18446744073709551615,2,1]`,
		`{"group":{"by":["g"],"aggregates":[{"column":"t","fn":"mean"},{"column":"t","fn":"median"}]},"limit":1}`:                                                                         `g utf8 ["x"]; mean_t time32[s] ["10:00:00"]; median_t time32[s] ["10:00:00"]`,
		`{"group":{"by":["g"],"aggregates":[{"column":"d","fn":"mean"},{"column":"d","fn":"median"}]},"limit":1}`:                                                                         `g utf8 ["x"]; mean_d timestamp[ms] ["2020-01-01T12:00:00"]; median_d timestamp[ms] ["2020-01-01T12:00:00"]`,
		`{"group":{"by":["c"],"aggregates":[{"fn":"count"},{"column":"c","fn":"last"}]}}`:                                                                                                 `c utf8 ["a","b","é",null]; count int64 [2,1,1,1]; last_c utf8 ["a","b","é",null]`,
		`{"group":{"by":["c"]},"sort":"-c","offset":1,"limit":2}`:                                                                                                                         `c utf8 ["b","a"]`,
		`{"group":{"by":["g"],"aggregates":[{"fn":"count"}]},"offset":9}`:                                                                                                                 `g utf8; count int64`,
		`{"where":{"column":"u","cmp":"eq","value":77},"group":{"by":["g"],"aggregates":[{"fn":"count"}]}}`:                                                                               `g utf8; count int64`,
		`{"where":{"column":"u","cmp":"eq","value":77},"group":{"by":[],"aggregates":[{"fn":"count"},{"column":"i","fn":"sum"},{"column":"i","fn":"mean"},{"column":"g","fn":"first"}]}}`: `count int64 [0]; sum_i int64 [0]; mean_i float64 [null]; first_g utf8 [null]`,
		`{"histogram":{"column":"same","bins":2}}`:                                                                                                                                        `{"column":"same","dtype":"float64","bounds":[2.0,2.5,3.0],"counts":[0,4],"missing":1,"infinite":0}`,
		`{"histogram":{"column":"day","bins":2}}`:                                                                                                                                         `{"column":"day","dtype":"date32","bounds":["2019-12-31T12:00:00","2020-01-01","2020-01-01T12:00:00"],"counts":[0,3],"missing":2,"infinite":0}`,
		`{"histogram":{"column":"t","bins":1}}`:                                                                                                                                           `{"column":"t","dtype":"time32[s]","bounds":["10:00:00","23:59:59"],"counts":[3],"missing":2,"infinite":0}`,
		`{"histogram":{"column":"none","bins":2}}`:                                                                                                                                        `{"column":"none","dtype":"float32","bounds":[],"counts":[],"missing":5,"infinite":0}`,

		`{"distinct":{"column":"g"}}`:                                                `{"column":"g","dtype":"utf8","values":[{"value":"x","count":2},{"value":"y","count":1}],"distinct":2,"missing":2}`,
		`{"distinct":{"column":"c","limit":1,"search":"É"}}`:                         `{"column":"c","dtype":"dictionary","values":[{"value":"é","count":1}],"distinct":1,"missing":1}`,
		`{"distinct":{"column":"u","limit":1,"search":"1"}}`:                         `{"column":"u","dtype":"uint64","values":[{"value":1,"count":1}],"distinct":2,"missing":1}`,
		`{"where":{"column":"u","cmp":"lt","value":5},"distinct":{"column":"none"}}`: `{"column":"none","dtype":"float32","values":[],"distinct":0,"missing":3}`,
	} {
		want = strings.Replace(want, `"dtype":"dictionary"`, fmt.Sprintf(`"dtype":%q`, scalar.DType(dictionary)), 1)
		if got := shown(t, b.Frame, query); got != want {
			t.Errorf("%s\n is %s\nwant %s", query, got, want)
		}
	}
}

func TestHistogramsOfExtremeFloats(t *testing.T) {
	inf := math.Inf(1)
	for _, tt := range []struct {
		values []float64
		want   string
	}{
		{[]float64{inf, 1, -inf, 2, math.NaN()}, `"bounds":[1.0,1.5,2.0],"counts":[1,1],"missing":1,"infinite":2`},
		{[]float64{-1.7e308, 1.7e308, 0}, `"bounds":[-1.7e+308,0.0,1.7e+308],"counts":[1,2],"missing":0,"infinite":0`},
		{[]float64{0, 5e-324}, `"counts":[`},
		{[]float64{math.Copysign(0, -1), 0}, `"bounds":[-0.5,0.0,0.5],"counts":[0,2]`},
	} {
		f := FromTable(oneColumn(floats(tt.values...)), codec.Limits{})
		if got := shown(t, f, `{"histogram":{"column":"x","bins":2}}`); !strings.Contains(got, tt.want) {
			t.Errorf("%v: %s, want %s", tt.values, got, tt.want)
		}
	}
}

func TestSumsAreExactOrRefused(t *testing.T) {
	nines := `"` + strings.Repeat("9", 38) + `"`
	b := stored(t,
		column{"u", "uint64", []string{`[18446744073709551615,1]`}},
		column{"m", "decimal(38, 0)", []string{`[` + nines + `,` + nines + `]`}},
		column{"d", "duration[s]", []string{`["PT9223372036854775807S","PT1S"]`}},
		column{"s", "decimal(4, 2)", []string{`["99.99","99.99"]`}},
	)
	for name, refused := range map[string]bool{"u": true, "m": true, "d": true, "s": false} {
		err := runQuery(b.Frame, fmt.Sprintf(`{"group":{"by":[],"aggregates":[{"fn":"count"},{"column":%q,"fn":"sum"}]}}`, name))
		if refused != errors.Is(err, ErrInvalidQuery) || refused && !says(err, "sums are exact") {
			t.Errorf("the sum of %s: %v", name, err)
		}
		if fault, ok := errors.AsType[*Fault](err); refused && (!ok || fault.Pointer != "/group/aggregates/1") {
			t.Errorf("the sum of %s: the fault is %+v", name, fault)
		}
	}
	if got := shown(t, b.Frame, `{"group":{"by":[],"aggregates":[{"column":"s","fn":"sum"}]}}`); got != `sum_s decimal(38, 2) ["199.98"]` {
		t.Error(got)
	}
}

// Groups, and what sorts and counts need, are refused beyond the memory of a table, and reserved first.
func TestGroupsTakeMemoryInProportion(t *testing.T) {
	numbers := make([]string, 0, 4)
	for g := range 4 {
		numbers = append(numbers, mustJSON(intsFrom(g*10_000, 10_000)))
	}
	b := stored(t, column{"i", "int32", numbers})
	for _, text := range []string{
		`{"group":{"by":["i"],"aggregates":[{"fn":"count"}]}}`,
		`{"group":{"by":[],"aggregates":[{"column":"i","fn":"count_distinct"}]}}`,
		`{"distinct":{"column":"i"}}`,
	} {
		small := b.Clone()
		small.Limits = codec.Limits{Bytes: 512 << 10}.WithDefaults()
		if err := runQuery(small, text); !errors.Is(err, codec.ErrTooLarge) || !says(err, "select fewer rows") {
			t.Errorf("%s: %v", text, err)
		}
		full, reserved := b.Clone(), int64(0)
		full.Reserve = func(bytes int64) error { reserved += bytes; return nil }
		if err := runQuery(full, text); err != nil || reserved < 40_000*40 {
			t.Errorf("%s: %d bytes were reserved, %v", text, reserved, err)
		}
		busy := errors.New("busy")
		full.Reserve = func(int64) error { return busy }
		if err := runQuery(full, text); err != busy {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestTakenRowsAreInTheOrderAskedFor(t *testing.T) {
	b := sample(t)
	of, err := b.Take([]int{1, 0}, []int64{4, 0, 0, 3, 1})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`b utf8 ["v","x","x","u","y"]`, `a int64 [null,1,1,4,2]`}
	if got := (&base{Frame: FromTable(of, codec.Limits{})}).show(t); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if of, err := b.Take([]int{0}, nil); err != nil || len(of.RowGroups) != 0 {
		t.Errorf("%v, %v", of, err)
	}
}
