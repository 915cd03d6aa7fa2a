//go:build !js

package native

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryVariableIsDocumented(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, variable := range (Config{}).LogValue().Group() {
		if !strings.Contains(string(doc), "`"+variable.Key+"`") {
			t.Errorf("docs/configuration.md does not name %s", variable.Key)
		}
	}
}
