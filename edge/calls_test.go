//go:build !js

package edge_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgeframe/internal/calls"
	"edgeframe/internal/testenv"
)

// The most calls of bindings that may wait for one another before the answer: in an instance that knows the
// session, and in a new one.
const warmCalls, coldCalls = 2, 3

func TestTheDocumentedCallsOneAfterAnotherAreTheRealOnes(t *testing.T) {
	real := map[string][]string{}
	for _, heads := range []bool{false, true} {
		w := &worker{t, testenv.StartRecordedWorker(t, testenv.WorkerOptions{Tags: "faults", Heads: heads}), http.DefaultClient}
		for _, rows := range []int{2, 10_000} {
			warm, cold := depthsOf(w, table(rows), false), depthsOf(w, table(rows), true)
			for _, e := range calls.Endpoints {
				name := e.Name()
				real[name] = append(real[name], fmt.Sprintf("%d / %d", warm[name], cold[name]))
				if warm[name] > warmCalls || cold[name] > coldCalls {
					t.Errorf("heads in objects: %v, %d rows: %s waits for %d calls one after another, and for %d in a new instance; want %d and %d at most",
						heads, rows, name, warm[name], cold[name], warmCalls, coldCalls)
				}
			}
		}
	}
	if diff := cmp.Diff(documentedCalls(t), real); diff != "" {
		for _, e := range calls.Endpoints {
			t.Logf("| `%s` | %s |", e.Name(), strings.Join(real[e.Name()], " | "))
		}
		t.Errorf("docs/edge.md and the calls one after another differ: %s", diff)
	}
}

// documentedCalls returns the cells of the table of docs/edge.md by the names of requests. A row may be about several.
func documentedCalls(t *testing.T) map[string][]string {
	text, err := os.ReadFile(filepath.Join("..", "docs", "edge.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string][]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| (.+?) \| (\d / \d(?: \| \d / \d)+) \|$`).FindAllSubmatch(text, -1) {
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllSubmatch(row[1], -1) {
			documented[string(name[1])] = strings.Split(string(row[2]), " | ")
		}
	}
	return documented
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
