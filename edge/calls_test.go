//go:build !js

package edge_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"edgeframe/internal/calls"
	"edgeframe/internal/testenv"
)

// The most calls of bindings that may wait for one another before the answer: in an instance that knows the
// session, and in a new one.
const warmCalls, coldCalls = 2, 3

// deeper are the requests that wait for more: changes that need data read the head and the data, store the new
// data, and then replace the head, and an append reads the head before its body. inHead are those on a table that
// travels in its head, stored those on one that is stored apart.
var (
	inHead = map[string]depth{"POST …/data": {3, 3}}
	stored = map[string]depth{
		"PATCH …/data":  {3, 4},
		"POST …/data":   {4, 5},
		"PUT …/data":    {3, 3},
		"PUT …/missing": {3, 3},
	}
)

// depth is how many calls wait for one another in an instance that knows the session, and in a new one.
type depth struct{ warm, cold int }

func (d depth) of(cold bool) int {
	if cold {
		return d.cold
	}
	return d.warm
}

func TestNoRequestWaitsForManyCallsOneAfterAnother(t *testing.T) {
	for name, heads := range map[string]bool{"heads in Workers KV": false, "heads in Durable Objects": true} {
		t.Run(name, func(t *testing.T) {
			w := &worker{t, testenv.StartRecordedWorker(t, testenv.WorkerOptions{Tags: "faults", Heads: heads}), http.DefaultClient}
			for name, c := range map[string]struct {
				rows   int
				deeper map[string]depth
			}{"in the head": {2, inHead}, "stored": {10_000, stored}} {
				for _, cold := range []bool{false, true} {
					depths := depthsOf(w, table(c.rows), cold)
					for _, e := range calls.Endpoints {
						most := max(depth{warmCalls, coldCalls}.of(cold), c.deeper[e.Name()].of(cold))
						if got := depths[e.Name()]; got > most {
							t.Errorf("a table %s: %s waits for %d calls one after another, cold: %v; want %d at most", name, e.Name(), got, cold, most)
						}
					}
				}
			}
		})
	}
}

// table returns a table of random numbers.
func table(rows int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	b := []byte("c0,c1\n")
	for range rows {
		b = fmt.Appendf(b, "x%d,%v\n", random.Int64(), random.Float64())
	}
	return b
}

// depthsOf returns how many calls wait for one another in each request, by its name.
func depthsOf(w *worker, table []byte, cold bool) map[string]int {
	c := &calls.Client{URL: w.URL, Table: table}
	if err := c.Delay(5 * time.Millisecond); err != nil {
		w.Fatal(err)
	}
	depths := map[string]int{}
	for _, e := range calls.Endpoints {
		if cold {
			w.wantRestart(w.get("/fault/exit"))
		} else if e.KnowsSession() {
			w.get(c.Session + "/data")
		}
		if _, err := c.Calls(); err != nil {
			w.Fatal(err)
		}
		if _, err := c.Send(e); err != nil {
			w.Fatal(err)
		}
		made, err := c.Calls()
		if err != nil {
			w.Fatal(err)
		}
		depths[e.Name()] = calls.Depth(made)
	}
	return depths
}
