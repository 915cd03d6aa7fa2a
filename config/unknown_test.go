package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnknownVariablesGetTheNearestName(t *testing.T) {
	for variable, want := range map[string]string{
		"SESSION_TIMEOUT_MINUTE=": "SESSION_TIMEOUT_MINUTE is not a known variable; did you mean SESSION_TIMEOUT_MINUTES?",
		"MAX_UPLOAD_SIZE=1":       "MAX_UPLOAD_SIZE is not a known variable; did you mean MAX_UPLOAD_SIZE_MB?",
		"LOG_LEVL=info":           "LOG_LEVL is not a known variable; did you mean LOG_LEVEL?",
		"API_TOKEN=geheim":        "API_TOKEN is not a known variable; did you mean API_TOKENS?",
		"CACHE_SIZE=1":            "CACHE_SIZE is not a known variable; did you mean CACHE_SIZE_MB?",
	} {
		t.Run(variable, func(t *testing.T) {
			warnings, err := Parse(&Common{}, []string{variable}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(warnings) != 1 || warnings[0].Text != want {
				t.Errorf("got %v, want %s", warnings, want)
			}
		})
	}
}

func TestForeignVariablesAreNotReported(t *testing.T) {
	warnings, err := Parse(&build{}, []string{
		"PATH=/bin", "HOME=/root", "MAX_WORKERS=3", "LOG_DIR=/tmp", "API_KEY=x", "KEY_FILE=x", "CACHE_DIR=x",
		"SESSION_MANAGER=local/x", "REDIS_SERVICE_HOST=10.0.0.1", "REDIS_PORT_6379_TCP_ADDR=10.0.0.1", "PORTS=1", "",
	}, buildOptions)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Warning(nil), warnings); diff != "" {
		t.Error(diff)
	}
}

func TestWarningsAreSorted(t *testing.T) {
	warnings, err := Parse(&Common{}, []string{"REDIS_Z=1", "CORS_A=1", "REDIS_B=1"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, w := range warnings {
		names = append(names, w.Variable)
	}
	if diff := cmp.Diff([]string{"CORS_A", "REDIS_B", "REDIS_Z"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestVariablesOfAnotherBuildAreReportedAsSuch(t *testing.T) {
	warnings, err := Parse(&build{}, []string{"REDIS_URL=redis://:geheim@a", "SEGMENT_BYTES=1"}, buildOptions)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, w := range warnings {
		texts = append(texts, w.Text)
	}
	want := []string{"REDIS_URL has no effect here", "SEGMENT_BYTES is not a known variable; did you mean SEGMENT_TARGET_BYTES?"}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Error(diff)
	}
}
