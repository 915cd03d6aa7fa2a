//go:build !js

package conformance

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// formatParam is a parameter that some formats take, a value of it, and the formats that take it on
// reading a file.
type formatParam struct {
	name, value string
	takers      []string
}

var formatParams = []formatParam{
	{"delimiter", "comma", []string{"csv", "tsv"}},
	{"header", "true", []string{"csv", "tsv", "xlsx"}},
	{"header_row", "1", []string{"csv", "tsv", "xlsx"}},
	{"skip_rows", "0", []string{"csv", "tsv", "xlsx"}},
	{"skip_footer", "0", []string{"csv", "tsv", "xlsx"}},
	{"short_rows", "fill", []string{"csv", "tsv"}},
	{"quote", "\"", []string{"csv", "tsv"}},
	{"escape", "\\", []string{"csv", "tsv"}},
	{"null_values", "-", []string{"csv", "tsv", "xlsx"}},
	{"encoding", "utf-8", []string{"csv", "tsv"}},
	{"decimal", "point", []string{"csv", "tsv"}},
	{"thousands", "space", []string{"csv", "tsv"}},
	{"comment", "#", []string{"csv", "tsv"}},
	{"sheet_name", "Sheet1", []string{"xlsx"}},
	{"orient", "records", []string{"json", "ndjson", "msgpack"}},
	{"records", "", []string{"json", "msgpack"}}, // the whole document
}

// The formats in which files are read and written.
var fileFormats = []string{"json", "ndjson", "csv", "tsv", "arrow", "arrow_file", "parquet", "msgpack", "xlsx"}

var optionTests = []test{
	{"a parameter that the format of a file does not take is refused with the formats that do", func(c *client) {
		s := c.create(people)
		for _, format := range fileFormats {
			file := s.get("/data", "format="+format)
			mediaType := "Content-Type: " + strings.Split(file.header.Get("Content-Type"), ";")[0]
			if format == "json" {
				file.body, mediaType = []byte(`[{"name":"x"}]`), "Content-Type: application/json"
			}
			for _, p := range formatParams {
				if slices.Contains(p.takers, format) {
					continue
				}
				query := "?" + p.name + "=" + url.QueryEscape(p.value)
				says := append([]string{p.name + " is for ", "the format is " + format}, p.takers...)
				c.do("POST", "/api/v1/sessions"+query, file.body, mediaType).refused(http.StatusBadRequest, "invalid_parameter", says...)
				for _, method := range []string{"PUT", "POST"} {
					s.do(method, s.path("/data")+query, file.body, mediaType).refused(http.StatusBadRequest, "invalid_parameter", says...)
				}
			}
		}
		s.isPeople()
	}},
	{"a parameter that the format takes is read", func(c *client) {
		s := c.create(people)
		for _, format := range fileFormats {
			file := s.get("/data", "format="+format)
			mediaType := strings.Split(file.header.Get("Content-Type"), ";")[0]
			if format == "json" {
				var page map[string]json.RawMessage
				file.decode(&page)
				file.body, mediaType = page["data"], jsonType
			}
			for _, p := range formatParams {
				if slices.Contains(p.takers, format) && !(format == "tsv" && p.name == "delimiter") {
					c.upload(mediaType, file.body, p.name+"="+p.value).isPeople()
				}
			}
		}
	}},
	{"a form's field that the format does not take is refused", func(c *client) {
		body, mediaType := form("x.json", "", []byte(`[{"a":1}]`), "delimiter=comma")
		c.do("POST", "/api/v1/sessions", body, "Content-Type: "+mediaType).refused(http.StatusBadRequest, "invalid_parameter", "delimiter is for csv and tsv", "json")
	}},
	{"a long Arrow stream takes no parameter of a format either", func(c *client) {
		c.do("POST", "/api/v1/sessions?header=true", chunked("x"), "Content-Type: "+streamType).refused(http.StatusBadRequest, "invalid_parameter", "header is for csv, tsv and xlsx", "arrow")
	}},
	{"orient is refused where the format of the answer has one shape", func(c *client) {
		s := c.create(people)
		for _, format := range []string{"csv", "tsv", "arrow", "arrow_file", "parquet", "xlsx"} {
			s.do("GET", s.path("/data", "orient=records", "format="+format), nil).
				refused(http.StatusBadRequest, "invalid_parameter", "orient is for json, ndjson and msgpack", "the format is "+format)
		}
		s.do("GET", s.path("/data", "orient=split"), nil, "Accept: text/csv").refused(http.StatusBadRequest, "invalid_parameter", "orient", "the format is csv")
		s.do("GET", s.path("/data", "orient=split", "format=ndjson"), nil).refused(http.StatusBadRequest, "invalid_parameter", "orient=split", "ndjson", "records")
		s.get("/data", "orient=records", "format=ndjson")
		s.get("/data", "orient=split", "format=msgpack")
	}},
}
