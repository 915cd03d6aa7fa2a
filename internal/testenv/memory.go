//go:build !js

package testenv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// MemoryLimit bounds the memory of the servers that are started with it.
type MemoryLimit struct {
	// Bytes is the limit.
	Bytes int64
	// procs is the file of the cgroup that takes process ids. It is empty if there is no cgroup.
	procs string
}

// LimitMemory makes a memory cgroup with a limit in bytes, of version 1 or 2. If the machine grants
// none, servers are told the limit as MAX_MEMORY_MB, and it is for the test to watch them. The cgroup
// is removed at the end of the test.
func LimitMemory(t testing.TB, limit int64) *MemoryLimit {
	t.Helper()
	m := &MemoryLimit{Bytes: limit}
	for _, version := range []struct{ root, controllers, limit, swap, swapLimit string }{
		{"/sys/fs/cgroup/memory", "", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", strconv.FormatInt(limit, 10)},
		{"/sys/fs/cgroup", "cgroup.subtree_control", "memory.max", "memory.swap.max", "0"},
	} {
		if version.controllers != "" {
			// It fails where the controller is enabled already by somebody else; the limit tells.
			_ = os.WriteFile(filepath.Join(version.root, version.controllers), []byte("+memory"), 0)
		}
		dir := filepath.Join(version.root, fmt.Sprintf("edgeframe-test-%d-%d", os.Getpid(), time.Now().UnixNano()))
		if os.Mkdir(dir, 0o755) != nil {
			continue
		}
		if writeExisting(filepath.Join(dir, version.limit), strconv.FormatInt(limit, 10)) != nil {
			_ = os.Remove(dir)
			continue
		}
		_ = writeExisting(filepath.Join(dir, version.swap), version.swapLimit) // where swap is counted
		m.procs = filepath.Join(dir, "cgroup.procs")
		t.Cleanup(func() { removeCgroup(t, dir) })
		return m
	}
	return m
}

// writeExisting writes to a file that must be there: outside of a cgroup's file system the name would
// become an ordinary file.
func writeExisting(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// removeCgroup removes a cgroup whose processes have ended. The kernel may need a moment to notice.
func removeCgroup(t testing.TB, dir string) {
	err := os.Remove(dir)
	for end := time.Now().Add(5 * time.Second); err != nil && time.Now().Before(end); err = os.Remove(dir) {
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		t.Errorf("remove the cgroup: %v", err)
	}
}

// Enforced reports whether the kernel kills processes that exceed the limit.
func (m *MemoryLimit) Enforced() bool { return m.procs != "" }

// StartLimitedServer is StartPlainServer with a limit of memory, which all servers with this limit
// share.
func StartLimitedServer(t testing.TB, m *MemoryLimit, env ...string) *Server {
	t.Helper()
	return startLimited(t, m, env).listen()
}

func startLimited(t testing.TB, m *MemoryLimit, env []string) *Server {
	t.Helper()
	program := buildServer(t, false)
	if !m.Enforced() {
		return start(t, program, append([]string{fmt.Sprintf("MAX_MEMORY_MB=%d", m.Bytes>>20)}, env...))
	}
	// The shell enters the cgroup and becomes the server, so no memory of the server is outside.
	return start(t, "/bin/sh", env, "-c", `echo $$ >"$0" && exec "$1"`, m.procs, program)
}
