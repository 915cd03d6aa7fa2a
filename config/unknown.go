package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Warning is about an environment variable that has no effect.
type Warning struct {
	Variable string
	// Text is a complete sentence that names the variable.
	Text string
}

var (
	// ourPrefixes begin names that other programs hardly use: all unknown names with them cause
	// a warning. sharedPrefixes are common: only names close to a setting cause one.
	ourPrefixes    = []string{"REDIS_", "STORAGE_", "SESSION_", "COMPRESSION_", "SERIALIZATION_", "CORS_", "SEGMENT_"}
	sharedPrefixes = []string{"MAX_", "CACHE_", "LOG_", "KEY_", "API_", "ALLOWED_"}
)

// isForeign reports whether others set a name with our prefixes: desktops name their session manager,
// and Kubernetes and Docker links describe a service called redis.
func isForeign(name string) bool {
	_, port, linked := strings.Cut(name, "_PORT_")
	protocol := strings.TrimLeft(port, "0123456789")
	return name == "SESSION_MANAGER" || strings.Contains(name, "_SERVICE_HOST") || strings.Contains(name, "_SERVICE_PORT") ||
		linked && protocol != port && (strings.HasPrefix(protocol, "_TCP") || strings.HasPrefix(protocol, "_UDP"))
}

// unknownVariables returns a warning for each given variable that is a setting of another build,
// or that looks like a setting and is not.
func unknownVariables(given map[string]string, vars []variable, ignoredHere func(name string) string) []Warning {
	if ignoredHere == nil {
		ignoredHere = func(string) string { return "" }
	}
	var warnings []Warning
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if slices.ContainsFunc(vars, func(v variable) bool { return v.name == name }) || isForeign(name) {
			continue
		}
		if text := ignoredHere(name); text != "" {
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
