//go:build !js

package main_test

import (
	"io"
	"net/http"
	"testing"

	"edgeframe/internal/testenv"
)

func TestHello(t *testing.T) {
	w := testenv.StartExample(t, "examples/worker-hello", testenv.WorkerOptions{Vars: map[string]string{"GREETING": "Good morning"}})
	for range 3 {
		response, err := http.Get(w.URL + "/some/path")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if want := "Good morning from Go at /some/path\n"; err != nil || response.StatusCode != http.StatusOK || string(body) != want {
			t.Errorf("%d %q %v, want %q\n%s", response.StatusCode, body, err, want, w.Logs())
		}
	}
}
