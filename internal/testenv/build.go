//go:build !js

package testenv

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
)

// Root is the root of the repository.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// built says which servers have been built: with the race detector or without.
var built [2]sync.Once

// serverRace is the variable that, if it is not empty, gives servers the race detector though the
// test has none.
const serverRace = "SERVER_RACE"

// BuildServer builds the server, with the race detector if the test has it or SERVER_RACE is set,
// and returns the path of the program. Test processes share it; the build is done again only if a
// source has changed.
func BuildServer(t testing.TB) string {
	t.Helper()
	return buildServer(t, RaceEnabled || os.Getenv(serverRace) != "")
}

func buildServer(t testing.TB, race bool) string {
	t.Helper()
	dir := filepath.Join(Root(), "bin", "test")
	path, once := filepath.Join(dir, "edgeframe"), &built[0]
	build := []string{"make", "build", "BIN=" + dir}
	if race {
		path, once = path+"-race", &built[1]
		build = []string{"go", "build", "-race", "-o", path, "./cmd/edgeframe"}
	}
	once.Do(func() {
		locked(t, "build.lock", func() { command(t, build[0], build[1:]...) })
	})
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the server was not built: %v", err)
	}
	return path
}

// locked runs f while no other test process holds the same lock.
func locked(t testing.TB, name string, f func()) {
	t.Helper()
	dir := filepath.Join(Root(), "bin", "test")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatalf("lock %s: %v", lock.Name(), err)
	}
	f()
}

// command runs a program in the root of the repository.
func command(t testing.TB, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
}
