//go:build !js

package cli

import (
	"strings"
	"testing"

	"edgeframe/frame"
)

func TestShortConditionsAreThoseOfTheAPI(t *testing.T) {
	for text, want := range map[string]string{
		`dose > 0.5`:                            `{"cmp":"gt","column":"dose","value":0.5}`,
		`dose>=-1e3`:                            `{"cmp":"ge","column":"dose","value":-1e3}`,
		`site = A`:                              `{"cmp":"eq","column":"site","value":"A"}`,
		`site == 'A'`:                           `{"cmp":"eq","column":"site","value":"A"}`,
		`zip != "007"`:                          `{"cmp":"ne","column":"zip","value":"007"}`,
		`zip <> 007`:                            `{"cmp":"ne","column":"zip","value":"007"}`,
		`ok = true`:                             `{"cmp":"eq","column":"ok","value":true}`,
		`"the dose" < 1`:                        `{"cmp":"lt","column":"the dose","value":1}`,
		"`a``b` <= 'it''s <b>'":                 `{"cmp":"le","column":"a` + "`" + `b","value":"it's <b>"}`,
		`visit < 2026-01-17`:                    `{"cmp":"lt","column":"visit","value":"2026-01-17"}`,
		`a ~ '^x+$'`:                            `{"cmp":"matches","column":"a","value":"^x+$"}`,
		`a contains b`:                          `{"cmp":"contains","column":"a","value":"b"}`,
		`a contains 7`:                          `{"cmp":"contains","column":"a","value":"7"}`,
		`a STARTS_WITH b`:                       `{"cmp":"starts_with","column":"a","value":"b"}`,
		`a in (1, 2,x)`:                         `{"cmp":"in","column":"a","value":[1,2,"x"]}`,
		`a not in (1)`:                          `{"not":{"cmp":"in","column":"a","value":[1]}}`,
		`a between 1 and 2`:                     `{"cmp":"between","column":"a","value":[1,2]}`,
		`a is missing`:                          `{"cmp":"is_null","column":"a"}`,
		`a is not null`:                         `{"cmp":"not_null","column":"a"}`,
		`in = 1`:                                `{"cmp":"eq","column":"in","value":1}`,
		`a = 1 or b = 2 and c = 3`:              `{"or":[{"cmp":"eq","column":"a","value":1},{"and":[{"cmp":"eq","column":"b","value":2},{"cmp":"eq","column":"c","value":3}]}]}`,
		`(a=1 or b=2) and not c=3`:              `{"and":[{"or":[{"cmp":"eq","column":"a","value":1},{"cmp":"eq","column":"b","value":2}]},{"not":{"cmp":"eq","column":"c","value":3}}]}`,
		` {"column":"a","cmp":"eq","value":1} `: `{"column":"a","cmp":"eq","value":1}`,
	} {
		got, err := parseWhere(text)
		if err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
		if _, err := frame.ParseWhere(string(got)); err != nil {
			t.Errorf("%s: the API refuses %s: %v", text, got, err)
		}
	}
}

func TestWrongConditionsAreRefusedWithTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		``:                       "a column",
		`dose`:                   "a comparison",
		`dose >`:                 "a value",
		`dose > (`:               "a value",
		`dose => 1`:              "a comparison",
		`> 1`:                    "a column",
		`a = 1 b = 2`:            `"b"`,
		`a = 1 and`:              "a column",
		`(a = 1`:                 ")",
		`a in 1`:                 "parentheses",
		`a in (1`:                ", or )",
		`a in ()`:                "a value",
		`a not 1`:                "in",
		`a is 1`:                 "missing or not missing",
		`a between 1`:            "and",
		`a = 'x`:                 "not closed",
		`a = null`:               "a is missing",
		`{"a"`:                   "not JSON",
		strings.Repeat("(", 100): "nested",
	} {
		if got, err := parseWhere(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
}

// FuzzWhere checks that whatever is accepted is a condition of the API, as far as its form goes.
func FuzzWhere(f *testing.F) {
	f.Add("a = 1 and (b in (x, 'y') or not c is missing)")
	f.Add("\"a\" ~ 'x' ")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.HasPrefix(strings.TrimSpace(text), "{") {
			return
		}
		if where, err := parseWhere(text); err == nil {
			if _, err := frame.ParseWhere(string(where)); err != nil && strings.Contains(err.Error(), "JSON") {
				t.Errorf("%q became %s: %v", text, where, err)
			}
		}
	})
}
