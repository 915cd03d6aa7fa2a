//go:build !js

package conformance

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// maxSeries bounds the time series of a server after everything that clients can do, with those of the Go
// runtime and of the process.
const maxSeries = 500

// countSeries checks at the end of the suite that the number of time series is bounded, and that no label has
// an id or a path of a request.
func countSeries(t *testing.T, target Target) {
	t.Cleanup(func() {
		text := scrape(t, target)
		series := 0
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, "#") {
				series++
			}
		}
		t.Logf("%d time series", series)
		if series > maxSeries || series < maxSeries/4 {
			t.Errorf("%d time series, at most %d are expected, and most of those:\n%s", series, maxSeries, text)
		}
		if found := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-|etc/passwd|nowhere`).FindAllString(text, 5); found != nil {
			t.Errorf("labels have %q", found)
		}
		for _, has := range []string{`http_server_route_duration_seconds_count{method="PATCH",route="/api/v1/sessions/{id}/data",status="2xx"} `, `edgeframe_kv_operation_duration_seconds_count{backend="inmemory",operation="commit",result="ok"} `} {
			if !strings.Contains(text, has) {
				t.Errorf("no %s in\n%s", has, text)
			}
		}
	})
}

// scrape returns the metrics of a server, at the end of a test too, when its context is done.
func scrape(t *testing.T, target Target) string {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), "GET", target.URL+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+target.Token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v\n%s", response.Status, err, body)
	}
	return string(body)
}
