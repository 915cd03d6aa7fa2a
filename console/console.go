// Package console has the files of the page /console/, which web/console builds and this package embeds. They are
// compressed. If they have not been built, the page says how to build it. The native server serves them from its
// program; for the Worker, internal/docsassets copies them.
package console

import (
	"embed"
	"io/fs"
	"path"
	"strings"

	"edgeframe/api"
)

// dist is empty in a checkout, but for a file that keeps the folder.
//
//go:embed all:dist
var dist embed.FS

//go:embed unbuilt.html
var unbuilt []byte

// contentTypes are those of the files, by extension. They are the same on the Worker.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".txt":  "text/plain; charset=utf-8",
}

// File returns a file of the page, such as index.html. The result is false if no file has that name.
func File(name string) (api.DocsFile, bool) {
	contentType, ok := contentTypes[path.Ext(name)]
	if !ok {
		return api.DocsFile{}, false
	}
	body, err := dist.ReadFile("dist/" + name + ".gz")
	if err == nil {
		return api.DocsFile{ContentType: contentType, Body: body, Gzip: true}, true
	}
	if name == api.ConsolePage {
		return api.DocsFile{ContentType: contentType, Body: unbuilt}, true
	}
	return api.DocsFile{}, false
}

// Names are the names of the files that have been built, sorted.
func Names() []string {
	var names []string
	// Walking embedded files does not fail.
	_ = fs.WalkDir(dist, "dist", func(path string, _ fs.DirEntry, _ error) error {
		if name, ok := strings.CutSuffix(strings.TrimPrefix(path, "dist/"), ".gz"); ok {
			names = append(names, name)
		}
		return nil
	})
	return names
}
