//go:build !js

package edge_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
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

// maxWorker is the size of a Worker that the platform accepts on every plan, before compression.
const maxWorker = 64 << 20

var upload = regexp.MustCompile(`Total Upload: ([0-9.]+) KiB`)

// TestWranglerTakesTheWorkerAsItIs does all of a deployment that needs no account.
func TestWranglerTakesTheWorkerAsItIs(t *testing.T) {
	testenv.NodeModules(t)
	out := t.TempDir()
	cmd := exec.Command("make", "deploy-edge", "DEPLOY=--dry-run --outdir "+out)
	cmd.Dir = testenv.Root()
	cmd.Env = append(os.Environ(), "CI=1", "MAKEFLAGS=", "XDG_CONFIG_HOME="+t.TempDir())
	printed, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	for _, line := range []string{
		`env\.EDGEFRAME_KV +KV Namespace`,
		`env\.EDGEFRAME_HEADS \(Heads\) +Durable Object`,
		`env\.ASSETS +Assets`,
		`env\.SESSION_TIMEOUT_MINUTES \("60"\) +Environment Variable`,
		`Read [1-9]\d* files from the assets directory`,
	} {
		if !regexp.MustCompile(line).Match(printed) {
			t.Errorf("wrangler does not print %s:\n%s", line, printed)
		}
	}
	if strings.Contains(string(printed), "WARNING") {
		t.Errorf("wrangler warns:\n%s", printed)
	}
	size := upload.FindSubmatch(printed)
	if size == nil {
		t.Fatalf("wrangler does not print the size:\n%s", printed)
	}
	if kib, err := strconv.ParseFloat(string(size[1]), 64); err != nil || kib*1024 > maxWorker {
		t.Errorf("the upload has %s KiB, the most is %d bytes: %v", size[1], maxWorker, err)
	}
	for _, pattern := range []string{"worker.js", "*-app.wasm"} {
		if found, err := filepath.Glob(filepath.Join(out, pattern)); len(found) != 1 || err != nil {
			t.Errorf("the upload has %q as %s", found, pattern)
		}
	}
}

var watched = regexp.MustCompile(`(?s)\nwatch_dir = \[(.*?)\]`)

// TestAnEditOfAnySourceBuildsTheWorkerAgain holds watch_dir of wrangler.toml against what the Worker links.
func TestAnEditOfAnySourceBuildsTheWorkerAgain(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(testenv.Root(), "wrangler.toml"))
	if err != nil {
		t.Fatal(err)
	}
	list := watched.FindSubmatch(text)
	if list == nil {
		t.Fatal("wrangler.toml has no watch_dir")
	}
	var dirs []string
	for _, dir := range regexp.MustCompile(`"(.+?)"`).FindAllSubmatch(list[1], -1) {
		dirs = append(dirs, string(dir[1]))
	}
	for _, source := range append(linked(t, "./cmd/worker", "js", "wasm"), linked(t, "./internal/docsassets", "", "")...) {
		if !slices.ContainsFunc(dirs, func(dir string) bool { return source == dir || strings.HasPrefix(source, dir+"/") }) {
			t.Errorf("the Worker is built from %s, which is in none of watch_dir: %q", source, dirs)
		}
	}
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(testenv.Root(), dir)); err != nil {
			t.Errorf("watch_dir: %v", err)
		}
	}
}

// linked are the directories of this repository that a program is built from.
func linked(t *testing.T, program, goos, goarch string) (dirs []string) {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if .Main}}{{$.ImportPath}}{{end}}{{end}}", program)
	cmd.Dir = testenv.Root()
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range strings.Fields(string(out)) {
		dirs = append(dirs, strings.TrimPrefix(path, "edgeframe/"))
	}
	if len(dirs) < 10 {
		t.Fatalf("%s is built from %q", program, dirs)
	}
	return dirs
}
