//go:build !js

package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"edgeframe/cli/client"
)

func (a *app) lsVerb() *cobra.Command {
	var asJSON bool
	verb := &cobra.Command{
		Use:   "ls",
		Short: "List the sessions that you have used from here",
		Long: `List the sessions that you have used from here, with the time that they have left, as far as
this machine knows. Nothing is asked of a server. The first characters of an id stand for it.`,
		Args:    takes(0, 0, "no arguments"),
		Example: example("edgeframe ls", "edgeframe ls --json"),
		RunE: func(*cobra.Command, []string) error {
			list := openNotes(a.Environ).all()
			if asJSON {
				for _, one := range list {
					text, err := json.Marshal(one)
					if err != nil {
						return err
					}
					if err := a.printRaw(text); err != nil {
						return err
					}
				}
				return nil
			}
			a.printNotes(list)
			return nil
		},
	}
	verb.Flags().BoolVar(&asJSON, "json", false, "print one JSON object for each session")
	return verb
}

func (a *app) printNotes(list []note) {
	t := table{columns: []column{{name: "id", fixed: true}, {name: "file"}, {name: "rows", right: true}, {name: "left", right: true}, {name: "server"}}}
	for _, one := range list {
		left := duration(int64(time.Until(one.Expires) / time.Second))
		t.rows = append(t.rows, []cell{{text: a.shortID(one.ID)}, {text: one.Filename}, {text: grouped(one.Rows)}, {text: left}, {text: one.URL, dim: true}})
	}
	if len(list) > 0 {
		t.print(a.out)
	}
}

// shortID is what an id is shown as. On a narrow terminal it is the beginning that stands for it.
func (a *app) shortID(id string) string {
	const enough = 8
	if a.out.width > 0 && a.out.width < narrowScreen && len(id) > enough {
		return id[:enough]
	}
	return id
}

func (a *app) showVerb() *cobra.Command {
	verb := &cobra.Command{
		Use:     "show ID",
		Short:   "Show what a session has: columns, types, versions, time left",
		Args:    takes(1, 1, "the id of a session"),
		Example: example("edgeframe show 0d68f988-099b-4dab-aa35-8cabd3df8472", "edgeframe show 0d68 --json"),
		RunE: func(_ *cobra.Command, args []string) error {
			ctx, stop := untilSignal()
			defer stop()
			s, err := a.connect()
			if err != nil {
				return err
			}
			doc, err := s.document(ctx, args[0], client.Request{Method: http.MethodGet, Query: url.Values{"touch": {"false"}}})
			if err != nil {
				return err
			}
			if a.asJSON {
				return a.printRaw(doc.raw)
			}
			a.printSession(doc)
			return nil
		},
		ValidArgsFunction: a.completeIDs,
	}
	return a.documents(a.remote(verb))
}

// printSession shows the document of a session.
func (a *app) printSession(doc *session) {
	fmt.Fprintln(a.out, a.out.bold(escape(fileTitle(doc.Filename, doc.Shape))))
	fields := []field{
		{"id", doc.ID},
		{"version", fmt.Sprintf("%s%s", doc.Version, steps(doc))},
		{"stored", bytesText(doc.Serialization.Stored)},
		{"expires", "in " + duration(doc.Left)},
	}
	if doc.Owner != "" {
		fields = append(fields, field{"owner", doc.Owner})
	}
	printFields(a.out, fields)
	t := table{columns: []column{{name: "column"}, {name: "type"}, {name: "missing", right: true}}}
	if len(doc.Marked) > 0 {
		t.columns = append(t.columns, column{name: "on purpose", right: true})
	}
	for _, name := range doc.Columns {
		row := []cell{{text: name}, {text: doc.DTypes[name]}, {text: grouped(doc.Missing[name]), dim: doc.Missing[name] == 0}}
		if len(doc.Marked) > 0 {
			row = append(row, cell{text: grouped(doc.Marked[name]), dim: doc.Marked[name] == 0})
		}
		t.rows = append(t.rows, row)
	}
	t.print(a.out)
}

// steps says whether there is something to undo or redo.
func steps(doc *session) string {
	switch {
	case doc.CanUndo && doc.CanRedo:
		return " (undo and redo are possible)"
	case doc.CanUndo:
		return " (undo is possible)"
	case doc.CanRedo:
		return " (redo is possible)"
	}
	return ""
}

// bytesText is a number of bytes for people.
func bytesText(n int64) string {
	switch {
	case n < 1000:
		return plural(n, "byte")
	case n < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1_000_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}

// duration is a number of seconds for people: in its largest unit, and in the next one too if there are few of that.
func duration(seconds int64) string {
	units := []struct {
		name    string
		seconds int64
	}{{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}}
	for i, unit := range units {
		if seconds < unit.seconds && unit.name != "s" {
			continue
		}
		text := fmt.Sprintf("%d%s", seconds/unit.seconds, unit.name)
		if i+1 < len(units) && seconds < 10*unit.seconds && seconds%unit.seconds >= units[i+1].seconds {
			text += fmt.Sprintf(" %d%s", seconds%unit.seconds/units[i+1].seconds, units[i+1].name)
		}
		return text
	}
	return ""
}

func (a *app) rmVerb() *cobra.Command {
	verb := &cobra.Command{
		Use:     "rm ID...",
		Short:   "Delete sessions with their history",
		Args:    takes(1, -1, "the ids of the sessions to delete"),
		Example: example("edgeframe rm 0d68f988-099b-4dab-aa35-8cabd3df8472"),
		RunE: func(_ *cobra.Command, args []string) error {
			ctx, stop := untilSignal()
			defer stop()
			s, err := a.connect()
			if err != nil {
				return err
			}
			for _, name := range args {
				id, _, err := s.path(name)
				if err != nil {
					return err
				}
				err = s.about(ctx, name, client.Request{Method: http.MethodDelete}, func(resp *http.Response) error {
					_, err := io.Copy(io.Discard, resp.Body)
					return err
				})
				if err != nil {
					return err
				}
				s.notes.forget(id, s.Base)
			}
			return nil
		},
		ValidArgsFunction: a.completeIDs,
	}
	return a.remote(verb)
}

// completeIDs completes the id of a session from the notes.
func (a *app) completeIDs(_ *cobra.Command, args []string, _ string) (found []string, _ cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, one := range openNotes(a.Environ).all() {
		found = append(found, one.ID+"\t"+escape(one.Filename))
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}
