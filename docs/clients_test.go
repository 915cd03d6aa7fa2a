//go:build !js

package docs

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/yuin/goldmark/ast"

	"edgeframe/internal/testenv"
)

// operator and secret are the settings of the server of the cookbook.
const (
	operator = "token-of-the-operator"
	secret   = "secret-of-the-examples-of-clients-md"
)

// step is an example of the cookbook, and what the page says that it prints.
type step struct {
	recipe, language, code, prints string
}

// steps returns the examples of a page: its blocks of code with an info string such as "python run=pandas".
// A block without a language directly below one is what it prints.
func (p page) steps() (list []step) {
	p.walk(func(n ast.Node) {
		fenced, ok := n.(*ast.FencedCodeBlock)
		if !ok {
			return
		}
		var code strings.Builder
		for i := range fenced.Lines().Len() {
			line := fenced.Lines().At(i)
			code.Write(line.Value(p.source))
		}
		language, recipe, info := string(fenced.Language(p.source)), "", ""
		if fenced.Info != nil {
			info = string(fenced.Info.Segment.Value(p.source))
			_, recipe, _ = strings.Cut(info, " run=")
		}
		_, follows := fenced.PreviousSibling().(*ast.FencedCodeBlock)
		if info == "" && follows && len(list) > 0 {
			list[len(list)-1].prints = code.String()
			return
		}
		list = append(list, step{recipe, language, code.String(), ""})
	})
	return list
}

// program are the steps of one recipe that follow one another in one language. They share their variables.
type program []step

// cookbook runs the recipes of the cookbook. Every recipe has a directory and a session of its own.
type cookbook struct {
	url   string
	start []step
	// pages are the recipes for browsers. One Chromium runs them all.
	pages []recipe
}

// recipe is a section of the cookbook.
type recipe struct {
	name, dir string
	env       map[string]string
	programs  []program
}

// TestTheCookbookPrintsWhatItSays runs every example of clients.md and compares what it prints.
func TestTheCookbookPrintsWhatItSays(t *testing.T) {
	server := testenv.StartServer(t, "STORAGE_DIR=", "API_TOKENS="+operator, "TOKEN_SECRET="+secret)
	c := &cookbook{url: server.URL}
	recipes := c.recipes(t)
	for _, r := range recipes {
		if inBrowser(r.name) {
			c.pages = append(c.pages, r)
			continue
		}
		t.Run(r.name, func(t *testing.T) {
			c.prepare(t, &r)
			for _, p := range r.programs {
				p.compare(t, r.run(t, p))
			}
		})
	}
	t.Run("browser", func(t *testing.T) { c.serve(t) })
}

// recipes returns the sections of the page with examples, in order. A block that is no file, no output and
// does not run fails the test.
func (c *cookbook) recipes(t *testing.T) (list []recipe) {
	t.Helper()
	for _, s := range readPage(t, "clients.md").steps() {
		switch {
		case s.language == "csv" || s.recipe == "start":
			c.start = append(c.start, s)
			continue
		case s.recipe == "":
			t.Fatalf("nothing runs the example\n%s", s.code)
		}
		if len(list) == 0 || list[len(list)-1].name != s.recipe {
			list = append(list, recipe{name: s.recipe})
		}
		r := &list[len(list)-1]
		if last := len(r.programs) - 1; last >= 0 && r.programs[last][0].language == s.language {
			r.programs[last] = append(r.programs[last], s)
		} else {
			r.programs = append(r.programs, program{s})
		}
	}
	if len(c.start) != 2 || len(list) < 10 {
		t.Fatalf("the page has %d blocks to start with and %d recipes", len(c.start), len(list))
	}
	return list
}

// prepare makes the directory and the session of a recipe, as the start of the page says.
func (c *cookbook) prepare(t *testing.T, r *recipe) {
	t.Helper()
	r.dir = t.TempDir()
	r.env = map[string]string{"EDGEFRAME_URL": c.url, "EDGEFRAME_TOKEN": operator}
	script := ""
	for _, s := range c.start {
		if s.language == "csv" {
			write(t, filepath.Join(r.dir, "visits.csv"), s.code)
		} else {
			script += strings.ReplaceAll(s.code, documented, c.url)
		}
	}
	session := execute(t, *r, "bash", "-c", "set -eo pipefail\n"+script+"printf %s $EDGEFRAME_SESSION")
	if len(session) != 36 {
		t.Fatalf("the start of the page makes the session %q", session)
	}
	r.env["EDGEFRAME_SESSION"] = session
	if err := os.Symlink(filepath.Join(testenv.Root(), "bin", "clients", "node_modules"), filepath.Join(r.dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
}

// separator stands between what the steps of a program print.
const separator = "\x1e"

// run runs a program and returns what it prints.
func (r recipe) run(t *testing.T, p program) string {
	t.Helper()
	switch language := p[0].language; language {
	case "sh":
		return execute(t, r, "bash", "-c", "set -eo pipefail\n"+p.join("printf '\\036'\n"))
	case "js":
		write(t, filepath.Join(r.dir, "program.mjs"), p.join("console.log('\\x1e');\n"))
		return execute(t, r, "node", "program.mjs")
	case "python":
		var printed string
		testenv.Python(t, pythonSteps, map[string]any{"dir": r.dir, "env": r.env, "steps": p.codes()}, &printed)
		return printed
	case "r":
		write(t, filepath.Join(r.dir, "program.R"), p.join("cat('\\x1e')\n"))
		return execute(t, r, "Rscript", "-e", "source('program.R', print.eval = TRUE)")
	case "sql":
		write(t, filepath.Join(r.dir, "program.mjs"), sqlSteps)
		return execute(t, r, "node", append([]string{"program.mjs"}, p.codes()...)...)
	default:
		t.Fatalf("%s has an example in %s, which nothing runs", r.name, language)
		return ""
	}
}

// pythonSteps runs its steps in one module, and prints what they print as JSON.
const pythonSteps = `
import contextlib, io, json, os, sys
given = json.load(sys.stdin)
os.chdir(given["dir"])
os.environ.update(given["env"])
names, printed = {"__name__": "__main__"}, io.StringIO()
with contextlib.redirect_stdout(printed):
    for step in given["steps"]:
        exec(compile(step, "clients.md", "exec"), names)
        print("\x1e", end="")
json.dump(printed.getvalue(), sys.stdout)
`

// sqlSteps runs its arguments in DuckDB, and prints the rows as DuckDB writes CSV.
const sqlSteps = `
import { DuckDBInstance } from "@duckdb/node-api";
import { readFileSync } from "node:fs";
const connection = await (await DuckDBInstance.create()).connect();
for (const step of process.argv.slice(2)) {
  const sql = step.trim().replace(/;$/, "");
  if (sql.startsWith("COPY")) await connection.run(sql);
  else {
    await connection.run("COPY (" + sql + ") TO 'result.csv' (HEADER)");
    process.stdout.write(readFileSync("result.csv"));
  }
  process.stdout.write("\x1e");
}
`

// codes returns the steps of a program as they are in the page.
func (p program) codes() (list []string) {
	for _, s := range p {
		list = append(list, s.code)
	}
	return list
}

// join returns a program as one text, with a statement that prints the separator after each step.
func (p program) join(separate string) string {
	return strings.Join(p.codes(), separate) + separate
}

// compare compares what the steps of a program print with what the page shows below each of them.
func (p program) compare(t *testing.T, printed string) {
	t.Helper()
	parts := strings.Split(printed, separator)
	if len(parts) != len(p)+1 {
		t.Fatalf("%d steps printed %d parts:\n%s", len(p), len(parts)-1, printed)
	}
	for i, s := range p {
		if diff := differs(plain(s.prints), plain(parts[i])); diff != "" {
			t.Errorf("%s\nthe page (-) shows something else (+): %s\nit printed:\n%s", s.code, diff, parts[i])
		}
	}
}

// plain returns a text without blanks at the ends of its lines.
func plain(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \r")
	}
	return strings.Join(lines, "\n")
}

// execute runs a command with the variables of a recipe in its directory and returns what it prints.
func execute(t *testing.T, r recipe, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = r.dir, os.Environ()
	for name, value := range r.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	printed, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", name, err, stderr.String(), printed)
	}
	return string(printed)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// createToken is a token as a public page has it: it can only create sessions.
func createToken(t *testing.T) string {
	t.Helper()
	claims := jwt.MapClaims{"scope": "create", "exp": time.Now().Add(time.Hour).Unix()}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// sessionToken asks for a token of the session of a recipe.
func (c *cookbook) sessionToken(t *testing.T, r recipe, scope string) string {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, c.url+"/api/v1/sessions/"+r.env["EDGEFRAME_SESSION"]+"/tokens", strings.NewReader(`{"scope":"`+scope+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+operator)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var issued struct {
		Token string `json:"token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&issued); err != nil || issued.Token == "" {
		t.Fatalf("the server issues no token: %s, %v", response.Status, err)
	}
	return issued.Token
}
