package codec

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestColumnsWithoutANameOfTheirOwnGetOne(t *testing.T) {
	for _, test := range []struct{ given, want string }{
		{"a,b", "a,b"},
		{",a", "column_1,a"},
		{"x,x,x", "x,x.1,x.2"},
		{"x,x,x.1", "x,x.2,x.1"},
		{",column_1,", "column_1.1,column_1,column_3"},
		{"a,A", "a,A"},
	} {
		names, renamed := NameColumns(strings.Split(test.given, ","))
		if got := strings.Join(names, ","); got != test.want {
			t.Errorf("%s: got %s, want %s", test.given, got, test.want)
		}
		for _, r := range renamed {
			if given := strings.Split(test.given, ",")[r.Column]; given != r.From || names[r.Column] != r.Name || given == r.Name {
				t.Errorf("%s: renamed has %+v", test.given, r)
			}
		}
	}
	_, renamed := NameColumns([]string{"x", "x", ""})
	if diff := cmp.Diff([]Renamed{{1, "x.1", "x"}, {2, "column_3", ""}}, renamed); diff != "" {
		t.Error(diff)
	}
	if err := RefuseRenamed(renamed, "line 1"); err == nil || !strings.Contains(err.Error(), `column 2 is named "x" on line 1`) {
		t.Errorf("strict: %v", err)
	}
}

func TestSamplesAreFewAndShort(t *testing.T) {
	var samples []Sample
	for line := range int64(5) {
		samples = AddSample(samples, Sample{Respelled, line, strings.Repeat("é", 80), "b"})
		samples = AddSample(samples, Sample{ToMissing, line, "n/a", ""})
	}
	if len(samples) != 2*MaxSamples || len(samples[0].Before) > maxSampleBytes+len("…") {
		t.Errorf("got %d samples, the first %q", len(samples), samples[0].Before)
	}
}
