//go:build !js

package conformance

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

// zipOfSpaces returns a workbook whose sheet has blanks between two tags and unpacks to that many
// bytes. Its header declares the size claimed.
func zipOfSpaces(unpacked, claimed uint64) []byte {
	var file, deflated bytes.Buffer
	z := zip.NewWriter(&file)
	whole := workbook(sheet{"bomb", [][]any{{"a"}, {1}}})
	parts, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	must(err)
	for _, part := range parts.File {
		if !strings.HasPrefix(part.Name, "xl/worksheets/") {
			must(z.Copy(part))
		}
	}
	// A flushed block of blanks can be repeated, because it refers only to itself.
	const block = 64 << 20
	w, err := flate.NewWriter(&deflated, flate.BestCompression)
	must(err)
	blanks := func(size int) []byte {
		deflated.Reset()
		_, err := w.Write(bytes.Repeat([]byte(" "), size))
		must(err)
		must(w.Flush())
		return bytes.Clone(deflated.Bytes())
	}
	_, err = w.Write([]byte(`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`))
	must(err)
	must(w.Flush())
	begin := bytes.Clone(deflated.Bytes())
	first := blanks(block)
	again := blanks(block)
	deflated.Reset()
	_, err = w.Write([]byte(`</sheetData></worksheet>`))
	must(err)
	must(w.Close())
	raw := append(begin, first...)
	for at := uint64(block); at < unpacked; at += block {
		raw = append(raw, again...)
	}
	raw = append(raw, deflated.Bytes()...)
	header := &zip.FileHeader{Name: "xl/worksheets/sheet1.xml", Method: zip.Deflate, CompressedSize64: uint64(len(raw)), UncompressedSize64: claimed}
	out, err := z.CreateRaw(header)
	must(err)
	_, err = out.Write(raw)
	must(err)
	must(z.Close())
	return file.Bytes()
}

// hostileFiles returns files that are small but unpack to a large size, and files that do not end.
func hostileFiles() []badUpload {
	const (
		malformed = http.StatusUnprocessableEntity
		tooLarge  = http.StatusRequestEntityTooLarge
		huge      = 10 << 30
		large     = 19 << 20
	)
	return []badUpload{
		{"a workbook that unpacks to 10 GB", xlsxType, zipOfSpaces(huge, huge), tooLarge, "dataframe_too_large", nil},
		{"a workbook that unpacks to 10 GB and claims 1 MB", xlsxType, zipOfSpaces(huge, 1<<20), malformed, "malformed_input", nil},
		{"a CSV file of one line of commas", csvType, bytes.Repeat([]byte(","), large), tooLarge, "dataframe_too_large", []string{"10000"}},
		{"a CSV file of one quote", csvType, append([]byte("a\n\""), bytes.Repeat([]byte("x"), large)...), malformed, "malformed_input", []string{"quote"}},
		{"a JSON document of brackets", jsonType, bytes.Repeat([]byte("["), large), malformed, "malformed_input", nil},
		{"a JSON value of brackets", jsonType, append([]byte(`[{"a":`), bytes.Repeat([]byte("["), large)...), tooLarge, "dataframe_too_large", []string{"63"}},
		{"a Parquet chunk of 2^40 values", parquetType, hostileParquet("chunk-of-2e40-values"), tooLarge, "dataframe_too_large", nil},
		{"a Parquet page of 2^31-1 values", parquetType, hostileParquet("page-of-2e31-values"), malformed, "malformed_input", nil},
		{"a Parquet page that claims to unpack to 2 GiB", parquetType, hostileParquet("page-of-2-gib"), tooLarge, "dataframe_too_large", nil},
		{"an Arrow stream of a trillion rows", streamType, arrowStream(endlessRecord()), tooLarge, "dataframe_too_large", nil},
	}
}

// hostileParquet reads a file whose declared sizes are wrong: all its values take 8 bytes.
func hostileParquet(name string) []byte {
	b, err := os.ReadFile(filepath.Join(testenv.Root(), "conformance", "testdata", "parquet", name+".parquet"))
	must(err)
	return b
}

// TestHostileFilesAreRefusedInTime sends files of the largest size that both builds accept by default.
// It logs how long each takes, and checks that they are rejected, that the server still works, and
// that it has not allocated the memory that they declare.
func TestHostileFilesAreRefusedInTime(t *testing.T) {
	files := hostileFiles()
	t.Run("server", func(t *testing.T) {
		server := testenv.StartPlainServer(t, "STORAGE_DIR=")
		refuseAll(t, server.URL, files)
		const most = 256 << 20
		if peak := peakMemory(t, server); peak > most {
			t.Errorf("the server took %d bytes, at most %d are expected", peak, most)
		}
	})
	t.Run("Worker", func(t *testing.T) {
		refuseAll(t, testenv.StartWorker(t, testenv.WorkerOptions{}).URL, files)
	})
}

func refuseAll(t *testing.T, url string, files []badUpload) {
	c := newClient(t, Target{URL: url})
	for _, f := range files {
		begin := time.Now()
		a := c.do("POST", "/api/v1/sessions", f.body, "Content-Type: "+f.contentType)
		t.Logf("%s, %d bytes: %s", f.claim, len(f.body), time.Since(begin).Round(time.Millisecond))
		c.run(f.claim, func(c *client) {
			(&answer{c, a.request, a.status, a.header, a.body}).refused(f.status, f.code, f.says...)
		})
	}
	if s := c.create(people); s.made.Shape != [2]int{4, 4} {
		t.Errorf("shape %v after the hostile files", s.made.Shape)
	}
}
