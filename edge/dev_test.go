//go:build !js

package edge_test

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

// patience bounds how long a build of the Worker may take on a busy machine.
const patience = 5 * time.Minute

// TestMakeDevEdge starts the Worker in a fresh copy of the repository, as somebody who has cloned it does, looks
// at it as the README says, and edits a file.
func TestMakeDevEdge(t *testing.T) {
	dir := copyOfTheRepository(t)
	d := startDev(t, dir)
	d.await("alive")
	for path, contains := range map[string]string{"/docs": "<html", "/docs/docs.js": "SwaggerUIBundle"} {
		if status, body := d.get(path); status != http.StatusOK || !strings.Contains(body, contains) {
			t.Errorf("%s: %d without %s", path, status, contains)
		}
	}
	// What is no asset, nor one of the paths of which the Worker is asked first, is answered by the Worker.
	if status, body := d.get("/console/nothing.js"); status != http.StatusNotFound || !strings.Contains(body, `"code":"not_found"`) {
		t.Errorf("a path that nothing is at: %d %s", status, body)
	}

	edit(t, filepath.Join(dir, "api", "health.go"), `"alive"`, `"edited"`)
	d.await("edited")
	d.tour(t)
	// The build at the start, and that of the edit. Wrangler shows what it prints with the same mark.
	if builds := strings.Count(d.printed(), "[custom build]"); builds != 2 {
		t.Errorf("there were more or fewer builds than 2, or they print something: %d\n%s", builds, d.printed())
	}
}

// copyOfTheRepository is a copy with the files that a clone has, and with the packages of npm.
func copyOfTheRepository(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	notCloned := []string{".dev.vars", ".env", ".git", ".wrangler", "bin", "build", "node_modules", "storage"}
	root := os.DirFS(testenv.Root())
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case slices.Contains(notCloned, path):
			return skip(entry)
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(dir, path), 0o755)
		}
		return copyFile(root, path, filepath.Join(dir, path))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(testenv.NodeModules(t), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	// So that make does not install the packages again, into those of the repository.
	for _, name := range []string{"package.json", "package-lock.json"} {
		if err := os.Chtimes(filepath.Join(dir, name), time.Time{}, time.Unix(0, 0)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func skip(entry fs.DirEntry) error {
	if entry.IsDir() {
		return fs.SkipDir
	}
	return nil
}

func copyFile(from fs.FS, path, to string) error {
	data, err := fs.ReadFile(from, path)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}

// edit replaces the only occurrence of a text in a file.
func edit(t *testing.T, path, old, now string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), old); n != 1 {
		t.Fatalf("%s has %d times %s", path, n, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), old, now, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// dev is a running make dev-edge.
type dev struct {
	t        *testing.T
	url, log string
}

func startDev(t *testing.T, dir string) *dev {
	t.Helper()
	port := freePort(t)
	d := &dev{t: t, url: "http://127.0.0.1:" + port, log: filepath.Join(t.TempDir(), "log")}
	log, err := os.Create(d.log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	cmd := exec.Command("make", "dev-edge")
	cmd.Dir = dir
	// Wrangler keeps settings, and where its Workers listen, in the home of its user.
	cmd.Env = append(os.Environ(), "PORT="+port, "CI=1", "MAKEFLAGS=", "CLOUDFLARE_CF_FETCH_ENABLED=false", "XDG_CONFIG_HOME="+t.TempDir())
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The group has npm, wrangler, esbuild and workerd.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait() // it has been killed
	})
	return d
}

// freePort is a port on which nothing listens at this moment.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// await waits until the Worker says of itself that it is in that state.
func (d *dev) await(state string) {
	d.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if _, body := d.get("/health/live"); body == `{"status":"`+state+`"}` {
			return
		}
	}
	d.t.Fatalf("the Worker was not %s within %s:\n%s", state, patience, d.printed())
}

// get returns status 0 while nothing listens.
func (d *dev) get(path string) (status int, body string) {
	d.t.Helper()
	r, err := http.Get(d.url + path)
	if err != nil {
		if errors.Is(err, syscall.ECONNREFUSED) {
			return 0, ""
		}
		d.t.Fatalf("%v\n%s", err, d.printed())
	}
	defer r.Body.Close()
	read, err := io.ReadAll(r.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return r.StatusCode, string(read)
}

// tour runs the commands that the README shows first.
func (d *dev) tour(t *testing.T) {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(testenv.Root(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, commands, found := strings.Cut(string(readme), "\n```\nprintf")
	commands, _, ended := strings.Cut(commands, "\n```\n")
	if !found || !ended {
		t.Fatal("the README has no tour")
	}
	script := "set -eo pipefail\ncurl() { command curl -sS --fail-with-body \"$@\"; }\nprintf" + commands
	cmd := exec.Command("bash", "-c", strings.ReplaceAll(script, "http://127.0.0.1:8000", d.url))
	cmd.Dir = t.TempDir()
	printed, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, printed, d.printed())
	}
	if !strings.Contains(string(printed), `"returned_rows":2`) {
		t.Errorf("the page of two rows is not there:\n%s", printed)
	}
}

// printed is what make and wrangler have printed.
func (d *dev) printed() string {
	d.t.Helper()
	text, err := os.ReadFile(d.log)
	if err != nil {
		d.t.Fatal(err)
	}
	return string(text)
}
