//go:build !js

package cli

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"edgeframe/codec/formats"
)

// everyVerb returns all verbs of the program.
func everyVerb(t *testing.T) []*cobra.Command {
	t.Helper()
	a := &app{Program: Program{Stdout: new(bytes.Buffer), Stderr: new(bytes.Buffer)}}
	verbs := a.root().Commands()
	if len(verbs) < 20 {
		t.Fatalf("there are only %d verbs", len(verbs))
	}
	return verbs
}

func TestTheHelpOfEachVerbHasExamplesThatItsFlagsAllow(t *testing.T) {
	for _, verb := range everyVerb(t) {
		var help bytes.Buffer
		if code := (Program{Stdout: &help, Stderr: &help}).Run([]string{verb.Name(), "--help"}); code != 0 {
			t.Errorf("%s --help: exit code %d", verb.Name(), code)
		}
		if !strings.Contains(help.String(), "Examples:\n") || !strings.Contains(verb.Example, "edgeframe "+verb.Name()) {
			t.Errorf("%s --help has no example:\n%s", verb.Name(), help.String())
		}
		if verb.GroupID == "" {
			t.Errorf("%s is in no group", verb.Name())
		}
		for line := range strings.Lines(help.String()) {
			if len(strings.TrimRight(line, "\n")) > 100 && !strings.HasPrefix(strings.TrimSpace(line), "-") {
				t.Errorf("%s --help has a line of %d bytes: %s", verb.Name(), len(line), line)
			}
		}
		for line := range strings.Lines(verb.Example) {
			for word := range strings.FieldsSeq(line) {
				if name, ok := strings.CutPrefix(word, "--"); ok && strings.Contains(line, "edgeframe "+verb.Name()) && verb.Flags().Lookup(name) == nil {
					t.Errorf("%s has no flag --%s, which an example has", verb.Name(), name)
				}
			}
		}
	}
}

func TestEveryParameterOfReadingHasAFlag(t *testing.T) {
	var names []string
	for _, p := range readParams {
		names = append(names, p.name)
	}
	want := append([]string{"dtype", "strict"}, formats.Reading.Names...)
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("there are flags for %v, and parameters %v", names, want)
	}
}
