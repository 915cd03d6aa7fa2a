// Command docsassets writes the files of the page /docs into a folder, for the Worker: it serves them as
// assets. The file _headers has the headers with which Cloudflare answers, those of the native server.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"edgeframe/api"
	"edgeframe/swagger"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: docsassets <folder>")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintf(os.Stderr, "docsassets: %v\n", err)
		os.Exit(1)
	}
}

// write brings the page's files in dir up to date, and leaves other assets there alone. It does not touch
// files that are right: the Worker of make dev-edge is loaded again whenever an asset changes.
func write(dir string) error {
	files := map[string][]byte{filepath.Join(dir, "_headers"): headers()}
	for _, name := range swagger.Names() {
		file, _ := swagger.File(name)
		body, err := file.Plain()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		path := filepath.Join(dir, "docs", name)
		if name == api.DocsPage {
			path = filepath.Join(dir, name)
		}
		files[path] = body
	}
	old, err := filepath.Glob(filepath.Join(dir, "docs", "*"))
	if err != nil {
		return err
	}
	for _, path := range old {
		if files[path] == nil {
			err = errors.Join(err, os.RemoveAll(path))
		}
	}
	for path, body := range files {
		err = errors.Join(err, update(path, body))
	}
	return err
}

// update writes a file unless it has that body already.
func update(path string, body []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, body) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, body, 0o644)
}

// headers is a file for the assets of Cloudflare: the headers of all paths that begin with /docs.
func headers() []byte {
	h := http.Header{}
	api.SetSecurityHeaders(h)
	api.SetDocsHeaders(h)
	out := []byte("/docs*\n")
	for _, name := range slices.Sorted(maps.Keys(h)) {
		out = fmt.Appendf(out, "  %s: %s\n", name, h.Get(name))
	}
	return out
}
