//go:build !js

package native

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// maxProbeBytes bounds how much of a health document is read.
const maxProbeBytes = 64 << 10

// Probe asks the server that cfg describes for a health document and writes it to out. path
// is the document's path, for instance /health/ready. It returns an error unless the server
// answers that it is healthy.
func Probe(ctx context.Context, cfg Config, path string, out io.Writer) error {
	if cfg.Port == 0 {
		return fmt.Errorf("probe the server: PORT=0 does not say where it listens; set PORT to its port")
	}
	url := localURL(cfg.Host, strconv.Itoa(cfg.Port)) + path
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("probe the server: %w", err)
	}
	// A transport of its own: a proxy of the environment has no part in this.
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return fmt.Errorf("probe the server: %w", err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(out, io.LimitReader(resp.Body, maxProbeBytes)); err != nil {
		return fmt.Errorf("probe the server: %s: %w", url, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("probe the server: %s answered %s", url, resp.Status)
	}
	return nil
}
