//go:build !js

package testenv

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"
)

// Output is what a command of the program has printed, and its exit code.
type Output struct {
	Code   int
	Stdout []byte
	Stderr string
}

// Run runs a command of the program to its end, in an empty directory and with no other variables than PATH and those
// of env. It fails the test if what the command prints has a secret; and if it has a whole id, but for those among the
// arguments, and for data on the standard output: verbs for people and programs print the ids of sessions that they have
// made.
func Run(t testing.TB, stdin io.Reader, env []string, args ...string) Output {
	t.Helper()
	verb := ""
	if len(args) > 0 {
		verb = args[0]
	}
	return runToEnd(t, BuildServer(t), stdin, env, verb, args...)
}

// operating are the commands that look after servers and stores. They have no reason to print an id.
var operating = map[string]bool{"": true, "serve": true, "health": true, "version": true, "backup": true, "restore": true, "repair": true, "migrate": true}

// withoutIDs returns a text without the whole ids among arguments: who has typed one may be told about it.
func withoutIDs(text string, args []string) string {
	for _, id := range FindIDs(strings.Join(args, " ")) {
		text = strings.ReplaceAll(text, id, "")
	}
	return text
}

func runToEnd(t testing.TB, program string, stdin io.Reader, env []string, verb string, args ...string) Output {
	t.Helper()
	noteSecrets(env)
	for _, arg := range args {
		Secret(passwordsIn(arg)...)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0"}, env...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	what := strings.TrimSpace("the output of edgeframe " + verb)
	told := errs.String()
	if !operating[verb] {
		told = withoutIDs(told, args)
	}
	ShowsNoSecrets(t, what, told)
	if isText := utf8.Valid(out.Bytes()) && !bytes.Contains(out.Bytes(), []byte{0}); operating[verb] && isText {
		ShowsNoSecrets(t, what, out.String())
	} else if found := FindSecrets(out.String()); found != nil {
		t.Errorf("%s has %.500s", what, strings.Join(found, ", "))
	}
	return Output{cmd.ProcessState.ExitCode(), out.Bytes(), errs.String()}
}
