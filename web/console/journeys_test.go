//go:build !js

package console

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"edgeframe/internal/testenv"
)

const (
	operatorToken = "token-of-the-operator"
	tokenSecret   = "a secret of more than thirty-two bytes"
)

// journeys are how many journeys test/run.mjs has for each server.
var journeys = map[string]int{"native": 25, "worker": 13, "guarded": 2, "redis": 2}

// TestJourneys has a person, who is a program with a browser, use the console of each server.
func TestJourneys(t *testing.T) {
	redis := testenv.StartRedis(t)
	port := testenv.FreePort(t)
	mortal := []string{"PORT=" + port, "STORAGE_DIR=" + t.TempDir()}
	server := testenv.StartServer(t, mortal...)
	control := http.NewServeMux()
	for command, do := range map[string]func(){
		"redis/kill":   redis.Kill9,
		"redis/start":  redis.Restart,
		"mortal/kill":  server.Kill9,
		"mortal/start": func() { testenv.StartServer(t, mortal...) },
	} {
		control.HandleFunc("POST /"+command, func(http.ResponseWriter, *http.Request) { do() })
	}
	commands := httptest.NewServer(control)
	t.Cleanup(commands.Close)
	argument, err := json.Marshal(map[string]any{
		"servers": map[string]string{
			"native":  testenv.StartServer(t, "STORAGE_DIR=").URL,
			"worker":  testenv.StartWorker(t, testenv.WorkerOptions{Heads: true}).URL,
			"guarded": testenv.StartServer(t, "STORAGE_DIR=", "MAX_UPLOAD_SIZE_MB=1", "API_TOKENS="+operatorToken, "TOKEN_SECRET="+tokenSecret).URL,
			"redis":   testenv.StartServer(t, "REDIS_ENABLED=true", "REDIS_URL="+redis.URL, "STORAGE_DIR="+t.TempDir(), "STORAGE_RUNTIME_FALLBACK=true", "BREAKER_FAILURES=1", "BREAKER_OPEN_FOR=1").URL,
			"mortal":  server.URL,
		},
		"token": operatorToken, "control": commands.URL, "root": testenv.Root(), "vega": filepath.Dir(testenv.VegaFile(t, "movies.json")),
	})
	if err != nil {
		t.Fatal(err)
	}
	made := run(t, string(argument))
	for backend, want := range journeys {
		if made[backend] != want {
			t.Errorf("%d journeys were made on %s, want %d", made[backend], backend, want)
		}
	}
}

// run makes the journeys, and returns how many were made on each server.
func run(t *testing.T, argument string) map[string]int {
	t.Helper()
	var errors bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join("test", "run.mjs"), argument)
	cmd.Stderr = &errors
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	made := map[string]int{}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var journey struct {
			Backend, Name string
			Failures      []string
			Seconds       float64
		}
		if err := json.Unmarshal(lines.Bytes(), &journey); err != nil {
			t.Errorf("%v in the report %.2000q", err, lines.Text())
			continue
		}
		made[journey.Backend]++
		t.Logf("%s: %s: %.1f s", journey.Backend, journey.Name, journey.Seconds)
		for _, failure := range journey.Failures {
			t.Errorf("%s: %s: %s", journey.Backend, journey.Name, failure)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, errors.String())
	}
	return made
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
