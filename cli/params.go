//go:build !js

package cli

import (
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

// readParams are the parameters of the API that say how a file is read, each with what its flag says. The
// flag has hyphens instead of underscores.
var readParams = []struct{ name, usage string }{
	{"dtype", "the type of a column instead of the inferred one, `COLUMN:TYPE`, such as zip:utf8; can be repeated"},
	{"strict", "refuse values that would be written back with another spelling"},
	{"sheet_name", "the `SHEET` of a workbook to read; if repeated, they are put below one another"},
	{"delimiter", "the `CHARACTER` between fields, or comma, semicolon, tab, pipe or space"},
	{"encoding", "the `NAME` of the character encoding, such as windows-1252"},
	{"null_values", "`SPELLINGS` of a missing value instead of the usual ones, with commas between them"},
	{"decimal", "`point` or comma: the decimal separator"},
	{"thousands", "the `SEPARATOR` of groups of digits: comma, point, space, apostrophe or underscore"},
	{"header", "`false`: the first line is data"},
	{"header_row", "the `LINE` with the names, counted from 1"},
	{"skip_rows", "the `NUMBER` of lines before the table that are not read"},
	{"skip_footer", "the `NUMBER` of lines below the table that are not read"},
	{"short_rows", "`fill`: lines that end early end in missing values"},
	{"quote", "the `CHARACTER` that encloses fields, or none"},
	{"escape", "a `CHARACTER` that makes the next one ordinary, such as \\"},
	{"comment", "lines that begin with this `CHARACTER` are skipped"},
	{"orient", "the `SHAPE` of JSON and MessagePack: records, columns or split"},
	{"records", "the `PLACE` of the table in a JSON document, such as /data/items"},
}

// repeated are the parameters that may be given more than once.
var repeated = map[string]bool{"dtype": true, "sheet_name": true, "null_values": true}

// readFlags gives a verb flags for the parameters that say how a file is read.
func readFlags(verb *cobra.Command) {
	for _, p := range readParams {
		name := strings.ReplaceAll(p.name, "_", "-")
		switch {
		case repeated[p.name]:
			verb.Flags().StringArray(name, nil, p.usage)
		case p.name == "strict":
			verb.Flags().Bool(name, false, p.usage)
		default:
			verb.Flags().String(name, "", p.usage)
		}
	}
}

// readValues returns the parameters that are given.
func readValues(verb *cobra.Command) url.Values {
	given := url.Values{}
	for _, p := range readParams {
		flag := verb.Flags().Lookup(strings.ReplaceAll(p.name, "_", "-"))
		if !flag.Changed {
			continue
		}
		if repeated[p.name] {
			given[p.name], _ = verb.Flags().GetStringArray(flag.Name)
			continue
		}
		given.Set(p.name, flag.Value.String())
	}
	return given
}
