package session

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/compress"
	"edgeframe/codec/segment"
	"edgeframe/frame"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
)

// harness is a service on a store whose calls are counted, and a clock that tests set.
type harness struct {
	*Service
	t     *testing.T
	calls *kvtest.Counting

	mu   sync.Mutex
	time time.Time
}

func newHarness(t *testing.T, adjust ...func(*Options)) *harness {
	t.Helper()
	h := &harness{t: t, calls: kvtest.NewCounting(memory.New()), time: time.Now()}
	opt := Options{
		Store:       kv.New(h.calls, ""),
		MaxVersions: DefaultMaxVersions,
		Segment:     segment.Options{Method: segment.MethodArrow, Compression: compress.Snappy},
		CacheBytes:  0,
		Now: func() time.Time {
			h.mu.Lock()
			defer h.mu.Unlock()
			return h.time
		},
	}
	for _, a := range adjust {
		a(&opt)
	}
	h.Service = New(opt)
	return h
}

// inStore makes a service on which no segments travel with the head.
func inStore(o *Options) { o.InlineBytes = -1 }

func (h *harness) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.time = h.time.Add(d)
}

func (h *harness) create(rows, cols int) *Session {
	h.t.Helper()
	sess, err := h.Create(context.Background(), codectest.Generate(rows, cols, 1), "t.csv", 0, nil)
	if err != nil {
		h.t.Fatalf("create: %v", err)
	}
	return sess
}

func (h *harness) table(sess *Session, version uint32) *codec.Table {
	h.t.Helper()
	d, err := h.Read(context.Background(), sess, Selection{Limit: -1, Version: version})
	if err != nil {
		h.t.Fatalf("read version %d: %v", version, err)
	}
	return collect(h.t, d)
}

// collect returns data as a table, and closes them.
func collect(t testing.TB, d *Data) *codec.Table {
	t.Helper()
	defer d.Close()
	table, err := codec.Collect(d)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func (h *harness) edit(sess *Session, ops ...string) *Session {
	h.t.Helper()
	next, _, err := h.Edit(context.Background(), of(sess), operations(h.t, ops...))
	if err != nil {
		h.t.Fatalf("edit %s: %v", ops, err)
	}
	return next
}

// manifest returns the manifest of the current version.
func (h *harness) manifest(sess *Session) *manifest {
	h.t.Helper()
	m, err := sess.head.manifest(sess.head.current())
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

// note adds an entry to the audit log.
func (h *harness) note(sess *Session, text string) *Session {
	h.t.Helper()
	added, err := h.AddAudit(context.Background(), of(sess), text)
	if err != nil {
		h.t.Fatal(err)
	}
	return added.Session
}

// wholeLog returns the audit log, of which a part is a page with every entry.
func (h *harness) wholeLog(sess *Session) *AuditLog {
	h.t.Helper()
	log, err := h.Audit(context.Background(), sess, AuditSelection{Limit: math.MaxInt64})
	if err != nil {
		h.t.Fatal(err)
	}
	return log
}

// marked returns all marks of a version.
func (h *harness) marked(sess *Session, version uint32) (*MarksPage, frame.Marks) {
	h.t.Helper()
	page, err := h.Marks(context.Background(), sess, Selection{Limit: -1, Version: version})
	if err != nil {
		h.t.Fatal(err)
	}
	marks := frame.Marks{}
	for _, c := range page.Columns {
		marks[c.Column] = c.Rows
	}
	return page, marks
}

// countsAre checks how many marks a session says that it has, and that it says so without reading them.
func (h *harness) countsAre(sess *Session, want frame.Marks) {
	h.t.Helper()
	h.calls.Reset()
	now, counts, err := h.MarkCounts(context.Background(), sess)
	if err != nil || now != sess {
		h.t.Fatalf("counts of revision %s, want %s; %v", now.Revision, sess.Revision, err)
	}
	schema, _, err := h.Schema(sess)
	if err != nil {
		h.t.Fatal(err)
	}
	for i, f := range schema.Fields() {
		if n := len(want[f.Name]); counts[i] != int64(n) {
			h.t.Errorf("column %s is said to have %d marks, want %d", f.Name, counts[i], n)
		}
	}
	if n := h.calls.Total().Calls; n != 0 {
		h.t.Errorf("%d calls of the store for the numbers of marks", n)
	}
}

// must returns a session of a call that has to succeed.
func (h *harness) must(sess *Session, err error) *Session {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
	return sess
}

// segmentKeys lists the keys of stored segments.
func (h *harness) segmentKeys() (keys []string) {
	h.t.Helper()
	cursor := ""
	for {
		page, err := h.store.ListKeys(context.Background(), "", cursor, kv.MaxListLimit)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, k := range page.Keys {
			if strings.Contains(k, ":seg:") {
				keys = append(keys, k)
			}
		}
		if cursor = page.Cursor; cursor == "" {
			slices.Sort(keys)
			return keys
		}
	}
}

// setFirst is an operation that changes one segment.
const setFirst = `{"op":"set_values","column":"column_1","rows":[0],"value":4711}`

func of(sess *Session) Change { return Change{Ref: Ref{ID: sess.ID}} }

func operations(t testing.TB, ops ...string) []frame.Operation {
	t.Helper()
	text := "[" + strings.Join(ops, ",") + "]"
	parsed, err := frame.ReadOperations(jsontext.NewDecoder(strings.NewReader(text)))
	if err != nil {
		t.Fatalf("parse %s: %v", ops, err)
	}
	return parsed
}

func wantKind(t testing.TB, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got error %v, want %v", err, kind)
	}
}

func wantEqual(t testing.TB, got, want *codec.Table) {
	t.Helper()
	if err := codectest.Equal(got, want); err != nil {
		t.Fatal(err)
	}
}
