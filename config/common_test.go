package config

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgeframe/codec/compress"
)

func TestDerivedValues(t *testing.T) {
	c := mustParse(t, "SESSION_TIMEOUT_MINUTES=2", "MAX_DATAFRAME_SIZE_MB=4096",
		"MAX_UPLOAD_SIZE_MB=3", "CACHE_SIZE_MB=1", "API_TOKENS= a ,, b")
	got := []any{
		c.SessionTTL(), c.MaxDataframeBytes(), c.MaxUploadBytes(), c.CacheBytes(),
		string(c.APITokens[0]), string(c.APITokens[1]), c.Codec(),
		mustParse(t, "COMPRESSION_ENABLED=false", "COMPRESSION_CODEC=zstd").Codec(),
	}
	want := []any{
		2 * time.Minute, int64(4096 << 20), int64(3 << 20), int64(1 << 20),
		"a", "b", compress.Snappy,
		compress.None,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheLevelIsTheOneAskedForOrThatOfDebugging(t *testing.T) {
	for environ, want := range map[string]slog.Level{
		"":                           slog.LevelInfo,
		"LOG_LEVEL=debug":            slog.LevelDebug,
		"LOG_LEVEL=warn":             slog.LevelWarn,
		"LOG_LEVEL=warning":          slog.LevelWarn,
		"LOG_LEVEL=Error":            slog.LevelError,
		"DEBUG=true":                 slog.LevelDebug,
		"DEBUG=true LOG_LEVEL=":      slog.LevelDebug,
		"DEBUG=true LOG_LEVEL=error": slog.LevelError,
		"DEBUG=false":                slog.LevelInfo,
	} {
		if got := mustParse(t, strings.Fields(environ)...).Level(); got != want {
			t.Errorf("%q: the level is %s, want %s", environ, got, want)
		}
	}
}

func TestSettingsThatLetTooManyInAreWarnedAbout(t *testing.T) {
	long := strings.Repeat("x", minTokenLength)
	for _, tt := range []struct {
		environ []string
		want    []string
	}{
		{nil, nil},
		{[]string{"API_TOKENS=" + long}, nil},
		{[]string{"API_TOKENS=" + long, "CORS_ORIGINS=*"}, nil},
		{[]string{"API_TOKENS=geheim," + long + "," + long[1:]}, []string{"API_TOKENS: 2 of 3 tokens are shorter than 16 characters"}},
		{[]string{"CORS_ORIGINS=https://a.b,*"}, []string{"CORS_ORIGINS=* without API_TOKENS"}},
	} {
		got := mustParse(t, tt.environ...).AccessWarnings()
		if len(got) != len(tt.want) {
			t.Fatalf("%q: warnings %q", tt.environ, got)
		}
		for i, sentence := range got {
			if !strings.HasPrefix(sentence, tt.want[i]) || strings.Contains(sentence, "geheim") {
				t.Errorf("%q: warning %q, want %q", tt.environ, sentence, tt.want[i])
			}
		}
	}
}
