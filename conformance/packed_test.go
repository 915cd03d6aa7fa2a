//go:build !js

package conformance

import (
	"net/url"
	"path/filepath"
	"testing"

	"edgeframe/internal/testenv"
)

func TestABrowserSendsACompressedTableToTheServer(t *testing.T) {
	page := testenv.ServePage(t, filepath.Join("testdata", "packed.html"))
	sendPacked(t, page, native(t, "STORAGE_DIR=", "CORS_ORIGINS="+page.Origin))
}

func TestABrowserSendsACompressedTableToTheWorker(t *testing.T) {
	page := testenv.ServePage(t, filepath.Join("testdata", "packed.html"))
	worker := testenv.StartWorker(t, testenv.WorkerOptions{Vars: map[string]string{"CORS_ORIGINS": page.Origin}})
	sendPacked(t, page, Target{URL: worker.URL})
}

// sendPacked opens a page in Chromium that compresses a table with a CompressionStream.
func sendPacked(t *testing.T, page *testenv.Page, target Target) {
	got := page.Open(t, page.Origin, url.Values{"server": {target.URL}})
	if want := `{"status":201,"shape":[2,2],"format":"csv"}`; got != want {
		t.Errorf("the page reports %s, want %s", got, want)
	}
}
