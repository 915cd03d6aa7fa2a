//go:build !js

// Package archtest holds tests of the repository's shape: who imports whom, how long files
// are, and what the code that also runs at the edge must not call.
package archtest
