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
)

// program is the program of a Worker.
type program struct {
	name string
	// root is the directory of its modules. The first module is the entry.
	root    string
	modules []string
}

// buildPrograms builds the Workers in dir, from the module in the working directory: edgeframe, the
// same handler core on the stock runtime, and the one in JavaScript.
func buildPrograms(ctx context.Context, dir string) ([]program, error) {
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	ours := filepath.Join(dir, "ours")
	stock := filepath.Join(dir, "stock")
	built := filepath.Join(dir, "built")
	for _, step := range []func() error{
		func() error { return command(ctx, "make", "build-edge", "BUILD="+filepath.Join(ours, "build")) },
		func() error { return os.CopyFS(filepath.Join(ours, "edge"), os.DirFS("edge")) },
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
	return []program{
		{"edgeframe", ours, []string{"edge/worker.mjs", "edge/runtime.mjs", "edge/border.mjs", "edge/heads.mjs", "build/wasm_exec.js", "build/app.wasm"}},
		{"stock", stock, []string{"stock.mjs", "worker.mjs", "runtime.mjs", "border.mjs", "wasm_exec.js", "app.wasm"}},
		{"JavaScript", filepath.Join(here, "bench", "edge"), []string{"rival.mjs"}},
	}, nil
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
	modules := make([]map[string]string, len(p.modules))
	for i, path := range p.modules {
		kind := "ESModule"
		if filepath.Ext(path) == ".wasm" {
			kind = "CompiledWasm"
		}
		modules[i] = map[string]string{"type": kind, "path": filepath.Join(p.root, path)}
	}
	options, err := json.Marshal(map[string]any{
		"root": p.root, "modules": modules, "dir": dir, "kv": "EDGEFRAME_KV",
		"compatibilityDate": "2026-04-01", "compatibilityFlags": []string{"enable_request_signal"},
	})
	if err != nil {
		return nil, err
	}
	w := &workerd{program: p, cmd: exec.CommandContext(ctx, "node", "internal/testenv/workerd.mjs", string(options))}
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

func (w *workerd) stop() {
	_ = w.stdin.Close()
	_ = w.cmd.Wait()
}

var residentKB = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`)

// resident returns the resident memory of workerd, as Linux counts it, or 0 if that is not known. It
// includes the KV namespace.
func (w *workerd) resident() (bytes int64) {
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", w.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for _, pid := range strings.Fields(string(children)) {
		bytes += procNumber("/proc/"+pid+"/status", residentKB) << 10
	}
	return bytes
}
