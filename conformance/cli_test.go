//go:build !js

package conformance

import (
	"testing"

	"edgeframe/internal/clitest"
	"edgeframe/internal/testenv"
)

// TestTheCommandLinePrintsTheSameOnTheWorker runs the scripts that package cli runs against the embedded store.
func TestTheCommandLinePrintsTheSameOnTheWorker(t *testing.T) {
	t.Parallel()
	worker := testenv.StartWorker(t, testenv.WorkerOptions{Vars: map[string]string{"API_TOKENS": "token-of-the-operator", "TOKEN_SECRET": tokenSecret}})
	clitest.RunAll(t, clitest.Server{URL: worker.URL, Token: "token-of-the-operator", Secret: tokenSecret})
}
