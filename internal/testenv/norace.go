//go:build !js && !race

package testenv

// Race says whether tests, and the servers that they start, run with the race detector.
const Race = false
