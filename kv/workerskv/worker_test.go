//go:build !js

package workerskv_test

import (
	"strings"
	"testing"

	"edgeframe/internal/testenv"
)

func TestWorkersKVKeepsTheContract(t *testing.T) {
	output := testenv.RunTestsInWorker(t, "kv/workerskv")
	if n := strings.Count(output, "    --- PASS"); n < 50 {
		t.Errorf("only %d tests ran:\n%s", n, output)
	}
}
