//go:build !js

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// flightsQueries is the name of the measurement of read queries.
const flightsQueries = "queries on flights-3m"

// flightsQuery is a read query, and what does the same in SQL. In SQL {table} stands for the table and
// {row} for the position of a row.
type flightsQuery struct {
	name, body, sql string
	// where, sort and order are the parts of a query that selects rows: as parameters of GET and in SQL.
	where, sort, from, order string
}

// selects reports whether the answer to q is rows of the table.
func (q *flightsQuery) selects() bool { return q.from != "" }

var queriesOfFlights = []flightsQuery{
	{
		name: "filter by two columns", from: "FROM {table} WHERE delay > 60 AND distance < 500", order: "{row}",
		where: `{"and":[{"column":"delay","cmp":"gt","value":60},{"column":"distance","cmp":"lt","value":500}]}`,
		body:  `{"where":{"and":[{"column":"delay","cmp":"gt","value":60},{"column":"distance","cmp":"lt","value":500}]},"limit":100}`,
		sql:   "SELECT {row} FROM {table} WHERE delay > 60 AND distance < 500",
	},
	{
		name: "sort by two columns", from: "FROM {table}", order: "delay DESC NULLS LAST, distance NULLS LAST, {row}", sort: "-delay,distance",
		body: `{"sort":["-delay","distance"],"limit":100}`,
		sql:  "SELECT {row} FROM {table} ORDER BY delay DESC NULLS LAST, distance NULLS LAST",
	},
	{
		name: "sort by text and time", from: "FROM {table}", order: "origin NULLS LAST, date DESC NULLS LAST, {row}", sort: "origin,-date",
		body: `{"sort":["origin","-date"],"limit":100}`,
		sql:  "SELECT {row} FROM {table} ORDER BY origin NULLS LAST, date DESC NULLS LAST",
	},
	{
		name: "group, 3 aggregates",
		body: `{"group":{"by":["origin"],"aggregates":[{"fn":"count"},{"column":"delay","fn":"mean"},{"column":"distance","fn":"max"}]},"limit":1000}`,
		sql:  "SELECT origin, count(*), avg(delay), max(distance) FROM {table} GROUP BY origin ORDER BY origin",
	},
	{
		name: "group by 2, 3 aggregates",
		body: `{"group":{"by":["origin","destination"],"aggregates":[{"fn":"count"},{"column":"delay","fn":"median"},{"column":"delay","fn":"std"}]},"limit":10000}`,
		sql:  "SELECT origin, destination, count(*), median(delay), stddev_samp(delay) FROM {table} GROUP BY ALL ORDER BY ALL",
	},
	{
		name: "histogram, 20 bins",
		body: `{"histogram":{"column":"delay","bins":20}}`,
		sql:  "SELECT count(*) FROM {table}, (SELECT min(delay) AS low, max(delay) AS high FROM {table}) GROUP BY least((delay - low) * 20 // (high - low), 19) ORDER BY least((delay - low) * 20 // (high - low), 19)",
	},
	{
		name: "distinct values",
		body: `{"distinct":{"column":"destination","limit":1000}}`,
		sql:  "SELECT destination, count(*) FROM {table} GROUP BY destination ORDER BY count(*) DESC, destination",
	},
}

// flights is a session of flights-3m.parquet, which a server serves that is started again and again.
type flights struct {
	*client
	b      *bench
	dir    string
	server *server
	duck   *duckdb
	// tables are the table in SQL: in the memory of DuckDB, and the file.
	inMemory, inFile *strings.Replacer
}

// queries measures read queries on flights-3m.parquet on the embedded store, beside DuckDB.
//
// "First" is the first query of a server that was just started, which has read nothing but the head of the
// session; the file system has the store in memory. "Again" is the query on another version of the same
// table, so that the selection is worked out anew, but the columns may be in the cache. Both are times of HTTP
// requests whose answers have the first 100 rows, or all groups. DuckDB has the table in memory or reads the
// Parquet file; its times end when the whole result is in its memory. For filters and sorts that is the
// positions of all selected rows, as it is in the cache of the server.
func (b *bench) queries(ctx context.Context) error {
	if !b.opt.match.MatchString(flightsQueries) {
		return nil
	}
	f := &flights{client: &client{ctx: ctx}, b: b}
	defer f.stop()
	if err := f.prepare(); err != nil {
		return err
	}
	if err := f.heading(); err != nil {
		return err
	}
	for i := range queriesOfFlights {
		if err := f.measure(&queriesOfFlights[i]); err != nil {
			return fmt.Errorf("%s: %w", queriesOfFlights[i].name, err)
		}
	}
	b.out.printf("  %-26s%16s%16s\n", "the next page of 100 rows", "selected", "of the table")
	for i := range queriesOfFlights {
		if err := f.pages(&queriesOfFlights[i]); err != nil {
			return fmt.Errorf("%s: %w", queriesOfFlights[i].name, err)
		}
	}
	return nil
}

func (f *flights) stop() {
	if f.server != nil {
		f.server.stop()
	}
	if f.duck != nil {
		f.duck.stop()
	}
}

// prepare makes the session and the table of DuckDB.
func (f *flights) prepare() error {
	path, err := filepath.Abs(filepath.Join(vegaData, "flights-3m.parquet"))
	if err != nil {
		return err
	}
	if f.file, err = os.ReadFile(path); err != nil {
		return err
	}
	if f.dir, err = os.MkdirTemp(f.b.dir, "flights-"); err != nil {
		return err
	}
	if f.duck, err = startDuckDB(f.ctx); err != nil {
		return err
	}
	file := "read_parquet('" + strings.ReplaceAll(path, "'", "''") + "', file_row_number = true)"
	f.inMemory, f.inFile = strings.NewReplacer("{table}", "flights", "{row}", "rowid"), strings.NewReplacer("{table}", file, "{row}", "file_row_number")
	if _, err := f.duck.run("CREATE TABLE flights AS SELECT * EXCLUDE file_row_number FROM " + file); err != nil {
		return err
	}
	if err := f.restart(); err != nil {
		return err
	}
	answer, err := f.do(request{"POST", "/api/v1/sessions", "application/vnd.apache.parquet", f.file}, http.StatusCreated)
	if err != nil {
		return err
	}
	if err := f.remember(answer); err != nil {
		return err
	}
	f.id = f.made[0]
	return nil
}

// restart starts a new server on the same store. If there is a session, the server reads its head.
func (f *flights) restart() (err error) {
	if f.server != nil {
		f.server.stop()
	}
	if f.server, err = start(f.ctx, f.b.program, f.dir, nil); err != nil {
		return err
	}
	f.base = f.server.url
	if f.id == "" {
		return nil
	}
	_, err = f.do(request{method: "GET", path: f.session("")}, http.StatusOK)
	return err
}

func (f *flights) heading() error {
	var doc struct {
		Shape         []int64 `json:"shape"`
		Serialization struct {
			Raw float64 `json:"raw_bytes"`
		} `json:"serialization"`
	}
	if err := f.get(f.session(""), &doc); err != nil {
		return err
	}
	f.b.out.printf("\n%s.parquet, %s, a table of %d rows and %s, on the embedded store, and in DuckDB %s:\np50 ms, the least, and the memory that the first query took\n",
		flightsQueries, size(float64(len(f.file))), doc.Shape[0], size(doc.Serialization.Raw), f.duck.version)
	f.b.out.printf("  %-26s%16s%16s%10s%16s%16s\n", "", "first", "again", "memory", "DuckDB table", "DuckDB file")
	return nil
}

// measure measures a query in turns.
func (f *flights) measure(q *flightsQuery) error {
	const turns, times = 5, 3
	var first, again, table, file result
	memory := int64(0)
	for range turns {
		if err := f.restart(); err != nil {
			return err
		}
		before := f.memory(residentMemory)
		if err := f.time(&first, q); err != nil {
			return err
		}
		memory = max(memory, f.memory(peakMemory)-before)
		if err := f.timeSQL(&file, f.inFile.Replace(q.sql)); err != nil {
			return err
		}
		for range times {
			if _, err := f.do(request{method: "POST", path: f.session("/versions")}, http.StatusCreated); err != nil {
				return err
			}
			if err := f.time(&again, q); err != nil {
				return err
			}
			if err := f.timeSQL(&table, f.inMemory.Replace(q.sql)); err != nil {
				return err
			}
		}
	}
	f.b.out.printf("  %-26s%16s%16s%10s%16s%16s\n", q.name, first.middle(), again.middle(), size(float64(memory)), table.middle(), file.middle())
	return f.check(q)
}

// middle spells the median and the least in milliseconds.
func (r result) middle() string { return fmt.Sprintf("%.0f, %.0f", r.p50(), milliseconds(r.times[0])) }

var residentMemory = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// memory returns a number of bytes that Linux tells about the server.
func (f *flights) memory(of *regexp.Regexp) int64 {
	return procNumber(fmt.Sprintf("/proc/%d/status", f.server.cmd.Process.Pid), of) << 10
}

// time adds the time of a query to r.
func (f *flights) time(r *result, q *flightsQuery) error {
	begin := time.Now()
	_, err := f.query(q.body)
	r.add(result{times: []time.Duration{time.Since(begin)}})
	return err
}

func (f *flights) timeSQL(r *result, sql string) error {
	took, err := f.duck.run(sql)
	r.add(result{times: []time.Duration{took}})
	return err
}

func (f *flights) query(body string) ([]byte, error) {
	return f.do(request{"POST", f.session("/data/query?orient=split"), "application/json", []byte(body)}, http.StatusOK)
}

// queryAnswer has the members of answers to queries that are compared.
type queryAnswer struct {
	Matched int64 `json:"matched_rows"`
	Rows    []any `json:"row_numbers"`
	Data    struct {
		Data [][]any `json:"data"`
	} `json:"data"`
	Histogram struct {
		Counts []int64 `json:"counts"`
	} `json:"histogram"`
	Distinct struct {
		Values []struct {
			Value string `json:"value"`
			Count int64  `json:"count"`
		} `json:"values"`
	} `json:"distinct"`
}

// check returns an error unless DuckDB has the same result.
func (f *flights) check(q *flightsQuery) error {
	if q.selects() {
		return f.checkSelection(q)
	}
	body, err := f.query(q.body)
	if err != nil {
		return err
	}
	var a queryAnswer
	if err := json.Unmarshal(body, &a); err != nil {
		return err
	}
	ours := a.Data.Data
	for _, n := range a.Histogram.Counts {
		if n > 0 { // DuckDB counts no empty intervals
			ours = append(ours, []any{n})
		}
	}
	for _, v := range a.Distinct.Values {
		ours = append(ours, []any{v.Value, v.Count})
	}
	theirs, err := f.duck.ask(f.inMemory.Replace(q.sql), true)
	if err != nil {
		return err
	}
	return sameRows(ours, theirs.Rows)
}

// checkSelection compares the number of selected rows, and the positions of the first ones, of some in the
// middle and of the last ones.
func (f *flights) checkSelection(q *flightsQuery) error {
	count, err := f.duck.ask(f.inMemory.Replace("SELECT count(*) "+q.from), true)
	if err != nil {
		return err
	}
	var matched int64
	for _, part := range []int64{0, 1, 2} {
		const limit = 1000
		offset := max(part*(matched-limit)/2, 0)
		var a queryAnswer
		if err := f.get(f.page(q, offset, limit), &a); err != nil {
			return err
		}
		matched = a.Matched
		ours := [][]any{}
		for _, row := range a.Rows {
			ours = append(ours, []any{row})
		}
		theirs, err := f.duck.ask(f.inMemory.Replace(fmt.Sprintf("SELECT {row} %s ORDER BY %s LIMIT %d OFFSET %d", q.from, q.order, limit, offset)), true)
		if err != nil {
			return err
		}
		if err := sameRows(append(ours, []any{matched}), append(theirs.Rows, count.Rows[0])); err != nil {
			return fmt.Errorf("from row %d on: %w", offset, err)
		}
	}
	return nil
}

// page returns the path of a page of the rows that q selects, or of the table for nil.
func (f *flights) page(q *flightsQuery, offset, limit int64) string {
	given := url.Values{"orient": {"split"}, "offset": {fmt.Sprint(offset)}, "limit": {fmt.Sprint(limit)}}
	if q != nil && q.where != "" {
		given.Set("where", q.where)
	}
	if q != nil && q.sort != "" {
		given.Set("sort", q.sort)
	}
	return f.session("/data?" + given.Encode())
}

// pages measures the pages after the first one of the rows that q selects, as somebody scrolls, and pages of
// the table at the same offsets, in turns.
func (f *flights) pages(q *flightsQuery) error {
	if !q.selects() {
		return nil
	}
	const limit, pages = 100, 200
	if err := f.restart(); err != nil {
		return err
	}
	var selected, ordinary result
	for i := range int64(pages) {
		for _, one := range []struct {
			of *flightsQuery
			r  *result
		}{{q, &selected}, {nil, &ordinary}} {
			path := f.page(one.of, i*limit, limit)
			begin := time.Now()
			body, err := f.do(request{method: "GET", path: path}, http.StatusOK)
			if err != nil {
				return err
			}
			if !bytes.Contains(body, []byte(`"returned_rows":100,`)) {
				return fmt.Errorf("%s has not %d rows", path, limit)
			}
			if i > 0 {
				one.r.times = append(one.r.times, time.Since(begin))
			}
		}
	}
	slices.Sort(selected.times)
	slices.Sort(ordinary.times)
	f.b.out.printf("  %-26s%16.2f%16.2f\n", q.name, selected.p50(), ordinary.p50())
	return nil
}
