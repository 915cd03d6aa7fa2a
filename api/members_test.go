package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/go-json-experiment/json/jsontext"
)

// skipMember reads the value of a member and forgets it.
func skipMember(dec *jsontext.Decoder, _ string) error { return dec.SkipValue() }

// stream reads a document whose members are not looked at.
func stream(body io.Reader, limit int64) error {
	r := httptest.NewRequest("PATCH", "/", body)
	return streamDocument(httptest.NewRecorder(), r, limit, skipMember)
}

// FuzzStreamedDocuments compares the documents that are accepted, and how the others are refused, with those
// that are read as a whole.
func FuzzStreamedDocuments(f *testing.F) {
	for _, text := range []string{
		`{}`, ` {"a":[1,{"b":null}],"c":"d"} `, ``, ` `, `null`, `[]`, `{} {}`, `{"a":1,"a":2}`, `{"a":{"k":1,"\u006b":2}}`, `{"a":"\ud800"}`, "{\"a\":\"\xff\"}",
		`{"a":"\\","b":"\"[[[["}`, `{"a":` + nested(maxDocumentDepth-1) + `}`, `{"a":` + nested(maxDocumentDepth) + `}`, `{"a":"` + nested(99) + `"}`, `{"a"`, `{"a":1`, `{]`, `}{`, `{"a":1}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		want := error(malformed("the body is empty; send a JSON document"))
		if len(bytes.TrimSpace(text)) > 0 {
			want = checkDocument(text)
		}
		for _, body := range []io.Reader{bytes.NewReader(text), iotest.OneByteReader(bytes.NewReader(text))} {
			got := stream(body, 1<<20)
			switch {
			case (got == nil) != (want == nil):
				t.Fatalf("%q: %v, as a whole %v", text, got, want)
			case got != nil && toProblem(got).Code != toProblem(want).Code:
				t.Fatalf("%q: %v, as a whole %v", text, got, want)
			}
		}
	})
}

func TestStreamedDocumentsAreRefusedAsWholeOnes(t *testing.T) {
	f := newFixture(t)
	path := f.upload("a\nx\n")
	for _, tt := range []struct {
		name, body, want string
		status           int
	}{
		{"no body", "", "the body is empty", http.StatusUnprocessableEntity},
		{"no object", "[]", "the document must be a JSON object, not an array", http.StatusUnprocessableEntity},
		{"half a document", `{"operations":[{"op":"drop_mis`, "unexpected EOF", http.StatusUnprocessableEntity},
		{"a second document", `{"operations":[{"op":"drop_missing"}]} {}`, "the body goes on after the JSON document", http.StatusUnprocessableEntity},
		{"an unknown member", `{"operation":[]}`, `unknown field "operation"; the fields are action_summary, operations`, http.StatusUnprocessableEntity},
		{"a summary that is no text", `{"action_summary":{},"operations":[]}`, `"action_summary" cannot be object; it takes text`, http.StatusUnprocessableEntity},
		{"no operations", `{"action_summary":"x"}`, "operations is empty; give at least one of set_values", http.StatusUnprocessableEntity},
		{"operations that are null", `{"operations":null}`, "operations is empty", http.StatusUnprocessableEntity},
		{"a name twice", `{"operations":[{"op":"drop_missing","op":"sort"}]}`, `the name "op" occurs twice in an object`, http.StatusUnprocessableEntity},
		{"deep values", `{"operations":[{"op":"add_column","column":"b","values":[` + nested(maxDocumentDepth) + `]}]}`, "nested deeper than 67 levels", http.StatusUnprocessableEntity},
		{"a name often", `{"operations":[{"op":"set_values","value":{` + strings.Repeat(`"a":1,`, 100) + `}}]}`, `the name "a" occurs twice`, http.StatusUnprocessableEntity},
		{"too large a body", `{"operations":[{"op":"` + strings.Repeat("x", maxUpload) + `"}]}`, "the body is larger than", http.StatusRequestEntityTooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := f.do("PATCH", path+"/data", tt.body)
			if res.StatusCode != tt.status || !strings.Contains(res.body, strings.ReplaceAll(tt.want, `"`, `\"`)) {
				t.Errorf("%d %.300s, want %q", res.StatusCode, res.body, tt.want)
			}
		})
	}
	f.wantStatus(f.do("PATCH", path+"/data", `{"Operations":[{"op":"set_values","column":"a","rows":[0],"value":"y"}],"ACTION_SUMMARY":"two spellings"}`), http.StatusOK)
}

// The names of an object are in memory until it ends.
func TestAnObjectHasALimitOfNames(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"a":{"0":0`)
	for i := 1; i < 2*maxNames; i++ {
		b.WriteString(`,"`)
		for n := i; n > 0; n /= 36 {
			b.WriteByte("0123456789abcdefghijklmnopqrstuvwxyz"[n%36])
		}
		b.WriteString(`":0`)
	}
	b.WriteString(`}}`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := stream(strings.NewReader(b.String()), 1<<30)
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "an object has more than 100000 names") {
		t.Error(err)
	}
	if most := uint64(24 << 20); after.TotalAlloc-before.TotalAlloc > most {
		t.Errorf("%d bytes were allocated", after.TotalAlloc-before.TotalAlloc)
	}
}

// A client that sends a refused document to its end sees the refusal.
func TestARefusedDocumentIsReadToItsEnd(t *testing.T) {
	f := newFixture(t)
	path := f.upload("a\nx\n")
	body := &countedBody{Reader: strings.NewReader(`{"operations":[{},` + strings.Repeat(" ", maxUpload/2) + `{}]}`)}
	f.wantProblem(f.send(httptest.NewRequest("PATCH", path+"/data", body)), http.StatusUnprocessableEntity, "invalid_operation")
	if body.read < maxUpload/2 {
		t.Errorf("%d bytes were read", body.read)
	}
}

type countedBody struct {
	io.Reader
	read int
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.read += n
	return n, err
}

func TestBrokenBodiesOfDocumentsAreNotServerErrors(t *testing.T) {
	for _, tt := range []struct {
		body   io.Reader
		status int
	}{
		{io.MultiReader(strings.NewReader(`{"a":[1,`), failingReader{}), http.StatusBadRequest},
		{io.MultiReader(strings.NewReader(`{"a":[1,`), busyReader{}), http.StatusTooManyRequests},
		{strings.NewReader(`{"a":"` + strings.Repeat("x", 5000) + `"}`), http.StatusRequestEntityTooLarge},
	} {
		if err := stream(tt.body, 4096); toProblem(err).Status != tt.status {
			t.Errorf("%v, want status %d", err, tt.status)
		}
	}
}

// A request that its client has given up ends with an error that is not logged.
func TestAnEditOfAClientThatHasLeftIsNotLogged(t *testing.T) {
	f := newFixture(t)
	path := f.upload("a\nx\n")
	ctx, leave := context.WithCancel(t.Context())
	body := &leavingBody{strings.NewReader(`{"operations":[{"op":"drop_missing"}]}`), leave}
	f.log.Reset()
	res := f.send(httptest.NewRequestWithContext(ctx, "PATCH", path+"/data", body))
	if res.StatusCode != http.StatusServiceUnavailable || !errors.Is(ctx.Err(), context.Canceled) {
		t.Errorf("%d %s", res.StatusCode, res.body)
	}
	if f.log.Len() > 0 {
		t.Errorf("logged: %s", f.log.String())
	}
}

// leavingBody cancels the request when its body has been read.
type leavingBody struct {
	io.Reader
	leave func()
}

func (b *leavingBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		b.leave()
	}
	return n, err
}
