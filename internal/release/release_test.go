package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"
)

// modulesOfTest are in the fake lists of the tests' folder. The program is this test, which links them.
const modulesOfTest = "github.com/CycloneDX/cyclonedx-go@v0.12.0\nexample.com/worker@v1.0.0\n"

// made makes a release of a program for Linux, one for Windows, the Worker and a file, whose files are of that time.
func made(t *testing.T, licences string, at time.Time) (out string, err error) {
	t.Helper()
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := read(t, path)
	t.Chdir(t.TempDir())
	for name, content := range map[string]string{
		"THIRD_PARTY_LICENSES":   "\n" + licences,
		".ci/modules-worker.txt": "example.com/worker v1.0.0\n",
		"go.sum":                 "example.com/worker v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
		"built/edgeframe_1_linux_amd64/edgeframe":       program,
		"built/edgeframe_1_linux_amd64/LICENSE":         "Apache",
		"built/edgeframe_1_windows_arm64/edgeframe.exe": program,
		"built/edgeframe-worker_1/build/app.wasm":       "\x00asm",
		"built/edgeframe-worker_1/edge/worker.mjs":      "import",
		"built/edgeframe-client-1.tgz":                  "packed",
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(content), 0o600), os.Chtimes(name, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	out, err = filepath.Abs("out")
	if err != nil {
		t.Fatal(err)
	}
	return out, release("1", "built", "out")
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestAProgramWhoseLicencesAreMissingIsNotReleased(t *testing.T) {
	_, err := made(t, "example.com/other@v1.0.0\n", time.Now())
	if want := "edgeframe-worker_1: THIRD_PARTY_LICENSES has no example.com/worker@v1.0.0, which the program links"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestRelease(t *testing.T) {
	out, err := made(t, modulesOfTest, time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	again, err := made(t, modulesOfTest, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Run("equal folders make equal bytes", func(t *testing.T) { isEqual(t, out, again) })
	t.Run("archives have the files", func(t *testing.T) { hasFiles(t, out) })
	t.Run("bills name the modules", func(t *testing.T) { namesModules(t, out) })
}

func isEqual(t *testing.T, out, again string) {
	first := read(t, filepath.Join(out, "SHA256SUMS"))
	second := read(t, filepath.Join(again, "SHA256SUMS"))
	if diff := cmp.Diff(first, second); diff != "" {
		t.Error(diff)
	}
	var names []string
	for line := range strings.Lines(first) {
		names = append(names, strings.Fields(line)[1])
	}
	want := []string{
		"edgeframe-client-1.tgz", "edgeframe-worker_1.cdx.json", "edgeframe-worker_1.tar.gz", "edgeframe_1_linux_amd64.cdx.json",
		"edgeframe_1_linux_amd64.tar.gz", "edgeframe_1_windows_arm64.cdx.json", "edgeframe_1_windows_arm64.zip",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

func hasFiles(t *testing.T, out string) {
	file, err := os.Open(filepath.Join(out, "edgeframe_1_linux_amd64.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if got[header.Name] = header.Mode; header.ModTime.Unix() != 1700000000 || header.Uname != "" || header.Uid != 0 {
			t.Errorf("%+v", header)
		}
	}
	if diff := cmp.Diff(map[string]int64{"edgeframe_1_linux_amd64/edgeframe": 0o755, "edgeframe_1_linux_amd64/LICENSE": 0o644}, got); diff != "" {
		t.Error(diff)
	}
	zipped, err := zip.OpenReader(filepath.Join(out, "edgeframe_1_windows_arm64.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer zipped.Close()
	if len(zipped.File) != 1 || zipped.File[0].Name != "edgeframe_1_windows_arm64/edgeframe.exe" {
		t.Errorf("%+v", zipped.File)
	}
}

func namesModules(t *testing.T, out string) {
	for name, want := range map[string]string{
		"edgeframe-worker_1":      "pkg:golang/example.com/worker@v1.0.0",
		"edgeframe_1_linux_amd64": "pkg:golang/github.com/CycloneDX/cyclonedx-go@v0.12.0",
	} {
		var bill cyclonedx.BOM
		if err := json.Unmarshal([]byte(read(t, filepath.Join(out, name+".cdx.json"))), &bill); err != nil {
			t.Fatal(err)
		}
		components := *bill.Components
		if bill.BOMFormat != cyclonedx.BOMFormat || !strings.HasPrefix(components[0].PackageURL, "pkg:golang/std@1.") {
			t.Errorf("%s: %+v", name, bill)
		}
		if !slices.ContainsFunc(components, func(c cyclonedx.Component) bool {
			return c.PackageURL == want && c.Hashes != nil && len((*c.Hashes)[0].Value) == 64
		}) {
			t.Errorf("%s has no %s: %+v", name, want, components)
		}
	}
}
