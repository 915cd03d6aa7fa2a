package api

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/segment"
	"edgeframe/session"
)

// A page repeats the names of the columns for every row, so that a small table can make a
// large one.
func TestAPageKeepsToTheMemoryOfATable(t *testing.T) {
	const most = 256 << 10
	f := newFixture(t, func(c *Config) {
		c.Sessions = session.New(session.Options{
			Store:         c.Store,
			Segment:       segment.Options{Method: "arrow", Compression: "snappy"},
			MaxTableBytes: most,
		})
	})
	path := f.upload(strings.Repeat("n", 4000) + "\n" + strings.Repeat("1\n", 1000))
	detail := f.wantProblem(f.do("GET", path+"/data?limit=1000", ""), http.StatusRequestEntityTooLarge, "dataframe_too_large")
	if !strings.Contains(detail, "limit") {
		t.Errorf("%q does not say what to do", detail)
	}
	for _, query := range []string{"?limit=10", "?limit=1000&orient=split", "?limit=1000&orient=columns", "?format=csv"} {
		f.wantStatus(f.do("GET", path+"/data"+query, ""), http.StatusOK)
	}
}

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

func (d breakingDriver) Encode(w io.Writer, _ *codec.Table, _ codec.WriteOptions) error {
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
			d := &dataRequest{format: breaking("first,rows\n", fail)}
			s.routes = []route{{"GET", "/file", nil, func(w http.ResponseWriter, r *http.Request) error {
				return s.writeFile(w, r, d, &session.Data{})
			}}}
			w := httptest.NewRecorder()
			defer func() {
				if p := recover(); p != http.ErrAbortHandler {
					t.Errorf("recovered %v", p)
				}
				if got := w.Body.String(); got != "first,rows\n" {
					t.Errorf("the answer is %q", got)
				}
				if !strings.Contains(f.log.String(), "the reason") {
					t.Errorf("the log does not tell the cause: %s", f.log)
				}
			}()
			withRequestID(s.recoverPanics(s.mux())).ServeHTTP(w, httptest.NewRequest("GET", "/file", nil))
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
				return s.writeFile(w, r, d, &session.Data{})
			}}}
			f.handler = withRequestID(s.recoverPanics(s.mux()))
			f.wantProblem(f.do("GET", "/file", ""), tt.status, tt.code)
		})
	}
}
