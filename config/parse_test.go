package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDefaultsAreTheDocumentedOnes(t *testing.T) {
	want := strings.Fields(`
		CORS_ORIGINS=http://localhost:*,https://localhost:*,http://127.0.0.1:*,https://127.0.0.1:*,http://[::1]:*,https://[::1]:*
		API_TOKENS= TOKEN_SECRET= TOKEN_PUBLIC_KEY=
		CACHE_SIZE_MB=128 KEY_PREFIX=edgeframe SEGMENT_TARGET_BYTES=1048576 MAX_VERSIONS=5
		SESSION_TIMEOUT_MINUTES=60 MAX_DATAFRAME_SIZE_MB=500 MAX_UPLOAD_SIZE_MB=50
		SERIALIZATION_METHOD=arrow COMPRESSION_ENABLED=true COMPRESSION_CODEC=snappy
		MAX_SESSIONS_PER_ACTOR=0 MAX_BYTES_PER_ACTOR=0
		SERVER_TIMING=false LOG_LEVEL=info DEBUG=false`)
	c := mustParse(t)
	if diff := cmp.Diff(want, strings.Split(Show(&c), " ")); diff != "" {
		t.Error(diff)
	}
}

func TestABuildHasItsOwnSettingsAndDefaults(t *testing.T) {
	want := strings.Fields(`
		PLACE=./here
		CORS_ORIGINS=* API_TOKENS= TOKEN_SECRET= TOKEN_PUBLIC_KEY=
		CACHE_SIZE_MB=32 KEY_PREFIX=edgeframe SEGMENT_TARGET_BYTES=1048576 MAX_VERSIONS=5
		SESSION_TIMEOUT_MINUTES=60 MAX_DATAFRAME_SIZE_MB=500 MAX_UPLOAD_SIZE_MB=50
		SERIALIZATION_METHOD=arrow COMPRESSION_ENABLED=true COMPRESSION_CODEC=snappy
		MAX_SESSIONS_PER_ACTOR=0 MAX_BYTES_PER_ACTOR=0
		SERVER_TIMING=false LOG_LEVEL=warn DEBUG=false
		MODE=slow DOOR= LIMIT= WAIT=5 PASSWORD=`)
	b := mustParseBuild(t)
	if diff := cmp.Diff(want, strings.Split(Show(&b), " ")); diff != "" {
		t.Error(diff)
	}
}

func TestValuesAreRead(t *testing.T) {
	for variable, want := range map[string]string{
		"CORS_ORIGINS=https://a.b, http://c:1 ,": "CORS_ORIGINS=https://a.b,http://c:1",
		"CORS_ORIGINS=*":                         "CORS_ORIGINS=*",
		"CORS_ORIGINS=":                          "CORS_ORIGINS=",
		"CORS_ORIGINS= , ":                       "CORS_ORIGINS=",
		`CORS_ORIGINS=["http://localhost:3001"]`: "CORS_ORIGINS=http://localhost:3001",
		`CORS_ORIGINS= ["https://a.b" , "*"] `:   "CORS_ORIGINS=https://a.b,*",
		"CORS_ORIGINS=[]":                        "CORS_ORIGINS=",
		"API_TOKENS=one,two":                     "API_TOKENS=***,***",
		"CACHE_SIZE_MB= 8 ":                      "CACHE_SIZE_MB=8",
		"CACHE_SIZE_MB=":                         "CACHE_SIZE_MB=32",
		"MAX_VERSIONS=":                          "MAX_VERSIONS=5",
		"MAX_VERSIONS=0":                         "MAX_VERSIONS=0",
		"SERIALIZATION_METHOD=msgpack":           "SERIALIZATION_METHOD=msgpack",
		"SERIALIZATION_METHOD=arrow":             "SERIALIZATION_METHOD=arrow",
		"COMPRESSION_ENABLED=off":                "COMPRESSION_ENABLED=false",
		"COMPRESSION_CODEC=zstd":                 "COMPRESSION_CODEC=zstd",
		"LOG_LEVEL=WARNING":                      "LOG_LEVEL=warning",
		"LOG_LEVEL= ":                            "LOG_LEVEL=warn",
		"DEBUG=true":                             "LOG_LEVEL=debug",
		"PLACE=":                                 "PLACE=",
		"MODE=FAST":                              "MODE=fast",
		"DOOR=front:geheim":                      "DOOR=front",
		"LIMIT=3":                                "LIMIT=3",
		"WAIT=0.25":                              "WAIT=0.25",
		"PASSWORD= with blanks and a comma,":     "PASSWORD=***",
	} {
		t.Run(variable, func(t *testing.T) {
			b := mustParseBuild(t, variable)
			if got := " " + Show(&b) + " "; !strings.Contains(got, " "+want+" ") {
				t.Errorf("%s is not in%s", want, got)
			}
		})
	}
}

func TestTheLaterOfTwoEntriesWins(t *testing.T) {
	if c := mustParse(t, "MAX_VERSIONS=1", "MAX_VERSIONS=2"); c.MaxVersions != 2 {
		t.Errorf("MAX_VERSIONS is %d, want 2", c.MaxVersions)
	}
}

func TestBadValuesAreRefused(t *testing.T) {
	const number = "a whole number from "
	tests := []struct{ variable, shown, accepted string }{
		{"CORS_ORIGINS=http://ok,localhost:3000", "", "accepted is a comma-separated list of origins"},
		{"CORS_ORIGINS=http://a/path", "", "a comma-separated list of origins"},
		{`CORS_ORIGINS=["http://a/path"]`, `CORS_ORIGINS="http://a/path"`, "a comma-separated list of origins"},
		{`CORS_ORIGINS=["http://a"`, "", "a comma-separated list of origins"},
		{"API_TOKENS=tok en", `API_TOKENS="***"`, "a comma-separated list of tokens without spaces"},
		{"API_TOKENS=", "", "it names no token, so everybody could read and write; set tokens, or remove the variable"},
		{"API_TOKENS= , ", "", "it names no token"},
		{"TOKEN_SECRET=0123456789abcdef0123456789abcde", `TOKEN_SECRET="***"`, "at least 32 bytes"},
		{"TOKEN_SECRET=", "", "it holds no secret"},
		{"TOKEN_PUBLIC_KEY=abc", "", "a public key of Ed25519, as PEM or as base64 of its 32 bytes"},
		{"TOKEN_PUBLIC_KEY= ", "", "it holds no key"},
		{"CACHE_SIZE_MB=0", "", number + "1 to 2147483647"},
		{"KEY_PREFIX=a{b}", "", "1 to 64 letters, digits and _ . : -"},
		{"KEY_PREFIX=" + strings.Repeat("k", 65), "", "1 to 64 letters"},
		{"SEGMENT_TARGET_BYTES=1", "", number + "1024 to 16777216"},
		{"MAX_VERSIONS=-1", "", number + "0 to 1000"},
		{"MAX_VERSIONS=99999999999999999999", "", number + "0 to 1000"},
		{"SESSION_TIMEOUT_MINUTES=0", "", number + "1 to 43200"},
		{"MAX_DATAFRAME_SIZE_MB=1.5", "", number + "1 to 2147483647"},
		{"MAX_UPLOAD_SIZE_MB=0", "", number + "1 to 2147483647"},
		{"SERIALIZATION_METHOD=pickle", "", "arrow (also spelled pyarrow) or msgpack; what was pickle before is arrow now"},
		{"COMPRESSION_ENABLED=2", "", "true or false"},
		{"COMPRESSION_CODEC=brotli", "", "one of snappy, zstd, lz4, gzip, none"},
		{"LOG_LEVEL=loud", "", "one of debug, info, warn, warning, error"},
		{"DEBUG=app:*", "", "true or false"},
		{"MODE=never", "", "one of slow, fast"},
		{"DOOR=geheim", `DOOR="geheim:***"`, "accepted is name:key"},
		{"DOOR=back:", `DOOR="back:***"`, ": its key is missing"},
		{"LIMIT=-1", "", number + "0 to 2147483647"},
		{"WAIT=0", "", "a number of seconds above 0 and up to 86400, for instance 5.0"},
		{"WAIT=NaN", "", "a number of seconds"},
		{"WAIT=inf", "", "a number of seconds"},
		{"WAIT=5s", "", "a number of seconds"},
	}
	for _, test := range tests {
		t.Run(test.variable, func(t *testing.T) {
			_, err := Parse(&build{}, []string{test.variable}, buildOptions)
			var bad *Error
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
	_, err := Parse(&build{}, []string{"LIMIT=x", "DEBUG=x", "MODE=x", "MAX_VERSIONS=-2", "PLACE=fine"}, buildOptions)
	const want = `invalid configuration:
  MAX_VERSIONS="-2": accepted is a whole number from 0 to 1000
  DEBUG="x": accepted is true or false
  MODE="x": accepted is one of slow, fast
  LIMIT="x": accepted is a whole number from 0 to 2147483647`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}
