package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/formats"
	"edgeframe/kv/kvtest"
	"edgeframe/session"
)

// A page repeats the names of the columns for every row, so that a small table can make a large one.
func TestALargePageIsSentAsItIsWritten(t *testing.T) {
	f := newFixture(t)
	path := f.upload(strings.Repeat("n", 4000) + "\n" + strings.Repeat("1\n", 1000))
	small, large := f.do("GET", path+"/data?limit=10", ""), f.do("GET", path+"/data?limit=1000", "")
	if got := small.Header.Get("Content-Length"); got != strconv.Itoa(len(small.body)) {
		t.Errorf("the length of a small page of %d bytes is %q", len(small.body), got)
	}
	if got := large.Header.Get("Content-Length"); got != "" || len(large.body) < 4_000_000 {
		t.Errorf("the length of a page of %d bytes is %q", len(large.body), got)
	}
	rows := f.decode(large)["data"].([]any)
	if len(rows) != 1000 {
		t.Errorf("the page has %d rows", len(rows))
	}
}

// largeTable is CSV of several batches, and more than is sent at once.
func largeTable() string {
	var csv strings.Builder
	csv.WriteString("a,b\n")
	for i := range 120_000 {
		fmt.Fprintf(&csv, "%0100d,%0100d\n%0100d,x\n", i, i+1, i)
	}
	return csv.String()
}

// segmentReads counts the segments that are read of the store of a fixture.
func segmentReads(f *fixture) *atomic.Int64 {
	n := &atomic.Int64{}
	f.driver.Hook = func(op string, keys []string) error {
		for _, key := range keys {
			if op == kvtest.OpGet && strings.Contains(key, ":seg:") {
				n.Add(1)
			}
		}
		return nil
	}
	return n
}

func TestHeadReadsNoTable(t *testing.T) {
	f := newFixture(t, inStore)
	path := f.upload("a,b\n1,x\n2,y\n3,z\n")
	reads := segmentReads(f)
	for _, target := range []string{"/data", "/data?limit=1", "/data?limit=1&format=csv", "/data?format=arrow", "/data?format=xlsx", "/data?format=parquet", "/describe"} {
		reads.Store(0)
		head := f.do("HEAD", path+target, "")
		f.wantStatus(head, http.StatusOK)
		if n := reads.Load(); n != 0 || head.body != "" {
			t.Errorf("HEAD %s reads %d segments and sends %d bytes", target, n, len(head.body))
		}
		get := f.do("GET", path+target, "")
		if reads.Load() == 0 {
			t.Errorf("GET %s reads no segments", target)
		}
		for _, name := range []string{"ETag", "Link", "Content-Type", "Content-Disposition", headerRevision, headerVersion, headerTotalRows} {
			if head.Header.Get(name) != get.Header.Get(name) {
				t.Errorf("HEAD %s: %s is %q instead of %q", target, name, head.Header.Get(name), get.Header.Get(name))
			}
		}
	}
}

func TestHeadRefusesWhatGetRefuses(t *testing.T) {
	f := newFixture(t)
	path := f.upload("a,b\n1,x\n")
	for target, status := range map[string]int{
		"/data?column=c":              http.StatusUnprocessableEntity,
		"/data?version=2":             http.StatusNotFound,
		"/data?format=csv&limit=-1":   http.StatusBadRequest,
		"/describe?version=2":         http.StatusNotFound,
		"/data?format=nothing":        http.StatusBadRequest,
		"/data?format=ndjson&orient=": http.StatusBadRequest,
	} {
		head, get := f.do("HEAD", path+target, ""), f.do("GET", path+target, "")
		if head.StatusCode != get.StatusCode || get.StatusCode != status {
			t.Errorf("HEAD %s: %d, GET: %d, want %d", target, head.StatusCode, get.StatusCode, status)
		}
	}
}

func TestHeadRefusesWhatTheFormatCannotExpress(t *testing.T) {
	f := newFixture(t)
	run := codectest.ArrayOf(arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64), func(b *array.RunEndEncodedBuilder) {
		b.Append(3)
		b.ValueBuilder().(*array.Int64Builder).Append(7)
	})
	var stream bytes.Buffer
	if err := formats.ByName("arrow").Encode(&stream, codectest.TableOf([]string{"a"}, []arrow.Array{run}), codec.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	made := f.do("POST", "/api/v1/sessions", stream.String(), "Content-Type", "application/vnd.apache.arrow.stream")
	f.wantStatus(made, http.StatusCreated)
	path := made.Header.Get("Location") + "/data?format=parquet"
	for _, method := range []string{"GET", "HEAD"} {
		if res := f.do(method, path, ""); res.StatusCode != http.StatusNotAcceptable {
			t.Errorf("%s: %d %s", method, res.StatusCode, res.body)
		}
	}
}

// leaving is a client that disconnects once it has received some bytes.
type leaving struct {
	*httptest.ResponseRecorder
	left  int
	leave func()
}

func (w *leaving) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		w.leave()
	}
	return w.ResponseRecorder.Write(p)
}

func TestTheReadsEndWithTheirClient(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.MaxUploadBytes = 50 << 20 })
	path := f.upload(largeTable())
	reads := segmentReads(f)
	f.do("GET", path+"/data?format=ndjson", "")
	all := reads.Swap(0)
	ctx, cancel := context.WithCancel(context.Background())
	w := &leaving{httptest.NewRecorder(), 1 << 20, cancel}
	func() {
		defer func() {
			if p := recover(); p != http.ErrAbortHandler {
				t.Errorf("recovered %v: the answer looks complete", p)
			}
		}()
		f.handler.ServeHTTP(w, httptest.NewRequest("GET", path+"/data?format=ndjson", nil).WithContext(ctx))
	}()
	if n := reads.Load(); n == 0 || n > all/2 {
		t.Errorf("%d of %d segments were read for a client that had left", n, all)
	}
	if f.log.Len() > 0 {
		t.Errorf("a client that leaves is logged: %s", f.log)
	}
}

func TestWritesThatFailEndTheReads(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.MaxUploadBytes = 50 << 20 })
	path := f.upload(largeTable())
	reads := segmentReads(f)
	f.do("GET", path+"/data?format=csv", "")
	all := reads.Swap(0)
	f.handler.ServeHTTP(&broken{httptest.NewRecorder()}, httptest.NewRequest("GET", path+"/data?format=csv", nil))
	if n := reads.Load(); n == 0 || n > all/2 {
		t.Errorf("%d of %d segments were read for a client that does not read", n, all)
	}
}

// broken is a connection on which nothing can be written.
type broken struct{ *httptest.ResponseRecorder }

func (*broken) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// breaking is a format that writes some bytes and then calls fail.
func breaking(written string, fail func() error) *codec.Format {
	return &codec.Format{Name: "breaking", MediaTypes: []string{"text/plain"}, Driver: breakingDriver{written, fail}}
}

type breakingDriver struct {
	written string
	fail    func() error
}

func (breakingDriver) Sniff([]byte) bool { return false }

func (breakingDriver) Decode([]byte, codec.ReadOptions, *codec.Budget) (*codec.Table, error) {
	return nil, errors.New("it is never read")
}

func (d breakingDriver) Encode(w io.Writer, _ codec.Source, _ codec.WriteOptions) error {
	if d.written == "" {
		return d.fail()
	}
	_, err := io.WriteString(w, d.written)
	return errors.Join(err, d.fail())
}

func TestAFileThatCannotBeFinishedIsCutOff(t *testing.T) {
	for name, fail := range map[string]func() error{
		"an error": func() error { return errors.New("the reason") },
		"a panic":  func() error { panic("the reason") },
	} {
		t.Run(name, func(t *testing.T) {
			c, f := newServer(t)
			s := &server{Config: c}
			rows := strings.Repeat("first,rows\n", spoolBytes/8)
			d := &dataRequest{format: breaking(rows, fail)}
			s.routes = []route{{"GET", "/file", nil, func(w http.ResponseWriter, r *http.Request) error {
				return s.writeData(w, r, d, &session.Data{})
			}}}
			w := httptest.NewRecorder()
			defer func() {
				if p := recover(); p != http.ErrAbortHandler {
					t.Errorf("recovered %v", p)
				}
				if got := w.Body.String(); got != rows {
					t.Errorf("the answer has %d bytes", len(got))
				}
				if !strings.Contains(f.log.String(), "the reason") {
					t.Errorf("the log does not tell the cause: %s", f.log)
				}
			}()
			s.withRequestID(s.recoverPanics(s.mux())).ServeHTTP(w, httptest.NewRequest("GET", "/file", nil))
			t.Error("the answer looks complete")
		})
	}
}

func TestAFileIsNamedAfterTheUpload(t *testing.T) {
	f := newFixture(t)
	for name, want := range map[string]string{
		"table.csv":    `attachment; filename=table.ndjson`,
		"my table.v2":  `attachment; filename="my table.ndjson"`,
		"données.csv":  `attachment; filename*=utf-8''donn%C3%A9es.ndjson`,
		`a";b=".csv`:   `attachment; filename="a\";b=\".ndjson"`,
		"no extension": `attachment; filename="no extension.ndjson"`,
	} {
		made := f.do("POST", "/api/v1/sessions?filename="+url.QueryEscape(name), "a,b\n1,2\n")
		id := f.decode(made)["session_id"].(string)
		res := f.do("GET", "/api/v1/sessions/"+id+"/data?format=ndjson", "")
		if got := res.Header.Get("Content-Disposition"); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

func TestAFileThatCannotBeBegunIsAProblem(t *testing.T) {
	for _, tt := range []struct {
		name   string
		fail   func() error
		status int
		code   string
	}{
		{"what the format cannot express", func() error { return codec.Errorf(codec.ErrUnsupported, "no such type") }, http.StatusNotAcceptable, "not_acceptable"},
		{"an error", func() error { return errors.New("the reason") }, http.StatusInternalServerError, "internal"},
		{"a panic", func() error { panic("the reason") }, http.StatusInternalServerError, "internal"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, f := newServer(t)
			s := &server{Config: c}
			d := &dataRequest{format: breaking("", tt.fail)}
			s.routes = []route{{"GET", "/file", nil, func(w http.ResponseWriter, r *http.Request) error {
				return s.writeData(w, r, d, &session.Data{})
			}}}
			f.handler = s.withRequestID(s.recoverPanics(s.mux()))
			f.wantProblem(f.do("GET", "/file", ""), tt.status, tt.code)
		})
	}
}

// firstWrite records how long the first part of an answer is.
type firstWrite struct {
	*httptest.ResponseRecorder
	n int
}

func (w *firstWrite) Write(p []byte) (int, error) {
	if w.n == 0 {
		w.n = len(p)
	}
	return w.ResponseRecorder.Write(p)
}

func TestALargeArrowTableIsSentAsItIsWritten(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.MaxUploadBytes = wholeBytes })
	path := f.upload("n\n" + strings.Repeat("1\n", wholeBytes/4))
	for query, atOnce := range map[string]bool{"": false, "&limit=10": true, "&column=n": false} {
		w := &firstWrite{ResponseRecorder: httptest.NewRecorder()}
		f.handler.ServeHTTP(w, httptest.NewRequest("GET", path+"/data?format=arrow"+query, nil))
		if length := w.Header().Get("Content-Length"); (length != "") != atOnce || w.Code != http.StatusOK {
			t.Errorf("%q: status %d, a length of %q", query, w.Code, length)
		}
		if query == "" && w.n > spoolBytes/2 {
			t.Errorf("the client waits for %d bytes of %d", w.n, w.Body.Len())
		}
	}
}

func TestAWholeArrowTableOfUpToAMegabyteIsSentAtOnceAndKept(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.MaxUploadBytes = wholeBytes })
	path := f.upload("n\n" + strings.Repeat("1\n", wholeBytes/8-1000))
	var before []byte
	for range 2 {
		w := &firstWrite{ResponseRecorder: httptest.NewRecorder()}
		f.handler.ServeHTTP(w, httptest.NewRequest("GET", path+"/data?format=arrow", nil))
		if length := w.Header().Get("Content-Length"); length != strconv.Itoa(w.n) || w.n < 2*spoolBytes || w.n != w.Body.Len() {
			t.Errorf("a length of %q, %d bytes at once of %d", length, w.n, w.Body.Len())
		}
		if before != nil && !bytes.Equal(before, w.Body.Bytes()) {
			t.Error("the second answer is another one")
		}
		before = w.Body.Bytes()
	}
}
