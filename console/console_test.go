package console

import (
	"slices"
	"strings"
	"testing"

	"edgeframe/api"
)

// TestThePageIsThereWithoutItsBuild needs no Node, so it does not know whether the page has been built.
func TestThePageIsThereWithoutItsBuild(t *testing.T) {
	f, ok := File(api.ConsolePage)
	if !ok || f.ContentType != "text/html; charset=utf-8" {
		t.Fatalf("there is no page: %v %q", ok, f.ContentType)
	}
	body, err := f.Plain()
	if err != nil {
		t.Fatal(err)
	}
	built := slices.Contains(Names(), api.ConsolePage)
	if says := strings.Contains(string(body), "make build"); says == built {
		t.Errorf("built: %v; the page says how to build it: %v", built, says)
	}
	for _, name := range Names() {
		if f, ok := File(name); !ok || !f.Gzip || f.ContentType == "" {
			t.Errorf("%s: %v, %q", name, ok, f.ContentType)
		}
	}
	for _, name := range []string{"", "README", "../unbuilt.html", "none.js", "assets"} {
		if _, ok := File(name); ok {
			t.Errorf("there is a file %q", name)
		}
	}
}
