package api

import (
	"net/http"
	"strings"
	"testing"
)

// TestAProblemIsNoFileToSave asks for a table as a workbook, whose cells cannot hold a text so
// long. The headers of the file are set by then; with them a browser would save the problem as
// the file, and a cache would keep it as the page.
func TestAProblemIsNoFileToSave(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.MaxUploadBytes = 1 << 20 })
	path := f.upload("a\n"+strings.Repeat("x", 40_000)+"\ny\n") + "/data?limit=1&format="
	headers := []string{"Content-Disposition", "ETag", "Link", headerVersion, headerTotalRows}
	file := f.do("GET", path+"arrow", "")
	f.wantStatus(file, http.StatusOK)
	for _, name := range headers {
		if file.Header.Get(name) == "" {
			t.Errorf("a file has no %s", name)
		}
	}
	problem := f.do("GET", path+"xlsx", "")
	f.wantProblem(problem, http.StatusNotAcceptable, "not_acceptable")
	for _, name := range headers {
		if got := problem.Header.Get(name); got != "" {
			t.Errorf("a problem has %s: %s", name, got)
		}
	}
}
