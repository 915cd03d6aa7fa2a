//go:build !js

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"edgeframe/cli/client"
)

func (a *app) editVerb() *cobra.Command {
	var file, summary string
	var dry bool
	verb := &cobra.Command{
		Use:   "edit ID -f FILE",
		Short: "Apply operations to the table of a session",
		Long: `Apply the operations in a JSON file to the table of a session, as one version that can be
undone. The file has the document of the API, {"operations": [...]}, or the list alone.
With --dry-run nothing changes, and what would change is shown.`,
		Args: takes(1, 1, "the id of a session"),
		Example: example(
			"edgeframe edit 0d68 -f clean.json --dry-run",
			`echo '[{"op": "drop_missing"}]' | edgeframe edit 0d68 -f - -m 'no holes'`),
		RunE: func(_ *cobra.Command, args []string) error {
			document, err := a.operations(file, summary)
			if err != nil {
				return err
			}
			if dry {
				q := client.Request{Method: http.MethodPatch, Path: "/data", Query: url.Values{"dry_run": {"true"}}, Body: client.Bytes("application/json", document)}
				return a.ask(args[0], q, new(preview))
			}
			return a.change(args[0], client.Request{Method: http.MethodPatch, Path: "/data", Body: client.Bytes("application/json", document)})
		},
		ValidArgsFunction: a.completeIDs,
	}
	flags := a.remote(verb).Flags()
	flags.StringVarP(&file, "file", "f", "", "the `FILE` with the operations; - is the standard input")
	flags.StringVarP(&summary, "message", "m", "", "the `TEXT` of the history about the version")
	flags.BoolVar(&dry, "dry-run", false, "show what would change")
	require(verb, "file")
	return a.documents(verb)
}

// operations reads the document of an edit. The operations stay as they are written.
func (a *app) operations(file, summary string) ([]byte, error) {
	text, err := a.readAll(file)
	if err != nil {
		return nil, err
	}
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
	if len(trimmed) > 0 && trimmed[0] == '[' {
		trimmed = append(append([]byte(`{"operations":`), trimmed...), '}')
	}
	if summary == "" {
		return trimmed, nil
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(trimmed, &members); err != nil {
		return nil, fmt.Errorf("%s is not a JSON document: %w", file, err)
	}
	if members["action_summary"], err = json.Marshal(summary); err != nil {
		return nil, err
	}
	return json.Marshal(members)
}

// readAll reads a file, or - for the standard input.
func (a *app) readAll(file string) ([]byte, error) {
	if file != "-" {
		return os.ReadFile(file)
	}
	text, err := io.ReadAll(a.Stdin)
	if err != nil {
		return nil, fmt.Errorf("nothing was sent, because the input could not be read: %w", err)
	}
	return text, nil
}

// change sends a change of a session and shows what it did.
func (a *app) change(id string, q client.Request) error {
	ctx, stop := untilSignal()
	defer stop()
	s, err := a.connect()
	if err != nil {
		return err
	}
	doc, err := s.document(ctx, id, q)
	if err != nil {
		return err
	}
	if a.asJSON {
		return a.printRaw(doc.raw)
	}
	if len(doc.Operations) > 0 {
		printEffects(a.out, doc.Operations)
	}
	fmt.Fprintf(a.out, "version %s: %s, %s%s\n", doc.Version, plural(doc.Shape[0], "row"), plural(doc.Shape[1], "column"), a.out.dim(steps(doc)))
	return nil
}

// printEffects shows what operations did.
func printEffects(s screen, effects []effect) {
	t := table{columns: []column{{name: "operation"}, {name: "rows", right: true}, {name: "cells", right: true}, {name: "coerced", right: true}}}
	for _, e := range effects {
		t.rows = append(t.rows, []cell{{text: e.Op}, {text: grouped(e.Rows), dim: e.Rows == 0}, {text: grouped(e.Cells), dim: e.Cells == 0}, {text: grouped(e.Coerced), dim: e.Coerced == 0}})
	}
	t.print(s)
}

// preview is what a dry run says.
type preview struct {
	RowsBefore int64    `json:"rows_before"`
	RowsAfter  int64    `json:"rows_after"`
	Before     []string `json:"columns_before"`
	After      []string `json:"columns_after"`
	Changed    []string `json:"columns_changed"`
	Affected   int64    `json:"rows_affected"`
	Operations []effect `json:"operations"`
	Samples    []sample `json:"samples"`
}

// sample is a cell that changes.
type sample struct {
	Row     int64  `json:"row"`
	Column  string `json:"column"`
	Before  any    `json:"before"`
	After   any    `json:"after"`
	Removed bool   `json:"removed"`
}

// print shows what an edit would change.
func (p *preview) print(s screen) {
	printEffects(s, p.Operations)
	fields := []field{
		{"rows", fmt.Sprintf("%s → %s, %s affected", grouped(p.RowsBefore), grouped(p.RowsAfter), grouped(p.Affected))},
		{"columns", fmt.Sprintf("%d → %d", len(p.Before), len(p.After))},
	}
	if len(p.Changed) > 0 {
		fields = append(fields, field{"changed", strings.Join(p.Changed, ", ")})
	}
	printFields(s, fields)
	if len(p.Samples) > 0 {
		t := changesTable()
		for _, one := range p.Samples {
			after := cell{text: spell(one.After), dim: one.After == nil}
			if one.Removed {
				after = cell{text: "(removed)", dim: true}
			}
			t.rows = append(t.rows, []cell{{text: fmt.Sprint(one.Row)}, {text: one.Column}, {text: spell(one.Before), dim: one.Before == nil}, after})
		}
		t.print(s)
	}
	fmt.Fprintln(s, s.dim("nothing was changed"))
}

// simpleChange is a verb that changes a session by one request without more.
func (a *app) simpleChange(use, short, path string) *cobra.Command {
	verb := &cobra.Command{
		Use: use, Short: short, Args: takes(1, 1, "the id of a session"), ValidArgsFunction: a.completeIDs,
		Example: example("edgeframe " + strings.Replace(use, "ID", "0d68", 1)),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.change(args[0], client.Request{Method: http.MethodPost, Path: path})
		},
	}
	return a.documents(a.remote(verb))
}

func (a *app) undoVerb() *cobra.Command {
	return a.simpleChange("undo ID", "Go back to the version before", "/undo")
}

func (a *app) redoVerb() *cobra.Command {
	return a.simpleChange("redo ID", "Go to the version that undo has left", "/redo")
}
