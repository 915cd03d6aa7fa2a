//go:build !js

package edge_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/formats/formatstest"
)

// workbook returns a workbook of two sheets with so many rows of ten numbers.
func workbook(t *testing.T, rows int) []byte {
	const (
		main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
		rel  = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
		pack = "http://schemas.openxmlformats.org/package/2006"
		kind = "application/vnd.openxmlformats-officedocument.spreadsheetml."
	)
	random := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	part := func(name, content string) {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var list, rels, types strings.Builder
	for n := range 2 {
		var cells strings.Builder
		for range rows {
			cells.WriteString("<row>")
			for range 10 {
				fmt.Fprintf(&cells, "<c><v>%d</v></c>", random.IntN(1e6))
			}
			cells.WriteString("</row>")
		}
		part(fmt.Sprintf("xl/worksheets/sheet%d.xml", n), `<worksheet xmlns="`+main+`"><sheetData>`+cells.String()+`</sheetData></worksheet>`)
		fmt.Fprintf(&list, `<sheet name="s%d" sheetId="%d" r:id="r%d"/>`, n, n+1, n)
		fmt.Fprintf(&rels, `<Relationship Id="r%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, n, rel, n)
		fmt.Fprintf(&types, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="%sworksheet+xml"/>`, n, kind)
	}
	part("[Content_Types].xml", `<Types xmlns="`+pack+`/content-types"><Override PartName="/xl/workbook.xml" ContentType="`+kind+`sheet.main+xml"/>`+types.String()+`</Types>`)
	part("_rels/.rels", `<Relationships xmlns="`+pack+`/relationships"><Relationship Id="r1" Type="`+rel+`/officeDocument" Target="xl/workbook.xml"/></Relationships>`)
	part("xl/workbook.xml", `<workbook xmlns="`+main+`" xmlns:r="`+rel+`"><sheets>`+list.String()+`</sheets></workbook>`)
	part("xl/_rels/workbook.xml.rels", `<Relationships xmlns="`+pack+`/relationships">`+rels.String()+`</Relationships>`)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// large is a request for much work; its answer has the status when it is alone.
type large struct {
	method, path, kind string
	body               []byte
	status             int
}

func (w *worker) send(l large) (status int, header http.Header, body string) {
	request, err := http.NewRequest(l.method, w.URL+l.path, bytes.NewReader(l.body))
	if err != nil {
		return 0, nil, err.Error()
	}
	request.Header.Set("Content-Type", l.kind)
	response, err := w.client.Do(request)
	if err != nil {
		return 0, nil, err.Error()
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, nil, err.Error()
	}
	return response.StatusCode, response.Header, string(b)
}

// TestSeveralLargeRequestsAtOnceAreToldToComeBack sends more than an instance has room for: workbooks,
// a description, a query, changes and downloads.
func TestSeveralLargeRequestsAtOnceAreToldToComeBack(t *testing.T) {
	w := start(t)
	w.client.Timeout = 3 * time.Minute
	status, session, body := w.post("application/vnd.apache.arrow.stream", formatstest.ArrowStream(distinct(12<<20, 8, arrow.BinaryTypes.String)))
	if status != http.StatusCreated {
		t.Fatalf("%d %.300s", status, body)
	}
	const document = "application/json"
	edit := func(operation string) large {
		return large{"PATCH", session + "/data?dry_run=true", document, []byte(`{"operations":[` + operation + `]}`), http.StatusOK}
	}
	book := large{"POST", "/api/v1/sessions", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", workbook(t, 10_000), http.StatusAccepted}
	all := []large{
		book, book, book, book,
		{"GET", session + "/describe", "", nil, http.StatusOK},
		{"POST", session + "/data/query?format=csv", document, []byte(`{"sort":["c1"]}`), http.StatusOK},
		edit(`{"op":"delete_rows","rows":[0]}`), edit(`{"op":"drop_duplicates"}`), edit(`{"op":"sort","by":[{"column":"c1"}]}`),
	}
	for _, format := range []string{"csv", "arrow", "parquet"} {
		all = append(all, large{"GET", session + "/data?format=" + format, "", nil, http.StatusOK})
	}
	order := rand.Perm(len(all))
	var mu sync.Mutex
	refused := 0
	var group sync.WaitGroup
	for _, i := range order {
		l := all[i]
		group.Go(func() {
			status, header, body := w.send(l)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case status == http.StatusTooManyRequests && strings.Contains(body, `"code":"rate_limited"`) && header.Get("Retry-After") != "":
				refused++
			case status != l.status:
				t.Errorf("%s %s: %d %.300s; want %d or a 429 that says when", l.method, l.path, status, body, l.status)
			}
		})
	}
	group.Wait()
	t.Logf("%d of %d were told to come back", refused, len(all))
	if refused == 0 {
		t.Error("all were admitted")
	}
	if strings.Contains(w.Logs(), "the instance has ended") {
		t.Error("an instance has ended")
	}
	if status, _, body := w.send(all[len(all)-1]); status != http.StatusOK {
		t.Errorf("afterwards: %d %.300s", status, body)
	}
}
