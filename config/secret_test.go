package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretsAreNeverShown(t *testing.T) {
	b := mustParseBuild(t, "PASSWORD=hush-1", "API_TOKENS=hush-2,hush-3")
	var out bytes.Buffer
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		fmt.Fprintf(&out, format+" "+format+" "+format+"\n", b.Common, b.Password, b.APITokens)
	}
	if err := json.NewEncoder(&out).Encode(b); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(&out, Show(&b))
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("x", "settings", LogValue(&b), "common", b.Common, "tokens", b.APITokens)
	}
	for _, bad := range []string{"API_TOKENS=hush-4 hush", "DOOR=:hush-5", "DOOR=front:hush-6"} {
		_, err := Parse(&build{}, []string{bad, "MODE=none"}, buildOptions)
		fmt.Fprintln(&out, err)
	}
	for line := range strings.Lines(out.String()) {
		if strings.Contains(line, "hush") {
			t.Errorf("a secret is shown: %s", line)
		}
	}
	if !strings.Contains(out.String(), "API_TOKENS=***,***") {
		t.Error("it is not shown that there are tokens")
	}
}
