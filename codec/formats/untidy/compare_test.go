//go:build !js

package untidy

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
	"edgeframe/codec/formats/formatstest"
)

// script begins the programs for pandas. A table is the names of its columns and then its rows. Columns
// that have neither a name nor a value are left out, as edgeframe does.
const script = `
import base64, datetime, io, json, sys, warnings
import pandas

warnings.simplefilter("ignore")

def cell(v):
    if isinstance(v, (datetime.date, datetime.time)):
        return v.isoformat()
    if pandas.isna(v):
        return None
    return v.item() if hasattr(v, "item") else v

def name(v):
    return v.isoformat() if hasattr(v, "isoformat") else str(v)

def table(frame):
    empty = [str(c).startswith("Unnamed: ") and frame[c].isna().all() for c in frame.columns]
    frame = frame.loc[:, [not e for e in empty]]
    return [[name(c) for c in frame.columns]] + [[cell(v) for v in row] for row in frame.astype(object).values]
`

// unnamed is what pandas calls a column without a name, by its position.
var unnamed = regexp.MustCompile(`^Unnamed: (\d+)(_level_\d+)?$`)

// compare fails unless a table has the names and cells that pandas has.
func compare(t *testing.T, pandas [][]any, table *codec.Table) {
	t.Helper()
	got := formatstest.Cells(t, table)
	for i, name := range pandas[0] {
		if m := unnamed.FindStringSubmatch(name.(string)); m != nil {
			n, _ := strconv.Atoi(m[1])
			pandas[0][i] = fmt.Sprintf("column_%d", n+1)
		}
	}
	if diff := cmp.Diff(pandas[0], got[0]); diff != "" {
		t.Fatalf("pandas (-) has other names (+): %s", diff)
	}
	for _, rows := range [][][]any{pandas, got} {
		for _, row := range rows[1:] {
			for i := range row {
				row[i] = plain(row[i])
			}
		}
	}
	if diff := cmp.Diff(pandas[1:], got[1:]); diff != "" {
		t.Errorf("pandas (-) has other cells (+): %s", diff)
	}
}

// plain returns a time in one spelling: pandas keeps the text of a date where edgeframe has a date. Other
// values are returned as they are.
func plain(v any) any {
	s, ok := v.(string)
	if !ok {
		return v
	}
	s = strings.TrimSuffix(s, ".000000")
	for _, layout := range []string{"2006-01-02", "2006-01-02 15:04:05", "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.Format(time.RFC3339)
		}
	}
	return s
}
