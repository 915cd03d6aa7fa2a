//go:build !js

// Package native runs edgeframe as a server process: it reads the configuration from the
// environment, chooses and opens the storage backend, serves HTTP until it is told to stop,
// and writes the log.
//
// It promises that a wrong configuration is refused with every mistake named at once, that
// no password or token is ever shown, that a client which stalls does not hold the server,
// and that requests in flight are finished before the process ends. It never looks into
// requests; what they mean is the business of the handler.
package native
