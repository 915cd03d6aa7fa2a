// Command docsassets writes the files of the page /docs, and of the console, into a folder, for the Worker: it serves
// them as assets. The file _headers has the headers with which Cloudflare answers, those of the native server.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"edgeframe/api"
	"edgeframe/swagger"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: docsassets <folder> <folder of the built console>")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintf(os.Stderr, "docsassets: %v\n", err)
		os.Exit(1)
	}
}

// write brings the files of both pages in dir up to date, and leaves other assets there alone. It does not touch
// files that are right: the Worker of make dev-edge is loaded again whenever an asset changes.
func write(dir, built string) error {
	files, names, err := consoleFiles(dir, built)
	if err != nil {
		return err
	}
	files[filepath.Join(dir, "_headers")] = headers(names)
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
	for _, path := range slices.Concat(below(dir, "docs"), below(dir, "console")) {
		if files[path] == nil {
			err = errors.Join(err, os.RemoveAll(path))
		}
	}
	for path, body := range files {
		err = errors.Join(err, update(path, body))
	}
	return err
}

// below returns the files below a folder of dir.
func below(dir, folder string) (paths []string) {
	_ = filepath.WalkDir(filepath.Join(dir, folder), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() { // no folder is one without files
			paths = append(paths, path)
		}
		return nil
	})
	return paths
}

// consoleFiles returns the files of the console that the build has put into a folder, and their names. There are none
// if it has not been built.
func consoleFiles(dir, built string) (files map[string][]byte, names []string, err error) {
	files = map[string][]byte{}
	for _, path := range below(built, "") {
		name, packed := strings.CutSuffix(path, ".gz")
		if !packed {
			continue
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, err
		}
		plain, err := api.DocsFile{Body: body, Gzip: true}.Plain()
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		if name, err = filepath.Rel(built, name); err != nil {
			return nil, nil, err
		}
		names = append(names, filepath.ToSlash(name))
		files[filepath.Join(dir, "console", name)] = plain
	}
	return files, names, nil
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

// headers is a file for the assets of Cloudflare: the headers of all paths that begin with /docs, and of the files of
// the console.
func headers(console []string) []byte {
	out := rule(nil, "/docs*", api.SetDocsHeaders)
	for _, name := range console {
		set := func(h http.Header) { api.SetConsoleHeaders(h, name) }
		if !strings.HasPrefix(name, api.ConsoleAssets) {
			out = rule(out, "/console/"+name, set)
		}
	}
	return rule(out, "/console/"+api.ConsoleAssets+"*", func(h http.Header) { api.SetConsoleHeaders(h, api.ConsoleAssets) })
}

// rule appends the headers of a path: those that set sets, and those of all answers.
func rule(out []byte, path string, set func(http.Header)) []byte {
	h := http.Header{}
	api.SetSecurityHeaders(h)
	set(h)
	out = append(out, path+"\n"...)
	for _, name := range slices.Sorted(maps.Keys(h)) {
		out = fmt.Appendf(out, "  %s: %s\n", name, h.Get(name))
	}
	return out
}
