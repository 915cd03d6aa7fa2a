//go:build !js && race

package testenv

const raceEnabled = true
