//go:build !js

package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"edgeframe/cli/client"
	"edgeframe/codec"
	"edgeframe/frame"
	"edgeframe/recipe"
)

func (a *app) recipeVerb() *cobra.Command {
	var version string
	var key []string
	verb := &cobra.Command{
		Use:   "recipe ID",
		Short: "Print what was done to a session, to do it again to another file",
		Long: `Print how the file of a session was read and which operations followed, as a JSON document
that apply runs on another file. Operations that name rows by their positions need --key with
the columns that say which row is which.`,
		Args:    takes(1, 1, "the id of a session"),
		Example: example("edgeframe recipe 0d68 > clean.json", "edgeframe recipe 0d68 --version 3 --key id > clean.json"),
		RunE: func(_ *cobra.Command, args []string) error {
			query := url.Values{"key": key}
			if version != "" {
				query.Set("version", version)
			}
			return a.ask(args[0], client.Request{Method: http.MethodGet, Path: "/recipe", Query: query}, nil)
		},
		ValidArgsFunction: a.completeIDs,
	}
	flags := a.remote(verb).Flags()
	flags.StringVar(&version, "version", "", "the `VERSION` to get to: its number, @name, or a time")
	flags.StringSliceVar(&key, "key", nil, "the `COLUMNS` that say which row is which, with commas between them")
	return verb
}

// applying are the flags of apply.
type applying struct {
	output, from, to string
	ttl              string
	quiet            bool
}

func (a *app) applyVerb() *cobra.Command {
	var f applying
	verb := &cobra.Command{
		Use:   "apply RECIPE FILE",
		Short: "Do to a file what a recipe says",
		Long: `Run a recipe on a file: every step, or none if one of them fails. With -o the result is
written to a file, without a server. Otherwise it becomes a session with a version for each
step; RECIPE may then be the id of a session, or ID@VERSION, instead of a file.`,
		Args: takes(2, 2, "a recipe and a file"),
		Example: example(
			"edgeframe apply clean.json next.csv -o clean.parquet",
			"edgeframe apply clean.json next.csv",
			"edgeframe apply 0d68f988-099b-4dab-aa35-8cabd3df8472@3 next.csv"),
		RunE: func(verb *cobra.Command, args []string) error {
			ctx, stop := untilSignal()
			defer stop()
			if f.output != "" {
				return a.applyHere(ctx, args[0], args[1], f, readValues(verb))
			}
			return a.applyThere(ctx, args[0], args[1], f, readValues(verb))
		},
	}
	flags := a.remote(verb).Flags()
	flags.StringVarP(&f.output, "output", "o", "", "the `FILE` to write, without a server; - is the standard output")
	flags.StringVar(&f.to, "to", "", "the `FORMAT` to write, if the name does not say it")
	flags.StringVar(&f.from, "from", "", "the `FORMAT` of the file, if its name does not say it")
	flags.StringVar(&f.ttl, "ttl", "", "the `TIME` that the session lives after its last use, such as 90m, 12h or 7d")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print the id of the session alone, or nothing with -o")
	a.documents(verb)
	readFlags(verb)
	return verb
}

// applyHere runs a recipe without a server.
func (a *app) applyHere(ctx context.Context, of, file string, f applying, params url.Values) error {
	document, err := a.readAll(of)
	if err != nil {
		return err
	}
	r, err := recipe.Parse(document)
	if err == nil {
		err = r.Check()
	}
	if err != nil {
		return named(of, err)
	}
	table, err := a.readTable(ctx, file, f.from, params, r)
	if err != nil {
		return err
	}
	differences := r.Compare(table.Schema)
	fr := frame.FromTable(table.Table, localLimits)
	fr.Context = ctx
	fr, receipts, err := r.Replay(fr)
	if err != nil {
		for _, line := range missingLines(differences) {
			fmt.Fprintln(a.err, escape(line))
		}
		return named(of, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	result := recipe.Table(fr)
	if err := a.writeTable(f.output, f.to, result); err != nil || f.quiet {
		return err
	}
	out, name := a.out, f.output
	if f.output == "-" {
		out, name = a.err, ""
	}
	done := make([]stepReceipt, len(receipts))
	for i, receipt := range receipts {
		done[i] = stepReceipt{Summary: receipt.Summary, Before: receipt.RowsBefore, After: receipt.RowsAfter}
		for _, e := range receipt.Operations {
			done[i].Operations = append(done[i].Operations, effect{Cells: e.Cells, Coerced: e.Coerced})
		}
	}
	printSteps(out, done)
	for _, line := range append(missingLines(differences), newLines(differences)...) {
		fmt.Fprintln(out, escape(line))
	}
	fmt.Fprintln(out, escape(fileTitle(name, [2]int64{result.NumRows(), int64(result.Schema.NumFields())})))
	return nil
}

// missingLines says which columns of a recipe a file lacks, or has with another type.
func missingLines(d recipe.Differences) (lines []string) {
	for _, c := range d.Missing {
		line := fmt.Sprintf("the file has no column %s", codec.Quoted(c.Name))
		if c.Nearest != "" {
			line += fmt.Sprintf("; did you mean %s?", codec.Quoted(c.Nearest))
		}
		lines = append(lines, line)
	}
	for _, c := range d.Retyped {
		lines = append(lines, fmt.Sprintf("the column %s is %s, and was %s", codec.Quoted(c.Name), c.Is, c.Was))
	}
	return lines
}

// newLines says which columns only a file has.
func newLines(d recipe.Differences) (lines []string) {
	for _, c := range d.Added {
		lines = append(lines, fmt.Sprintf("the column %s (%s) is new", codec.Quoted(c.Name), c.DType))
	}
	return lines
}

// replayed is what a server says about a recipe that it has run.
type replayed struct {
	Steps       []stepReceipt `json:"steps"`
	Differences struct {
		Missing []struct{ Column, DType, Nearest string } `json:"missing"`
		Added   []struct{ Column, DType string }          `json:"added"`
		Retyped []struct {
			Column string `json:"column"`
			Was    string `json:"dtype_before"`
			Is     string `json:"dtype"`
		} `json:"retyped"`
	} `json:"differences"`
}

// differences are those of the columns, as the recipe itself would say.
func (r *replayed) differences() (d recipe.Differences) {
	for _, c := range r.Differences.Missing {
		d.Missing = append(d.Missing, recipe.Missing{Name: c.Column, DType: c.DType, Nearest: c.Nearest})
	}
	for _, c := range r.Differences.Added {
		d.Added = append(d.Added, recipe.Column{Name: c.Column, DType: c.DType})
	}
	for _, c := range r.Differences.Retyped {
		d.Retyped = append(d.Retyped, recipe.Retyped{Name: c.Column, Was: c.Was, Is: c.Is})
	}
	return d
}

// stepReceipt is what a step of a recipe did.
type stepReceipt struct {
	Summary    string   `json:"summary"`
	Before     int64    `json:"rows_before"`
	After      int64    `json:"rows_after"`
	Operations []effect `json:"operations"`
}

// printSteps shows what the steps of a recipe did.
func printSteps(s screen, steps []stepReceipt) {
	t := table{columns: []column{{name: "step", right: true}, {name: "what"}, {name: "rows", right: true}, {name: "cells", right: true}, {name: "coerced", right: true}}}
	for i, step := range steps {
		rows := grouped(step.After)
		if step.Before != step.After {
			rows = grouped(step.Before) + " → " + rows
		}
		var all effect
		for _, e := range step.Operations {
			all.Cells += e.Cells
			all.Coerced += e.Coerced
		}
		t.rows = append(t.rows, []cell{{text: fmt.Sprint(i + 1)}, {text: step.Summary}, {text: rows}, {text: grouped(all.Cells), dim: all.Cells == 0}, {text: grouped(all.Coerced), dim: all.Coerced == 0}})
	}
	if len(steps) > 0 {
		t.print(s)
	}
}

// applyThere makes a session of a file and a recipe.
func (a *app) applyThere(ctx context.Context, of, file string, f applying, params url.Values) error {
	if err := setTTL(params, f.ttl); err != nil {
		return err
	}
	s, err := a.connect()
	if err != nil {
		return err
	}
	var document []byte
	if _, missing := os.Stat(of); missing != nil && of != "-" && !strings.ContainsAny(of, "./") {
		id, version, named := strings.Cut(of, "@")
		if params.Set("recipe", s.notes.complete(id, s.Base)); named {
			params.Set("recipe", params.Get("recipe")+"@"+version)
		}
	} else if document, err = a.readAll(of); err != nil {
		return err
	}
	in, err := a.input(ctx, file)
	if err != nil {
		return err
	}
	defer in.Close()
	contentType, err := uploadType(file, f.from, url.Values{"dtype": nil})
	if err != nil {
		return err
	}
	name := ""
	if file != "-" {
		name = filepath.Base(file)
	}
	bar := a.bar(in.size, !f.quiet)
	body, err := formOf(in.body(contentType, bar), name, document)
	if err != nil {
		return err
	}
	var doc *session
	q := client.Request{Method: http.MethodPost, Path: sessionsPath, Query: params, Body: body}
	err = s.Do(ctx, q, func(resp *http.Response) error {
		doc, err = s.readSession(resp)
		return err
	})
	_ = bar.Finish()
	switch {
	case err != nil:
		return err
	case f.quiet:
		_, err = fmt.Fprintln(a.out, escape(doc.ID))
		return err
	case a.asJSON:
		return a.printRaw(doc.raw)
	}
	a.printReceipt(doc)
	if doc.Recipe != nil {
		printSteps(a.out, doc.Recipe.Steps)
		d := doc.Recipe.differences()
		for _, line := range append(missingLines(d), newLines(d)...) {
			fmt.Fprintln(a.out, escape(line))
		}
	}
	return nil
}

// formOf returns a form with a file and, unless it is nil, the document of a recipe.
func formOf(b *client.Body, filename string, document []byte) (*client.Body, error) {
	var text bytes.Buffer
	w := multipart.NewWriter(&text)
	if document != nil {
		if err := w.WriteField("recipe", string(document)); err != nil {
			return nil, err
		}
	}
	h := textproto.MIMEHeader{}
	h.Set("Content-Disposition", multipart.FileContentDisposition("file", filename))
	h.Set("Content-Type", b.Type)
	if _, err := w.CreatePart(h); err != nil {
		return nil, err
	}
	head := bytes.Clone(text.Bytes())
	if err := w.Close(); err != nil {
		return nil, err
	}
	tail := bytes.Clone(text.Bytes()[len(head):])
	return &client.Body{Type: w.FormDataContentType(), Size: int64(len(head)) + b.Size + int64(len(tail)), Open: func() (io.ReadCloser, error) {
		file, err := b.Open()
		if err != nil {
			return nil, err
		}
		return readCloser{io.MultiReader(bytes.NewReader(head), file, bytes.NewReader(tail)), file}, nil
	}}, nil
}

// readCloser reads from one and closes another.
type readCloser struct {
	io.Reader
	io.Closer
}
