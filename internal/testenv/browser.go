//go:build !js

package testenv

import (
	"os/exec"
	"testing"
)

// Browse opens a page in a Chromium without a window, with a profile of its own and flags, and closes it
// at the end of the test.
func Browse(t testing.TB, url string, flags ...string) {
	t.Helper()
	cmd := exec.Command("chromium", append(flags, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--no-first-run", "--disable-dev-shm-usage",
		"--remote-debugging-port=0", "--user-data-dir="+t.TempDir(), url)...)
	log := &buffer{}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Logf("Chromium: %.2000s", log.String())
		}
	})
}
