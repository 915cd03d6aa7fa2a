//go:build !js

package frame

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"edgeframe/codec/scalar"
	"edgeframe/internal/testenv"
)

const pandasFormats = `
import json, sys
import pandas as pd

def read(format, text):
    try:
        value = pd.to_datetime(pd.Series([text]), format=format)[0].isoformat()
        return value.rstrip("0") if "." in value else value
    except (ValueError, OverflowError):
        return ""

print(json.dumps([read(f, t) for f, t in json.load(sys.stdin)]))
`

// TestDatesInFormatsAreThoseOfPandas compares texts that are right, and such texts with a letter changed.
func TestDatesInFormatsAreThoseOfPandas(t *testing.T) {
	// pandas reads formats like those of ISO 8601 by other rules, which take more than the format says.
	formats := []string{
		"%d/%m/%Y", "%m/%d/%y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S.%f", "%b %d, %Y", "%d %B %Y",
		"%m/%d/%Y %I:%M %p", "%Y/%j", "%d-%b-%y", "%H:%M %d/%m/%Y", "%m.%Y",
	}
	random := rand.New(rand.NewPCG(1, 2))
	var sent [][2]string
	for _, format := range formats {
		for range 200 {
			text := sampleOf(random, format)
			sent = append(sent, [2]string{format, text}, [2]string{format, distorted(random, text)})
		}
	}
	var want []string
	testenv.Python(t, pandasFormats, sent, &want)
	agreed, refused := 0, 0
	for i, c := range sent {
		got, err := castTo(t, "timestamp[ns, "+c[0]+"]", c[1])
		switch {
		case err == nil && got != want[i]:
			t.Errorf("%q in the format %s is %s, in pandas %q", c[1], c[0], got, want[i])
		case err == nil:
			agreed++
		case want[i] != "" && !ours(c[1]):
			t.Errorf("%q in the format %s: %v; pandas reads %s", c[1], c[0], err, want[i])
		default:
			refused++
		}
	}
	if agreed < 2000 || refused < 500 {
		t.Errorf("%d texts are read and %d are not: the test needs more of both", agreed, refused)
	}
}

// ours reports whether we refuse a text that pandas may read: it reads seconds up to 61, and digits behind
// blanks as days.
func ours(text string) bool {
	return strings.Contains(text, ":60") || strings.Contains(text, ":61") || strings.Contains(text, "  ")
}

// sampleOf returns a text in a format.
func sampleOf(random *rand.Rand, format string) string {
	names := []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	month := names[random.IntN(12)]
	digits := func(n int) string {
		if random.IntN(4) == 0 {
			return fmt.Sprint(n)
		}
		return fmt.Sprintf("%02d", n)
	}
	return strings.NewReplacer(
		"%d", digits(1+random.IntN(28)), "%m", digits(1+random.IntN(12)), "%Y", fmt.Sprint(1700+random.IntN(500)), "%y", fmt.Sprintf("%02d", random.IntN(100)),
		"%H", digits(random.IntN(24)), "%I", digits(1+random.IntN(12)), "%M", digits(random.IntN(60)), "%S", digits(random.IntN(60)),
		"%f", fmt.Sprint(random.IntN(1_000_000)), "%b", month[:3], "%B", month, "%p", []string{"AM", "PM", "am", "pm"}[random.IntN(4)], "%j", digits(1+random.IntN(365)),
	).Replace(format)
}

// distorted returns a text with a character replaced, removed or repeated.
func distorted(random *rand.Rand, text string) string {
	at := random.IntN(len(text))
	switch random.IntN(3) {
	case 0:
		return text[:at] + string("0123456789/.:-"[random.IntN(14)]) + text[at+1:]
	case 1:
		return text[:at] + text[at+1:]
	}
	return text[:at] + text[at:at+1] + text[at:]
}

// castTo casts a text to a type by the operation cast, and returns the text of the value.
func castTo(t *testing.T, dtype, text string) (string, error) {
	t.Helper()
	b := stored(t, column{"a", "utf8", []string{`[` + quoted(text) + `]`}})
	ops, err := parse(t, `[{"op":"cast","column":"a","dtype":`+quoted(dtype)+`}]`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(b.Frame, ops); err != nil {
		if _, ok := errors.AsType[*Fault](err); !ok {
			t.Fatal(err)
		}
		return "", err
	}
	return string(scalar.Text(b.Columns[0].Chunks[0].Data)(nil, 0)), nil
}
