package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Warning is about a variable of the environment that has no effect.
type Warning struct {
	Variable string
	// Text is a whole sentence that names the variable.
	Text string
}

var (
	// ourPrefixes begin names that hardly anyone else would choose; shared ones begin names
	// of many programs, so that only a near miss of one of ours is worth a word.
	ourPrefixes    = []string{"REDIS_", "STORAGE_", "SESSION_", "COMPRESSION_", "SERIALIZATION_", "CORS_", "SEGMENT_"}
	sharedPrefixes = []string{"MAX_", "CACHE_", "LOG_", "KEY_", "API_"}

	// foreign are names with our prefixes that others set: desktops announce their session
	// manager, and Kubernetes and Docker links announce a service called redis.
	foreign = regexp.MustCompile(`^SESSION_MANAGER$|_SERVICE_(HOST|PORT)|_PORT_[0-9]+_(TCP|UDP)`)
)

// unknownVariables warns about each given variable that is one of ours elsewhere, or that looks
// like one and is not.
func unknownVariables(given map[string]string, vars []variable, elsewhere func(name string) string) []Warning {
	if elsewhere == nil {
		elsewhere = func(string) string { return "" }
	}
	var warnings []Warning
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if slices.ContainsFunc(vars, func(v variable) bool { return v.name == name }) || foreign.MatchString(name) {
			continue
		}
		if text := elsewhere(name); text != "" {
			warnings = append(warnings, Warning{name, text})
			continue
		}
		nearest, distance := nearestName(name, vars)
		if hasAnyPrefix(name, ourPrefixes) || hasAnyPrefix(name, sharedPrefixes) && distance <= len(nearest)/4 {
			warnings = append(warnings, Warning{name, fmt.Sprintf("%s is not a known variable; did you mean %s?", name, nearest)})
		}
	}
	return warnings
}

func nearestName(name string, vars []variable) (nearest string, distance int) {
	for i, v := range vars {
		if d := levenshtein.ComputeDistance(name, v.name); i == 0 || d < distance {
			nearest, distance = v.name, d
		}
	}
	return nearest, distance
}

func hasAnyPrefix(s string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}
