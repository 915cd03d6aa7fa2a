//go:build !js

// Package conformance holds a running server to the HTTP API, whatever it runs on.
//
// [Run] knows the server by its URL only. What may differ between servers the [Target]
// declares, or the server itself at /health/storage; everything else, down to the bytes of
// the documents, must be the same everywhere. Nothing is skipped: what a server declares
// that it cannot do is not asked of it.
package conformance

import "testing"

// Target is a running server, started for the tests alone, on empty storage.
type Target struct {
	// URL is where it listens, without a slash at the end.
	URL string
	// MaxUploadBytes is the largest body that it accepts.
	MaxUploadBytes int64
	// MaxVersions is the number of previous versions that it keeps.
	MaxVersions int
	// TTLSeconds is what sessions get that ask for no ttl_seconds.
	TTLSeconds int
	// Origin is one of its CORS origins.
	Origin string
	// Token is what it demands as a bearer token; empty if it demands none.
	Token string
	// BackendType and BackendClass are what it must say of its storage, Runtime of its build.
	BackendType, BackendClass, Runtime string
}

// test is one claim about a server.
type test struct {
	claim string
	check func(c *client)
}

// Run checks every claim. The first ones watch the number of sessions in the store and run
// alone; the others run beside one another, each on sessions of its own.
func Run(t *testing.T, target Target) {
	alone := newClient(t, target)
	for _, tt := range countingTests {
		alone.run(tt.claim, tt.check)
	}
	groups := []struct {
		name  string
		tests []test
	}{
		{"create", createTests},
		{"session", sessionTests},
		{"metadata", metadataTests},
		{"expiry", expiryTests},
		{"page", pageTests},
		{"format", formatTests},
		{"negotiation", negotiationTests},
		{"caching", cachingTests},
		{"edit", editTests},
		{"operation", operationTests},
		{"clean", cleanTests},
		{"append and replace", tableTests},
		{"describe", describeTests},
		{"version", versionTests},
		{"missing", missingTests},
		{"audit", auditTests},
		{"revision", revisionTests},
		{"concurrency", concurrencyTests},
		{"protocol", protocolTests},
		{"health", healthTests},
		{"refusal", refusalTests},
		{"body", bodyTests},
		{"stream", streamTests},
		{"file", fileTests},
		{"workbook", workbookTests},
		{"dialect", dialectTests},
		{"vega", vegaTests},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			for _, tt := range g.tests {
				t.Run(tt.claim, func(t *testing.T) {
					t.Parallel()
					tt.check(alone.in(t))
				})
			}
		})
	}
}
