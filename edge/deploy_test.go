//go:build !js

package edge_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"edgeframe/internal/testenv"
)

const (
	// maxRaw is the size beyond which starting the program would take too long.
	maxRaw = 32 << 20
	// growth is how much larger than in budget.txt the program may be, in percent. Beyond that,
	// somebody has to accept the new size by writing it there.
	growth = 5
)

func TestTheProgramKeepsToItsBudget(t *testing.T) {
	dir := testenv.BuildWorker(t, "")
	now, budget := sizes(t, filepath.Join(dir, "build", "SIZE")), sizes(t, "budget.txt")
	t.Logf("sizes %v, budget %v", now, budget)
	for _, name := range []string{"raw", "gzip"} {
		if most := budget[name] * (100 + growth) / 100; now[name] > most || now[name] == 0 {
			t.Errorf("%s size %d is more than %d%% above the %d of edge/budget.txt; if that is intended, write the sizes of build/SIZE there", name, now[name], growth, budget[name])
		}
	}
	if now["raw"] > maxRaw {
		t.Errorf("the program has %d bytes, the most is %d", now["raw"], maxRaw)
	}
}

// sizes reads a file of lines like "raw 123".
func sizes(t *testing.T, path string) map[string]int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for line := range strings.Lines(string(text)) {
		var name string
		var size int
		if _, err := fmt.Sscan(line, &name, &size); err != nil {
			t.Fatalf("%s: %q: %v", path, line, err)
		}
		found[name] = size
	}
	return found
}

func TestWranglerTakesTheWorkerAsItIs(t *testing.T) {
	testenv.NodeModules(t)
	out := t.TempDir()
	cmd := exec.Command("npx", "wrangler", "deploy", "--dry-run", "--outdir", out)
	cmd.Dir = testenv.Root()
	cmd.Env = append(os.Environ(), "WRANGLER_SEND_METRICS=false", "CI=1")
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, bound := range []string{"env.EDGEFRAME_KV", "KV Namespace", "env.EDGEFRAME_HEADS", "Durable Object", "env.ASSETS", "env.SESSION_TIMEOUT_MINUTES"} {
		if !strings.Contains(string(text), bound) {
			t.Errorf("wrangler does not name %s:\n%s", bound, text)
		}
	}
	for _, pattern := range []string{"worker.js", "*-app.wasm"} {
		if found, err := filepath.Glob(filepath.Join(out, pattern)); len(found) != 1 || err != nil {
			t.Errorf("the upload has %q as %s", found, pattern)
		}
	}
}
