//go:build !js

package conformance

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/zstd"

	"edgeframe/codec/codectest"
	"edgeframe/codec/formats/formatstest"
)

// The unpack tests send compressed files and compressed bodies, and what MIME says beside the bytes.
var unpackTests = []test{
	{"compressed files are read, and the name inside says the format", checkCompressedFiles},
	{"compressed files that have no single table are refused", checkCompressedRefusals},
	{"a body may have the content encoding gzip or zstd", checkContentEncodings},
	{"an Arrow stream is unpacked while it arrives", func(c *client) {
		table := codectest.Generate(20_000, 5, 7)
		body := formatstest.ArrowStream(table)
		want := c.upload(streamType, body).get("/data", "format=arrow").body
		for encoding, packed := range packings(body) {
			s := c.sendPacked(packed, "Content-Type: "+streamType, "Content-Encoding: "+encoding)
			if got := s.get("/data", "format=arrow").body; !bytes.Equal(got, want) {
				c.Errorf("%s: %d bytes, want %d", encoding, len(got), len(want))
			}
		}
	}},
	{"what unpacks to more than a body may have is refused", func(c *client) {
		large := append([]byte("a\n"), bytes.Repeat([]byte("1\n"), int(c.target.MaxUploadBytes/2)+1)...)
		for encoding, packed := range packings(large) {
			c.do("POST", "/api/v1/sessions", packed, csvHeader, "Content-Encoding: "+encoding).refused(http.StatusRequestEntityTooLarge, "payload_too_large")
			c.do("POST", "/api/v1/sessions", packed, csvHeader).refused(http.StatusRequestEntityTooLarge, "payload_too_large", "unpacks to more than")
		}
		c.do("POST", "/api/v1/sessions", zipped("a.csv", string(large)), "Content-Type: application/zip").refused(http.StatusRequestEntityTooLarge, "payload_too_large", "unpacks to more than")
	}},
	{"the header parameter of text/csv is that of RFC 4180", func(c *client) {
		for contentType, want := range map[string]string{
			"text/csv; header=absent":                  "[column_1 column_2]",
			"text/csv; charset=utf-8; header=Present":  "[1 2]",
			"text/csv; profile=x":                      "[1 2]",
			"text/tab-separated-values; header=absent": "[column_1]",
		} {
			if got := fmt.Sprint(c.upload(contentType, []byte("1,2\n3,4\n")).made.Columns); got != want {
				c.Errorf("%s: columns %s, want %s", contentType, got, want)
			}
		}
		if got := fmt.Sprint(c.upload("text/csv; header=absent", []byte("1,2\n3,4\n"), "header=true").made.Columns); got != "[1 2]" {
			c.Errorf("the parameter of the request goes before that of the content type: %s", got)
		}
		c.do("POST", "/api/v1/sessions", "1,2\n", "Content-Type: text/csv; header=no").refused(http.StatusUnsupportedMediaType, "unsupported_media_type", "header=no", "present or absent")
		c.do("POST", "/api/v1/sessions", "1,2\n", `Content-Type: text/csv; delimiter=";"`).refused(http.StatusBadRequest, "invalid_parameter", "delimiter", "in the query")
	}},
	{"a content transfer encoding is decoded or refused", func(c *client) {
		part := func(encoding, content string) (string, string) {
			return "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\nContent-Transfer-Encoding: " + encoding + "\r\n\r\n" + content + "\r\n--b--\r\n", "multipart/form-data; boundary=b"
		}
		encoded := base64.StdEncoding.EncodeToString([]byte(people))
		for encoding, content := range map[string]string{
			"base64":           encoded[:20] + "\r\n" + encoded[20:],
			"quoted-printable": strings.ReplaceAll(people, ",", "=2C"),
			"Binary":           people,
			"8bit":             people,
		} {
			body, contentType := part(encoding, content)
			c.upload(contentType, []byte(body)).isPeople()
		}
		body, contentType := part("base64", "a,b\n1,2\n")
		c.do("POST", "/api/v1/sessions", body, "Content-Type: "+contentType).refused(http.StatusUnprocessableEntity, "malformed_input", "base64")
		body, contentType = part("x-uuencode", people)
		c.do("POST", "/api/v1/sessions", body, "Content-Type: "+contentType).refused(http.StatusUnsupportedMediaType, "unsupported_media_type", "x-uuencode", "base64")
	}},
}

const csvHeader = "Content-Type: text/csv"

// sendPacked is upload with any headers.
func (c *client) sendPacked(body any, headers ...string) *sess {
	c.Helper()
	doc := c.do("POST", "/api/v1/sessions", body, headers...).is(http.StatusCreated).session()
	return &sess{c, doc.SessionID, doc}
}

// packings has data in each content encoding.
func packings(data []byte) map[string][]byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(data)
	_ = w.Close()
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err)
	}
	return map[string][]byte{"gzip": b.Bytes(), "zstd": enc.EncodeAll(data, nil)}
}

// zipped is a zip archive of files, which are names and contents in turn.
func zipped(files ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		f, _ := w.Create(files[i])
		_, _ = io.WriteString(f, files[i+1])
	}
	_ = w.Close()
	return b.Bytes()
}

func checkCompressedFiles(c *client) {
	packed := packings([]byte(people))
	records := packings([]byte(`[{"a":1}]`))
	for _, tt := range []struct {
		filename, contentType string
		file                  []byte
		compression, name     string
	}{
		{"people.csv.gz", "application/gzip", packed["gzip"], "gzip", "people.csv"},
		{"people.csv.gz", "application/octet-stream", packed["gzip"], "gzip", "people.csv"},
		{"people.csv", "text/csv", packed["gzip"], "gzip", "people.csv"},
		{"people.csv.zst", "", packed["zstd"], "zstd", "people.csv"},
		{"export.zip", "application/x-zip-compressed", zipped("notes.txt", "x", "data/people.csv", people), "zip", "people.csv"},
		{"people.csv.gz", "", []byte(people), "", "people.csv"},
	} {
		body, contentType := form(tt.filename, tt.contentType, tt.file)
		s := c.upload(contentType, body)
		s.isPeople()
		if s.made.Upload.Compression != tt.compression || s.made.Filename != tt.name {
			c.Errorf("%s: compression %q, filename %q", tt.filename, s.made.Upload.Compression, s.made.Filename)
		}
	}
	c.upload("application/octet-stream", packed["gzip"], "filename=people.csv.gz").isPeople()
	c.upload("application/octet-stream", packed["zstd"]).isPeople()
	if got := c.upload("application/gzip", records["gzip"], "filename=a.json.gz").made.Upload.Format; got != "json" {
		c.Errorf("a.json.gz is read as %s", got)
	}
	s := c.create("name,age\nZoe,1\n")
	for _, method := range []string{"POST", "PUT"} {
		added := s.do(method, s.path("/data", "filename=x.csv.zst"), packings([]byte("name,age\nBob,7\n"))["zstd"]).is(http.StatusOK).session()
		if added.Upload.Compression != "zstd" {
			c.Errorf("%s: the receipt is %+v", method, added.Upload)
		}
	}
	if got := s.cells(); got != `["Bob",7]` {
		c.Errorf("after an append and a replacement the cells are %s", got)
	}
}

func checkCompressedRefusals(c *client) {
	packed := packings([]byte(people))
	for _, tt := range []struct {
		filename string
		file     []byte
		says     []string
	}{
		{"x.zip", zipped("a.csv", people, "b.csv", people), []string{"2 files", `"a.csv", "b.csv"`}},
		{"x.zip", zipped("folder/", ""), []string{"no file"}},
		{"x.csv.gz", packed["gzip"][:40], []string{"gzip", "ends before"}},
		{"x.csv.zst", packed["zstd"][:20], []string{"zstd", "ends before"}},
		{"x.csv.gz", packings(packed["gzip"])["gzip"], []string{"gzip", "another compressed file inside"}},
		{"x.tar.gz", packings(append(make([]byte, 257), "ustar\x0000"...))["gzip"], []string{"tar archive"}},
		{"x.csv.xz", []byte("\xfd7zXZ\x00\x00"), []string{"xz", "gzip, zstd or zip"}},
		{"x.csv.gz", packings(nil)["gzip"], []string{"nothing inside"}},
	} {
		c.do("POST", query("/api/v1/sessions", "filename="+tt.filename), tt.file).refused(http.StatusUnprocessableEntity, "malformed_input", tt.says...)
	}
}

func checkContentEncodings(c *client) {
	for encoding, packed := range packings([]byte(people)) {
		header := "Content-Encoding: " + encoding
		s := c.sendPacked(packed, csvHeader, header)
		s.isPeople()
		if s.made.Upload.Compression != "" {
			c.Errorf("%s: the file was not compressed, but the receipt says %s", encoding, s.made.Upload.Compression)
		}
		body, contentType := form("people.csv", "text/csv", []byte(people), "header=true")
		c.sendPacked(packings(body)[encoding], "Content-Type: "+contentType, header).isPeople()
		c.sendPacked(packings(packed)[encoding], csvHeader, header).isPeople()
		s.do("PUT", s.path("/data"), packed, csvHeader, header).is(http.StatusOK)
		s.do("POST", s.path("/data"), packed, csvHeader, header).is(http.StatusOK)
		if got := s.page().Data; len(got.Data) != 8 {
			c.Errorf("%s: %d rows after an append", encoding, len(got.Data))
		}
		edit := packings([]byte(`{"operations":[{"op":"delete_rows","rows":[0,1,2,3]}]}`))[encoding]
		s.do("PATCH", s.path("/data"), edit, "Content-Type: application/json", header).is(http.StatusOK)
		s.isPeople()
		c.do("POST", "/api/v1/sessions", packed[:len(packed)-9], csvHeader, header).refused(http.StatusUnprocessableEntity, "malformed_input", encoding, "ends before")
		c.do("POST", "/api/v1/sessions", people, csvHeader, header).refused(http.StatusUnprocessableEntity, "malformed_input", encoding)
	}
}
