package config

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"edgeframe/access"
)

// texts are the checks that the tag text of a setting names. They use no regular expressions, because
// the Worker would link that package for little else.
var texts = map[string]func(string) bool{
	"origin":    isOrigin,
	"token":     func(s string) bool { return s != "" && only(s, isPrintable) },
	"prefix":    func(s string) bool { return s != "" && len(s) <= 64 && only(s, among("_.:-")) },
	"served":    isServedHost,
	"host":      func(s string) bool { return s != "" && !strings.ContainsAny(s, "/@"+blanks) },
	"name":      func(s string) bool { return s != "" && only(s, among("_.-")) },
	"address":   isAddress,
	"collector": isCollector,
	"secret":    func(s string) bool { return len(s) >= access.MinSecretBytes },
	"publickey": func(s string) bool {
		_, err := access.ParsePublicKey(s)
		return err == nil
	},
}

const blanks = " \t\n\f\r"

// isOrigin reports whether s is * or an origin such as https://app.example.com.
func isOrigin(s string) bool {
	scheme, host, found := strings.Cut(s, "://")
	return s == "*" || found && scheme != "" && 'a' <= scheme[0] && scheme[0] <= 'z' && scheme == strings.ToLower(scheme) &&
		only(scheme, among("+.-")) && host != "" && !strings.ContainsAny(host, "/?#@"+blanks)
}

// isServedHost reports whether s is * or a host name or an IP address, without a port.
func isServedHost(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil || s == "*" || s != "" && s[0] != '.' && only(s, among("_.-"))
}

// isAddress reports whether s is host:port to listen on. An empty host stands for all addresses.
func isAddress(s string) bool {
	host, port, err := net.SplitHostPort(s)
	if err != nil || host != "" && (host == "*" || !isServedHost(host)) {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// isCollector reports whether s is an address such as http://localhost:4318.
func isCollector(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

func isPrintable(c rune) bool { return '!' <= c && c <= '~' }

// among returns a function that accepts letters and digits of ASCII and the characters in others.
func among(others string) func(rune) bool {
	return func(c rune) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune(others, c)
	}
}

// only reports whether allowed accepts every character of s.
func only(s string, allowed func(rune) bool) bool { return strings.TrimFunc(s, allowed) == "" }
