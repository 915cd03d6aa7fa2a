//go:build !js

// Package native runs edgeframe as a server process: it reads the configuration from the
// environment, chooses and opens the storage backend, serves HTTP until it is told to stop,
// and writes the log.
//
// If the configuration is wrong, the error names every mistake. Passwords and tokens are never
// shown. A client that stalls is disconnected. Requests in flight are finished before the process
// ends, within a limit of time. The package does not interpret requests; the handler does.
package native
