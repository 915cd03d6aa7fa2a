//go:build !js

package native

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestARefusedOriginIsLoggedOnceWithTheSetting(t *testing.T) {
	var out bytes.Buffer
	l := newOriginLog(slog.New(slog.NewJSONHandler(&out, nil)))
	for range 3 {
		l.refused("https://app.example.com")
	}
	var record map[string]any
	if err := json.Unmarshal(out.Bytes(), &record); err != nil {
		t.Fatalf("%v: %s", err, &out)
	}
	if record["origin"] != "https://app.example.com" || record["setting"] != "CORS_ORIGINS" || record["event"] != "origin_refused" || record["level"] != "WARN" {
		t.Errorf("%v", record)
	}
}

func TestTheLogOfRefusedOriginsIsBounded(t *testing.T) {
	var out bytes.Buffer
	l := newOriginLog(slog.New(slog.NewTextHandler(&out, nil)))
	for i := range 10_000 {
		l.refused(fmt.Sprintf("https://%d.example", i))
	}
	if lines := strings.Count(out.String(), "\n"); lines != maxRefusedOrigins+1 || len(l.seen) > maxRefusedOrigins+1 {
		t.Errorf("%d lines, %d origins", lines, len(l.seen))
	}
	if !strings.Contains(out.String(), "further ones are not logged") {
		t.Error("the log does not say that it ends")
	}
}
