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
	{"dtype", "column:type, such as zip:utf8: the type of a column, instead of the inferred one; repeat it for several"},
	{"strict", "refuse values that would be written back with another spelling (true)"},
	{"sheet_name", "the sheet of a workbook to read; repeat it to put several below one another"},
	{"delimiter", "what separates fields: comma, semicolon, tab, pipe, space, or the character"},
	{"encoding", "the character encoding of delimited text, such as windows-1252"},
	{"null_values", "spellings of a missing value, with commas between them, instead of the usual ones"},
	{"decimal", "the decimal separator: point or comma"},
	{"thousands", "the separator of groups of digits: comma, point, space, apostrophe or underscore"},
	{"header", "false: the first line is data"},
	{"header_row", "the line with the names, counted from 1"},
	{"skip_rows", "how many lines before the table are not read"},
	{"skip_footer", "how many lines below the table are not read"},
	{"short_rows", "fill: lines that end early end in missing values"},
	{"quote", "the character that encloses fields, or none"},
	{"escape", "a character that makes the next one ordinary, such as \\"},
	{"comment", "lines that begin with this character are skipped"},
	{"orient", "the shape of JSON and MessagePack: records, columns or split"},
	{"records", "where the table is in a JSON document, such as /data/items"},
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
