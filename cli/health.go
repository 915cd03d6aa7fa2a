//go:build !js

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"edgeframe/cli/client"
)

// storage is what the health document of the storage says, as far as it is shown.
type storage struct {
	Status   string      `json:"status"`
	Backend  string      `json:"backend_type"`
	Runtime  string      `json:"runtime"`
	Version  string      `json:"version"`
	Latency  json.Number `json:"latency_ms"`
	Sessions json.Number `json:"active_sessions"`
	Exact    bool        `json:"active_sessions_exact"`
	Error    string      `json:"error"`
	Fallback struct {
		Active bool   `json:"active"`
		Reason string `json:"reason"`
	} `json:"fallback"`
}

func (a *app) healthVerb() *cobra.Command {
	var stored bool
	var timeout time.Duration
	verb := &cobra.Command{
		Use:   "health",
		Short: "Show whether a server works, or check the one that is configured here",
		Long: `Show the state of the server at EDGEFRAME_URL or --url. The exit code is 1 unless it is healthy.

If neither is given, check whether the server that HOST and PORT configure is ready, as
probes of containers do. The exit code is then 1 also if it cannot be reached.`,
		Args:    takes(0, 0, "no arguments"),
		Example: example("edgeframe health", "edgeframe health --url https://tables.example.com", "edgeframe health --storage --timeout 10s"),
		RunE: func(verb *cobra.Command, _ []string) error {
			if a.address == "" && lookup(a.Environ, "EDGEFRAME_URL") == "" {
				path := "/health/ready"
				if stored {
					path = "/health/storage"
				}
				return a.probe(path, timeout)
			}
			ctx, cancel := context.WithTimeout(context.Background(), timeout)
			defer cancel()
			return a.health(ctx, stored || a.asJSON)
		},
	}
	a.remote(verb)
	verb.Flags().BoolVar(&stored, "storage", false, "print the health document of the storage instead of checking readiness")
	a.documents(verb)
	verb.Flags().DurationVar(&timeout, "timeout", 3*time.Second, "how long to wait for the answer")
	return verb
}

// health shows the state of the storage of a server. It asks once: what is wanted is the state now.
func (a *app) health(ctx context.Context, asIs bool) error {
	a.retry = 0
	s, err := a.connect()
	if err != nil {
		return err
	}
	var doc storage
	var raw []byte
	read := func(resp *http.Response) error {
		raw, err = readDocument(resp, &doc)
		return err
	}
	err = s.Do(ctx, client.Request{Method: http.MethodGet, Path: "/health/storage", Also: http.StatusServiceUnavailable}, read)
	if ctx.Err() != nil {
		return &client.Unreachable{Base: s.Base, Err: fmt.Errorf("no answer in time; --timeout gives it longer")}
	}
	if err != nil {
		return err
	}
	if asIs {
		err = a.printRaw(raw)
	} else {
		a.printHealth(s.Base, doc)
	}
	if err == nil && doc.Status != "healthy" {
		return fmt.Errorf("the server is not healthy: %s", doc.Status)
	}
	return err
}

func (a *app) printHealth(base string, doc storage) {
	sessions := doc.Sessions.String()
	if !doc.Exact {
		sessions = "about " + sessions
	}
	fields := []field{
		{"server", base},
		{"status", doc.Status},
		{"version", fmt.Sprintf("%s (%s)", doc.Version, doc.Runtime)},
		{"storage", fmt.Sprintf("%s, answers in %s ms", doc.Backend, doc.Latency)},
		{"sessions", sessions},
	}
	if doc.Error != "" {
		fields = append(fields, field{"error", doc.Error})
	}
	if doc.Fallback.Active {
		fields = append(fields, field{"fallback", "in use: " + doc.Fallback.Reason})
	}
	printFields(a.out, fields)
}
