//go:build !js

package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edgeframe/internal/testenv"
)

// repair runs the real program.
func repair(t *testing.T, dir string) (code int, stdout, stderr string) {
	t.Helper()
	code, out, stderr := command(t, dir, nil, "repair")
	return code, string(out), stderr
}

// filesOf returns the names of the files in the engine's directory, and their number of bytes.
func filesOf(t *testing.T, dir string) (names []string, size int64) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "sessions"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		names, size = append(names, e.Name()), size+info.Size()
	}
	return names, size
}

func wantStatus(t *testing.T, url string, want int) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != want {
		t.Errorf("GET %s: %s, want %d", url, resp.Status, want)
	}
}

// TestACopyWithoutEmptyFilesIsRefusedAndRepaired is about what a backup makes that leaves out empty
// files: the engine's markers are empty.
func TestACopyWithoutEmptyFilesIsRefusedAndRepaired(t *testing.T) {
	dir := t.TempDir()
	server := testenv.StartServer(t, "STORAGE_DIR="+dir)
	path := strings.TrimPrefix(upload(t, server.URL, "a,b\n1,2\n"), server.URL)
	if code, _, stderr := repair(t, dir); code != 1 || !strings.Contains(stderr, "a running server has this directory open") {
		t.Errorf("of a directory in use: exit code %d, %s", code, stderr)
	}
	server.Stop()
	if code, stdout, stderr := repair(t, dir); code != 0 || !strings.Contains(stdout, "0 damaged files") || !strings.Contains(stdout, "1 sessions are stored") || stderr != "" {
		t.Errorf("of a healthy directory: exit code %d, %s%s", code, stdout, stderr)
	}
	markers, err := filepath.Glob(filepath.Join(dir, "sessions", "marker.*"))
	if err != nil || len(markers) != 2 {
		t.Fatalf("markers are %v, %v", markers, err)
	}
	for _, marker := range markers {
		if err := os.Remove(marker); err != nil {
			t.Fatal(err)
		}
	}
	before, size := filesOf(t, dir)
	code, output := testenv.RunServer(t, "STORAGE_DIR="+dir, "PORT=0")
	if code != 1 || !strings.Contains(output, "run `edgeframe repair`") || strings.Contains(output, "goroutine") {
		t.Errorf("exit code %d, %s", code, output)
	}
	if after, same := filesOf(t, dir); strings.Join(after, " ") != strings.Join(before, " ") || same != size {
		t.Errorf("the refused start changed the files from %v to %v", before, after)
	}
	if code, stdout, stderr := repair(t, dir); code != 0 || !strings.Contains(stdout, "the marker was missing") || stderr != "" {
		t.Errorf("repair: exit code %d, %s%s", code, stdout, stderr)
	}
	server = testenv.StartServer(t, "STORAGE_DIR="+dir)
	wantStatus(t, server.URL+path+"/data", http.StatusOK)
}

// damage cuts the tables of a store that no server uses.
func damage(t *testing.T, dir string) {
	t.Helper()
	testenv.StartServer(t, "STORAGE_DIR="+dir).Stop() // moves the log into a table
	tables, err := filepath.Glob(filepath.Join(dir, "sessions", "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("tables are %v, %v", tables, err)
	}
	for _, table := range tables {
		if err := os.Truncate(table, 0); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRepairReportsWhatIsLost(t *testing.T) {
	dir := t.TempDir()
	server := testenv.StartServer(t, "STORAGE_DIR="+dir)
	path := strings.TrimPrefix(upload(t, server.URL, "a,b\n1,2\n"), server.URL)
	server.Stop()
	damage(t, dir)
	code, stdout, stderr := repair(t, dir)
	if code != 3 || !strings.Contains(stdout, "none of its entries is readable") || !strings.Contains(stdout, "the damaged files are in ") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
	server = testenv.StartServer(t, "STORAGE_DIR="+dir)
	wantStatus(t, server.URL+path+"/data", http.StatusNotFound)
	upload(t, server.URL, "a,b\n1,2\n")
}

func TestRepairNeedsAStore(t *testing.T) {
	if code, _, stderr := repair(t, filepath.Join(t.TempDir(), "nothing")); code != 1 || !strings.Contains(stderr, "there is no store in this directory") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}
