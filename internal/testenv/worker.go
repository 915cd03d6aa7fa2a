//go:build !js

package testenv

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// WorkerOptions describe a Worker to start under workerd.
type WorkerOptions struct {
	// Vars are its variables.
	Vars map[string]string
	// Tags are build tags of the program.
	Tags string
	// Dir is where its Workers KV is; empty means a directory of the test.
	Dir string
	// NoKV leaves out the KV namespace.
	NoKV bool
	// Heads keeps the heads of sessions in Durable Objects, which are in Dir too.
	Heads bool
	// assets is the folder of its assets; empty means none.
	assets string
}

// Worker is a Worker that runs under workerd, with Workers KV on disk.
type Worker struct {
	// URL is where it listens, without a slash at the end.
	URL string

	cmd   *exec.Cmd
	stdin io.Closer
	log   *buffer
}

// Logs is all that the Worker has printed.
func (w *Worker) Logs() string { return w.log.String() }

// Stop ends the Worker and waits for the end.
func (w *Worker) Stop() {
	_ = w.stdin.Close()
	_ = w.cmd.Wait() // it is of no interest how it ends
}

// scripts are the modules in JavaScript that the Worker imports, besides its entry.
var scripts = []string{"edge/runtime.mjs", "edge/border.mjs", "edge/heads.mjs", "edge/listeners.mjs"}

// Kill ends the Worker at once, in the middle of whatever it does.
func (w *Worker) Kill() {
	// Node and workerd are a process group.
	_ = syscall.Kill(-w.cmd.Process.Pid, syscall.SIGKILL)
	w.Stop()
}

// StartWorker builds the Worker of this repository and starts it.
func StartWorker(t testing.TB, opt WorkerOptions) *Worker {
	t.Helper()
	return StartWorkerWith(t, "edge/worker.mjs", opt)
}

// StartWorkerWith starts the program of the Worker with another entry, a path below the root of the repository.
func StartWorkerWith(t testing.TB, entry string, opt WorkerOptions) *Worker {
	t.Helper()
	dir := BuildWorker(t, opt.Tags)
	opt.assets = filepath.Join(dir, "build", "assets")
	command(t, "cp", entry, filepath.Join(dir, "edge"))
	modules := append([]string{filepath.Join("edge", filepath.Base(entry))}, scripts...)
	return startModules(t, dir, append(modules, "build/wasm_exec.js", "build/app.wasm"), opt)
}

// BuildWorker builds the Worker with build tags and returns a directory that has what it
// consists of, laid out as in the repository.
func BuildWorker(t testing.TB, tags string) (dir string) {
	t.Helper()
	return buildOnce(t, strings.TrimSuffix("worker-"+tags, "-"), func(dir string) {
		command(t, "make", "build-edge", "BUILD="+filepath.Join(dir, "build"), "TAGS="+tags)
		command(t, "mkdir", "-p", filepath.Join(dir, "edge"))
		command(t, "cp", append(slices.Clone(scripts), filepath.Join(dir, "edge"))...)
	})
}

var (
	builtMu sync.Mutex
	builtAs = map[string]bool{}
)

// buildOnce builds something into a directory of that name, once for each test process.
func buildOnce(t testing.TB, name string, build func(dir string)) (dir string) {
	t.Helper()
	dir = filepath.Join(Root(), "bin", "test", name)
	builtMu.Lock()
	defer builtMu.Unlock()
	if !builtAs[name] {
		locked(t, name+".lock", func() { build(dir) })
		builtAs[name] = true
	}
	return dir
}

// startModules starts a Worker that consists of modules below root, the first of which is its
// entry.
func startModules(t testing.TB, root string, paths []string, opt WorkerOptions) *Worker {
	t.Helper()
	if opt.Dir == "" {
		opt.Dir = t.TempDir()
	}
	modules := make([]map[string]string, len(paths))
	for i, path := range paths {
		modules[i] = map[string]string{"type": "ESModule", "path": filepath.Join(root, path)}
		if filepath.Ext(path) == ".wasm" {
			modules[i]["type"] = "CompiledWasm"
		}
	}
	options := map[string]any{
		"root": root, "modules": modules, "vars": opt.Vars, "dir": opt.Dir,
		"compatibilityDate": compatibilityDate(t), "assets": opt.assets,
	}
	if !opt.NoKV {
		options["kv"] = "EDGEFRAME_KV"
	}
	if opt.Heads {
		options["heads"] = "EDGEFRAME_HEADS"
	}
	argument, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	w := &Worker{log: &buffer{}}
	w.cmd = exec.Command(Node(t), filepath.Join(Root(), "internal", "testenv", "workerd.mjs"), string(argument))
	w.cmd.Dir = Root()
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	w.cmd.Stderr = w.log
	w.stdin, err = w.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.Stop()
		var env []string
		for name, value := range opt.Vars {
			env = append(env, name+"="+value)
		}
		ShowsNoSecrets(t, "the log of the Worker", w.Logs(), env...)
	})
	w.URL = w.awaitURL(t, stdout)
	return w
}

// awaitURL waits for the first line, which has the URL; the rest is the log of the Worker.
func (w *Worker) awaitURL(t testing.TB, stdout io.Reader) string {
	t.Helper()
	first := make(chan string, 1)
	go func() {
		r := bufio.NewReader(stdout)
		line, _ := r.ReadString('\n')
		first <- line
		_, _ = io.Copy(w.log, r)
	}()
	var ready struct {
		URL string `json:"url"`
	}
	select {
	case line := <-first:
		if err := json.Unmarshal([]byte(line), &ready); err != nil {
			t.Fatalf("the Worker did not start: %v: %s\n%s", err, line, w.Logs())
		}
	case <-time.After(patience):
		t.Fatalf("the Worker did not start within %s:\n%s", patience, w.Logs())
	}
	return ready.URL
}
