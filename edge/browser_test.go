//go:build !js

package edge_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

// TestAPageOfAnotherOriginUsesTheWorker opens a page in Chromium, once from an origin that the
// Worker allows and once from one that it does not allow.
func TestAPageOfAnotherOriginUsesTheWorker(t *testing.T) {
	reports := make(chan string, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /report", func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		reports <- string(body)
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "testdata/page.html") })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)

	w := startWith(t, testenv.WorkerOptions{Vars: map[string]string{"CORS_ORIGINS": server.URL}})
	const works = `{"created":[201,"table.csv"],"edited":[200,true],"page":[200,[[7,"x"]],true,true],"undone":200,` +
		`"csv":"a,b\n1,x\n2,y\n","rows":"2","deleted":204,"gone":404}`
	for origin, want := range map[string]string{
		server.URL: works,
		strings.Replace(server.URL, "127.0.0.1", "localhost", 1): `{"error":"TypeError: Failed to fetch"}`,
	} {
		testenv.Browse(t, origin+"/?worker="+url.QueryEscape(w.URL))
		select {
		case got := <-reports:
			if got != want {
				t.Errorf("a page of %s reports\n%s, want\n%s", origin, got, want)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("a page of %s reports nothing", origin)
		}
	}
}
