//go:build !js

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/creack/pty"
	"github.com/rivo/uniseg"

	"edgeframe/internal/testenv"
)

// onTerminal runs a verb on a terminal of some columns and returns what a person would see, and the exit code.
func onTerminal(t *testing.T, columns int, environ []string, args ...string) (code int, seen string) {
	t.Helper()
	controller, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer controller.Close()
	if err := pty.Setsize(terminal, &pty.Winsize{Rows: 24, Cols: uint16(columns)}); err != nil {
		t.Fatal(err)
	}
	all := make(chan string)
	go func() {
		var b bytes.Buffer
		_, _ = io.Copy(&b, controller) // it ends with an error when the terminal is closed
		all <- b.String()
	}()
	environ = append([]string{"HOME=" + t.TempDir(), "TERM=xterm"}, environ...)
	code = Program{Version: "test", Environ: environ, Stdin: terminal, Stdout: terminal, Stderr: terminal}.Run(args)
	terminal.Close()
	return code, strings.ReplaceAll(<-all, "\r\n", "\n")
}

// colours are the sequences that the program itself writes.
var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// movies is a session of a real table on a server that all tests of this file share.
func movies(t *testing.T) (url, id string) {
	t.Helper()
	url = testenv.StartServer(t, "STORAGE_DIR=").URL
	file := filepath.Join(t.TempDir(), "films.json")
	rows := []string{}
	for i := range 30 {
		rows = append(rows, fmt.Sprintf(`{"Title":"The film with the long name %d","US Gross":%d,"Release Date":"1998-06-12","Director":null,"IMDB Rating":6.1,"注":"漢字"}`, i, 1000*i))
	}
	if err := os.WriteFile(file, []byte("["+strings.Join(rows, ",")+"]"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, stderr bytes.Buffer
	code := Program{Environ: []string{"EDGEFRAME_URL=" + url}, Stdout: &out, Stderr: &stderr}.Run([]string{"upload", file, "-q"})
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	return url, strings.TrimSpace(out.String())
}

func TestOnATerminalLinesFitAndAreColoured(t *testing.T) {
	url, id := movies(t)
	for _, columns := range []int{20, 80} {
		for _, args := range [][]string{
			{"data", id, "--limit", "5"}, {"data", id, "--where", "Title contains 7"}, {"versions", id}, {"ls"}, {"cells", id, "3", "Title"},
		} {
			environ := []string{"EDGEFRAME_URL=" + url}
			code, seen := onTerminal(t, columns, environ, args...)
			if code != 0 || args[0] != "ls" && !colours.MatchString(seen) {
				t.Errorf("%v: exit code %d, %q", args, code, seen)
			}
			for line := range strings.Lines(colours.ReplaceAllString(seen, "")) {
				if w := uniseg.StringWidth(strings.TrimSuffix(line, "\n")); w > columns && !strings.Contains(line, "more with") {
					t.Errorf("%v: in %d columns there is a line of %d: %q", args, columns, w, line)
				}
			}
			if _, plain := onTerminal(t, columns, append(environ, "NO_COLOR=1"), args...); strings.Contains(plain, "\x1b") {
				t.Errorf("%v: NO_COLOR is set, and there is %q", args, plain)
			}
		}
	}
	code, seen := onTerminal(t, 80, []string{"EDGEFRAME_URL=" + url}, "get", id, "--format", "parquet")
	if code != exitUsage || !strings.Contains(seen, "not for terminals") {
		t.Errorf("exit code %d, %q", code, seen)
	}
}

func TestAProgressBarIsShownOnATerminalAlone(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A second for the first half, so that there is something to show.
		_, _ = io.CopyN(io.Discard, &slow{r.Body}, 1<<20)
		_, _ = io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, `{"session_id":"x","filename":"big.csv"}`)
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "big.csv")
	if err := os.WriteFile(file, make([]byte, 16<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	environ := []string{"EDGEFRAME_URL=" + server.URL}
	code, seen := onTerminal(t, 80, environ, "upload", file)
	if code != 0 || !strings.Contains(seen, "%") {
		t.Errorf("exit code %d, %q", code, seen)
	}
	if _, quiet := onTerminal(t, 80, environ, "upload", "-q", file); strings.Contains(quiet, "%") {
		t.Errorf("with -q there is %q", quiet)
	}
	var out, stderr bytes.Buffer
	if code := (Program{Environ: environ, Stdout: &out, Stderr: &stderr}).Run([]string{"upload", file}); code != 0 || stderr.Len() > 0 {
		t.Errorf("without a terminal: exit code %d, %q", code, stderr.String())
	}
}

// TestATableCannotSteerTheTerminal has a server whose every text has sequences for terminals in it.
func TestATableCannotSteerTheTerminal(t *testing.T) {
	const evil = "\x1b]0;title\x07\u009b2J\u202e"
	quoted := `\u001b]0;title\u0007\u009b2J\u202e`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Query().Get("format") == "csv":
			fmt.Fprintf(w, "a,%s\n1,%s\n", evil, evil)
		case strings.HasSuffix(r.URL.Path, "/undo"):
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusConflict)
			fmt.Fprintf(w, `{"code":"%s","detail":"%s","request_id":"%s"}`, quoted, quoted, quoted)
		default:
			fmt.Fprintf(w, `{"session_id":"%[1]s","filename":"%[1]s","columns":["%[1]s"],"dtypes":{"%[1]s":"%[1]s"},"shape":[1,1],"owner":"%[1]s","token":"%[1]s","status":"healthy","backend_type":"%[1]s",
				"total_rows":1,"returned_rows":1,"data":{"columns":["%[1]s"],"data":[["%[1]s"]]},"current_version":1,
				"versions":[{"version_id":1,"action_summary":"%[1]s","actor":"%[1]s","name":"%[1]s"}],
				"upload":{"format":"%[1]s","notes":["%[1]s"],"columns":{"%[1]s":{"dtype":"%[1]s","changed":1,"samples":[{"before":"%[1]s","after":["%[1]s"]}]}}}}`, quoted)
		}
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(file, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"upload", file},
		{"upload", "-q", file},
		{"upload", "--json", file},
		{"show", "x"},
		{"show", "x", "--json"},
		{"data", "x"},
		{"data", "x", "--format", "csv"},
		{"get", "x"},
		{"versions", "x"},
		{"undo", "x"},
		{"share", "x"},
		{"share", "--edit", "x"},
		{"health"},
	} {
		_, seen := onTerminal(t, 300, []string{"EDGEFRAME_URL=" + server.URL}, args...)
		left := colours.ReplaceAllString(seen, "")
		// The progress bar clears its line.
		left = strings.NewReplacer("\r", "", "\x1b[2K", "").Replace(left)
		if i := strings.IndexFunc(left, func(r rune) bool { return r != '\n' && r != '\t' && harmful(r) }); i >= 0 {
			t.Errorf("%v prints %q", args, left)
		}
	}
}

func TestAStandardInputThatFailsSendsNothing(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	defer server.Close()
	for _, args := range [][]string{{"upload", "-"}, {"edit", "x", "-f", "-"}} {
		var stderr bytes.Buffer
		in := io.MultiReader(strings.NewReader("a,b\n1,2\n"), iotest.ErrReader(errors.New("the pipe is broken")))
		code := Program{Environ: []string{"EDGEFRAME_URL=" + server.URL}, Stdin: in, Stdout: io.Discard, Stderr: &stderr}.Run(args)
		if code != exitRefused || !strings.Contains(stderr.String(), "nothing was sent") || requests.Load() != 0 {
			t.Errorf("%v: exit code %d, %d requests, %s", args, code, requests.Load(), stderr.String())
		}
	}
}

// interrupted starts the program, stops it with Ctrl-C once ready is closed, and returns its exit code.
func interrupted(t *testing.T, ready <-chan struct{}, stdin io.Reader, dir string, args ...string) (code int, stderr string) {
	t.Helper()
	cmd := exec.Command(testenv.BuildServer(t), args...)
	var out bytes.Buffer
	cmd.Stdin, cmd.Stderr = stdin, &out
	cmd.Env = []string{"HOME=" + dir, "TMPDIR=" + dir, "GORACE=atexit_sleep_ms=0"}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ready:
	case <-time.After(30 * time.Second):
		t.Error("nothing has come")
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	err := cmd.Wait()
	if status, ok := errors.AsType[*exec.ExitError](err); ok {
		return status.ExitCode(), out.String()
	}
	return 0, out.String()
}

func TestCtrlCInTheMiddleOfAnUpload(t *testing.T) {
	ready, ended := make(chan struct{}), make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadFull(r.Body, make([]byte, 1<<16))
		close(ready)
		_, err := io.Copy(io.Discard, &slow{r.Body})
		ended <- err
	}))
	defer server.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "big.csv")
	if err := os.WriteFile(file, make([]byte, 64<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stderr := interrupted(t, ready, nil, dir, "upload", file, "--url", server.URL)
	if code != exitInterrupted || !strings.Contains(stderr, "interrupted") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	if err := <-ended; err == nil {
		t.Error("the server has seen the end of the file")
	}
}

// slow reads a little at a time, so that an upload is not over before it is stopped.
type slow struct{ io.Reader }

func (s *slow) Read(p []byte) (int, error) {
	time.Sleep(time.Millisecond)
	return s.Reader.Read(p[:min(len(p), 1<<10)])
}

func TestCtrlCWhileTheStandardInputIsRead(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer write.Close()
	ready := make(chan struct{})
	go func() {
		// A pipe has room for 64 KiB: this returns when the program has read most of it.
		_, _ = write.Write(make([]byte, 1<<20))
		close(ready)
	}()
	dir := t.TempDir()
	code, stderr := interrupted(t, ready, read, dir, "upload", "-", "--url", "http://127.0.0.1:1")
	if code != exitInterrupted || !strings.Contains(stderr, "interrupted") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "edgeframe-*")); len(left) > 0 {
		t.Errorf("%q is left", left)
	}
}

// TestAReaderThatGoesAwayEndsTheProgram is `edgeframe get ID | head -1`.
func TestAReaderThatGoesAwayEndsTheProgram(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 1 << 14 {
			if _, err := io.WriteString(w, strings.Repeat("a,b,c\n", 1<<8)); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	cmd := exec.Command("bash", "-c", `"$0" get x --url "$1" | head -1; echo ${PIPESTATUS[0]}`, testenv.BuildServer(t), server.URL)
	out, err := cmd.CombinedOutput()
	if sigpipe := 128 + int(syscall.SIGPIPE); err != nil || string(out) != fmt.Sprintf("a,b,c\n%d\n", sigpipe) {
		t.Errorf("got %v, %q", err, out)
	}
}
