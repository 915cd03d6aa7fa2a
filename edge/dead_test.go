//go:build !js

package edge_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"edgeframe/internal/testenv"
)

// TestADeadInstanceIsNeverEntered calls each function that the program exports, and does what events do later,
// after the program has ended.
func TestADeadInstanceIsNeverEntered(t *testing.T) {
	w := testenv.StartWorkerWith(t, "edge/testdata/dead.mjs", testenv.WorkerOptions{Tags: "faults"})
	response, err := http.Get(w.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got struct {
		Dead     bool
		Statuses []int
		Calls    int
		Entered  []string
		Results  map[string]any
		After    map[string][]string
	}
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		t.Fatalf("%d %v\n%s", response.StatusCode, err, w.Logs())
	}
	if !got.Dead || got.Calls != 0 || !slices.Equal(got.Statuses, []int{503, 503, 503}) {
		t.Errorf("dead %v, %d calls in flight, statuses %v; want requests that are told so", got.Dead, got.Calls, got.Statuses)
	}
	for _, name := range []string{"alloc", "begin", "cancel", "resume", "serve", "settle"} {
		if _, called := got.Results[name]; !called {
			t.Errorf("%s is not among the exported functions %v", name, got.Results)
		}
	}
	for name, result := range got.Results {
		t.Run(name, func(t *testing.T) {
			if result != 0.0 || slices.Contains(got.Entered, name) {
				t.Errorf("it was entered, with the result %v", result)
			}
		})
	}
	for event, entered := range got.After {
		t.Run(event, func(t *testing.T) {
			if len(entered) > 0 {
				t.Errorf("it entered %v", entered)
			}
		})
	}
	if len(got.After) != 7 {
		t.Errorf("events %v", got.After)
	}
}
