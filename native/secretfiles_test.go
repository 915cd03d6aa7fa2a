//go:build !js

package native

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecretsMayStandInFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret := strings.Repeat("s", 32)
	cfg := mustLoad(t, "API_TOKENS_FILE="+file("tokens", "one\ntwo,three\r\n\n"), "TOKEN_SECRET_FILE="+file("secret", secret+"\n"))
	if len(cfg.APITokens) != 3 || cfg.APITokens[0] != "one" || cfg.APITokens[2] != "three" || string(cfg.TokenSecret) != secret {
		t.Errorf("tokens %q, a secret of %d bytes", cfg.APITokens, len(cfg.TokenSecret))
	}
	if shown := cfg.String(); strings.Contains(shown, secret) || strings.Contains(shown, "three") {
		t.Errorf("the configuration is shown as %s", shown)
	}
	for _, tt := range []struct {
		environ []string
		says    string
	}{
		{[]string{"API_TOKENS_FILE=" + filepath.Join(dir, "nothing")}, "API_TOKENS_FILE: open "},
		{[]string{"API_TOKENS_FILE=" + file("empty", "\n"), "HOST=localhost"}, "it names no token"},
		{[]string{"TOKEN_SECRET_FILE=" + file("short", "hush\n")}, `TOKEN_SECRET="***"`},
		{[]string{"TOKEN_SECRET_FILE=" + file("large", strings.Repeat("s", maxSecretFile+1))}, "has more than 65536 bytes"},
		{[]string{"API_TOKENS=one", "API_TOKENS_FILE=" + file("more", "two")}, "API_TOKENS and API_TOKENS_FILE are both set"},
	} {
		_, _, err := Load(tt.environ)
		if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: %v, want %q", tt.environ, err, tt.says)
		}
	}
}
