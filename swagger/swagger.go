// Package swagger has the files of the page /docs: swagger-ui, as github.com/swaggest/swgui embeds it, and
// the settings with which it shows the API. The native server serves them from its program; for the Worker,
// internal/docsassets writes them into a folder.
package swagger

import (
	"embed"
	"fmt"
	"maps"
	"path"
	"slices"
	"sync"

	"github.com/swaggest/swgui/v5/static"

	"edgeframe/api"
)

//go:embed page licenses
var own embed.FS

// sources says where each file of the page is, by its name. swagger-ui is compressed.
var sources = map[string]struct {
	from interface{ ReadFile(string) ([]byte, error) }
	path string
	gzip bool
}{
	api.DocsPage:           {own, "page/docs.html", false},
	"docs.js":              {own, "page/docs.js", false},
	"docs.css":             {own, "page/docs.css", false},
	"favicon-32x32.png":    {static.FS, "favicon-32x32.png", false},
	"swagger-ui.css":       {static.FS, "swagger-ui.css.gz", true},
	"swagger-ui-bundle.js": {static.FS, "swagger-ui-bundle.js.gz", true},
	// The bundle names this file.
	"swagger-ui-bundle.js.LICENSE.txt": {own, "licenses/LICENSE.swagger-ui-bundle.js.txt", false},
}

// contentTypes are those of the files, by extension. They are the same on the Worker.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".txt":  "text/plain; charset=utf-8",
	".png":  "image/png",
}

var files = sync.OnceValue(func() map[string]api.DocsFile {
	files := map[string]api.DocsFile{}
	for name, source := range sources {
		body, err := source.from.ReadFile(source.path)
		if err != nil {
			panic(fmt.Sprintf("a file of the page is not embedded: %v", err))
		}
		files[name] = api.DocsFile{ContentType: contentTypes[path.Ext(name)], Body: body, Gzip: source.gzip}
	}
	return files
})

// File returns a file of the page. The result is false if no file has that name.
func File(name string) (api.DocsFile, bool) {
	f, ok := files()[name]
	return f, ok
}

// Names are the names of all files, sorted.
func Names() []string { return slices.Sorted(maps.Keys(sources)) }
