//go:build !js

package docs

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

// parameters are the names of the query parameters in the description of the API.
func parameters(t *testing.T) (names []string) {
	t.Helper()
	text, err := os.ReadFile("../api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Components struct {
			Parameters map[string]struct{ Name, In string } `json:"parameters"`
		} `json:"components"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	for _, p := range doc.Components.Parameters {
		if p.In == "query" {
			names = append(names, p.Name)
		}
	}
	return names
}

// The examples of the page run against a server, so each parameter has been seen to work as it says.
func TestEveryParameterHasAnExampleWithItsAnswer(t *testing.T) {
	var shown []string
	for _, e := range readPage(t, "api.md").examples() {
		if e.prints != "" {
			shown = append(shown, e.command)
		}
	}
	commands := strings.Join(shown, "\n")
	names := parameters(t)
	if len(names) < 30 {
		t.Fatalf("there are only the parameters %q", names)
	}
	for _, name := range names {
		if !regexp.MustCompile(`[?&]` + name + `=`).MatchString(commands) {
			t.Errorf("no example shows what comes of %s", name)
		}
	}
	for _, part := range []string{"Content-Encoding: ", "; header=absent", ":date32%5B%25d"} {
		if !strings.Contains(commands, part) {
			t.Errorf("no example has %q", part)
		}
	}
}
