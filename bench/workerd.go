//go:build !js

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"edgeframe/internal/calls"
)

// program is the program of a Worker.
type program struct {
	name string
	// root is the directory of its modules. The first module is the entry.
	root    string
	modules []string
	// vars are its variables. heads says that it keeps the heads of sessions in Durable Objects.
	vars  map[string]string
	heads bool
}

// buildPrograms builds the Workers in dir, from the module in the working directory: edgeframe, and the
// same handler core on the stock runtime.
func buildPrograms(ctx context.Context, dir string) ([]program, error) {
	ours := filepath.Join(dir, "ours")
	stock := filepath.Join(dir, "stock")
	built := filepath.Join(dir, "built")
	for _, step := range []func() error{
		func() error { return command(ctx, "make", "build-edge", "BUILD="+filepath.Join(ours, "build")) },
		func() error { return copyScripts(filepath.Join(ours, "edge"), "edge") },
		func() error { return command(ctx, "make", "build-edge", "BUILD="+built, "TAGS=stock") },
		func() error { return command(ctx, "go", "tool", "workers-assets-gen", "-mode", "go", "-o", stock) },
		func() error { return os.Rename(filepath.Join(built, "app.wasm"), filepath.Join(stock, "app.wasm")) },
		func() error { return command(ctx, "cp", "bench/edge/stock.mjs", stock) },
		func() error { return command(ctx, "cp", "edge/border.mjs", stock) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	scripts, err := filepath.Glob(filepath.Join(ours, "edge", "*.mjs"))
	if err != nil {
		return nil, err
	}
	modules := []string{"edge/worker.mjs", "build/wasm_exec.js", "build/app.wasm"}
	for _, path := range scripts {
		if name := filepath.Base(path); name != "worker.mjs" {
			modules = append(modules, "edge/"+name)
		}
	}
	return []program{
		{name: "edgeframe", root: ours, modules: modules},
		{name: "stock", root: stock, modules: []string{"stock.mjs", "worker.mjs", "runtime.mjs", "border.mjs", "wasm_exec.js", "app.wasm"}},
	}, nil
}

// copyScripts copies the JavaScript of a directory.
func copyScripts(to string, from ...string) error {
	if err := os.MkdirAll(to, 0o777); err != nil {
		return err
	}
	for _, dir := range from {
		scripts, err := filepath.Glob(filepath.Join(dir, "*.mjs"))
		if err != nil {
			return err
		}
		for _, path := range scripts {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(to, filepath.Base(path)), text, 0o666); err != nil {
				return err
			}
		}
	}
	return nil
}

// inJavaScript returns the Worker in JavaScript, which makes the given calls for an upload.
func inJavaScript(dir string, upload []calls.Call, heads bool) (program, error) {
	plan, err := json.Marshal(upload)
	if err != nil {
		return program{}, err
	}
	p := program{name: "JavaScript", modules: []string{"worker.mjs", "rival.mjs"}, vars: map[string]string{"UPLOAD": string(plan)}, heads: heads}
	entry := "export { default } from \"./rival.mjs\";\n"
	if heads {
		p.modules = append(p.modules, "rival-heads.mjs", "heads.mjs", "listeners.mjs")
		entry = "export { default, Heads } from \"./rival-heads.mjs\";\n"
	}
	p.root = filepath.Join(dir, "rival-"+p.store(heads))
	if err := copyScripts(p.root, filepath.Join("bench", "edge"), "edge"); err != nil {
		return p, err
	}
	return p, os.WriteFile(filepath.Join(p.root, "worker.mjs"), []byte(entry), 0o666)
}

// workerd is a Worker that runs under workerd, with an empty Workers KV of its own.
type workerd struct {
	program
	url string
	// ready is the time until it listened.
	ready time.Duration
	// of has its clients, which share a session.
	of    []*client
	cmd   *exec.Cmd
	stdin io.Closer
}

var listeningWorker = regexp.MustCompile(`"url":"(http://[^"]+)"`)

// start starts a Worker that stores its data in parent.
func (p program) start(ctx context.Context, parent string) (*workerd, error) {
	dir, err := os.MkdirTemp(parent, "kv-")
	if err != nil {
		return nil, err
	}
	return p.startIn(ctx, dir)
}

// startIn starts a Worker that stores its data in dir.
func (p program) startIn(ctx context.Context, dir string) (*workerd, error) {
	modules := make([]map[string]string, len(p.modules))
	for i, path := range p.modules {
		kind := "ESModule"
		if filepath.Ext(path) == ".wasm" {
			kind = "CompiledWasm"
		}
		modules[i] = map[string]string{"type": kind, "path": filepath.Join(p.root, path)}
	}
	given := map[string]any{
		"root": p.root, "modules": modules, "dir": dir, "kv": "EDGEFRAME_KV", "vars": p.vars,
		"compatibilityDate": "2026-11-17",
	}
	if p.heads {
		given["heads"] = "EDGEFRAME_HEADS"
	}
	options, err := json.Marshal(given)
	if err != nil {
		return nil, err
	}
	w := &workerd{program: p, cmd: exec.CommandContext(ctx, "node_modules/.bin/node", "internal/testenv/workerd.mjs", string(options))}
	if w.stdin, err = w.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	// When its input ends, the program also stops workerd, which is another process.
	w.cmd.Cancel, w.cmd.WaitDelay = w.stdin.Close, 10*time.Second
	begun := time.Now()
	if w.url, err = startListening(w.cmd, listeningWorker); err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	w.ready = time.Since(begun)
	w.of = newEdgeClients(ctx, w.url)
	return w, nil
}

// stop ends the Worker, which would wait for open connections.
func (w *workerd) stop() {
	transport.CloseIdleConnections()
	(&calls.Client{}).Close()
	_ = w.stdin.Close()
	_ = w.cmd.Wait()
}

var residentKB = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`)

// resident returns the resident memory of workerd, as Linux counts it, or 0 if that is not known. It
// includes the KV namespace.
func (w *workerd) resident() (bytes int64) {
	for _, pid := range w.pids() {
		bytes += procNumber("/proc/"+pid+"/status", residentKB) << 10
	}
	return bytes
}

// pids are the processes of workerd, as Linux lists them; none if that is not known.
func (w *workerd) pids() []string {
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", w.cmd.Process.Pid))
	return strings.Fields(string(children))
}
