//go:build !js

package testenv

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// python finds an interpreter that has pandas, openpyxl and requests: Debian's, or the first of PATH.
var python = sync.OnceValue(func() string {
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", "import pandas, openpyxl, requests").Run() == nil {
			return name
		}
	}
	return ""
})

// Python runs a script with pandas. The script finds input as JSON on its standard input; what
// it prints is JSON for output. Arguments are its sys.argv[1:].
func Python(t testing.TB, script string, input, output any, args ...string) {
	t.Helper()
	if python() == "" {
		t.Fatal("there is no python3 with pandas, openpyxl and requests; make test installs them on Debian")
	}
	sent, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd := exec.Command(python(), append([]string{"-c", script}, args...)...)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(sent), &stderr
	printed, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3: %v\n%s", err, stderr.String())
	}
	if output == nil {
		return
	}
	if err := json.Unmarshal(printed, output); err != nil {
		t.Fatalf("python3 printed no JSON: %v: %.300s", err, printed)
	}
}
