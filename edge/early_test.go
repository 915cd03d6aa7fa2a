//go:build !js

package edge_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

// TestAnInstanceStartsInGlobalScope checks that it does, that a program that cannot starts with the first request, and
// that the time and the random numbers of each are its own.
func TestAnInstanceStartsInGlobalScope(t *testing.T) {
	w := testenv.StartWorkerWith(t, "edge/testdata/early.mjs", testenv.WorkerOptions{Tags: "faults"})
	response, err := http.Get(w.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got map[string]struct {
		InGlobalScope, WithRequest int
		Date, Instance             string
	}
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		t.Fatalf("%d %v\n%s", response.StatusCode, err, w.Logs())
	}
	seen := map[string]bool{}
	for kind, want := range map[string]struct{ inGlobalScope, withRequest int }{
		"late": {0, 1}, "early": {1, 0}, "unable": {1, 1},
	} {
		g := got[kind]
		if g.InGlobalScope != want.inGlobalScope || g.WithRequest != want.withRequest {
			t.Errorf("%s: %d instances in global scope and %d with a request, want %v\n%s", kind, g.InGlobalScope, g.WithRequest, want, w.Logs())
		}
		if date, err := http.ParseTime(g.Date); err != nil || time.Since(date).Abs() > time.Minute {
			t.Errorf("%s: the time is %q, now is %v", kind, g.Date, time.Now())
		}
		seen[g.Instance] = true
	}
	if len(seen) != len(got) || len(got) != 3 {
		t.Errorf("instances with the same random number: %v", got)
	}
}
