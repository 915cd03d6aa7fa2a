//go:build !js

package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"edgeframe/cli/client"
)

// cellHistory is what a server says about a cell.
type cellHistory struct {
	Column  string        `json:"column"`
	History []cellVersion `json:"history"`
}

// cellVersion is the cell in a version. Row and Column are nil if it is not there.
type cellVersion struct {
	Version json.Number `json:"version"`
	Time    time.Time   `json:"timestamp"`
	Summary string      `json:"action_summary"`
	Actor   string      `json:"actor"`
	Aligned string      `json:"aligned_by"`
	Row     *int64      `json:"row"`
	Column  *string     `json:"column"`
	Value   any         `json:"value"`
	Marked  bool        `json:"marked"`
}

func (a *app) cellsVerb() *cobra.Command {
	var version string
	verb := &cobra.Command{
		Use:   "cells ID ROW COLUMN",
		Short: "Show what a cell held in each version",
		Long: `Show what a cell held in each kept version, newest first: the value, who made the version,
when, and what was done. The row is the number that data shows, and is followed through
deletions and sorts, the column through other names. With --version, row and column are
those of that version.`,
		Args:    takes(3, 3, "the id of a session, the number of a row and the name of a column"),
		Example: example("edgeframe cells 0d68 17 dose", "edgeframe cells 0d68 17 dose --version '@raw, locked'"),
		RunE: func(_ *cobra.Command, args []string) error {
			if row, err := strconv.ParseInt(args[1], 10, 64); err != nil || row < 0 {
				return usagef("%s is not the number of a row; it must be a whole number from 0 on, as data shows them", args[1])
			}
			query := url.Values{"row": {args[1]}, "column": {args[2]}}
			if version != "" {
				query.Set("version", version)
			}
			return a.ask(args[0], client.Request{Method: http.MethodGet, Path: "/cells", Query: query}, new(cellHistory))
		},
		ValidArgsFunction: a.completeIDs,
	}
	a.remote(verb).Flags().StringVar(&version, "version", "", "the `VERSION` that has the cell: its number, @name, or a time")
	return a.documents(verb)
}

// print shows the cell in each version. Columns of the table that would always say the same are left out.
func (h *cellHistory) print(s screen) {
	has := func(test func(cellVersion) bool) bool { return slices.ContainsFunc(h.History, test) }
	renamed := has(func(v cellVersion) bool { return v.Column != nil && *v.Column != h.Column })
	actors := has(func(v cellVersion) bool { return v.Actor != "" })
	t := table{columns: []column{{name: "version", right: true}, {name: "value"}, {name: "row", right: true}}, whole: true}
	if renamed {
		t.columns = append(t.columns, column{name: "column"})
	}
	t.columns = append(t.columns, column{name: "what"}, column{name: "when"})
	if actors {
		t.columns = append(t.columns, column{name: "who"})
	}
	for _, v := range h.History {
		row := []cell{{text: v.Version.String()}, v.value(), v.row()}
		if renamed {
			row = append(row, v.column())
		}
		row = append(row, cell{text: v.Summary}, cell{text: v.Time.Local().Format("2006-01-02 15:04"), dim: true})
		if actors {
			row = append(row, cell{text: v.Actor})
		}
		t.rows = append(t.rows, row)
	}
	t.print(s)
	if has(func(v cellVersion) bool { return v.Aligned == "position" }) {
		fmt.Fprintln(s, s.dim("what was done to the rows is not known everywhere: there the row is the one at the same place"))
	}
}

func (v cellVersion) value() cell {
	switch {
	case v.Row == nil || v.Column == nil:
		return cell{text: "(not there)", dim: true}
	case v.Marked:
		return cell{text: "(missing on purpose)", dim: true}
	}
	return cell{text: spell(v.Value), dim: v.Value == nil}
}

func (v cellVersion) row() cell {
	if v.Row == nil {
		return cell{}
	}
	return cell{text: strconv.FormatInt(*v.Row, 10), dim: true}
}

func (v cellVersion) column() cell {
	if v.Column == nil {
		return cell{}
	}
	return cell{text: *v.Column}
}
