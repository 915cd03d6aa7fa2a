//go:build !js

package docs

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

// browserScopes are the recipes that run in Chromium, with the scope of the token that their page has.
var browserScopes = map[string]string{"fetch": "create", "react": "edit", "duckdb-wasm": "read", "observable": "read"}

func inBrowser(recipe string) bool { return browserScopes[recipe] != "" }

// bundle is what clients/bundle.mjs makes a page of.
type bundle struct {
	Name  string            `json:"name"`
	Dir   string            `json:"dir"`
	Env   map[string]string `json:"env"`
	Steps []string          `json:"steps"`
}

// report is what a page has printed, or the error that ended it.
type report struct {
	Name, Printed, Error string
}

// serve runs the recipes for browsers in one Chromium, one after the other, and compares what they print.
func (c *cookbook) serve(t *testing.T) {
	dir := t.TempDir()
	var bundles []bundle
	for i := range c.pages {
		r := &c.pages[i]
		c.prepare(t, r)
		if len(r.programs) != 1 {
			t.Fatalf("%s has examples in several languages", r.name)
		}
		if scope := browserScopes[r.name]; scope == "create" {
			r.env["EDGEFRAME_TOKEN"] = createToken(t)
		} else {
			r.env["EDGEFRAME_TOKEN"] = c.sessionToken(t, *r, scope)
		}
		bundles = append(bundles, bundle{r.name, r.dir, r.env, r.programs[0].codes()})
	}
	given, err := json.Marshal(map[string]any{"out": dir, "root": testenv.Root(), "recipes": bundles})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "recipes.json"), string(given))
	cmd := exec.Command("node", filepath.Join("clients", "bundle.mjs"), filepath.Join(dir, "recipes.json"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("bundle: %v\n%s", err, out)
	}
	reports := c.browse(t, dir)
	for _, r := range c.pages {
		t.Run(r.name, func(t *testing.T) {
			seen := reports[r.name]
			if seen.Error != "" {
				t.Fatalf("%s\nit printed:\n%s", seen.Error, seen.Printed)
			}
			r.programs[0].compare(t, seen.Printed)
		})
	}
}

// browse opens the page that is in dir, and returns what its recipes report, by their names.
func (c *cookbook) browse(t *testing.T, dir string) map[string]report {
	t.Helper()
	sent := make(chan report, len(c.pages))
	mux := http.NewServeMux()
	mux.HandleFunc("POST /report", func(_ http.ResponseWriter, r *http.Request) {
		var one report
		if err := json.NewDecoder(r.Body).Decode(&one); err != nil {
			one.Error = err.Error()
		}
		sent <- one
	})
	mux.Handle("GET /", http.FileServer(http.Dir(dir)))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	testenv.Browse(t, server.URL+"/page.html")
	reports, deadline := map[string]report{}, time.After(2*time.Minute)
	for len(reports) < len(c.pages) {
		select {
		case one := <-sent:
			reports[one.Name] = one
		case <-deadline:
			t.Fatalf("only these recipes report something: %v", reports)
		}
	}
	return reports
}
