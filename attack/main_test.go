//go:build linux

package attack

import (
	"fmt"
	"os"
	"testing"
)

// TestMain runs the tests, or, as a process of its own, the probes of a server.
func TestMain(m *testing.M) {
	if url := os.Getenv(probeURL); url != "" {
		if err := probe(url, os.Getenv(probeSession)); err != nil {
			fmt.Fprintln(os.Stderr, "probe:", err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	if directory != "" {
		if err := os.RemoveAll(directory); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
