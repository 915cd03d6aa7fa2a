//go:build !js

package docs

import (
	"bufio"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark/ast"

	"edgeframe/internal/testenv"
)

// documented is the address of the server in the examples.
const documented = "http://127.0.0.1:8000"

// example is a command of the documentation and what it prints; "" if the documentation does not show it.
type example struct{ command, prints string }

// block is a block of code.
type block struct {
	language, code string
	// follows says that another block of code comes directly before.
	follows bool
}

// blocks returns the blocks of code of a page.
func (p page) blocks() (list []block) {
	p.walk(func(n ast.Node) {
		fenced, ok := n.(*ast.FencedCodeBlock)
		if !ok {
			return
		}
		b := block{language: string(fenced.Language(p.source))}
		_, b.follows = fenced.PreviousSibling().(*ast.FencedCodeBlock)
		for i := range fenced.Lines().Len() {
			line := fenced.Lines().At(i)
			b.code += string(line.Value(p.source))
		}
		list = append(list, b)
	})
	return list
}

// examples returns the commands of a page, which are lines that begin with "$ ". What follows is what the
// last one prints, up to the next one; a block of JSON directly after such a block belongs to it too. A
// block of CSV is the file prices.csv.
func (p page) examples() (list []example) {
	for _, b := range p.blocks() {
		last := len(list) - 1
		switch {
		case b.language == "csv":
			list = append(list, example{"cat prices.csv", b.code})
		case strings.HasPrefix(b.code, "$ "):
			for command := range strings.SplitSeq(strings.TrimPrefix(b.code, "$ "), "\n$ ") {
				for strings.Contains(command, "\\\n") {
					command = strings.Replace(command, "\\\n", " ", 1)
				}
				line, prints, _ := strings.Cut(command, "\n")
				list = append(list, example{line, prints})
			}
		case b.language == "json" && b.follows && last >= 0 && list[last].prints == "":
			list[last].prints = b.code
		}
	}
	return list
}

// changing are the parts of answers that differ between two runs.
var changing = []*regexp.Regexp{
	regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`),
	regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`),
	regexp.MustCompile(`\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\]`),
	regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d\b`),
	regexp.MustCompile(`\b\d+-[0-9a-f]{16}(\.[0-9a-f]+)?\b`),
	regexp.MustCompile(`\b[0-9a-f]{16}\.[0-9a-f]{16}\b`),
	regexp.MustCompile(`36[1-6]\d`), // expires_in_seconds
	regexp.MustCompile(`retry: \d+`),
	regexp.MustCompile(`[A-Z2-7]{26}`),
}

// stable returns what a command prints without the parts that change.
func stable(printed string) string {
	for _, part := range changing {
		printed = part.ReplaceAllString(printed, "0")
	}
	return strings.TrimSpace(strings.ReplaceAll(printed, "\r\n", "\n"))
}

// differs compares what the documentation shows with what is printed: JSON by its values, and anything else
// by its text. Of a head of HTTP it may show some lines, and of an object some members, without its braces.
func differs(shown, printed string) string {
	shown, printed = stable(shown), stable(printed)
	if strings.HasPrefix(shown, "HTTP/") {
		head, body, _ := strings.Cut(shown, "\n\n")
		printedHead, printedBody, _ := strings.Cut(printed, "\n\n")
		for line := range strings.SplitSeq(head, "\n") {
			if !strings.Contains(strings.ToLower(printedHead+"\n"), strings.ToLower(line+"\n")) {
				return "no line " + line + " in " + printedHead
			}
		}
		return cmp.Diff(body, printedBody)
	}
	var want, got any
	part := strings.HasPrefix(shown, `"`)
	members := shown
	if part {
		members = "{" + shown + "}"
	}
	if json.Unmarshal([]byte(members), &want) != nil || json.Unmarshal([]byte(printed), &got) != nil {
		return cmp.Diff(shown, printed)
	}
	if all, ok := got.(map[string]any); ok && part {
		maps.DeleteFunc(all, func(name string, _ any) bool { _, shown := want.(map[string]any)[name]; return !shown })
	}
	return cmp.Diff(want, got)
}

// shell runs the examples of one page.
type shell struct {
	url, dir string
	// variables are those that examples set, ids those of the documentation with those that they are here.
	variables []string
	ids       map[string]string
}

// assignment is an example that sets a variable.
var assignment = regexp.MustCompile(`^[A-Z]+=\S+$`)

var newID = regexp.MustCompile(`"(?:session_id|temp_id)":\s*"([^"]+)"`)

// run runs an example. The files that it shows with cat are made.
func (s *shell) run(t *testing.T, e example) {
	t.Helper()
	command := strings.ReplaceAll(e.command, documented, s.url)
	for documented, now := range s.ids {
		command = strings.ReplaceAll(command, documented, now)
	}
	if name, ok := strings.CutPrefix(command, "cat "); ok && e.prints != "" {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(e.prints), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if assignment.MatchString(command) {
		s.variables = append(s.variables, command)
		return
	}
	name := ""
	if strings.Contains(command, "=$(") {
		name, _, _ = strings.Cut(command, "=")
		command += "\nprintf %s \"$" + name + "\""
	}
	quiet := "edgeframe() { \"$EDGEFRAME\" \"$@\"; }\ncurl() { command curl -sS --fail-with-body \"$@\"; }\n"
	if e.prints != "" {
		quiet = "edgeframe() { \"$EDGEFRAME\" \"$@\"; }\ncurl() { command curl -sS \"$@\"; }\n"
	}
	cmd := exec.Command("bash", "-c", "set -eo pipefail\n"+quiet+command)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), s.variables...)
	output := cmd.Output
	if strings.HasPrefix(command, "curl -N ") {
		output = func() ([]byte, error) { return beginning(cmd, strings.Count(e.prints, "\n")) }
	}
	printed, err := output()
	if err != nil {
		t.Fatalf("$ %s\n%v\n%s", e.command, err, printed)
	}
	if name != "" {
		s.variables = append(s.variables, name+"="+string(printed))
	}
	if e.prints == "" {
		return
	}
	if was, is := newID.FindStringSubmatch(e.prints), newID.FindStringSubmatch(string(printed)); was != nil && is != nil {
		s.ids[was[1]] = is[1]
	}
	if diff := differs(e.prints, string(printed)); diff != "" {
		t.Errorf("$ %s\nthe documentation (-) shows something else (+): %s", e.command, diff)
	}
}

// beginning returns the first lines of what a command prints that does not end by itself, and ends it.
func beginning(cmd *exec.Cmd, lines int) (printed []byte, err error) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	// The shell has a child, so the whole group is ended.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	read := bufio.NewReader(out)
	for ; lines > 0 && err == nil; lines-- {
		var line []byte
		line, err = read.ReadBytes('\n')
		printed = append(printed, line...)
	}
	// How the command ends does not matter: it is ended here.
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	_ = cmd.Wait()
	return printed, err
}

// TestExamplesAnswerAsTheDocumentationSays runs the examples against a server, in order.
func TestExamplesAnswerAsTheDocumentationSays(t *testing.T) {
	for path, env := range map[string][]string{
		"api.md":      nil,
		"cli.md":      nil,
		"security.md": {"API_TOKENS=token-of-the-operator", "TOKEN_SECRET=secret-of-the-examples-of-security.md"},
	} {
		t.Run(path, func(t *testing.T) {
			s := &shell{url: testenv.StartServer(t, env...).URL, dir: t.TempDir(), ids: map[string]string{}}
			if err := os.CopyFS(s.dir, os.DirFS("testdata")); err != nil {
				t.Fatal(err)
			}
			s.variables = []string{"EDGEFRAME=" + testenv.BuildServer(t), "EDGEFRAME_URL=" + s.url, "HOME=" + s.dir, "XDG_STATE_HOME="}
			examples := readPage(t, path).examples()
			if len(examples) < 9 {
				t.Fatalf("there are only %d examples", len(examples))
			}
			for _, e := range examples {
				s.run(t, e)
			}
		})
	}
}

// TestTheTourOfTheReadmeRuns runs the block of commands that a newcomer runs first.
func TestTheTourOfTheReadmeRuns(t *testing.T) {
	server := testenv.StartServer(t)
	for _, b := range readPage(t, "../README.md").blocks() {
		if !strings.HasPrefix(b.code, "printf") {
			continue
		}
		cmd := exec.Command("bash", "-c", "set -eo pipefail\ncurl() { command curl -sS --fail-with-body \"$@\"; }\n"+strings.ReplaceAll(b.code, documented, server.URL))
		cmd.Dir = t.TempDir()
		printed, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, printed)
		}
		if !strings.Contains(string(printed), `"returned_rows":2`) {
			t.Errorf("the page of two rows is not there:\n%s", printed)
		}
		return
	}
	t.Error("the README has no tour")
}
