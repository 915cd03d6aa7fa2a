//go:build !js

package native

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"edgeframe/config"
)

// RedisURL is the address of a Redis server, or the addresses of the nodes of a Cluster or of
// Sentinels. It is printed without passwords.
type RedisURL struct {
	// Nodes has at least one address, in the order in which they were given.
	Nodes []*url.URL
}

func (u RedisURL) String() string {
	shown := make([]string, len(u.Nodes))
	for i, node := range u.Nodes {
		shown[i] = redact(node.String())
	}
	return strings.Join(shown, ",")
}

// GoString hides passwords from %#v.
func (u RedisURL) GoString() string { return strconv.Quote(u.String()) }

// MarshalText hides passwords from JSON and structured logs.
func (u RedisURL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// Redact implements [config.Redactor].
func (RedisURL) Redact(raw string) string {
	var shown []string
	for part := range strings.SplitSeq(raw, ",") {
		shown = append(shown, redact(part))
	}
	return strings.Join(shown, ",")
}

// parseRedisURL parses one or more comma-separated addresses. References such as ${REDIS_PASSWORD}
// are replaced by the environment variable, escaped so that a password may contain any character.
func parseRedisURL(s string, given map[string]string) (RedisURL, error) {
	var u RedisURL
	for part := range strings.SplitSeq(s, ",") {
		expanded, err := expand(strings.TrimSpace(part), given)
		if err != nil {
			return RedisURL{}, err
		}
		node, err := url.Parse(expanded)
		if err != nil || !isRedisNode(node) {
			return RedisURL{}, fmt.Errorf("not a Redis address")
		}
		u.Nodes = append(u.Nodes, node)
	}
	return u, nil
}

func isRedisNode(u *url.URL) bool {
	if u.Scheme != "redis" && u.Scheme != "rediss" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return false
		}
	}
	if db := strings.Trim(u.Path, "/"); db != "" {
		if _, err := strconv.ParseUint(db, 10, 16); err != nil {
			return false
		}
	}
	return true
}

var reference = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

func expand(s string, given map[string]string) (string, error) {
	var missing error
	expanded := reference.ReplaceAllStringFunc(s, func(ref string) string {
		name := ref[2 : len(ref)-1]
		value := given[name]
		if value == "" {
			missing = config.Hint(fmt.Sprintf("it refers to ${%s}, which is not set", name))
		}
		return strings.TrimPrefix(url.UserPassword("", value).String(), ":")
	})
	return expanded, missing
}

// redact replaces the password in an address by ***. The address may not be well-formed; without
// an @ it has no password.
func redact(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address
	}
	start := 0
	if i := strings.Index(address, "://"); i >= 0 && i < at {
		start = i + len("://")
	}
	user, _, _ := strings.Cut(address[start:at], ":")
	if strings.ContainsAny(user, "@/?#") || !strings.Contains(address[start:at], ":") {
		user = ""
	}
	return address[:start] + user + ":" + config.Hidden + address[at:]
}
