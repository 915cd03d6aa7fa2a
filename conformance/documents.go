//go:build !js

package conformance

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"

	"github.com/google/go-cmp/cmp"

	"edgeframe/internal/testenv"
)

// The documents of the API, with all their members.

type sessionDocument struct {
	Status             string                `json:"status"`
	SessionID          string                `json:"session_id"`
	Filename           string                `json:"filename"`
	CreatedAt          string                `json:"created_at"`
	LastAccessed       string                `json:"last_accessed"`
	ExpiresAt          string                `json:"expires_at"`
	TTLSeconds         int                   `json:"ttl_seconds"`
	ExpiresInSeconds   int                   `json:"expires_in_seconds"`
	Revision           uint64                `json:"revision"`
	CurrentVersion     int                   `json:"current_version"`
	CanUndo            bool                  `json:"can_undo"`
	CanRedo            bool                  `json:"can_redo"`
	Shape              [2]int                `json:"shape"`
	Columns            []string              `json:"columns"`
	DTypes             map[string]string     `json:"dtypes"`
	MissingValues      map[string]int        `json:"missing_values"`
	Serialization      serializationDocument `json:"serialization"`
	History            []historyEntry        `json:"history"`
	IntentionalMissing map[string]int        `json:"intentional_missing"`
	Metadata           json.RawMessage       `json:"metadata"`
	ETag               string                `json:"etag"`
	Source             *sourceDocument       `json:"source"`
	// Upload is in answers to requests that send a table.
	Upload *uploadReceipt `json:"upload"`
	Token  string         `json:"token"`
	// From is in the answer to a request that makes a session from a query.
	From map[string]any `json:"from"`
	// Recipe is in answers to uploads with a recipe.
	Recipe *replayedDocument `json:"recipe"`
	// Marks is in answers to requests that replace a table with marks.
	Marks *carriedMarks `json:"marks"`
	// Operations is in answers to edits.
	Operations []effectDocument `json:"operations"`
}

// sourceDocument is a receipt that is kept with the version that was made of the file.
type sourceDocument struct {
	Version  int    `json:"version"`
	Filename string `json:"filename"`
	Sheet    string `json:"sheet"`
	Cut      bool   `json:"cut"`
	// Parameters are those that the upload had.
	Parameters map[string][]string `json:"parameters"`
	uploadReceipt
}

// Equal is for package cmp, which does not look into embedded types that are not exported.
func (d sourceDocument) Equal(other sourceDocument) bool { return reflect.DeepEqual(d, other) }

type carriedMarks struct {
	Kept    int `json:"kept"`
	Dropped int `json:"dropped"`
}

type effectDocument struct {
	Op      string `json:"op"`
	Rows    int    `json:"rows"`
	Cells   int    `json:"cells"`
	Coerced int    `json:"coerced"`
}

type uploadReceipt struct {
	Compression string `json:"compression"`
	Format      string `json:"format"`
	Encoding    string `json:"encoding"`
	// Confidence is in percent.
	Confidence int                      `json:"encoding_confidence"`
	Delimiter  string                   `json:"delimiter"`
	Quote      string                   `json:"quote"`
	Header     string                   `json:"header"`
	Line       int                      `json:"header_line"`
	Renamed    map[string]string        `json:"renamed"`
	Notes      []string                 `json:"notes"`
	Sheets     []sheetReceipt           `json:"sheets"`
	Columns    map[string]columnReceipt `json:"columns"`
}

type sheetReceipt struct {
	Name   string   `json:"name"`
	Rows   int      `json:"rows"`
	Absent []string `json:"absent_columns"`
	Header []int    `json:"header_rows"`
}

type columnReceipt struct {
	DType   string `json:"dtype"`
	Missing int    `json:"missing"`
	Changed int    `json:"changed"`
	Renamed string `json:"renamed_from"`
	// Samples are compared by the tests that are about them.
	Samples unread `json:"samples"`
}

// unread is a member that may have any value.
type unread struct{}

// UnmarshalJSON implements json.Unmarshaler.
func (unread) UnmarshalJSON([]byte) error { return nil }

type serializationDocument struct {
	Method           string  `json:"method"`
	Codec            string  `json:"codec"`
	RawBytes         int64   `json:"raw_bytes"`
	StoredBytes      int64   `json:"stored_bytes"`
	CompressionRatio float64 `json:"compression_ratio"`
	Segments         int     `json:"segments"`
}

type historyEntry struct {
	VersionID  int    `json:"version_id"`
	Timestamp  string `json:"timestamp"`
	Summary    string `json:"action_summary"`
	RowsBefore int    `json:"rows_before"`
	RowsAfter  int    `json:"rows_after"`
}

type versionsDocument struct {
	CurrentVersion int            `json:"current_version"`
	Versions       []versionEntry `json:"versions"`
}

type versionEntry struct {
	historyEntry
	Shape       [2]int `json:"shape"`
	StoredBytes int64  `json:"stored_bytes"`
	NewBytes    int64  `json:"new_bytes"`
	Actor       string `json:"actor"`
	Name        string `json:"name"`

	Source *sourceDocument `json:"source"`
}

// ids returns the ids of the versions, oldest first.
func (d versionsDocument) ids() (ids []int) {
	for _, v := range d.Versions {
		ids = append(ids, v.VersionID)
	}
	return ids
}

type pageDocument struct {
	SessionID    string            `json:"session_id"`
	Version      int               `json:"version"`
	ETag         string            `json:"etag"`
	TotalRows    int               `json:"total_rows"`
	Offset       int               `json:"offset"`
	ReturnedRows int               `json:"returned_rows"`
	Columns      []string          `json:"columns"`
	DTypes       map[string]string `json:"dtypes"`
	Data         struct {
		Columns []string `json:"columns"`
		Data    [][]any  `json:"data"`
	} `json:"data"`
}

type dryRunDocument struct {
	SessionID      string   `json:"session_id"`
	DryRun         bool     `json:"dry_run"`
	RowsBefore     int      `json:"rows_before"`
	RowsAfter      int      `json:"rows_after"`
	ColumnsBefore  []string `json:"columns_before"`
	ColumnsAfter   []string `json:"columns_after"`
	ColumnsChanged []string `json:"columns_changed"`

	RowsAffected int                           `json:"rows_affected"`
	ShareLost    float64                       `json:"share_lost"`
	Operations   []effectDocument              `json:"operations"`
	Statistics   map[string]statisticsDocument `json:"statistics"`
	Samples      []sampleDocument              `json:"samples"`
}

type statisticsDocument struct {
	Before statisticDocument `json:"before"`
	After  statisticDocument `json:"after"`
}

type statisticDocument struct {
	Mean    *float64 `json:"mean"`
	Std     *float64 `json:"std"`
	Missing int      `json:"missing"`
}

type sampleDocument struct {
	Row     int    `json:"row"`
	Column  string `json:"column"`
	Before  any    `json:"before"`
	After   any    `json:"after"`
	Removed bool   `json:"removed"`
}

type missingDocument struct {
	IntentionalMissing marks `json:"intentional_missing"`
	Total              int   `json:"total"`
	Offset             int   `json:"offset"`
	Returned           int   `json:"returned"`
}

type auditDocument struct {
	Entries     []string `json:"entries"`
	InitialRows int      `json:"initial_rows"`
	Total       int      `json:"total"`
	Offset      int      `json:"offset"`
}

type entryDocument struct {
	Entry string `json:"entry"`
	Index int    `json:"index"`
}

type problemDocument struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	Code      string `json:"code"`
	RequestID string `json:"request_id"`

	CurrentRevision uint64 `json:"current_revision"`
	CurrentVersion  int    `json:"current_version"`
	// Errors are compared by the tests that are about them.
	Errors unread `json:"errors"`
}

type storageDocument struct {
	Status         string  `json:"status"`
	BackendType    string  `json:"backend_type"`
	BackendClass   string  `json:"backend_class"`
	Reachable      bool    `json:"reachable"`
	LatencyMS      float64 `json:"latency_ms"`
	ActiveSessions int     `json:"active_sessions"`
	Exact          bool    `json:"active_sessions_exact"`
	RedisEnabled   bool    `json:"redis_enabled"`
	RedisAvailable bool    `json:"redis_available"`
	Runtime        string  `json:"runtime"`
	Version        string  `json:"version"`
	Fallback       struct {
		Active bool    `json:"active"`
		Reason *string `json:"reason"`
		Since  *string `json:"since"`
	} `json:"fallback"`
	Capabilities struct {
		Consistency        string `json:"consistency"`
		CompareAndSwap     bool   `json:"compare_and_swap"`
		NativeExpiry       bool   `json:"native_expiry"`
		MinTTLSeconds      int    `json:"min_ttl_seconds"`
		MaxValueBytes      int64  `json:"max_value_bytes"`
		MaxKeyBytes        int64  `json:"max_key_bytes"`
		WritesPerKeyPerSec int    `json:"writes_per_key_per_second"`
		TouchRewrites      bool   `json:"touch_rewrites"`
		LateValues         bool   `json:"late_values"`
		RepeatsKeys        bool   `json:"repeats_keys"`
		LiveUpdates        bool   `json:"live_updates"`
		ExactRepeats       bool   `json:"exact_repeats"`
	} `json:"capabilities"`
	StorageDirs map[string]any `json:"storage_dirs"`
	RedisInfo   map[string]any `json:"redis_info"`
	Replication map[string]any `json:"replication"`
	Breaker     map[string]any `json:"breaker"`
	Moving      map[string]any `json:"moving"`
	KVInfo      map[string]any `json:"kv_info"`
	Error       string         `json:"error"`
}

var update = flag.Bool("update", false, "write the golden files anew from what the server answers")

// volatile are the parts of documents that differ between servers or runs, with their replacements in
// golden files. All other bytes are compared.
var volatile = []struct {
	pattern *regexp.Regexp
	stands  string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`), "<id>"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`), "<time>"},
	{regexp.MustCompile(`\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\]`), "[<time>]"},
	{regexp.MustCompile(`"etag":"\\"[^"\\]*\\""`), `"etag":"<etag>"`},
	{regexp.MustCompile(`"expires_in_seconds":\d+`), `"expires_in_seconds":<number>`},
	{regexp.MustCompile(`\d+-[0-9a-f]{16}`), "<revision>"},
	{regexp.MustCompile(`"(raw_bytes|stored_bytes|new_bytes|compression_ratio|active_sessions)":[0-9.]+`), `"$1":<number>`},
	{regexp.MustCompile(`"(request_id|version)":"[^"]*"`), `"$1":"<text>"`},
}

func normalise(document []byte) []byte {
	for _, v := range volatile {
		document = v.pattern.ReplaceAll(document, []byte(v.stands))
	}
	return document
}

var access = regexp.MustCompile(`"(last_accessed|expires_at|expires_in_seconds|etag)":("(\\.|[^"])*"|\d+)`)

// withoutAccess removes the members that reading a session changes.
func withoutAccess(document []byte) []byte {
	return access.ReplaceAll(document, []byte(`"$1":"<time>"`))
}

// withoutReceipt removes the receipt of an upload from the end of a session document.
func withoutReceipt(document []byte) []byte {
	before, _, _ := bytes.Cut(document, []byte(`,"upload":`))
	return append(bytes.Clone(before), '}')
}

// golden compares the body of an answer, normalised, with a file of testdata/golden.
func (a *answer) golden(name string) *answer {
	a.c.Helper()
	file := filepath.Join(testenv.Root(), "conformance", "testdata", "golden", name)
	got := normalise(a.body)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			a.c.Fatal(err)
		}
		return a
	}
	want, err := os.ReadFile(file)
	if err != nil {
		a.c.Fatalf("%v; go test ./conformance -update writes it", err)
	}
	// Compare with one member per line, so that differences are readable.
	lines := strings.NewReplacer(",", ",\n")
	if diff := cmp.Diff(lines.Replace(string(want)), lines.Replace(string(got))); diff != "" {
		a.c.Errorf("%s differs from %s (-want +got):\n%s", a.request, name, diff)
	}
	return a
}
