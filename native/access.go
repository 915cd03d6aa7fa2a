//go:build !js

package native

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// listensOnLoopback reports whether HOST is reachable from this machine only.
func listensOnLoopback(cfg Config) bool {
	addr, err := net.ResolveIPAddr("ip", cfg.Host)
	return err == nil && addr.IP.IsLoopback()
}

// hostFilter returns a function that reports whether requests may have a Host, which may end with a
// port, or nil if all may. On a loopback address, or with ALLOWED_HOSTS, these are localhost, loopback
// addresses, HOST and the names of ALLOWED_HOSTS; otherwise all.
func hostFilter(cfg Config, local bool) func(host string) bool {
	if slices.Contains(cfg.AllowedHosts, "*") || !local && len(cfg.AllowedHosts) == 0 {
		return nil
	}
	allowed := map[string]bool{"localhost": true, hostName(cfg.Host): true}
	for _, name := range cfg.AllowedHosts {
		allowed[hostName(name)] = true
	}
	return func(host string) bool {
		name := hostName(host)
		addr, err := netip.ParseAddr(name)
		return allowed[name] || err == nil && addr.IsLoopback()
	}
}

// hostName returns the name or the address in a Host, without a port, in one spelling.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().WithZone("").String()
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// announceAccess logs who may read and write, with a warning for each setting that lets more people do
// so than the operator may think.
func announceAccess(cfg Config, local bool, log *Log) {
	if n := len(cfg.APITokens); cfg.HasTokens() {
		log.Line(slog.LevelInfo, fmt.Sprintf("🔑 API tokens: %d", n), "event", "access", "tokens", n)
	} else {
		log.Line(slog.LevelInfo, "🔓 API tokens: none: everybody who reaches this address may read and write", "event", "access", "tokens", 0)
		if !local {
			log.Line(slog.LevelWarn, "⚠️  HOST="+cfg.Host+" can be reached from other machines and there are no API tokens; set API_TOKENS", "event", "access_warning", "setting", "API_TOKENS")
		}
	}
	if names := scopedBy(cfg); names != "" {
		log.Line(slog.LevelInfo, "🔑 Scoped tokens: "+names, "event", "scoped_tokens", "algorithms", names)
	}
	for _, sentence := range cfg.AccessWarnings() {
		log.Line(slog.LevelWarn, "⚠️  "+sentence, "event", "access_warning")
	}
}

// scopedBy names the algorithms of scoped tokens, "" if none are accepted.
func scopedBy(cfg Config) string {
	var names []string
	if cfg.TokenSecret != "" {
		names = append(names, "HS256 (TOKEN_SECRET)")
	}
	if cfg.TokenPublicKey != "" {
		names = append(names, "EdDSA (TOKEN_PUBLIC_KEY)")
	}
	return strings.Join(names, ", ")
}
