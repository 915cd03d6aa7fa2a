//go:build !js

package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"edgeframe/cli/client"
	"edgeframe/codec/formats"
)

// selection are the flags that say which rows and columns are read.
type selection struct {
	columns, sort []string
	where         string
	version       string
	offset, limit int64
}

// selectFlags gives a verb the flags of a selection.
func selectFlags(verb *cobra.Command, sel *selection) {
	flags := verb.Flags()
	flags.StringSliceVar(&sel.columns, "columns", nil, "the `COLUMNS` to read, with commas between them, in this order")
	flags.StringVar(&sel.where, "where", "", "the rows to read: a `CONDITION` such as 'dose > 0.5', or the JSON of the API")
	flags.StringSliceVar(&sel.sort, "sort", nil, "the `COLUMNS` to sort by, with commas between them; -visit is descending")
	flags.StringVar(&sel.version, "version", "", "a kept `VERSION`: its number, @name, or a time such as 2026-11-29T10:00:00Z")
}

// query is the request for the rows of a selection, in a format. The parameters of the format are in query.
// A page has limit rows, all if it is negative.
func (sel selection) query(query url.Values) (client.Request, error) {
	if sel.where == "" && len(sel.sort) == 0 {
		query["column"] = sel.columns
		if sel.offset > 0 {
			query.Set("offset", strconv.FormatInt(sel.offset, 10))
		}
		if sel.limit >= 0 {
			query.Set("limit", strconv.FormatInt(sel.limit, 10))
		}
		if sel.version != "" {
			query.Set("version", sel.version)
		}
		return client.Request{Method: http.MethodGet, Path: "/data", Query: query}, nil
	}
	doc := object{}
	if sel.where != "" {
		where, err := parseWhere(sel.where)
		if err != nil {
			return client.Request{}, err
		}
		doc["where"] = where
	}
	if len(sel.sort) > 0 {
		doc["sort"] = sel.sort
	}
	if len(sel.columns) > 0 {
		doc["columns"] = sel.columns
	}
	if sel.offset > 0 {
		doc["offset"] = sel.offset
	}
	if sel.limit >= 0 {
		doc["limit"] = sel.limit
	}
	if sel.version != "" {
		doc["version"] = sel.version
		if n, err := strconv.ParseUint(sel.version, 10, 32); err == nil {
			doc["version"] = n
		}
	}
	return client.Request{Method: http.MethodPost, Path: "/data/query", Query: query, Body: client.JSON(doc)}, nil
}

func (a *app) dataVerb() *cobra.Command {
	var sel selection
	var format string
	verb := &cobra.Command{
		Use:   "data ID",
		Short: "Show rows: a page, selected and sorted",
		Long: `Show rows of a session: a page of 20 as a table, or in another format. Rows are numbered as
edits count them.

A condition compares columns: = != < <= > >= in, between, contains, starts_with, ends_with,
~ (a pattern), is missing, is not missing; with and, or, not and parentheses. Names and
texts with blanks stand in quotes.`,
		Args: takes(1, 1, "the id of a session"),
		Example: example(
			"edgeframe data 0d68 --where 'dose > 0.5 and site in (A, B)' --sort -visit --limit 20",
			"edgeframe data 0d68 --columns id,dose --offset 100",
			"edgeframe data 0d68 --where 'comment is missing' --format csv | head"),
		RunE: func(verb *cobra.Command, args []string) error {
			if format != "table" && !verb.Flags().Changed("limit") {
				sel.limit = -1
			}
			if format == "json" && sel.limit < 0 {
				sel.limit = defaultRows
			}
			return a.data(args[0], sel, format)
		},
		ValidArgsFunction: a.completeIDs,
	}
	flags := a.remote(verb).Flags()
	selectFlags(verb, &sel)
	flags.Int64Var(&sel.offset, "offset", 0, "the `NUMBER` of rows before the page")
	flags.Int64Var(&sel.limit, "limit", defaultRows, "the largest `NUMBER` of rows; without it, formats other than table and json have all")
	flags.StringVar(&format, "format", "table", "the `FORMAT`: table, "+formatNames()+"; json is the page as the server has it")
	complete(verb, "format", append([]string{"table"}, strings.Split(formatNames(), ", ")...))
	return verb
}

// defaultRows is the number of rows of a page.
const defaultRows = 20

// complete makes the shell complete the values of a flag.
func complete(verb *cobra.Command, flag string, values []string) {
	_ = verb.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
}

func (a *app) data(id string, sel selection, format string) error {
	if sel.offset < 0 {
		return usagef("--offset %d: it must not be negative", sel.offset)
	}
	if format != "table" {
		return a.download(id, sel, format, "")
	}
	if sel.limit < 0 {
		return usagef("--limit %d: it must not be negative", sel.limit)
	}
	q, err := sel.query(url.Values{"format": {"json"}, "orient": {"split"}})
	if err != nil {
		return err
	}
	return a.ask(id, q, new(page))
}

// page is a page of rows.
type page struct {
	Total   int64             `json:"total_rows"`
	Matched *int64            `json:"matched_rows"`
	Offset  int64             `json:"offset"`
	Count   int64             `json:"returned_rows"`
	Numbers []int64           `json:"row_numbers"`
	DTypes  map[string]string `json:"dtypes"`
	Data    struct {
		Columns []string `json:"columns"`
		Data    [][]any  `json:"data"`
	} `json:"data"`
}

// print shows a page with the numbers of the rows, and says where it goes on.
func (p *page) print(s screen) {
	t := table{columns: []column{{name: "row", right: true, fixed: true}}}
	for _, name := range p.Data.Columns {
		t.columns = append(t.columns, column{name: name, right: isNumeric(p.DTypes[name])})
	}
	for i, values := range p.Data.Data {
		number := p.Offset + int64(i)
		if i < len(p.Numbers) {
			number = p.Numbers[i]
		}
		row := []cell{{text: strconv.FormatInt(number, 10), dim: true}}
		for _, v := range values {
			row = append(row, cell{text: spell(v), dim: v == nil})
		}
		t.rows = append(t.rows, row)
	}
	t.print(s)
	all, of := p.Total, plural(p.Total, "row")
	if p.Matched != nil {
		all, of = *p.Matched, fmt.Sprintf("%s of %s", plural(*p.Matched, "row"), grouped(p.Total))
	}
	switch end := p.Offset + p.Count; {
	case p.Count == 0 && p.Offset > 0:
		of = fmt.Sprintf("no rows from %d on, of %s", p.Offset, of)
	case end < all:
		of = fmt.Sprintf("%s of %s; more with --offset %d", grouped(p.Count), of, end)
	case p.Offset > 0:
		of = fmt.Sprintf("the last %s of %s", grouped(p.Count), of)
	}
	fmt.Fprintln(s, s.dim(of))
}

// isNumeric reports whether a column of a type is aligned as numbers are.
func isNumeric(dtype string) bool {
	for _, prefix := range []string{"int", "uint", "float", "decimal"} {
		if strings.HasPrefix(dtype, prefix) {
			return true
		}
	}
	return false
}

// spell is a value as a table shows it.
func spell(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return v
	case json.Number:
		return v.String()
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // it comes from JSON
	return strings.TrimSpace(b.String())
}

// textFormats are the formats that a terminal can show.
var textFormats = map[string]bool{"json": true, "ndjson": true, "csv": true, "tsv": true}

// download reads rows in a format into a file, or to the standard output if it has no name.
func (a *app) download(id string, sel selection, format, file string) error {
	if formats.ByName(format) == nil {
		return usagef("--format %s: it must be one of %s", format, formatNames())
	}
	if file == "" && a.out.terminal && !textFormats[format] {
		return usagef("%s is not for terminals; write it to a file with get -o, or pipe it into a program", format)
	}
	asked := format
	if format == "json" && sel.limit < 0 {
		// A page of JSON has a limit, and lines of JSON have none.
		asked = "ndjson"
	}
	q, err := sel.query(url.Values{"format": {asked}})
	if err != nil {
		return err
	}
	ctx, stop := untilSignal()
	defer stop()
	s, err := a.connect()
	if err != nil {
		return err
	}
	if file == "" {
		q.Once = true
		return s.about(ctx, id, q, func(resp *http.Response) error {
			w := a.out.safe()
			if err := copyTable(w, resp.Body, format, asked); err != nil {
				return err
			}
			return w.Close()
		})
	}
	return writeFile(file, func(w io.Writer, again func() error) error {
		return s.about(ctx, id, q, func(resp *http.Response) error {
			if err := again(); err != nil {
				return err
			}
			bar := a.bar(resp.ContentLength, true)
			err := copyTable(io.MultiWriter(w, bar), resp.Body, format, asked)
			_ = bar.Finish()
			return err
		})
	})
}

// copyTable copies a table that was asked for in a format.
func copyTable(w io.Writer, from io.Reader, format, asked string) error {
	if asked != format {
		return joinLines(w, from)
	}
	_, err := io.Copy(w, from)
	if err == nil && format == "json" {
		_, err = io.WriteString(w, "\n")
	}
	return err
}

// joinLines makes one JSON array of lines of JSON.
func joinLines(w io.Writer, from io.Reader) error {
	in, out := bufio.NewReaderSize(from, 1<<16), bufio.NewWriterSize(w, 1<<16)
	before := "["
	for {
		line, err := in.ReadBytes('\n')
		if line = bytes.TrimSuffix(line, []byte("\n")); len(line) > 0 {
			_, _ = out.WriteString(before) // Flush has the error
			_, _ = out.Write(line)
			before = ",\n"
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if before == "[" {
		_, _ = out.WriteString("[")
	}
	_, _ = out.WriteString("]\n")
	return out.Flush()
}
