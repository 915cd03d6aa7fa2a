//go:build !js

package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"edgeframe/cli/client"
)

// difference is what a server says about two versions.
type difference struct {
	From    json.Number `json:"from"`
	To      json.Number `json:"to"`
	Aligned string      `json:"aligned_by"`
	Columns struct {
		Added   []struct{ Name, DType string }    `json:"added"`
		Dropped []struct{ Name, DType string }    `json:"dropped"`
		Renamed []struct{ From, To string }       `json:"renamed"`
		Retyped []struct{ Name, From, To string } `json:"retyped"`
		Moved   []string                          `json:"moved"`
	} `json:"columns"`
	Rows struct {
		From, To, Added, Removed, Moved int64
	} `json:"rows"`
	Cells    int64 `json:"cells_changed"`
	Total    int64 `json:"total"`
	Offset   int64 `json:"offset"`
	Returned int64 `json:"returned"`
	Changes  []struct {
		From   int64  `json:"row_from"`
		To     int64  `json:"row_to"`
		Column string `json:"column"`
		Before any    `json:"before"`
		After  any    `json:"after"`
	} `json:"changes"`
	Added   []int64 `json:"added_rows"`
	Removed []int64 `json:"removed_rows"`
}

func (a *app) diffVerb() *cobra.Command {
	var key []string
	var offset, limit int64
	verb := &cobra.Command{
		Use:   "diff ID FROM [TO]",
		Short: "Show what differs between two versions",
		Long: `Show what differs between two versions, the second of which is the current one if it is not
given: columns, rows, and the cells that have changed. A row is followed from version to
version; with --key, rows with the same values in these columns are compared.`,
		Args:    takes(2, 3, "the id of a session and one or two versions"),
		Example: example("edgeframe diff 0d68 1 4", "edgeframe diff 0d68 1 --key id --limit 1000"),
		RunE: func(_ *cobra.Command, args []string) error {
			query := url.Values{"from": {args[1]}, "key": key, "limit": {strconv.FormatInt(limit, 10)}, "offset": {strconv.FormatInt(offset, 10)}}
			if len(args) > 2 {
				query.Set("to", args[2])
			}
			return a.ask(args[0], client.Request{Method: http.MethodGet, Path: "/diff", Query: query}, new(difference))
		},
		ValidArgsFunction: a.completeIDs,
	}
	flags := a.remote(verb).Flags()
	flags.StringSliceVar(&key, "key", nil, "the `COLUMNS` that say which row is which, with commas between them")
	flags.Int64Var(&limit, "limit", defaultRows, "the largest `NUMBER` of changes to show")
	flags.Int64Var(&offset, "offset", 0, "the `NUMBER` of changes before those to show")
	return a.documents(verb)
}

// print shows the numbers, then the changes.
func (d *difference) print(s screen) {
	rows := fmt.Sprintf("%s → %s", grouped(d.Rows.From), grouped(d.Rows.To))
	for _, part := range []struct {
		n    int64
		what string
	}{{d.Rows.Added, "added"}, {d.Rows.Removed, "removed"}, {d.Rows.Moved, "moved"}} {
		if part.n > 0 {
			rows += fmt.Sprintf(", %s %s", grouped(part.n), part.what)
		}
	}
	fields := []field{
		{"versions", fmt.Sprintf("%s → %s", d.From, d.To)},
		{"rows", fmt.Sprintf("%s (compared by %s)", rows, d.Aligned)},
	}
	if columns := d.columns(); len(columns) > 0 {
		fields = append(fields, field{"columns", strings.Join(columns, ", ")})
	}
	printFields(s, append(fields, field{"cells", grouped(d.Cells) + " changed"}))
	t := changesTable()
	for _, c := range d.Changes {
		row := strconv.FormatInt(c.From, 10)
		if c.From != c.To {
			row += " → " + strconv.FormatInt(c.To, 10)
		}
		t.rows = append(t.rows, []cell{{text: row, dim: true}, {text: c.Column}, {text: spell(c.Before), dim: c.Before == nil}, {text: spell(c.After), dim: c.After == nil}})
	}
	if len(t.rows) > 0 {
		t.print(s)
	}
	printNumbers(s, "added", d.Added)
	printNumbers(s, "removed", d.Removed)
	if end := d.Offset + d.Returned; end < d.Total {
		fmt.Fprintln(s, s.dim(fmt.Sprintf("more with --offset %d", end)))
	}
}

// changesTable is a table for changed cells.
func changesTable() table {
	return table{columns: []column{{name: "row", right: true}, {name: "column"}, {name: "before"}, {name: "after"}}, whole: true}
}

// columns says what differs between the columns.
func (d *difference) columns() (parts []string) {
	for _, c := range d.Columns.Added {
		parts = append(parts, fmt.Sprintf("added %s (%s)", c.Name, c.DType))
	}
	for _, c := range d.Columns.Dropped {
		parts = append(parts, fmt.Sprintf("dropped %s (%s)", c.Name, c.DType))
	}
	for _, c := range d.Columns.Renamed {
		parts = append(parts, fmt.Sprintf("renamed %s → %s", c.From, c.To))
	}
	for _, c := range d.Columns.Retyped {
		parts = append(parts, fmt.Sprintf("%s is %s, was %s", c.Name, c.To, c.From))
	}
	if len(d.Columns.Moved) > 0 {
		parts = append(parts, "moved "+strings.Join(d.Columns.Moved, ", "))
	}
	return parts
}

// printNumbers shows the numbers of rows.
func printNumbers(s screen, what string, rows []int64) {
	if len(rows) == 0 {
		return
	}
	texts := make([]string, len(rows))
	for i, row := range rows {
		texts[i] = strconv.FormatInt(row, 10)
	}
	noun := "row"
	if len(rows) > 1 {
		noun = "rows"
	}
	line := fmt.Sprintf("%s: %s %s", what, noun, strings.Join(texts, ", "))
	if s.width > 0 {
		line = cut(line, s.width)
	}
	fmt.Fprintln(s, line)
}
