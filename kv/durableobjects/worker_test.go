//go:build !js

package durableobjects_test

import (
	"strings"
	"testing"

	"edgeframe/internal/testenv"
)

func TestDurableObjectsKeepTheContract(t *testing.T) {
	output := testenv.RunTestsInWorker(t, "kv/durableobjects")
	if n := strings.Count(output, "    --- PASS"); n < 50 {
		t.Errorf("only %d tests ran:\n%s", n, output)
	}
}
