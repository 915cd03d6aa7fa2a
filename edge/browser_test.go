//go:build !js

package edge_test

import (
	"net/url"
	"testing"

	"edgeframe/internal/testenv"
)

// TestAPageOfAnotherOriginUsesTheWorker opens a page in Chromium, once from an origin that the
// Worker allows and once from one that it does not allow.
func TestAPageOfAnotherOriginUsesTheWorker(t *testing.T) {
	page := testenv.ServePage(t, "testdata/page.html")
	w := startWith(t, testenv.WorkerOptions{Vars: map[string]string{"CORS_ORIGINS": page.Origin}})
	const works = `{"created":[201,"table.csv"],"edited":[200,true],"page":[200,[[7,"x"]],true,true],"undone":200,` +
		`"csv":"a,b\n1,x\n2,y\n","rows":"2","deleted":204,"gone":404}`
	for origin, want := range map[string]string{
		page.Origin:      works,
		page.OtherOrigin: `{"error":"TypeError: Failed to fetch"}`,
	} {
		if got := page.Open(t, origin, url.Values{"worker": {w.URL}}); got != want {
			t.Errorf("a page of %s reports\n%s, want\n%s", origin, got, want)
		}
	}
}
