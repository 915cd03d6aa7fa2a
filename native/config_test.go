//go:build !js

package native

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgeframe/config"
)

func mustLoad(t *testing.T, environ ...string) Config {
	t.Helper()
	cfg, _, err := Load(environ)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestDefaultsAreTheDocumentedOnes(t *testing.T) {
	want := strings.Fields(`
		HOST=127.0.0.1 PORT=8000 ALLOWED_HOSTS=
		CORS_ORIGINS=http://localhost:*,https://localhost:*,http://127.0.0.1:*,https://127.0.0.1:*,http://[::1]:*,https://[::1]:*
		API_TOKENS= TOKEN_SECRET= TOKEN_PUBLIC_KEY=
		CACHE_SIZE_MB=128 KEY_PREFIX=edgeframe SEGMENT_TARGET_BYTES=1048576 MAX_VERSIONS=5
		SESSION_TIMEOUT_MINUTES=60 MAX_DATAFRAME_SIZE_MB=500 MAX_UPLOAD_SIZE_MB=50
		SERIALIZATION_METHOD=arrow COMPRESSION_ENABLED=true COMPRESSION_CODEC=snappy
		MAX_SESSIONS_PER_ACTOR=0 MAX_BYTES_PER_ACTOR=0
		SERVER_TIMING=false LOG_LEVEL=info DEBUG=false
		API_TOKENS_FILE= TOKEN_SECRET_FILE= TOKEN_PUBLIC_KEY_FILE=
		STORAGE_DIR=./storage STORAGE_SYNC=interval STORAGE_FALLBACK_TO_MEMORY=true CLOCK_JUMP_GRACE=3600
		STORAGE_RUNTIME_FALLBACK=false BREAKER_FAILURES=5 BREAKER_OPEN_FOR=2
		REDIS_ENABLED=false REDIS_URL=redis://localhost:6379/0 REDIS_SENTINEL_MASTER= REDIS_DB= REDIS_PASSWORD=
		REDIS_TLS_CA= REDIS_TLS_CERT= REDIS_TLS_KEY=
		REDIS_MAX_CONNECTIONS=50 REDIS_SOCKET_TIMEOUT=5 REDIS_SOCKET_CONNECT_TIMEOUT=5
		REDIS_RETRY_ON_TIMEOUT=true REDIS_WAIT_REPLICAS=0 REDIS_WAIT_TIMEOUT=1 REDIS_HEALTH_CHECK_INTERVAL=30 REDIS_SESSION_TTL_SECONDS=3600
		MAX_MEMORY_MB= MAX_CONCURRENT_WORK= MAX_CONNECTIONS=0 RATE_LIMIT_PER_MINUTE=0 SHUTDOWN_DELAY=0
		LOG_FORMAT=text ACCESS_LOG=false METRICS=false METRICS_ADDR= OTEL_EXPORTER_OTLP_ENDPOINT=`)
	if diff := cmp.Diff(want, strings.Split(mustLoad(t).String(), " ")); diff != "" {
		t.Error(diff)
	}
}

func TestValuesAreRead(t *testing.T) {
	for variable, want := range map[string]string{
		"HOST=::1":                    "HOST=::1",
		"ALLOWED_HOSTS= a.b, C ,::1,": "ALLOWED_HOSTS=a.b,C,::1",
		"ALLOWED_HOSTS=*":             "ALLOWED_HOSTS=*",
		"PORT=0":                      "PORT=0",
		"METRICS_ADDR=:9464":          "METRICS_ADDR=:9464",
		"METRICS_ADDR=[::1]:0":        "METRICS_ADDR=[::1]:0",
		"OTEL_EXPORTER_OTLP_ENDPOINT=https://a.b/otlp": "OTEL_EXPORTER_OTLP_ENDPOINT=https://a.b/otlp",
		"PORT= 8080 ":                              "PORT=8080",
		"PORT=":                                    "PORT=8000",
		"STORAGE_DIR=/var/lib/edgeframe":           "STORAGE_DIR=/var/lib/edgeframe",
		"STORAGE_DIR=":                             "STORAGE_DIR=",
		"STORAGE_SYNC=ALWAYS":                      "STORAGE_SYNC=always",
		"STORAGE_FALLBACK_TO_MEMORY=off":           "STORAGE_FALLBACK_TO_MEMORY=false",
		"REDIS_ENABLED=True":                       "REDIS_ENABLED=true",
		"REDIS_URL=rediss://a:1/2,redis://b":       "REDIS_URL=rediss://a:1/2,redis://b",
		"REDIS_DB=3":                               "REDIS_DB=3",
		"REDIS_SOCKET_TIMEOUT=0.25":                "REDIS_SOCKET_TIMEOUT=0.25",
		"REDIS_SENTINEL_MASTER=main-1":             "REDIS_SENTINEL_MASTER=main-1",
		"REDIS_PASSWORD= with blanks and a comma,": "REDIS_PASSWORD=***",
	} {
		t.Run(variable, func(t *testing.T) {
			if got := " " + mustLoad(t, variable).String() + " "; !strings.Contains(got, " "+want+" ") {
				t.Errorf("%s is not in%s", want, got)
			}
		})
	}
}

func TestDerivedValues(t *testing.T) {
	cfg := mustLoad(t, "HOST=::1", "PORT=81", "REDIS_SESSION_TTL_SECONDS=90", "SESSION_TIMEOUT_MINUTES=2",
		"REDIS_SOCKET_TIMEOUT=1.5", "REDIS_PASSWORD= p ,")
	got := []any{
		cfg.Address(), cfg.RedisSessionTTL(), cfg.intendedTTL(), mustLoad(t, "REDIS_ENABLED=1").intendedTTL(),
		cfg.RedisSocketTimeout, string(cfg.RedisPassword),
	}
	want := []any{
		"[::1]:81", 90 * time.Second, 2 * time.Minute, time.Hour,
		1500 * time.Millisecond, " p ,",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBadValuesAreRefused(t *testing.T) {
	const number = "a whole number from "
	tests := []struct{ variable, shown, accepted string }{
		{"HOST=http://x", "", "a host name or an IP address"},
		{"ALLOWED_HOSTS=http://x", "", "a comma-separated list of host names without ports, or *"},
		{"ALLOWED_HOSTS=x:80", "", "a comma-separated list of host names without ports"},
		{"ALLOWED_HOSTS=ok,.x", "", "a comma-separated list of host names without ports"},
		{"ALLOWED_HOSTS=*.x", "", "a comma-separated list of host names without ports"},
		{"PORT=65536", "", "a port number from 1 to 65535, or 0 for any free one"},
		{"PORT=-1", "", "a port number"},
		{"PORT=99999999999999999999", "", "a port number"},
		{"PORT=http", "", "a port number"},
		{"STORAGE_SYNC=never", "", "one of interval, always"},
		{"STORAGE_FALLBACK_TO_MEMORY=perhaps", "", "true or false"},
		{"REDIS_ENABLED=ja", "", "true or false"},
		{"REDIS_URL=http://u:geheim@x", `REDIS_URL="http://u:***@x"`, "redis://host:port/db or rediss://host:port/db"},
		{"REDIS_URL=redis://", "", "redis://host:port/db"},
		{"REDIS_URL=redis://a,", "", "redis://host:port/db"},
		{"REDIS_URL=redis://a?ssl_cert_reqs=none", "", "redis://host:port/db"},
		{"REDIS_URL=redis://a:0", "", "redis://host:port/db"},
		{"REDIS_URL=redis://a:70000", "", "redis://host:port/db"},
		{"REDIS_URL=redis://a/first", "", "redis://host:port/db"},
		{"REDIS_URL=redis://:%zz@a", `REDIS_URL="redis://:***@a"`, "redis://host:port/db"},
		{"REDIS_URL=redis://:${REDIS_PASSWORD}@a", `REDIS_URL="redis://:***@a"`, "it refers to ${REDIS_PASSWORD}, which is not set"},
		{"REDIS_SENTINEL_MASTER=a b", "", "the name of a master that Sentinel watches"},
		{"REDIS_DB=-1", "", number + "0 to 2147483647"},
		{"REDIS_MAX_CONNECTIONS=0", "", number + "1 to 100000"},
		{"REDIS_SOCKET_TIMEOUT=0", "", "a number of seconds above 0 and up to 86400, for instance 5.0"},
		{"REDIS_SOCKET_TIMEOUT=NaN", "", "a number of seconds"},
		{"REDIS_SOCKET_CONNECT_TIMEOUT=5s", "", "a number of seconds"},
		{"REDIS_RETRY_ON_TIMEOUT=x", "", "true or false"},
		{"REDIS_WAIT_REPLICAS=-1", "", number + "0 to 100"},
		{"REDIS_WAIT_TIMEOUT=0", "", "a number of seconds above 0"},
		{"REDIS_HEALTH_CHECK_INTERVAL=inf", "", "a number of seconds"},
		{"REDIS_SESSION_TTL_SECONDS=0", "", number + "1 to 2592000"},
		{"MAX_CONNECTIONS=-1", "", number + "0 to 1000000"},
		{"SHUTDOWN_DELAY=10s", "", number + "0 to 3600"},
		{"CLOCK_JUMP_GRACE=-1", "", number + "0 to 86400"},
		{"CLOCK_JUMP_GRACE=1h", "", number + "0 to 86400"},
		{"METRICS_ADDR=9464", "", "an address such as 127.0.0.1:9464 or :9464"},
		{"METRICS_ADDR=*:9464", "", "an address such as"},
		{"METRICS_ADDR=localhost:http", "", "an address such as"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=localhost:4318", "", "an address such as http://localhost:4318"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://u:p@x", "", "an address such as"},
		{"LOG_FORMAT=xml", "", "one of text, json"},
	}
	for _, test := range tests {
		t.Run(test.variable, func(t *testing.T) {
			_, _, err := Load([]string{test.variable})
			var bad *config.Error
			if !errors.As(err, &bad) || len(bad.Problems) != 1 {
				t.Fatalf("want one problem, got %v", err)
			}
			shown := test.shown
			if shown == "" {
				name, value, _ := strings.Cut(test.variable, "=")
				shown = fmt.Sprintf("%s=%q", name, value)
			}
			if got := bad.Problems[0]; !strings.HasPrefix(got, shown+": ") || !strings.Contains(got, test.accepted) {
				t.Errorf("got %s\nwant %s: …%s…", got, shown, test.accepted)
			}
		})
	}
}

func TestAllBadValuesAreReportedAtOnceInOrder(t *testing.T) {
	_, _, err := Load([]string{"DEBUG=x", "REDIS_DB=x", "PORT=x", "MAX_VERSIONS=-2", "HOST=fine"})
	var bad *config.Error
	if !errors.As(err, &bad) {
		t.Fatalf("got %v", err)
	}
	var names []string
	for _, problem := range bad.Problems {
		name, _, _ := strings.Cut(problem, "=")
		names = append(names, name)
	}
	if diff := cmp.Diff([]string{"PORT", "MAX_VERSIONS", "DEBUG", "REDIS_DB"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestRedisURLsExpandReferences(t *testing.T) {
	cfg := mustLoad(t, "REDIS_PASSWORD=p@/:,#%ß", "NODE=cache.internal",
		"REDIS_URL=redis://default:${REDIS_PASSWORD}@${NODE}:6380/1, rediss://other")
	if len(cfg.RedisURL.Nodes) != 2 {
		t.Fatalf("got %d nodes, want 2", len(cfg.RedisURL.Nodes))
	}
	node := cfg.RedisURL.Nodes[0]
	password, _ := node.User.Password()
	got := []string{node.User.Username(), password, node.Host, node.Path, cfg.RedisURL.Nodes[1].Host}
	if diff := cmp.Diff([]string{"default", "p@/:,#%ß", "cache.internal:6380", "/1", "other"}, got); diff != "" {
		t.Error(diff)
	}
	if got, want := cfg.RedisURL.String(), "redis://default:***@cache.internal:6380/1,rediss://other"; got != want {
		t.Errorf("shown as %s, want %s", got, want)
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	cfg := mustLoad(t, "REDIS_PASSWORD=hush-1", "API_TOKENS=hush-2,hush-3",
		"REDIS_URL=redis://u:hush-4@h,redis://hush-5@h,redis://:${REDIS_PASSWORD}@h")
	var out bytes.Buffer
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		fmt.Fprintf(&out, format+"\n", cfg)
		fmt.Fprintf(&out, format+"\n", &cfg)
		fmt.Fprintf(&out, format+" "+format+" "+format+"\n", cfg.RedisURL, cfg.RedisPassword, cfg.APITokens)
	}
	if err := json.NewEncoder(&out).Encode(cfg); err != nil {
		t.Fatal(err)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "config", cfg, "url", cfg.RedisURL, "tokens", cfg.APITokens)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "config", cfg, "url", cfg.RedisURL, "password", cfg.RedisPassword)
	for _, bad := range []string{"REDIS_URL=redis://u:hush-6@h:x", "REDIS_URL=u:hush-7/@h", "REDIS_URL=redis://name:hush/hush@h:0", "API_TOKENS=hush-9 hush"} {
		_, _, err := Load([]string{bad})
		fmt.Fprintln(&out, err)
	}
	for line := range strings.Lines(out.String()) {
		if strings.Contains(line, "hush") {
			t.Errorf("a secret is shown: %s", line)
		}
	}
	if !strings.Contains(out.String(), "redis://u:***@h") {
		t.Error("the rest of the address is hidden too")
	}
}
