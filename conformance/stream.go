//go:build !js

package conformance

import (
	"bytes"
	"io"
	"net/http"
	"strconv"

	"edgeframe/codec/codectest"
	"edgeframe/codec/formats/formatstest"
)

// The stream tests send Arrow streams that are larger than other bodies may be, or whose length is not
// declared. Such a stream is never in the server's memory as a whole.
var streamTests = []test{
	{"an Arrow stream larger than other uploads may be comes back as it was", func(c *client) {
		table := codectest.Generate(largeRows(c.target.MaxUploadBytes*2), largeColumns, 3)
		stream := formatstest.ArrowStream(table)
		if int64(len(stream)) < c.target.MaxUploadBytes*3/2 {
			c.Fatalf("the stream has only %d bytes", len(stream))
		}
		for name, length := range map[string]int64{"with a length": int64(len(stream)), "without a length": -1} {
			s := c.stream(stream, length, "filename=large.arrows", "ttl_seconds=600")
			if s.made.Filename != "large.arrows" || s.made.TTLSeconds != 600 || s.made.Shape[0] != int(table.NumRows()) {
				c.Errorf("%s: %+v", name, s.made)
			}
			got, err := formatstest.FromArrowStream(s.get("/data", "format=arrow").body)
			if err == nil {
				err = codectest.Equal(got, table)
			}
			if err != nil {
				c.Fatalf("%s: %v", name, err)
			}
			last := s.page("offset="+strconv.FormatInt(table.NumRows()-1, 10), "limit=5")
			if len(last.Data.Data) != 1 {
				c.Errorf("%s: %d rows at the end", name, len(last.Data.Data))
			}
			s.edit(op{"op": "set_values", "column": "column_1", "rows": []int64{table.NumRows() - 1}, "value": 4711})
			s.post("/undo")
		}
	}},
	{"a small Arrow stream that does not say its length is a session like any other", func(c *client) {
		for _, rows := range []int{0, 1, 20_000} {
			table := codectest.Generate(rows, 5, 7)
			body := formatstest.ArrowStream(table)
			streamed, whole := c.stream(body, -1), c.upload(streamType, body)
			if got, want := streamed.get("/data", "format=arrow").body, whole.get("/data", "format=arrow").body; !bytes.Equal(got, want) {
				c.Errorf("%d rows: %d bytes, want %d", rows, len(got), len(want))
			}
		}
	}},
	{"an Arrow stream that is cut off, goes on or is none makes no session", func(c *client) {
		body := formatstest.ArrowStream(codectest.Generate(40_000, 5, 7))
		for name, tt := range map[string]struct {
			body string
			says string
		}{
			"cut off in a batch":        {string(body[:len(body)/2]), "ends early"},
			"cut off in its last batch": {string(body[:len(body)-9]), "ends early"},
			"with more behind its end":  {string(body) + "x", "follow the end"},
			"empty":                     {"", "ends early"},
			"text":                      {people, "ends early"},
		} {
			a := c.send([]byte(tt.body), -1)
			if a.status == http.StatusCreated {
				c.Errorf("%s: %s", name, a.body)
				continue
			}
			// The beginning of a text is read as a length, which may be above the limit.
			if name == "text" {
				a.is(http.StatusRequestEntityTooLarge)
				continue
			}
			a.refused(http.StatusUnprocessableEntity, "malformed_input", tt.says)
		}
	}},
	{"a record batch larger than an upload may be is refused, and how to write it is said", func(c *client) {
		rows := int(c.target.MaxUploadBytes / 8)
		body := oneBatch(rows + 1000)
		c.send(body, int64(len(body))).refused(http.StatusRequestEntityTooLarge, "dataframe_too_large", "smaller record batches")
	}},
	{"what is for files that are read as a whole is refused with a stream", func(c *client) {
		body := formatstest.ArrowStream(codectest.Generate(10, 2, 7))
		c.send(body, -1, "dtype=column_1:utf8").refused(http.StatusBadRequest, "invalid_parameter", "dtype", "as a whole")
		c.send(body, -1, "recipe=x").refused(http.StatusBadRequest, "invalid_parameter", "recipe", "as a whole")
		c.send(body, -1, "sheet_name=1").refused(http.StatusBadRequest, "invalid_parameter", "sheet_name", "arrow")
	}},
}

// send posts an Arrow stream and declares that length, or none if it is -1.
func (c *client) send(stream []byte, length int64, params ...string) (a *answer) {
	c.Helper()
	for range 30 {
		r, err := http.NewRequestWithContext(c.Context(), "POST", c.target.URL+query("/api/v1/sessions", params...), io.MultiReader(bytes.NewReader(stream)))
		if err != nil {
			c.Fatal(err)
		}
		r.ContentLength = length
		r.Header.Set("Content-Type", streamType)
		r.Header.Set("Authorization", "Bearer "+c.target.Token)
		response, err := c.http.Do(r)
		if err != nil {
			c.Fatal(err)
		}
		got, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if a = (&answer{c, "POST an Arrow stream", response.StatusCode, response.Header, got}); !a.busy() {
			break
		}
	}
	return a
}

// stream creates a session from an Arrow stream.
func (c *client) stream(body []byte, length int64, params ...string) *sess {
	c.Helper()
	doc := c.send(body, length, params...).is(http.StatusCreated).session()
	return &sess{c, doc.SessionID, doc}
}

// largeColumns is the number of columns of a large table.
const largeColumns = 20

// largeRows returns the number of rows of a large table that has about that many bytes as an Arrow
// stream.
func largeRows(bytesWanted int64) int {
	const few = 10_000
	return int(bytesWanted * few / int64(len(formatstest.ArrowStream(codectest.Generate(few, largeColumns, 3)))))
}
