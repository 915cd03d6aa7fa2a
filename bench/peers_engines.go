//go:build !js

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	engineRows    = 1_000_000
	engineColumns = 10
	// engineGaps is the column with missing values.
	engineGaps = 6
)

// engineWork is work on a table. c0 and c5 have integers, c1 and c6 floats, c2 and c7 few texts, c3 and c8
// booleans, c4 and c9 dates. Every tenth cell of c6 is missing.
type engineWork struct {
	name string
	// key is its name in the scripts of Polars and pandas.
	key string
	// sql is the statement of DuckDB; {path} stands for the path of a file.
	sql string
	// next prepares the request to the server.
	next func(*client) (request, error)
	// changes says that the result is a table whose number of rows is compared.
	changes bool
	// polarsOnly says that pandas cannot do it without pyarrow.
	polarsOnly bool
}

// changing returns the next function of an operation on the uploaded table.
func changing(operation map[string]any) func(*client) (request, error) {
	return func(c *client) (request, error) {
		if err := c.undo(); err != nil {
			return request{}, err
		}
		return c.operations(operation)
	}
}

// undo undoes the last change, if there is one.
func (c *client) undo() error {
	_, err := c.do(request{method: "POST", path: c.session("/undo")}, http.StatusOK, http.StatusConflict)
	return err
}

var engineWorks = []engineWork{
	{name: "load the CSV", key: "load", sql: "CREATE OR REPLACE TABLE t AS SELECT * FROM read_csv('{path}')", next: func(c *client) (request, error) {
		return request{"POST", "/api/v1/sessions", "text/csv", c.file}, c.deleteMade()
	}},
	{name: "filter, half of the rows", key: "filter", sql: "CREATE OR REPLACE TABLE r AS SELECT * FROM t WHERE c0 >= 500000", changes: true, next: changing(map[string]any{
		"op": "filter", "where": map[string]any{"column": "c0", "cmp": "ge", "value": 500000},
	})},
	{name: "sort by text and float", key: "sort", sql: "CREATE OR REPLACE TABLE r AS SELECT * FROM t ORDER BY c2 NULLS LAST, c1 DESC NULLS LAST", changes: true, next: changing(map[string]any{
		"op": "sort", "by": []any{map[string]any{"column": "c2"}, map[string]any{"column": "c1", "descending": true}},
	})},
	{name: "drop duplicates, two columns", key: "duplicatesOfTwo", sql: "CREATE OR REPLACE TABLE r AS SELECT DISTINCT ON (c2, c4) * FROM t", changes: true, next: changing(map[string]any{
		"op": "drop_duplicates", "columns": []string{"c2", "c4"},
	})},
	{name: "drop duplicates, all columns", key: "duplicates", sql: "CREATE OR REPLACE TABLE r AS SELECT DISTINCT * FROM t", changes: true, next: changing(map[string]any{
		"op": "drop_duplicates",
	})},
	{name: "describe", key: "describe", sql: "SUMMARIZE t", next: func(c *client) (request, error) {
		// The statistics of a table are kept, so each is asked of a new table.
		edit, err := changing(map[string]any{"op": "set_values", "column": "c1", "rows": []int{0}, "value": c.random.NormFloat64()})(c)
		if err == nil {
			_, err = c.do(edit, http.StatusOK)
		}
		return request{method: "GET", path: c.session("/describe")}, err
	}},
	{name: "fill by the median", key: "fill", sql: "CREATE OR REPLACE TABLE r AS SELECT * REPLACE (coalesce(c6, (SELECT median(c6) FROM t)) AS c6) FROM t", changes: true, next: changing(map[string]any{
		"op": "fill_missing", "columns": []string{"c6"}, "method": "median",
	})},
	{name: "write Parquet", key: "parquet", sql: "COPY t TO '{path}' (FORMAT parquet)", polarsOnly: true, next: wholeAs("parquet")},
	{name: "write CSV", key: "csv", sql: "COPY t TO '{path}' (FORMAT csv)", next: wholeAs("csv")},
}

// wholeAs returns the next function of the whole uploaded table as a file.
func wholeAs(format string) func(*client) (request, error) {
	return func(c *client) (request, error) {
		return request{method: "GET", path: c.session("/data?format=" + format)}, c.undo()
	}
}

// engineRace are the server on the embedded store and the engines, with the same table.
type engineRace struct {
	run    *peerRun
	client *client
	server *server
	duck   *duckdb
	// scripted are Polars and pandas.
	scripted []*engine
	// path is the file, written where files are written to.
	path, written string
}

// engines measures the server beside engines with a table in memory.
func (r *peerRun) engines() error {
	const name = "engines"
	defer r.end()
	race := &engineRace{run: r}
	var wanted []engineWork
	for _, work := range engineWorks {
		if r.wants(name, work.name) {
			wanted = append(wanted, work)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	if err := race.prepare(); err != nil {
		return err
	}
	r.area(name, fmt.Sprintf("A table of %d x %d, a CSV of %s. The engines have it in their memory and work in process; edgeframe is asked over HTTP and stores what it makes.",
		engineRows, engineColumns, size(float64(len(race.client.file)))))
	for _, work := range wanted {
		if err := race.measure(work); err != nil {
			return err
		}
	}
	return nil
}

func (e *engineRace) prepare() error {
	r := e.run
	dir, err := r.scratch()
	if err != nil {
		return err
	}
	e.path, e.written = filepath.Join(dir, "table.csv"), filepath.Join(dir, "written")
	file := generateGaps(engineRows, engineColumns, engineGaps)
	if err := os.WriteFile(e.path, file, 0o600); err != nil {
		return err
	}
	if e.server, err = start(r.ctx, r.program, dir, nil); err != nil {
		return err
	}
	r.later(e.server.stop)
	if e.duck, err = startDuckDB(r.ctx); err != nil {
		return err
	}
	r.later(e.duck.stop)
	for _, begin := range []func(context.Context) (*engine, error){startPolars, startPandasEngine} {
		engine, err := begin(r.ctx)
		if err != nil {
			return err
		}
		r.later(engine.stop)
		e.scripted = append(e.scripted, engine)
	}
	return e.load(file)
}

// load has all of them load the table.
func (e *engineRace) load(file []byte) error {
	c := &client{ctx: e.run.ctx, base: e.server.url, rows: engineRows, file: file, random: rand.New(rand.NewPCG(1, 2))}
	answer, err := c.do(request{"POST", "/api/v1/sessions", "text/csv", file}, http.StatusCreated)
	if err == nil {
		err = c.remember(answer)
	}
	if err != nil {
		return err
	}
	c.id, c.made = c.made[0], nil
	e.client = c
	if _, err := e.duck.run(e.statement(engineWorks[0], e.path)); err != nil {
		return err
	}
	for _, engine := range e.scripted {
		if _, err := engine.ask(map[string]any{"work": "load", "path": e.path}); err != nil {
			return err
		}
	}
	return nil
}

func startPolars(ctx context.Context) (*engine, error) {
	return startEngine(ctx, "Polars, which make bench-peers installs", "node", filepath.Join("bench", "peers", "polars.mjs"))
}

func startPandasEngine(ctx context.Context) (*engine, error) {
	return startEngine(ctx, "pandas, which make bench-peers installs", python(ctx, "pandas"), filepath.Join("bench", "peers", "engine.py"))
}

// python returns the Python that has a module, Debian's if that is so.
func python(ctx context.Context, module string) string {
	const debian = "/usr/bin/python3"
	if exec.CommandContext(ctx, debian, "-c", "import "+module).Run() != nil {
		return "python3"
	}
	return debian
}

func (e *engineRace) statement(work engineWork, path string) string {
	return strings.ReplaceAll(work.sql, "{path}", strings.ReplaceAll(path, "'", "''"))
}

// measure races one work, and compares the number of rows of the results.
func (e *engineRace) measure(work engineWork) error {
	path := e.path
	if work.key != "load" {
		path = e.written + "." + work.key
	}
	ours := &peer{name: "edgeframe", pids: []int{e.server.cmd.Process.Pid}}
	ours.prepare, ours.work = requesting(e.client, work.next)
	all := []*peer{ours, {
		name: "DuckDB " + strings.TrimPrefix(e.duck.version, "v"), pids: []int{e.duck.cmd.Process.Pid},
		work: func() ([]time.Duration, error) {
			took, err := e.duck.run(e.statement(work, path))
			return []time.Duration{took}, err
		},
	}}
	heights := make([]int64, len(e.scripted))
	for i, engine := range e.scripted {
		if work.polarsOnly && i > 0 {
			continue
		}
		all = append(all, &peer{
			name: []string{"Polars", "pandas"}[i] + " " + engine.version, pids: []int{engine.cmd.Process.Pid},
			work: func() ([]time.Duration, error) {
				a, err := engine.ask(map[string]any{"work": work.key, "path": path})
				heights[i] = a.Height
				return []time.Duration{a.took()}, err
			},
		})
	}
	if err := e.run.race(work.name, all...); err != nil {
		return err
	}
	if err := e.client.deleteMade(); err != nil {
		return err
	}
	if !work.changes {
		return nil
	}
	return e.sameHeights(work, heights)
}

// sameHeights returns an error unless all results have the same number of rows.
func (e *engineRace) sameHeights(work engineWork, heights []int64) error {
	var doc struct {
		Shape []int64 `json:"shape"`
	}
	if err := e.client.get(e.client.session(""), &doc); err != nil {
		return err
	}
	theirs, err := e.duck.ask("SELECT count(*) FROM r", true)
	if err != nil {
		return err
	}
	ours := doc.Shape[0]
	if fmt.Sprint(theirs.Rows[0][0]) != fmt.Sprint(ours) || heights[0] != ours || heights[1] != ours {
		return fmt.Errorf("%s leaves %d rows; DuckDB %v, Polars and pandas %v", work.name, ours, theirs.Rows[0][0], heights)
	}
	return nil
}
