//go:build !js

package console

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"edgeframe/internal/testenv"
)

// journeys has a person, who is a program with a browser, use the console of a server. Those of test/journeys.mjs whose
// names begin like one of only are made, or all. There must be parts of them.
func journeys(t *testing.T, server string, parts int, only string) {
	t.Helper()
	argument, err := json.Marshal(map[string]string{"server": server, "vega": filepath.Dir(testenv.VegaFile(t, "movies.json")), "only": only})
	if err != nil {
		t.Fatal(err)
	}
	var errors bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join("test", "run.mjs"), string(argument))
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, errors.String())
	}
	var report struct{ Done, Failures []string }
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("%v in the report %.2000q", err, out)
	}
	for _, failure := range report.Failures {
		t.Error(failure)
	}
	for _, done := range report.Done {
		t.Log(done)
	}
	if len(report.Done) != parts {
		t.Errorf("%d journeys were made, want %d", len(report.Done), parts)
	}
}

func TestJourneysThroughTheConsoleOfTheServer(t *testing.T) {
	journeys(t, testenv.StartServer(t, "STORAGE_DIR=").URL, 15, "")
}

func TestJourneysThroughTheConsoleOfTheWorker(t *testing.T) {
	journeys(t, testenv.StartWorker(t, testenv.WorkerOptions{}).URL, 2, "upload,clean")
}

// mostAtFirst is how many bytes, compressed, the console may load until a table is shown.
const mostAtFirst = 120 << 10

// TestTheFirstLoadIsSmall counts all files of the console but the licences, so also those that are loaded later.
func TestTheFirstLoadIsSmall(t *testing.T) {
	dist := filepath.Join(testenv.Root(), "console", "dist")
	files, err := filepath.Glob(filepath.Join(dist, "assets", "*.gz"))
	if err != nil {
		t.Fatal(err)
	}
	total, scripts := int64(0), 0
	for _, path := range append(files, filepath.Join(dist, "index.html.gz")) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatalf("the console is not built: %v", err)
		}
		total += info.Size()
		if filepath.Ext(path[:len(path)-len(".gz")]) == ".js" {
			scripts++
		}
	}
	if scripts < 2 || total > mostAtFirst {
		t.Errorf("%d scripts; all files have %d bytes, the most is %d", scripts, total, mostAtFirst)
	}
	t.Logf("%d bytes", total)
}
