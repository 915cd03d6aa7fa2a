//go:build !js

// Package conformance tests a running server against the HTTP API, on any runtime and storage.
//
// [Run] knows only the URL of the server. Differences between servers are declared by the [Target] or
// by the server itself at /health/storage. Everything else must be the same on all servers, down to
// the bytes of the documents. No test is skipped; abilities that a server declares to lack are not
// tested.
package conformance

import (
	"slices"
	"testing"
)

// Target is a running server that was started for the tests, with empty storage.
type Target struct {
	// URL is the address of the server, without a slash at the end.
	URL string
	// MaxUploadBytes is the size of the largest body that it accepts.
	MaxUploadBytes int64
	// MaxVersions is the number of previous versions that it keeps.
	MaxVersions int
	// TTLSeconds is the TTL of sessions that are created without ttl_seconds.
	TTLSeconds int
	// Origin is one of its CORS origins.
	Origin string
	// Token is the bearer token that it requires; empty if it requires none.
	Token string
	// TokenSecret is the secret under which it issues scoped tokens; empty if it issues none.
	TokenSecret string
	// BackendType, BackendClass and Runtime must be in its health document.
	BackendType, BackendClass, Runtime string
	// Groups are the groups of claims that are checked, all of them if it is nil.
	Groups []string
}

// test is one claim about a server.
type test struct {
	claim string
	check func(c *client)
}

// Run checks every claim. The first ones check the number of sessions in the store and run alone; the
// others run concurrently, each with its own sessions.
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
		{"query", queryTests},
		{"session of a query", fromTests},
		{"format", formatTests},
		{"negotiation", negotiationTests},
		{"caching", cachingTests},
		{"edit", editTests},
		{"operation", operationTests},
		{"cells", cellTests},
		{"compute", computeTests},
		{"clean", cleanTests},
		{"append and replace", tableTests},
		{"values by their types", typedTests},
		{"describe", describeTests},
		{"version", versionTests},
		{"recipe", recipeTests},
		{"names of versions", nameTests},
		{"missing", missingTests},
		{"audit", auditTests},
		{"live", liveTests},
		{"revision", revisionTests},
		{"concurrency", concurrencyTests},
		{"protocol", protocolTests},
		{"docs", docsTests},
		{"health", healthTests},
		{"refusal", refusalTests},
		{"body", bodyTests},
		{"stream", streamTests},
		{"file", fileTests},
		{"columnar", columnarTests},
		{"uuid", uuidTests},
		{"workbook", workbookTests},
		{"untidy workbook", untidyTests},
		{"dialect", dialectTests},
		{"document", documentTests},
		{"unpack", unpackTests},
		{"option", optionTests},
		{"vega", vegaTests},
		{"source", sourceTests},
		{"preview", previewTests},
		{"answer", answerTests},
		{"kinds of files", kindTests},
		{"repeat", repeatTests},
		{"access", accessTests},
	}
	for _, g := range groups {
		if target.Groups != nil && !slices.Contains(target.Groups, g.name) {
			continue
		}
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
