package delimited

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"edgeframe/codec/scalar"
)

// readPlain reads one cell as a plain one, with text around it that must not matter.
func readPlain(parse plainParser, cell string) (word uint64, ok bool) {
	data := []byte("1.5,9876543210-." + cell + "7-1.5")
	words := parse(nil, data, []textSpan{{twoWords, uint32(twoWords + len(cell))}})
	if len(words) == 0 {
		return 0, false
	}
	return words[0], true
}

// samePlain fails unless a cell that is plain of some kind is read as that kind without it, with the same spelling.
func samePlain(t *testing.T, cell string) {
	t.Helper()
	for kind, parse := range plainParsers {
		if parse == nil {
			continue
		}
		got, ok := readPlain(parse, cell)
		if !ok {
			continue
		}
		if want, fit := cellParsers[kind]([]byte(cell)); got != want || fit != scalar.Same {
			t.Errorf("%q is plain of kind %d as %x; it is %x, fit %d", cell, kind, got, want, fit)
		}
	}
}

func mustBePlain(t *testing.T, kind cellKind, cell string) {
	t.Helper()
	samePlain(t, cell)
	if _, ok := readPlain(plainParsers[kind], cell); !ok {
		t.Errorf("%q is not plain of kind %d", cell, kind)
	}
}

func TestUsualCellsArePlain(t *testing.T) {
	mustBePlain(t, cellBool, "true")
	mustBePlain(t, cellBool, "false")
	for day := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 10_000; {
		mustBePlain(t, cellDate, day.Format(time.DateOnly))
		step := 29
		if day.Year()%100 <= 4 { // the ends of centuries, and a leap year after each
			step = 1
		}
		day = day.AddDate(0, 0, step)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for digits := 1; digits <= 15; digits++ {
		for range 500 {
			n := random.Int64N(int64(math.Pow10(digits)))
			mustBePlain(t, cellInt, strconv.FormatInt(n, 10))
			if n != 0 {
				mustBePlain(t, cellInt, strconv.FormatInt(-n, 10))
			}
			for places := range digits {
				v := float64(n) / math.Pow10(places)
				text := strconv.FormatFloat(v, 'f', -1, 64)
				if v == math.Trunc(v) {
					text += ".0"
				}
				if len(text) <= twoWords && (v >= 1e-4 || v == 0) {
					mustBePlain(t, cellFloat, text)
					mustBePlain(t, cellFloat, "-"+text)
				}
			}
		}
	}
}

func TestPlainCellsAreReadAsAllOthers(t *testing.T) {
	for _, cell := range []string{
		"", "-", ".", "-.", "0", "-0", "00", "007", "-07", "+1", "1-", "--1", "1.", ".5", "-.5", "-.", "1..5", "1.5.", "1.2.3", "00.5", "-00.5", "0.0", "-0.0", "0.00",
		"0.5", "0.50", "1.10", "1.0", "10.0", "1.00", "0.0001", "0.00009", "0.0000", "1e5", "1.5e5", "1.5-", "1.-5", "9999999999999999", "-9999999999999999", "99999999999999999",
		"123456789.123456", "123456789.1234567", "1234567890123456.7", "0.00012345678901", "99999999999999.9", "-99999999999999.9", "1:5", "1/5", "1 5", " 1", "1 ", "1\xb0", "\xb0", "1.\xb5", "\x801.5",
		"tru", "True", "truee", "falsy", "fals", "false ", "trues", "true\x00",
		"0000-01-01", "0001-01-01", "2023-02-29", "2024-02-29", "1900-02-29", "2000-02-29", "2023-04-31", "2023-13-01", "2023-00-10", "2023-01-00", "2023-01-32", "2023.01-01", "2023-01.01", "2023-0/-01", "20a3-01-01", "2023-01-0a", "2023-01-01Z",
	} {
		samePlain(t, cell)
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		cell := make([]byte, random.IntN(19))
		for i := range cell {
			cell[i] = "0123456789012345678901234567890123456789-...0:/e \xb0"[random.IntN(50)]
		}
		samePlain(t, string(cell))
	}
}

func TestSpellingsOfMissingValuesAreNotPlain(t *testing.T) {
	parsers := plainParsersOf(&dialect{decimal: '.'}, []string{"-999", "0.5x"})
	if parsers[cellInt] != nil || parsers[cellFloat] == nil || parsers[cellDate] == nil {
		t.Error("-999 is plain, or other kinds are not")
	}
	if parsers := plainParsersOf(&dialect{decimal: ','}, nil); parsers[cellInt] != nil || parsers[cellFloat] != nil || parsers[cellBool] == nil {
		t.Error("numbers with a decimal comma are plain, or booleans are not")
	}
	if parsers := plainParsersOf(&dialect{decimal: '.'}, scalar.DefaultNullValues); parsers[cellInt] == nil || parsers[cellFloat] == nil {
		t.Error("numbers are not plain with the spellings that count if none are given")
	}
}

func FuzzPlain(f *testing.F) {
	for _, cell := range []string{"12345", "-123.456", "true", "false", "2024-02-29", "0.0001"} {
		f.Add(cell)
	}
	f.Fuzz(samePlain)
}
