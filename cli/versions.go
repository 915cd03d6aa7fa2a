//go:build !js

package cli

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"edgeframe/cli/client"
)

// versionList is the answer with the kept versions.
type versionList struct {
	Current  any      `json:"current_version"`
	Versions []change `json:"versions"`
}

func (a *app) versionsVerb() *cobra.Command {
	verb := &cobra.Command{
		Use:     "versions ID",
		Short:   "List the kept versions of a session",
		Args:    takes(1, 1, "the id of a session"),
		Example: example("edgeframe versions 0d68"),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.ask(args[0], client.Request{Method: http.MethodGet, Path: "/versions", Query: url.Values{"touch": {"false"}}}, new(versionList))
		},
		ValidArgsFunction: a.completeIDs,
	}
	return a.documents(a.remote(verb))
}

// print shows the versions, with a star at the current one. Columns that would be empty are left out.
func (list *versionList) print(s screen) {
	names, actors := false, false
	for _, v := range list.Versions {
		names = names || v.Name != ""
		actors = actors || v.Actor != ""
	}
	t := table{columns: []column{{name: "version", right: true}, {name: "what"}, {name: "rows", right: true}, {name: "columns", right: true}, {name: "when"}}, whole: true}
	if names {
		t.columns = append(t.columns, column{name: "name"})
	}
	if actors {
		t.columns = append(t.columns, column{name: "who"})
	}
	for _, v := range list.Versions {
		number := v.Version.String()
		if fmt.Sprint(list.Current) == number {
			number = "* " + number
		}
		row := []cell{{text: number}, {text: v.Summary}, {text: grouped(v.Shape[0])}, {text: grouped(v.Shape[1])}, {text: v.Time.Local().Format("2006-01-02 15:04"), dim: true}}
		if names {
			row = append(row, cell{text: v.Name})
		}
		if actors {
			row = append(row, cell{text: v.Actor})
		}
		t.rows = append(t.rows, row)
	}
	t.print(s)
}

func (a *app) restoreVerb() *cobra.Command {
	var from, summary string
	verb := &cobra.Command{
		Use:   "restore ID VERSION",
		Short: "Make a new version with the table of an earlier one",
		Long: `Make a new version with the table of an earlier one, so that the restore can be undone too.

With --from FILE, make the embedded store of a backup instead: in STORAGE_DIR, which must be
empty, while no server uses it. It can be interrupted and rerun.`,
		Example: example("edgeframe restore 0d68 3", "STORAGE_DIR=/srv/edgeframe edgeframe restore --from /backup/edgeframe-2026-11-29"),
		Args: func(verb *cobra.Command, args []string) error {
			if verb.Flags().Changed("from") {
				return takes(0, 0, "no arguments with --from")(verb, args)
			}
			return takes(2, 2, "the id of a session and a version, or --from with a backup")(verb, args)
		},
		RunE: func(verb *cobra.Command, args []string) error {
			if verb.Flags().Changed("from") {
				return a.restoreBackup(from)
			}
			q := client.Request{Method: http.MethodPost, Path: "/versions/" + url.PathEscape(args[1]) + "/restore"}
			if summary != "" {
				q.Body = client.JSON(object{"action_summary": summary})
			}
			return a.change(args[0], q)
		},
		ValidArgsFunction: a.completeIDs,
	}
	flags := a.remote(verb).Flags()
	flags.StringVar(&from, "from", "", "the `FILE` of a backup to make the embedded store of, or - for the standard input")
	flags.StringVarP(&summary, "message", "m", "", "the `TEXT` of the history about the version")
	return a.documents(verb)
}
