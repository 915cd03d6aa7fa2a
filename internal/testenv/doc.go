//go:build !js

// Package testenv gives tests the real thing: the built server as a process of its own, and
// real files. It is for tests only.
package testenv
