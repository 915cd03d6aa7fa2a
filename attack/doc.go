//go:build linux

// Package attack holds tests that try to end the server with ordinary requests: too many at once, or
// small ones that need much memory or CPU.
//
// TestMemory runs each attack against the server in a memory cgroup of 2 GiB, TestCPU reads the time
// that the process used. One attack alone, with what was measured:
//
//	go test ./attack -v -run 'TestMemory/bomb'
//
// While an attack runs, a process of its own asks for health and edits a small session.
package attack
