//go:build !js && !race

package testenv

// RaceEnabled says that the race detector watches the tests: they take more time and memory.
const RaceEnabled = false
