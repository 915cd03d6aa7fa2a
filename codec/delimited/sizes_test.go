package delimited

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

// randomCells has text in which the kinds of cells change from row to row, mostly within
// what few kinds hold, so that columns are widened at any place.
func randomCells(random *rand.Rand, rows, columns int) string {
	cells := []string{
		"", "NA", `"NA"`, `""`, " ", " NA ", "1", "-7", " 12", `"3"`, "9007199254740993", "-0", "2.5", "1e3",
		"0.1", "007", "true", "False", "2024-02-29", "2024-02-29T12:30", "2024-02-29 12:30:01.5", "2024-02-29T12:30Z", "x", `"a""b"`, "\"l1\nl2\"",
	}
	var b strings.Builder
	for c := range columns {
		fmt.Fprintf(&b, "c%d%c", c, codectest.Separator(c, columns))
	}
	choices := make([][]string, columns)
	for row := range rows {
		for c := range columns {
			if row == 0 || random.IntN(rows) == 0 {
				from := random.IntN(len(cells))
				choices[c] = cells[from:min(len(cells), from+1+random.IntN(4))]
			}
			b.WriteString(choices[c][random.IntN(len(choices[c]))])
			b.WriteByte(codectest.Separator(c, columns))
		}
	}
	return b.String()
}

func TestTheSizesOfWorkDoNotChangeTheTable(t *testing.T) {
	sizes := []textSizes{{1, 1, 1}, {1, 1000, 1}, {3, 4, 1}, {8, 16, 2}, {50, 7, 1}, {17, 60, 9}}
	types := map[string]int{}
	for seed := range uint64(150) {
		random := rand.New(rand.NewPCG(seed, 2))
		text := randomCells(random, 1+random.IntN(60), 1+random.IntN(5))
		want := decodeCSV(t, text)
		for _, f := range want.Schema.Fields() {
			types[f.Type.String()]++
		}
		for _, size := range sizes {
			got, err := sized(size).Decode([]byte(text), codec.ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := gridText(got), gridText(want); got != want {
				t.Fatalf("seed %d: with %v the table is\n%s\nwant\n%s", seed, size, got, want)
			}
			codectest.SameTable(t, got, want)
			for i, group := range got.RowGroups[:max(0, len(got.RowGroups)-1)] {
				if group.NumRows() != int64(size.groupRows) {
					t.Fatalf("row group %d has %d rows, want %d", i, group.NumRows(), size.groupRows)
				}
			}
		}
	}
	if len(types) != len(cellTypes) {
		t.Errorf("the texts gave the types %v: the test needs all of them", types)
	}
}

func TestErrorsDoNotDependOnTheSizesOfWork(t *testing.T) {
	text := "a,b\n" + strings.Repeat("1.50,x\n", 30) + "1,2,3\n"
	for _, size := range []textSizes{{1, 1, 1}, {7, 4, 1}, {100, 100, 1}} {
		_, err := sized(size).Decode([]byte(text), codec.ReadOptions{})
		if err == nil || !strings.HasPrefix(err.Error(), "line 32 has 3 fields") {
			t.Errorf("with %v the error is %v", size, err)
		}
		_, err = sized(size).Decode([]byte(text[:len(text)-6]), codec.ReadOptions{Strict: true})
		if err == nil || !strings.HasPrefix(err.Error(), `line 2, column "a"`) {
			t.Errorf("with %v strict=true gives %v", size, err)
		}
	}
}

func TestLongTextIsCutIntoRowGroups(t *testing.T) {
	const rows = 2*codec.RowGroupRows + 1
	table := decodeCSV(t, "a,b\n"+strings.Repeat("1,x\n", rows))
	if n := len(table.RowGroups); n != 3 || table.NumRows() != rows || table.RowGroups[2].NumRows() != 1 {
		t.Errorf("there are %d row groups with %d rows", n, table.NumRows())
	}
}
