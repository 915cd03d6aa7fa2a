//go:build !js

package conformance

import (
	"testing"

	"edgeframe/internal/testenv"
)

func TestWorkerOnWorkersKV(t *testing.T) {
	worker := testenv.StartWorker(t, testenv.WorkerOptions{Vars: map[string]string{
		"MAX_UPLOAD_SIZE_MB": "8", "MAX_DATAFRAME_SIZE_MB": "64", "CORS_ORIGINS": "https://app.example.com", "API_TOKENS": "first-token,second-token",
		"TOKEN_SECRET": tokenSecret, "LOG_LEVEL": "debug",
	}})
	findNoTokens(t, worker.Logs)
	Run(t, Target{
		URL:            worker.URL,
		MaxUploadBytes: 8 << 20,
		MaxVersions:    5,
		TTLSeconds:     3600,
		Origin:         "https://app.example.com",
		BackendType:    "workers_kv",
		BackendClass:   "WorkersKVBackend",
		Runtime:        "workers",
		Token:          "second-token",
		TokenSecret:    tokenSecret,
	})
	if t.Failed() {
		t.Log(shorten(worker.Logs()))
	}
}
