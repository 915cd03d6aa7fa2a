//go:build !js

// Package console tests the console, whose sources are in this directory: a page that uses the package edgeframe-client
// alone to speak with a server. The Go package console at the root of the repository has its built files.
package console
