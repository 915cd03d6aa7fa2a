package logsafe_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"edgeframe/internal/logsafe"
)

func TestIDsAreShortened(t *testing.T) {
	const id = "0d68f988-099b-4dab-aa35-8cabd3df8472"
	for line, want := range map[string]string{
		"":        "",
		"no id\n": "no id\n",
		id:        "0d68f988…",
		"path=/api/v1/sessions/" + id + "/data status=500": "path=/api/v1/sessions/0d68f988…/data status=500",
		`{"msg":"x","error":"get {` + id + `}:head"}`:      `{"msg":"x","error":"get {0d68f988…}:head"}`,
		"00" + id + id:                                "000d68f988…0d68f988…",
		"0D68F988-099B-4DAB-AA35-8CABD3DF8472":        "0D68F988…",
		"0d68f988-099b-4dab-aa35-8cabd3df847g":        "0d68f988-099b-4dab-aa35-8cabd3df847g",
		id[:35]:                                       id[:35],
		"level=WARN request_id=" + id + " path=" + id: "level=WARN request_id=" + id + " path=0d68f988…",
		`{"msg":"x","request_id":"` + id + `","path":"/request_id=` + id + `"}`: `{"msg":"x","request_id":"` + id + `","path":"/request_id=0d68f988…"}`,
	} {
		if got := string(logsafe.Line([]byte(line))); got != want {
			t.Errorf("%q became\n%q, want\n%q", line, got, want)
		}
	}
}

func TestCharactersThatAreNotShownAreEscaped(t *testing.T) {
	for line, want := range map[string]string{
		"⚠️  ℹ️  🚀 é 漢\tx\n":       "⚠️  ℹ️  🚀 é 漢\tx\n",
		"a\u202eb":                 `a\u202eb`,
		"\u200b\u2066\ufeff\u00a0": `\u200b\u2066\ufeff\u00a0`,
		"\x1b[31m\x7f\u009b":       `\u001b[31m\u007f\u009b`,
		"\U000e0001":               `\udb40\udc01`,
		"\xff\xe2\x80":             `\ufffd\ufffd\ufffd`,
	} {
		if got := string(logsafe.Line([]byte(line))); got != want {
			t.Errorf("%q became\n%s, want\n%s", line, got, want)
		}
	}
}

func FuzzLinesOfJSONKeepTheirValues(f *testing.F) {
	for _, text := range []string{"", "a\u202e\U000e0001\"\\", "\x00\x7f\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || bytes.Contains(logsafe.Line([]byte(text)), []byte("…")) {
			return
		}
		line, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if err := json.Unmarshal(logsafe.Line(line), &got); err != nil || got != text {
			t.Errorf("%q became %q: %v", text, got, err)
		}
	})
}
