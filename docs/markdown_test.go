//go:build !js

package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// page is one file of the documentation.
type page struct {
	path   string
	source []byte
	root   ast.Node
}

// pages returns all files of the documentation.
func pages(t *testing.T) (list []page) {
	t.Helper()
	for _, pattern := range []string{"*.md", "../*.md", "../web/client/*.md"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			list = append(list, readPage(t, path))
		}
	}
	if len(list) < 8 {
		t.Fatalf("there are only %d pages", len(list))
	}
	return list
}

func readPage(t *testing.T, path string) page {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	markdown := goldmark.New(goldmark.WithExtensions(extension.Table))
	return page{path, source, markdown.Parser().Parse(text.NewReader(source))}
}

// walk calls visit for each node of a page.
func (p page) walk(visit func(ast.Node)) {
	_ = ast.Walk(p.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			visit(n)
		}
		return ast.WalkContinue, nil
	})
}

// lines returns the lines of a page outside of blocks of code.
func (p page) lines() (list []string) {
	code := false
	for line := range strings.Lines(string(p.source)) {
		if strings.HasPrefix(line, "```") {
			code = !code
		} else if !code {
			list = append(list, strings.TrimSuffix(line, "\n"))
		}
	}
	return list
}

// cellEnd is a | that ends a cell of a table: \| does not.
var cellEnd = regexp.MustCompile(`(^|[^\\])\|`)

// TestTablesRender compares the lines that look like tables with the tables that a reader sees: an empty
// line ends a table, and the rest would be shown with its pipes.
func TestTablesRender(t *testing.T) {
	for _, p := range pages(t) {
		source, separators := 0, 0
		width := 0
		for _, line := range p.lines() {
			if !strings.HasPrefix(line, "|") {
				width = 0
				continue
			}
			source++
			if strings.HasPrefix(line, "|---") {
				separators++
			}
			cells := len(cellEnd.FindAllString(line, -1))
			if width != 0 && cells != width {
				t.Errorf("%s: a row has %d cells, its table %d: %.80s", p.path, cells-1, width-1, line)
			}
			width = cells
		}
		tables, rows := 0, 0
		p.walk(func(n ast.Node) {
			switch n.(type) {
			case *extast.Table:
				tables++
			case *extast.TableHeader, *extast.TableRow:
				rows++
			}
		})
		if tables != separators || rows != source-separators {
			t.Errorf("%s: %d tables with %d rows are rendered, %d with %d are written", p.path, tables, rows, separators, source-separators)
		}
	}
}

// namedAnchor is an anchor in HTML.
var namedAnchor = regexp.MustCompile(`<a id="([^"]+)"></a>`)

// anchors returns the fragments that a page has: those that GitHub makes of its headings, and named ones.
func (p page) anchors() map[string]bool {
	found := map[string]bool{}
	for _, m := range namedAnchor.FindAllSubmatch(p.source, -1) {
		found[string(m[1])] = true
	}
	p.walk(func(n ast.Node) {
		heading, ok := n.(*ast.Heading)
		if !ok {
			return
		}
		var title strings.Builder
		for i := range heading.Lines().Len() {
			line := heading.Lines().At(i)
			title.Write(line.Value(p.source))
		}
		found[slug(title.String())] = true
	})
	return found
}

// punctuation is what GitHub leaves out of a fragment.
var punctuation = regexp.MustCompile(`[^\p{L}\p{N}\-_ ]`)

func slug(title string) string {
	return strings.ReplaceAll(punctuation.ReplaceAllString(strings.ToLower(title), ""), " ", "-")
}

func TestLinksLeadSomewhere(t *testing.T) {
	seen := 0
	for _, p := range pages(t) {
		p.walk(func(n ast.Node) {
			link, ok := n.(*ast.Link)
			if !ok || strings.Contains(string(link.Destination), "://") {
				return
			}
			seen++
			file, fragment, _ := strings.Cut(string(link.Destination), "#")
			to := p
			if file != "" {
				path := filepath.Join(filepath.Dir(p.path), file)
				if _, err := os.Stat(path); err != nil {
					t.Errorf("%s: the link to %s leads nowhere", p.path, link.Destination)
					return
				}
				if fragment != "" {
					to = readPage(t, path)
				}
			}
			if fragment != "" && !to.anchors()[fragment] {
				t.Errorf("%s: %s has no heading #%s", p.path, to.path, fragment)
			}
		})
	}
	if seen < 50 {
		t.Errorf("only %d links were looked at", seen)
	}
}
