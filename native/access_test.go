//go:build !js

package native

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHostsThatRequestsMayHave(t *testing.T) {
	hosts := []string{
		"localhost", "localhost:8000", "LOCALHOST.", "127.0.0.1:8000", "127.9.9.9", "[::1]", "[::1]:8000", "[::ffff:127.0.0.1]:1",
		"evil.example", "evil.example:8000", "localhost.evil.example", "169.254.169.254", "0.0.0.0:8000", "", ":8000", "127.0.0.1.evil.example",
		"app.example.com", "App.Example.COM.:443", "10.1.2.3:8000", "[fe80::1]:8000",
	}
	const loopback = "localhost localhost:8000 LOCALHOST. 127.0.0.1:8000 127.9.9.9 [::1] [::1]:8000 [::ffff:127.0.0.1]:1"
	for _, tt := range []struct {
		name    string
		environ []string
		want    string
	}{
		{"on a loopback address", nil, loopback},
		{"on the name of a loopback address", []string{"HOST=localhost"}, loopback},
		{"on a loopback address, with names", []string{"HOST=::1", "ALLOWED_HOSTS=APP.example.com,10.1.2.3,fe80::1"}, loopback + " app.example.com App.Example.COM.:443 10.1.2.3:8000 [fe80::1]:8000"},
		{"on another address, with a name", []string{"HOST=10.1.2.3", "ALLOWED_HOSTS=app.example.com"}, loopback + " app.example.com App.Example.COM.:443 10.1.2.3:8000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := mustLoad(t, tt.environ...)
			allowed := hostFilter(cfg, listensOnLoopback(cfg))
			var got []string
			for _, host := range hosts {
				if allowed(host) {
					got = append(got, host)
				}
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, environ := range [][]string{{"HOST=0.0.0.0"}, {"HOST=::"}, {"HOST=10.1.2.3"}, {"ALLOWED_HOSTS=*"}, {"HOST=0.0.0.0", "ALLOWED_HOSTS=a,*"}} {
		cfg := mustLoad(t, environ...)
		if hostFilter(cfg, listensOnLoopback(cfg)) != nil {
			t.Errorf("%q: not every host is allowed", environ)
		}
	}
}

func TestTheStartSaysWhoMayReadAndWrite(t *testing.T) {
	const open = "🔓 API tokens: none: everybody who reaches this address may read and write"
	for _, tt := range []struct {
		environ []string
		want    []string
	}{
		{nil, []string{open}},
		{[]string{"HOST=0.0.0.0"}, []string{open, "⚠️  HOST=0.0.0.0 can be reached from other machines and there are no API tokens; set API_TOKENS"}},
		{[]string{"HOST=0.0.0.0", "API_TOKENS=0123456789abcdef,0123456789abcdeg"}, []string{"🔑 API tokens: 2"}},
		{[]string{"API_TOKENS=geheim"}, []string{"🔑 API tokens: 1", "⚠️  API_TOKENS: 1 of 1 tokens are shorter than 16 characters, so they can be guessed; `openssl rand -hex 32` prints a better one"}},
		{[]string{"TOKEN_SECRET=0123456789abcdef0123456789abcdef", "CORS_ORIGINS=*", "HOST=0.0.0.0"}, []string{"🔑 API tokens: 0", "🔑 Scoped tokens: HS256 (TOKEN_SECRET)"}},
		{[]string{"CORS_ORIGINS=*"}, []string{open, "⚠️  CORS_ORIGINS=* without API_TOKENS: every web page may read and write in the browser of everybody who reaches this address; name the origins, or set API_TOKENS"}},
	} {
		var out bytes.Buffer
		cfg := mustLoad(t, tt.environ...)
		announceAccess(cfg, listensOnLoopback(cfg), NewLog(cfg, &out))
		if diff := cmp.Diff(strings.Join(tt.want, "\n")+"\n", out.String()); diff != "" {
			t.Errorf("%q: %s", tt.environ, diff)
		}
	}
}
