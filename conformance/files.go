//go:build !js

package conformance

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"edgeframe/internal/testenv"
)

// notTables has the files of vega-datasets that are not tables, with a text that the error must have.
var notTables = map[string]string{
	"annual-precip.json":   `column "width" is not an array`, // a raster
	"volcano.json":         `column "width" is not an array`,
	"earthquakes.json":     `column "type" is not an array`, // GeoJSON
	"londonBoroughs.json":  `column "type" is not an array`, // TopoJSON
	"londonTubeLines.json": `column "type" is not an array`,
	"us-10m.json":          `column "type" is not an array`,
	"world-110m.json":      `column "type" is not an array`,
	"miserables.json":      `column "links" has 254 values and column "nodes" has 77`, // a graph
}

// keeps lists, by extension of a file, the formats that lose nothing of its table. Arrow and Parquet
// keep every table; the other formats keep tables that came from such a format.
var keeps = map[string][]string{
	".csv":     {"arrow", "arrow_file", "parquet", "csv", "tsv"},
	".tsv":     {"arrow", "arrow_file", "parquet", "csv", "tsv"},
	".json":    {"arrow", "arrow_file", "parquet", "json", "ndjson", "msgpack"},
	".arrow":   {"arrow", "arrow_file", "parquet"},
	".parquet": {"arrow", "arrow_file", "parquet"},
}

// mediaTypes are the content types of the formats.
var mediaTypes = map[string]string{
	"arrow":      streamType,
	"arrow_file": fileType,
	"parquet":    parquetType,
	"csv":        csvType,
	"tsv":        "text/tab-separated-values",
	"json":       jsonType,
	"ndjson":     ndjsonType,
	"msgpack":    packType,
}

// vegaFiles returns the files of vega-datasets that are, or may be, tables.
func (c *client) vegaFiles() []string {
	c.Helper()
	entries, err := os.ReadDir(filepath.Join(testenv.NodeModules(c), "vega-datasets", "data"))
	if err != nil {
		c.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if keeps[filepath.Ext(e.Name())] != nil {
			names = append(names, e.Name())
		}
	}
	return names
}

// comesBack uploads a file and checks, for every format that keeps its table, that fetching the table
// in that format and uploading it again gives the same table.
func (c *client) comesBack(name string) {
	c.Helper()
	file := c.vega(name)
	a := c.do("POST", "/api/v1/sessions?filename="+name, file)
	switch {
	case notTables[name] != "":
		a.refused(http.StatusUnprocessableEntity, "malformed_input", notTables[name])
		return
	case int64(len(file)) > c.target.MaxUploadBytes:
		a.refused(http.StatusRequestEntityTooLarge, "payload_too_large")
		return
	}
	doc := a.is(http.StatusCreated).session()
	s := &sess{c, doc.SessionID, doc}
	want := s.get("/data", "format=arrow").body
	for _, format := range keeps[filepath.Ext(name)] {
		again := c.upload(mediaTypes[format], s.whole(format))
		if err := sameStream(want, again.get("/data", "format=arrow").body); err != nil {
			c.Errorf("%s as %s: %v", name, format, err)
		}
		again.do("DELETE", again.path(""), nil).is(http.StatusNoContent)
	}
	s.do("DELETE", s.path(""), nil).is(http.StatusNoContent)
}

// whole returns the whole table in a format. For JSON it combines the data of all pages.
func (s *sess) whole(format string) []byte {
	s.Helper()
	if format != "json" {
		return s.get("/data", "format="+format).body
	}
	const most = 10_000
	var pages []string
	for offset := 0; offset == 0 || offset < s.made.Shape[0]; offset += most {
		body := s.get("/data", fmt.Sprintf("offset=%d", offset), fmt.Sprintf("limit=%d", most)).body
		_, data, _ := strings.Cut(string(body), `,"data":[`)
		pages = append(pages, strings.TrimSuffix(data, "]}"))
	}
	return []byte("[" + strings.Join(pages, ",") + "]")
}

var fileTests = func() (tests []test) {
	for _, part := range []struct{ claim, extensions string }{
		{"delimited text", ".csv.tsv"}, {"JSON", ".json"}, {"Arrow and Parquet", ".arrow.parquet"},
	} {
		tests = append(tests, test{part.claim + " of vega-datasets comes back equal or is refused for a reason", func(c *client) {
			files := slices.DeleteFunc(c.vegaFiles(), func(name string) bool {
				return !strings.Contains(part.extensions+".", filepath.Ext(name)+".")
			})
			if len(files) == 0 {
				c.Fatal("there are no files")
			}
			for _, name := range files {
				c.run(name, func(c *client) { c.comesBack(name) })
			}
		}})
	}
	return tests
}()

// sameStream compares the tables of two streams, whose batches may differ in length.
func sameStream(want, got []byte) error {
	if bytes.Equal(want, got) {
		return nil
	}
	a, err := readStream(want)
	if err != nil {
		return err
	}
	b, err := readStream(got)
	if err != nil {
		return err
	}
	return sameTable(a, b)
}
