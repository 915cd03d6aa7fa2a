//go:build !js

package edge_test

import (
	"net/http"
	"testing"
	"time"

	"edgeframe/internal/calls"
	"edgeframe/internal/testenv"
)

// The most calls of bindings that may wait for one another before the answer: in an instance that knows the
// session, and in a new one.
const warmCalls, coldCalls = 2, 3

// deeper are the requests that wait for more with heads in Workers KV: a change reads the head, stores a copy
// that no other change can replace, reads the head again to notice another change, and then replaces it.
var deeper = map[string]struct{ warm, cold int }{
	"PATCH …":                   {4, 4},
	"PATCH …/data":              {4, 5},
	"POST …/data":               {5, 6},
	"PUT …/data":                {4, 4},
	"POST …/versions":           {4, 4},
	"POST …/undo":               {4, 4},
	"POST …/redo":               {4, 4},
	"POST …/versions/2/restore": {4, 4},
	"PUT …/missing":             {4, 4},
	"POST …/audit":              {4, 4},
	"DELETE …":                  {4, 4},
}

func TestNoRequestWaitsForManyCallsOneAfterAnother(t *testing.T) {
	w := &worker{t, testenv.StartRecordedWorker(t, testenv.WorkerOptions{Tags: "faults"}), http.DefaultClient}
	for _, cold := range []bool{false, true} {
		c := &calls.Client{URL: w.URL, Table: []byte("c0,c1\nx,1\ny,2\n")}
		if err := c.Delay(5 * time.Millisecond); err != nil {
			t.Fatal(err)
		}
		for _, e := range calls.Endpoints {
			if cold {
				w.wantRestart(w.get("/fault/exit"))
			} else if e.KnowsSession() {
				w.get(c.Session + "/data")
			}
			if _, err := c.Calls(); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Send(e); err != nil {
				t.Fatal(err)
			}
			made, err := c.Calls()
			if err != nil {
				t.Fatal(err)
			}
			most := max(warmCalls, deeper[e.Name()].warm)
			if cold {
				most = max(coldCalls, deeper[e.Name()].cold)
			}
			if depth := calls.Depth(made); depth > most {
				t.Errorf("%s waits for %d calls one after another, cold: %v; want %d at most: %v", e.Name(), depth, cold, most, made)
			}
		}
	}
}
