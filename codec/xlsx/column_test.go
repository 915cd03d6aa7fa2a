package xlsx

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

func TestCellsWithISODatesAreReadAsTextsAre(t *testing.T) {
	for text, want := range map[string]string{
		"2026-01-03":                "2026-01-03",
		" 2026-01-03 ":              "2026-01-03",
		"2026-01-03Z":               "2026-01-03",
		"2026-01-03T10:30":          "2026-01-03T10:30:00",
		"2026-01-03 10:30":          "2026-01-03T10:30:00",
		"2026-01-03T10:30:15.25":    "2026-01-03T10:30:15.25",
		"2026-01-03T10:30:15Z":      "2026-01-03T10:30:15",
		"9999-12-31":                "9999-12-31",
		"2026-01-03T10:30:15+01:00": "", // cells have no zone
		"2026-02-30":                "",
		"2026-1-3":                  "",
		"10:30":                     "",
		"12026-01-03":               "", // beyond what a cell can show
		"soon":                      "",
	} {
		book := bookParts{sheet: rowsXML(inlineCell("a"), `<c t="d"><v>`+text+`</v></c>`)}
		table, err := Format.Decode(book.bytes(t), codec.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		values := table.RowGroups[0].Column(0)
		got := string(scalar.Text(values)(nil, 0))
		switch isText := values.DataType().ID() == arrow.STRING; {
		case want == "" && (!isText || got != text):
			t.Errorf("%q is %s of type %s, want the text", text, got, values.DataType())
		case want != "" && (isText || got != want):
			t.Errorf("%q is %s of type %s, want %s", text, got, values.DataType(), want)
		}
	}
}

func TestCellsOfMixedColumnsAreSpelledAsInColumnsOfTheirOwn(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, since1904 := range []bool{false, true} {
		s := &sheet{book: &workbook{since1904: since1904}}
		words := []uint64{0, 1, math.Float64bits(1), 1 << 63, math.Float64bits(59), math.Float64bits(60.75), math.Float64bits(1 << 53), math.Float64bits(1e300), math.Float64bits(-0.25)}
		for range 2000 {
			words = append(words, math.Float64bits(float64(random.IntN(endSerial))), math.Float64bits(random.Float64()*endSerial), math.Float64bits(random.Float64()))
		}
		for _, word := range words {
			for _, kind := range []kind{kindInteger, kindNumber, kindBool, kindDate, kindTime, kindElapsed} {
				if v := math.Float64frombits(word); kind == kindBool && word > 1 || kind == kindNumber && wholeNumber(v) || kind > kindText && (v < 0 || v >= endSerial) {
					continue
				}
				var alone kinds
				alone.add(s, kind, word)
				b := array.NewBuilder(memory.DefaultAllocator, alone.dataType(nil))
				s.append(b, kind, word)
				want := string(scalar.Text(b.NewArray())(nil, 0))
				if got := string(s.spell(nil, kind, word)); got != want {
					t.Fatalf("kind %d of %v is spelled %s, want %s", kind, math.Float64frombits(word), got, want)
				}
			}
		}
	}
}

// wholeNumber reports whether v is stored as an integer.
func wholeNumber(v float64) bool {
	return v == math.Trunc(v) && math.Abs(v) <= 1<<53 && math.Float64bits(v) != 1<<63
}
