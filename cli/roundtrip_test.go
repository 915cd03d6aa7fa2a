//go:build !js

package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edgeframe/internal/testenv"
)

// cleaning are ten edits of movies.json.
var cleaning = []string{
	`[{"op": "rename_columns", "columns": {"US Gross": "us_gross", "Worldwide Gross": "gross", "IMDB Rating": "rating", "IMDB Votes": "votes"}}]`,
	`[{"op": "drop_missing", "columns": ["Title", "us_gross"]}]`,
	`[{"op": "drop_columns", "columns": ["US DVD Sales", "Running Time min"]}]`,
	`[{"op": "cast", "column": "rating", "dtype": "float32"}]`,
	`[{"op": "fill_missing", "columns": ["rating"], "method": "median"}]`,
	`[{"op": "replace", "columns": ["MPAA Rating"], "find": "Not Rated", "with": "NR"}]`,
	`[{"op": "filter", "where": {"column": "us_gross", "cmp": "gt", "value": 1000}}]`,
	`[{"op": "compute", "column": "abroad", "expression": "gross - us_gross"}]`,
	`[{"op": "drop_duplicates", "columns": ["Title", "Release Date"]}]`,
	`[{"op": "sort", "by": [{"column": "abroad", "descending": true}, {"column": "Title"}]}]`,
}

// TestARecipeOfTenStepsGivesTheSameBytes cleans a table on a server, and does the same to its file without one.
func TestARecipeOfTenStepsGivesTheSameBytes(t *testing.T) {
	environ := []string{"EDGEFRAME_URL=" + testenv.StartServer(t, "MAX_VERSIONS=2").URL}
	dir := t.TempDir()
	run := func(stdin string, args ...string) string {
		t.Helper()
		var out, stderr bytes.Buffer
		if code := (Program{Environ: environ, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &stderr}).Run(args); code != 0 {
			t.Fatalf("%v: exit code %d: %s", args, code, stderr.String())
		}
		return strings.TrimSpace(out.String())
	}
	movies := testenv.VegaFile(t, "movies.json")
	id := run("", "upload", movies, "-q")
	for _, edit := range cleaning {
		run(edit, "edit", id, "-f", "-")
	}
	recipe := filepath.Join(dir, "recipe.json")
	if err := os.WriteFile(recipe, []byte(run("", "recipe", id)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"movies.arrow", "movies.parquet", "movies.csv"} {
		served, applied := filepath.Join(dir, "served-"+name), filepath.Join(dir, "applied-"+name)
		run("", "get", id, "-o", served)
		run("", "apply", recipe, movies, "-o", applied)
		want, err := os.ReadFile(served)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(applied)
		if err != nil || !bytes.Equal(got, want) || len(got) < 100_000 {
			t.Errorf("%s: %d bytes of the server, %d without it, %v", name, len(want), len(got), err)
		}
	}
}
