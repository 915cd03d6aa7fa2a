// Command docsassets writes the files of the page /docs into a folder, for the Worker: it serves them as
// assets. The file _headers has the headers with which Cloudflare answers, those of the native server.
package main

import (
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

// write replaces the folder dir.
func write(dir string) error {
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(filepath.Join(dir, "docs"), 0o755)); err != nil {
		return err
	}
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
		if err := os.WriteFile(path, body, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "_headers"), headers(), 0o644)
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
