//go:build !js

// Package clitest runs scripts of the command line against servers and compares what they print with what the scripts
// say.
//
// A script is a text. A line that begins with "$ " is a command of the shell; what follows is what it prints on the
// standard output, then, with "! " in front, on the standard error, and, unless it is 0, its exit code in brackets.
// Lines that begin with "#" are comments, and empty lines mean nothing; no command may print such a line. A block of "cat > NAME" makes a file of the lines
// that follow.
package clitest

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgeframe/internal/testenv"
)

var update = flag.Bool("update-scripts", false, "write what the commands print into the scripts")

// Server is what the commands call.
type Server struct {
	// URL and Token are EDGEFRAME_URL and EDGEFRAME_TOKEN, and Secret is the TOKEN_SECRET of the server.
	URL, Token, Secret string
}

// step is a command with what it prints.
type step struct {
	before  string // comments and empty lines
	command string
	prints  string
}

const fileCommand = "cat > "

// RunAll runs all scripts of the command line, side by side.
func RunAll(t *testing.T, server Server) {
	t.Helper()
	scripts, err := filepath.Glob(filepath.Join(testenv.Root(), "cli", "testdata", "*.txt"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("there are no scripts: %v", err)
	}
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".txt"), func(t *testing.T) {
			t.Parallel()
			run(t, script, server)
		})
	}
}

// run runs a script. All commands run in one directory and in one shell, so that
// they can set variables.
func run(t *testing.T, path string, server Server) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	steps, rest := parse(string(text))
	if len(steps) == 0 {
		t.Fatalf("%s has no command", path)
	}
	dir := t.TempDir()
	runAll(t, steps, dir, server)
	mask := newMask(server)
	var got strings.Builder
	for i, s := range steps {
		printed := s.prints
		if !strings.HasPrefix(s.command, fileCommand) {
			printed = mask.apply(result(t, dir, i))
		}
		fmt.Fprintf(&got, "%s$ %s\n%s", s.before, s.command, printed)
	}
	got.WriteString(rest)
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("%s (-) and what is printed (+) differ; run the test with -update-scripts if that is intended:\n%s", path, diff)
	}
}

// parse cuts a script into commands. rest is what follows the last one.
func parse(text string) (steps []step, rest string) {
	before := ""
	printing := false
	for line := range strings.Lines(text) {
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case isCommand:
			steps = append(steps, step{before: before, command: strings.TrimSuffix(command, "\n")})
			before, printing = "", true
		case strings.HasPrefix(line, "#") || line == "\n":
			before += line
			printing = false
		case printing:
			steps[len(steps)-1].prints += line
		default:
			before += line
		}
	}
	return steps, before
}

// runAll runs all commands in one shell, which leaves what they print in files.
func runAll(t *testing.T, steps []step, dir string, server Server) {
	t.Helper()
	home := t.TempDir()
	var shell strings.Builder
	shell.WriteString("set -o pipefail\nexport COLUMNS=\nedgeframe() { \"$EDGEFRAME\" \"$@\"; }\n")
	for i, s := range steps {
		if name, ok := strings.CutPrefix(s.command, fileCommand); ok {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(s.prints), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		out := filepath.Join(home, fmt.Sprint(i))
		fmt.Fprintf(&shell, "{ %s\n} >%s.out 2>%s.err; echo $? >%s.code\n", s.command, out, out, out)
	}
	cmd := exec.Command("bash", "-c", shell.String())
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "EDGEFRAME=" + testenv.BuildServer(t), "GORACE=atexit_sleep_ms=0", "TZ=UTC",
		"EDGEFRAME_URL=" + server.URL, "EDGEFRAME_TOKEN=" + server.Token, "TOKEN_SECRET=" + server.Secret,
	}
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("the shell: %v\n%s", err, out)
	}
	if err := os.Rename(home, filepath.Join(dir, results)); err != nil {
		t.Fatal(err)
	}
}

// results is the directory with what the commands have printed.
const results = ".results"

// result is what a command has printed, as a script says it.
func result(t *testing.T, dir string, i int) string {
	t.Helper()
	read := func(kind string) []byte {
		text, err := os.ReadFile(filepath.Join(dir, results, fmt.Sprintf("%d.%s", i, kind)))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	var b strings.Builder
	out := read("out")
	b.Write(out)
	if len(out) > 0 && !bytes.HasSuffix(out, []byte("\n")) {
		b.WriteString("\n[no newline]\n")
	}
	for line := range strings.Lines(string(read("err"))) {
		b.WriteString("! " + strings.TrimSuffix(line, "\n") + "\n")
	}
	if code := strings.TrimSpace(string(read("code"))); code != "0" {
		b.WriteString("[" + code + "]\n")
	}
	return b.String()
}

// mask replaces what differs between two runs and two servers by what is always the same, and as long where it stands
// in tables.
type mask struct {
	url string
	ids map[string]string
}

func newMask(server Server) *mask { return &mask{server.URL, map[string]string{}} }

var (
	ids       = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	requests  = regexp.MustCompile(`\b[A-Z2-7]{26}\b`)
	tokens    = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`)
	revisions = regexp.MustCompile(`\b\d+-[0-9a-f]{16}(\.[0-9a-f]+)?\b`)
	tags      = regexp.MustCompile(`\bv(\d+)-[0-9a-f]{16}\.[0-9a-f]{16}\b`)
	times     = regexp.MustCompile(`\d{4}-\d\d-\d\d(T| )\d\d:\d\d(:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?)?`)
	seconds   = regexp.MustCompile(`"expires_in_seconds":\d+`)
	latencies = regexp.MustCompile(`answers in [\d.]+ ms`)
	runtimes  = regexp.MustCompile(`(?m)^version +\S+ \((native|workers)\)$`)
	backends  = regexp.MustCompile(`\b(inmemory|workers_kv|workers_durable_objects),`)
	lives     = regexp.MustCompile(`\b2\d+d\b`)
	sizes     = regexp.MustCompile(`(?m)^stored   \d+ bytes$`)
	counts    = regexp.MustCompile(`(?m)^sessions (about )?\d+$|^sessions  (about )?\d+$`)
)

func (m *mask) apply(text string) string {
	text = strings.ReplaceAll(text, m.url, "http://server")
	text = ids.ReplaceAllStringFunc(text, func(id string) string {
		if m.ids[id] == "" {
			m.ids[id] = fmt.Sprintf("%08d-0000-0000-0000-000000000000", len(m.ids)+1)
		}
		return m.ids[id]
	})
	for _, part := range []struct {
		pattern *regexp.Regexp
		by      string
	}{
		{tokens, "TOKEN"},
		{requests, "ID"},
		{tags, "v$1-0"},
		{revisions, "0-0"},
		{times, "2026-01-01${1}00:00"},
		{seconds, `"expires_in_seconds":0`},
		{latencies, "answers in 0 ms"},
		{runtimes, "version   1.0.0 (runtime)"},
		{backends, "backend,"},
		{counts, "sessions  0"},
		// Servers extend the life of a session by as much as a tenth.
		{lives, "20d"},
		{sizes, "stored   0 bytes"},
	} {
		text = part.pattern.ReplaceAllString(text, part.by)
	}
	return text
}
