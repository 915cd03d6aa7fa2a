//go:build !js

package conformance

import (
	"net/http"
	"testing"

	"edgeframe/internal/testenv"
)

func TestWorkerOnWorkersKV(t *testing.T) {
	runWorker(t, testenv.WorkerOptions{}, "workers_kv", "WorkersKVBackend")
}

func TestWorkerWithDurableObjects(t *testing.T) {
	runWorker(t, testenv.WorkerOptions{Heads: true}, "workers_durable_objects", "WorkersDurableObjectsBackend")
}

// runWorker runs the suite on a Worker, and on the other kind of Worker at the same time.
func runWorker(t *testing.T, opt testenv.WorkerOptions, backendType, backendClass string) {
	t.Parallel()
	opt.Vars = map[string]string{
		"MAX_UPLOAD_SIZE_MB": "8", "MAX_DATAFRAME_SIZE_MB": "64", "CORS_ORIGINS": "https://app.example.com", "API_TOKENS": "first-token,second-token",
		"TOKEN_SECRET": tokenSecret, "LOG_LEVEL": "debug",
	}
	worker := testenv.StartWorker(t, opt)
	t.Cleanup(func() {
		// The tests of the suite run in parallel, after this function.
		if t.Failed() {
			t.Log(shorten(worker.Logs()))
		}
	})
	Run(t, Target{
		URL:            worker.URL,
		MaxUploadBytes: 8 << 20,
		MaxVersions:    5,
		TTLSeconds:     3600,
		Origin:         "https://app.example.com",
		BackendType:    backendType,
		BackendClass:   backendClass,
		Runtime:        "workers",
		Token:          "second-token",
		TokenSecret:    tokenSecret,
	})
}

// TestPagesOfTheOwnMachineMayCallTheWorkerByDefault is the default of CORS_ORIGINS on the Worker.
func TestPagesOfTheOwnMachineMayCallTheWorkerByDefault(t *testing.T) {
	worker := testenv.StartWorker(t, testenv.WorkerOptions{})
	c := newClient(t, Target{URL: worker.URL})
	for origin, status := range map[string]int{
		"http://localhost:3001": http.StatusCreated, "https://localhost:5173": http.StatusCreated, "http://127.0.0.1:49152": http.StatusCreated, "http://[::1]:8080": http.StatusCreated,
		"http://localhost.evil.example:80": http.StatusForbidden, "https://evil.example": http.StatusForbidden, "null": http.StatusForbidden,
	} {
		allowed := origin
		if status == http.StatusForbidden {
			allowed = ""
		}
		c.do("POST", "/api/v1/sessions", people, csvHeader, "Origin: "+origin, "Sec-Fetch-Site: cross-site").is(status).has("Access-Control-Allow-Origin", allowed)
	}
}
