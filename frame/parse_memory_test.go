//go:build !js

package frame

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/internal/testenv"
)

// allocated returns the number of bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Of the bytes of a body so many are allocated at most while it is read, kept or not.
func TestReadingADocumentTakesMemoryInProportion(t *testing.T) {
	numbered := func(separator string) string {
		var b strings.Builder
		for i := range 100_000 {
			fmt.Fprintf(&b, "%s%d", separator, i)
		}
		return b.String()
	}
	for _, tt := range []struct {
		name, start, repeat, end string
		most                     float64
	}{
		{"operations", `[{"op":"drop_missing"}`, `,{"op":"drop_missing"}`, "]", 0.1},
		{"values", `[{"op":"add_column","column":"c","values":[1`, strings.Repeat(",1", 1000), "]}]", 2.2},
		{"long values", `[{"op":"add_column","column":"c","values":["x"`, `,"` + strings.Repeat("x", 1000) + `"`, "]}]", 2.2},
		{"nested values", `[{"op":"add_column","column":"c","values":[[]`, `,[1,{"a":[2,3]}]`, "]}]", 2.2},
		{"values of in", `[{"op":"filter","where":{"column":"a","cmp":"in","value":[1`, strings.Repeat(",1", 1000), "]}}]", 0.5},
		{"rows", `[{"op":"delete_rows","rows":[0`, numbered(","), "]}]", 3},
		{"cells", `[{"op":"set_values","cells":[{"row":0,"column":"a","value":1}`, `,{"row":1,"column":"a","value":12345678,"expect":1234567}`, "]}]", 4},
		{"new rows", `[{"op":"insert_rows","at":0,"rows":[{}`, `,{"a":1234,"b":"x"}`, "]}]", 4},
		{"names", `[{"op":"drop_columns","columns":["x"`, `,"abcdefgh"`, "]}]", 0.8},
	} {
		t.Run(tt.name, func(t *testing.T) {
			size, most := bodyBytes, tt.most
			if testenv.RaceEnabled { // pools lose what they are given, and reading takes ten times as long
				size, most = bodyBytes/4, 5*tt.most
			}
			body := &repeated{start: tt.start, repeat: tt.repeat, end: tt.end, most: size}
			got := float64(allocated(func() {
				if _, err := ReadOperations(jsontext.NewDecoder(body)); errors.As(err, new(*jsontext.SyntacticError)) {
					t.Error(err)
				}
			})) / float64(size)
			t.Logf("%.2f times the body", got)
			if got > most {
				t.Errorf("%.1f times the body were allocated, at most %.1f are expected", got, most)
			}
		})
	}
}

// A short request must not make texts of any size.
func TestReplacedTextsAreBoundedBeforeTheyAreMade(t *testing.T) {
	long, most := strings.Repeat("a", 1<<16), uint64(64<<20)
	if testenv.RaceEnabled { // pools lose what they are given, here the room for each match
		most *= 16
	}
	for _, op := range []string{
		`"find":"a","with":"` + long + `"`,
		`"find":"a","with":"` + long + `","ignore_case":true`,
		`"find":"a*?","with":"` + long + `","regex":true`,
		`"find":"a+","with":"` + strings.Repeat("$0", 1<<16) + `","regex":true`,
		`"find":"a+","with":"` + strings.Repeat("$0", 1<<16) + `","regex":true,"whole_cell":true`,
	} {
		b := stored(t, column{"t", "utf8", []string{`["` + long + `"]`}})
		b.Limits.Bytes = 64 << 20
		ops, err := parse(t, `[{"op":"replace","columns":["t"],`+op+`}]`)
		if err != nil {
			t.Fatal(err)
		}
		took := allocated(func() { _, err = Apply(b.Frame, ops) })
		if !errors.Is(err, codec.ErrTooLarge) || took > most {
			t.Errorf("%.40s: %d bytes were allocated, %v", op, took, err)
		}

		full := errors.New("full")
		b = stored(t, column{"t", "utf8", []string{`["` + long + `"]`}})
		b.Limits.Bytes = 1 << 40
		b.Reserve = func(int64) error { return full }
		if _, err := Apply(b.Frame, ops); !errors.Is(err, full) {
			t.Errorf("%.40s: %v although there is no memory", op, err)
		}
	}
}
