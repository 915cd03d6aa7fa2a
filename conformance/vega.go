//go:build !js

package conformance

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/internal/testenv"
)

// vega reads a file of vega-datasets: real data, messy on purpose.
func (c *client) vega(name string) []byte {
	c.Helper()
	b, err := os.ReadFile(testenv.VegaFile(c, name))
	if err != nil {
		c.Fatal(err)
	}
	return b
}

var vegaTests = []test{
	{"movies.json keeps every value, mixed columns included", func(c *client) {
		file := c.vega("movies.json")
		var want []map[string]any
		if err := json.Unmarshal(file, &want); err != nil {
			c.Fatal(err)
		}
		s := c.upload("application/octet-stream", file, "filename=movies.json")
		if s.made.Shape != [2]int{len(want), 16} {
			c.Fatalf("shape %v of %d rows", s.made.Shape, len(want))
		}
		row := 0
		for next := s.path("/data", "orient=split", "limit=1000"); next != ""; {
			a := s.do("GET", next, nil).is(200)
			var p pageDocument
			a.decode(&p)
			for _, got := range p.Data.Data {
				for i, name := range p.Columns {
					if plain(got[i]) != plain(want[row][name]) {
						c.Fatalf("row %d: %s is %v, want %v", row, name, got[i], want[row][name])
					}
				}
				row++
			}
			next = c.nextLink(a)
		}
		if row != len(want) {
			c.Errorf("%d rows of %d", row, len(want))
		}
	}},
	{"movies.json reads the same in apache-arrow for JavaScript", func(c *client) {
		s := c.upload("application/json", c.vega("movies.json"), "filename=movies.json")
		script := filepath.Join(testenv.Root(), "conformance", "testdata", "arrow.mjs")
		out, err := exec.CommandContext(c.Context(), "node", script, c.target.URL+s.path("/data"), c.target.Token).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != strconv.Itoa(s.made.Shape[0]) {
			c.Errorf("%v: %s", err, out)
		}
	}},
	{"birdstrikes.csv keeps its 10,000 rows", func(c *client) {
		file := c.vega("birdstrikes.csv")
		s := c.upload(csvType, file, "null_values=")
		want, got := c.csv(file), c.csv(s.get("/data", "format=csv").body)
		if len(want) != 10_001 || len(got) != len(want) || s.made.Shape != [2]int{10_000, 14} {
			c.Fatalf("%d lines of %d, shape %v", len(got), len(want), s.made.Shape)
		}
		for i := range want {
			for j := range want[i] {
				if plain(got[i][j]) != plain(want[i][j]) {
					c.Fatalf("line %d, field %d is %q, want %q", i+1, j+1, got[i][j], want[i][j])
				}
			}
		}
	}},
	{"flights-200k.arrow comes back with equal schema and values", func(c *client) {
		file := c.vega("flights-200k.arrow")
		want, err := readAny(file)
		if err != nil {
			c.Fatal(err)
		}
		s := c.upload("application/octet-stream", file, "filename=flights-200k.arrow")
		for _, format := range []string{"arrow", "arrow_file"} {
			got, err := readAny(s.get("/data", "format="+format).body)
			if err != nil {
				c.Fatal(err)
			}
			if err := sameTable(want, got); err != nil {
				c.Errorf("%s: %v", format, err)
			}
		}
	}},
}

func (c *client) csv(b []byte) [][]string {
	c.Helper()
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		c.Fatal(err)
	}
	return rows
}

// readAny reads an Arrow file or stream.
func readAny(b []byte) ([]arrow.Record, error) {
	if bytes.HasPrefix(b, []byte("ARROW1")) {
		return readFile(b)
	}
	return readStream(b)
}

// sameTable compares tables whose records may differ in length.
func sameTable(want, got []arrow.Record) error {
	if len(want) == 0 || len(got) == 0 {
		return fmt.Errorf("%d records, want %d", len(got), len(want))
	}
	if !got[0].Schema().Equal(want[0].Schema()) {
		return fmt.Errorf("schema\n%s\nwant\n%s", got[0].Schema(), want[0].Schema())
	}
	a, b := array.NewTableFromRecords(want[0].Schema(), want), array.NewTableFromRecords(got[0].Schema(), got)
	if a.NumRows() != b.NumRows() {
		return fmt.Errorf("%d rows, want %d", b.NumRows(), a.NumRows())
	}
	for i := range int(a.NumCols()) {
		if !array.ChunkedEqual(a.Column(i).Data(), b.Column(i).Data()) {
			return fmt.Errorf("column %s has other values", a.Column(i).Name())
		}
	}
	return nil
}
