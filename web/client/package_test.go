//go:build !js

package client

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgeframe/internal/testenv"
)

// maxBytes bounds the compressed modules. Who does not import the history does not load it.
var maxBytes = map[string]int{"index.js": 4096, "history.js": 768}

func TestTheModulesAreSmall(t *testing.T) {
	build(t)
	for name, most := range maxBytes {
		if size := packedSize(t, filepath.Join("dist", name)); size > most {
			t.Errorf("%s has %d bytes compressed, more than %d", name, size, most)
		}
	}
}

func packedSize(t *testing.T, path string) int {
	module, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(module); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d bytes, %d compressed", path, len(module), packed.Len())
	return packed.Len()
}

func TestTheTypesAreThoseOfTheAPI(t *testing.T) {
	t.Parallel()
	testenv.NodeModules(t)
	want := command(t, ".", "npm", "run", "--silent", "schema")
	got, err := os.ReadFile("src/schema.ts")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("src/schema.ts is not made of api/openapi.json; run in web/client: npm run -s schema > src/schema.ts\n%s", cmp.Diff(want, string(got)))
	}
}

// TestAUserInstallsThePackage packs the package, installs it as a user would, imports it in Node, and compiles the
// examples of the README against it.
func TestAUserInstallsThePackage(t *testing.T) {
	t.Parallel()
	build(t)
	dir := t.TempDir()
	var packed []struct {
		Filename string
		Files    []struct{ Path string }
	}
	if err := json.Unmarshal([]byte(command(t, ".", "npm", "pack", "--json", "--pack-destination", dir)), &packed); err != nil {
		t.Fatal(err)
	}
	files := []string{}
	for _, file := range packed[0].Files {
		files = append(files, file.Path)
	}
	want := []string{"LICENSE", "README.md"}
	for _, name := range []string{"error.d.ts", "history.d.ts", "history.js", "http.d.ts", "index.d.ts", "index.js", "json.d.ts", "op.d.ts", "schema.d.ts", "session.d.ts", "types.d.ts", "upload.d.ts", "watch.d.ts"} {
		want = append(want, "dist/"+name)
	}
	want = append(want, "package.json")
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("files of the package:\n%s", diff)
	}

	write(t, dir, "package.json", `{"type": "module", "private": true}`)
	command(t, dir, "npm", "install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", "./"+packed[0].Filename)
	write(t, dir, "use.js", `import * as client from "edgeframe-client";
import { history } from "edgeframe-client/history";
console.log(Object.keys(client).sort().join(), JSON.stringify(client.op.set("a", 0, 1)), typeof history);`)
	if got, want := command(t, dir, "node", "use.js"), `EdgeframeError,edgeframe,op {"op":"set_values","cells":[{"row":0,"column":"a","value":1}]} function`+"\n"; got != want {
		t.Errorf("it prints %s, want %s", got, want)
	}
	compileExamples(t, dir)
}

var example = regexp.MustCompile("(?s)```ts\n(.*?)```")

// given is what an example may use without having made it.
const given = `import type * as client from "edgeframe-client";
declare global {
  const file: File;
  const ef: client.Client;
  const s: client.Session;
  const edgeframe: typeof client.edgeframe;
  const op: typeof client.op;
  const EdgeframeError: typeof client.EdgeframeError;
  type EdgeframeError = client.EdgeframeError;
  type SessionDocument = client.SessionDocument;
  type Schemas = client.Schemas;
}
`

func compileExamples(t *testing.T, dir string) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := example.FindAllStringSubmatch(string(readme), -1)
	if len(examples) < 10 {
		t.Fatalf("the README has %d examples", len(examples))
	}
	for i, e := range examples {
		write(t, dir, fmt.Sprintf("example%d.ts", i+1), e[1]+"export {};\n")
	}
	write(t, dir, "given.d.ts", given)
	modules := testenv.NodeModules(t)
	if err := os.Symlink(filepath.Join(modules, "apache-arrow"), filepath.Join(dir, "node_modules", "apache-arrow")); err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(map[string]any{"compilerOptions": map[string]any{
		"strict": true, "noEmit": true, "skipLibCheck": true, "target": "es2022", "module": "nodenext", "lib": []string{"es2022", "dom", "dom.iterable", "dom.asynciterable"},
		"noUnusedLocals": true, "typeRoots": []string{filepath.Join(modules, "@types")}, "types": []string{"node"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "tsconfig.json", string(config))
	command(t, dir, "node", filepath.Join(modules, "typescript", "bin", "tsc"))
}

func TestThePackageHasTheLicenceOfTheRepository(t *testing.T) {
	ours, err := os.ReadFile(filepath.Join(testenv.Root(), "LICENSE"))
	if err != nil {
		t.Fatal(err)
	}
	if theirs, err := os.ReadFile("LICENSE"); err != nil || !bytes.Equal(ours, theirs) {
		t.Errorf("web/client/LICENSE is not that of the repository: %v", err)
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
