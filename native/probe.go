//go:build !js

package native

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// maxProbeBytes is how much of a health document is read at most.
const maxProbeBytes = 64 << 10

// Probe requests a health document from the server that cfg describes and writes it to out. The
// path is that of the document, for instance /health/ready. Probe returns an error unless the
// server answers that it is healthy.
func Probe(ctx context.Context, cfg Config, path string, out io.Writer) error {
	if cfg.Port == 0 {
		return fmt.Errorf("probe the server: PORT=0 does not say where it listens; set PORT to its port")
	}
	url := localURL(cfg.Host, strconv.Itoa(cfg.Port)) + path
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("probe the server: %w", err)
	}
	// A transport of its own, so that proxies from the environment are not used.
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
