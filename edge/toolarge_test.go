//go:build !js

package edge_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/formats/formatstest"
)

// TestWorkThatAnInstanceHasNoRoomForIsRefused asks for what takes more memory than an instance has, though the table
// is small.
func TestWorkThatAnInstanceHasNoRoomForIsRefused(t *testing.T) {
	w := start(t)
	w.client.Timeout = 3 * time.Minute
	status, session, body := w.post("application/vnd.apache.arrow.stream", formatstest.ArrowStream(distinct(16<<20, 2, arrow.BinaryTypes.String)))
	if status != http.StatusCreated {
		t.Fatalf("%d %.300s", status, body)
	}
	const document = "application/json"
	query := func(q string) large { return large{"POST", session + "/data/query", document, []byte(q), 0} }
	for _, l := range []large{
		query(`{"group":{"by":["c0","c1"],"aggregates":[{"fn":"count"}]},"limit":10}`),
		query(`{"distinct":{"column":"c0"}}`),
		{"PATCH", session + "/data", document, []byte(`{"operations":[{"op":"sort","by":[{"column":"c0"},{"column":"c1"}]}]}`), 0},
		{"PATCH", session + "/data", document, []byte(`{"operations":[{"op":"compute","column":"x","expression":"concat(c0, c1, c0, c1, c0, c1)"}]}`), 0},
	} {
		if status, _, body := w.send(l); status != http.StatusRequestEntityTooLarge || !strings.Contains(body, `"code":"dataframe_too_large"`) {
			t.Errorf("%s %s: %d %.300s; want a 413", l.method, l.body, status, body)
		}
	}
	if strings.Contains(w.Logs(), "the instance has ended") {
		t.Error("an instance has ended")
	}
}
