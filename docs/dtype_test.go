//go:build !js

package docs

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"edgeframe/internal/testenv"
)

// TestTheDocumentationOfDTypeKnowsMissingValues uploads a missing value with the parameter that is documented
// to keep every spelling: the same paragraph must say what becomes of it, and how to keep it.
func TestTheDocumentationOfDTypeKnowsMissingValues(t *testing.T) {
	server := testenv.StartServer(t, "STORAGE_DIR=")
	response, err := http.Post(server.URL+"/api/v1/sessions?dtype=zip:utf8", "text/csv", strings.NewReader("zip,n\nNA,1\n01234,2\n"))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var made struct {
		Missing map[string]int `json:"missing_values"`
	}
	if err := json.NewDecoder(response.Body).Decode(&made); err != nil {
		t.Fatal(err)
	}
	if made.Missing["zip"] != 1 {
		t.Fatalf("the missing values are %v", made.Missing)
	}
	for _, line := range readPage(t, "api.md").lines() {
		_, after, found := strings.Cut(line, "`dtype=zip:utf8` keeps every spelling")
		if !found {
			continue
		}
		sentence, _, _ := strings.Cut(after, ". ")
		if !strings.Contains(sentence, "missing value") || !strings.Contains(sentence, "`null_values`") {
			t.Errorf("NA becomes missing, and the documentation says that every spelling is kept%s", sentence)
		}
		return
	}
	t.Error("the documentation does not say what dtype=zip:utf8 keeps")
}
