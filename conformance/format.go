//go:build !js

package conformance

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"

	"edgeframe/codec/codectest"
	"edgeframe/codec/formats/formatstest"
)

// output is a format that data is sent as.
type output struct {
	name, mediaType string
	// rows reads the file and returns one line per row, see [plain]. It uses a library with which
	// the server does not write that format.
	rows func(body []byte) ([]string, error)
}

var outputs = []output{
	{"json", "application/json", func(b []byte) ([]string, error) {
		var page struct{ Data []map[string]any }
		err := json.Unmarshal(b, &page)
		return plainRecords(page.Data), err
	}},
	{"ndjson", "application/x-ndjson", func(b []byte) ([]string, error) {
		var records []map[string]any
		for line := range bytes.Lines(b) {
			var r map[string]any
			if err := json.Unmarshal(line, &r); err != nil {
				return nil, err
			}
			records = append(records, r)
		}
		return plainRecords(records), nil
	}},
	{"csv", "text/csv", func(b []byte) ([]string, error) { return plainText(b, ',') }},
	{"tsv", "text/tab-separated-values", func(b []byte) ([]string, error) { return plainText(b, '\t') }},
	{"arrow", "application/vnd.apache.arrow.stream", func(b []byte) ([]string, error) {
		records, err := readStream(b)
		return plainArrow(records), err
	}},
	{"arrow_file", "application/vnd.apache.arrow.file", func(b []byte) ([]string, error) {
		records, err := readFile(b)
		return plainArrow(records), err
	}},
	{"msgpack", "application/vnd.msgpack", func(b []byte) ([]string, error) {
		v, rest, err := msgp.ReadIntfBytes(b)
		if err != nil || len(rest) > 0 {
			return nil, fmt.Errorf("%d bytes are left: %w", len(rest), err)
		}
		var records []map[string]any
		for _, r := range v.([]any) {
			records = append(records, r.(map[string]any))
		}
		return plainRecords(records), nil
	}},
}

// plain formats a value in the same way for all formats.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		if f, err := strconv.ParseFloat(v, 64); err == nil {
			return plain(f)
		}
		return v
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case int64:
		return plain(float64(v))
	}
	return fmt.Sprint(v)
}

// peopleNames are the columns of people in order.
var peopleNames = []string{"name", "age", "score", "active"}

func plainRecords(records []map[string]any) (lines []string) {
	for _, r := range records {
		var cells []string
		for _, name := range peopleNames {
			cells = append(cells, plain(r[name]))
		}
		lines = append(lines, strings.Join(cells, "|"))
	}
	return lines
}

func plainText(b []byte, separator rune) (lines []string, err error) {
	r := csv.NewReader(bytes.NewReader(b))
	r.Comma = separator
	rows, err := r.ReadAll()
	if err != nil || len(rows) == 0 || !cmp.Equal(rows[0], peopleNames) {
		return nil, fmt.Errorf("header of %q: %w", rows, err)
	}
	for _, row := range rows[1:] {
		for i := range row {
			row[i] = plain(row[i])
		}
		lines = append(lines, strings.Join(row, "|"))
	}
	return lines, nil
}

func plainArrow(records []arrow.Record) (lines []string) {
	for _, rec := range records {
		for row := range int(rec.NumRows()) {
			var cells []string
			for _, column := range rec.Columns() {
				cells = append(cells, plain(column.GetOneForMarshal(row)))
			}
			lines = append(lines, strings.Join(cells, "|"))
		}
	}
	return lines
}

func readStream(b []byte) (records []arrow.Record, err error) {
	r, err := ipc.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	for r.Next() {
		rec := r.Record()
		rec.Retain()
		records = append(records, rec)
	}
	return records, r.Err()
}

func readFile(b []byte) (records []arrow.Record, err error) {
	r, err := ipc.NewFileReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	for i := range r.NumRecords() {
		rec, err := r.RecordAt(i)
		if err != nil {
			return nil, err
		}
		records = append(records, rec)
	}
	return records, nil
}

var peopleLines = []string{"Ann|31|1.5|true", "Bob||2.25|false", "Cid|47||true", "Dee|28|4|"}

var formatTests = []test{
	{"every output has its media type and the values of the table", func(c *client) {
		s := c.create(people)
		for _, out := range outputs {
			c.run(out.name, func(c *client) {
				a := s.get("/data", "format="+out.name)
				a.has("Content-Type", out.mediaType).has("Edgeframe-Total-Rows", "4").has("Edgeframe-Version", "1").has("Link", "")
				got, err := out.rows(a.body)
				if err != nil {
					c.Fatal(err)
				}
				if diff := cmp.Diff(peopleLines, got); diff != "" {
					c.Error(diff)
				}
			})
		}
	}},
	{"every output can be uploaded again and is the same table", func(c *client) {
		s := c.create(people)
		for _, out := range outputs[1:] {
			c.run(out.name, func(c *client) {
				c.upload(out.mediaType, s.get("/data", "format="+out.name).body).isPeople()
			})
		}
	}},
	{"the text formats have these bytes", func(c *client) {
		s := c.create("id,text,when,rate\n1,\"a,b\",2024-02-29,1e-7\n2,\"line\nbreak\",1999-12-31,100\n3,\"say \"\"hi\"\"\",,\n4,tab\there,2000-01-01,0.1\n")
		for _, name := range []string{"csv", "tsv", "ndjson"} {
			s.get("/data", "format="+name).golden("data." + name)
		}
	}},
	{"an output without rows has its columns", func(c *client) {
		s := c.create(people)
		if got := string(s.get("/data", "format=csv", "offset=9").body); got != "name,age,score,active\n" {
			c.Errorf("csv %q", got)
		}
		for _, rec := range [][]byte{s.get("/data", "format=arrow", "limit=0").body, s.get("/data", "format=arrow", "offset=9").body} {
			r, err := ipc.NewReader(bytes.NewReader(rec))
			if err != nil || r.Schema().NumFields() != 4 || r.Next() {
				c.Errorf("arrow stream: %v", err)
			}
		}
	}},
	{"offset, limit and column choose from every format", func(c *client) {
		s := c.create(people)
		for _, out := range outputs {
			a := s.get("/data", "format="+out.name, "offset=1", "limit=2")
			got, err := out.rows(a.body)
			if err != nil {
				c.Fatalf("%s: %v", out.name, err)
			}
			if diff := cmp.Diff(peopleLines[1:3], got); diff != "" {
				c.Errorf("%s: %s", out.name, diff)
			}
		}
		if got := string(s.get("/data", "format=csv", "column=age", "column=name", "limit=1").body); got != "age,name\n31,Ann\n" {
			c.Errorf("csv %q", got)
		}
	}},
	{"Arrow goes out with the schema and values with which it came in", func(c *client) {
		rec := oddRecord()
		s := c.upload("application/vnd.apache.arrow.stream", arrowStream(rec))
		for _, out := range []struct {
			format string
			read   func([]byte) ([]arrow.Record, error)
		}{{"arrow", readStream}, {"arrow_file", readFile}} {
			records, err := out.read(s.get("/data", "format="+out.format).body)
			if err != nil || len(records) != 1 {
				c.Fatalf("%s: %d records: %v", out.format, len(records), err)
			}
			if !records[0].Schema().Equal(rec.Schema()) {
				c.Errorf("%s: schema\n%s\nwant\n%s", out.format, records[0].Schema(), rec.Schema())
			}
			if !array.RecordEqual(rec, records[0]) {
				c.Errorf("%s: %v, want %v", out.format, records[0], rec)
			}
		}
	}},
	{"every Arrow type goes out as it came in, from an edited table too", func(c *client) {
		table := codectest.AllTypes()
		s := c.upload(streamType, formatstest.ArrowStream(table))
		for _, edited := range []bool{false, true} {
			if edited {
				s.edit(op{"op": "delete_rows", "rows": []int{0}}, op{"op": "drop_columns", "columns": []string{table.Schema.Field(0).Name}})
				s.post("/undo")
			}
			for _, out := range []struct {
				format string
				read   func([]byte) ([]arrow.Record, error)
			}{{"arrow", readStream}, {"arrow_file", readFile}} {
				records, err := out.read(s.get("/data", "format="+out.format).body)
				if err != nil {
					c.Fatalf("%s: %v", out.format, err)
				}
				got := codectest.AllTypes()
				got.Schema, got.RowGroups = records[0].Schema(), records
				if err := codectest.Equal(table, got); err != nil {
					c.Errorf("%s: %v", out.format, err)
				}
			}
		}
	}},
	{"types that text does not have are spelled with these bytes", func(c *client) {
		s := c.upload("application/vnd.apache.arrow.stream", arrowStream(oddRecord()))
		for _, name := range []string{"json", "csv"} {
			s.get("/data", "format="+name).golden("odd." + name)
		}
	}},
}

var negotiationTests = []test{
	{"Accept chooses the format by its q-values", func(c *client) {
		s := c.create(people)
		for _, tt := range []struct{ accept, want string }{
			{"", "application/json"},
			{"*/*", "application/json"},
			{"text/csv", "text/csv"},
			{"text/csv;q=0.5, application/x-ndjson", "application/x-ndjson"},
			{"application/json;q=0.1, text/csv;q=0.9", "text/csv"},
			{"application/vnd.apache.arrow.stream, */*;q=0.1", "application/vnd.apache.arrow.stream"},
			{"text/*", "text/csv"},
			{"image/png, application/msgpack;q=0.3", "application/vnd.msgpack"},
			{"text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", "application/json"},
			{"application/json;q=0, */*", "application/x-ndjson"},
		} {
			a := s.do("GET", s.path("/data"), nil, "Accept: "+tt.accept).is(http.StatusOK)
			if got := a.header.Get("Content-Type"); got != tt.want {
				c.Errorf("Accept %q got %s, want %s", tt.accept, got, tt.want)
			}
			if vary := strings.Join(a.header.Values("Vary"), ","); !strings.Contains(vary, "Accept") {
				c.Errorf("Accept %q: Vary %q", tt.accept, vary)
			}
		}
	}},
	{"format beats Accept", func(c *client) {
		s := c.create(people)
		s.do("GET", s.path("/data", "format=csv"), nil, "Accept: application/json").is(http.StatusOK).has("Content-Type", "text/csv")
		s.do("GET", s.path("/data", "format=csv"), nil, "Accept: image/png").is(http.StatusOK).has("Content-Type", "text/csv")
	}},
	{"an Accept without a possible type is refused and the possible ones are named", func(c *client) {
		s := c.create(people)
		for _, accept := range []string{"image/png", "text/html;q=0.9", "*/*;q=0", "nonsense"} {
			s.do("GET", s.path("/data"), nil, "Accept: "+accept).refused(http.StatusNotAcceptable, "not_acceptable", "application/json", "text/csv")
		}
	}},
}
