//go:build !js

package conformance

import (
	"testing"

	"edgeframe/internal/testenv"
)

// TestALeakInAnAnswerIsFound is about the check that every answer of the suite passes.
func TestALeakInAnAnswerIsFound(t *testing.T) {
	testenv.Secret("planted-password")
	const id, other, data = "3b05d244-0000-4000-8000-0123456789ab", "4b05d244-0000-4000-8000-0123456789ab", "5b05d244-0000-4000-8000-0123456789ab"
	made.Store(id, true)
	made.Store(other, true)
	token := "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzZXNzaW9uIjoiNGIwNWQyNDQtMDAwMC00MDAwLTgwMDAtMDEyMzQ1Njc4OWFiIn0.c2lnbg"
	for _, tt := range []struct {
		status              int
		path, asked, answer string
		leaks               bool
	}{
		{500, "/api/v1/sessions/" + id, "", `{"detail":"dial redis://default:planted-password@127.0.0.1:6379: refused"}`, true},
		{401, "/api/v1/sessions/" + id, "", `{"detail":"the token eyJhbGciOiJIUzI1NiJ9.eyJzY29wZSI6InJlYWQifQ.c2lnbg is not accepted"}`, true},
		{404, "/api/v1/sessions/" + id, "", `{"detail":"session ` + id + ` does not exist"}`, false},
		{404, "/api/v1/sessions/" + id, "", `{"detail":"session ` + other + ` does not exist"}`, true},
		{422, "/api/v1/sessions/" + id, "", `{"detail":"the value ` + data + ` is none"}`, false},
		{403, "/api/v1/sessions", `{"from":{"session_id":"` + other + `"}}`, `{"detail":"session ` + other + ` is of another owner"}`, false},
		{403, "/api/v1/sessions/" + id, token, `{"detail":"the token is for the session ` + other + ` alone"}`, false},
		{503, "/health/storage", "", `{"error":"the password planted-password is not accepted"}`, true},
		{200, "/health/storage", "", `{"error":"session ` + id + ` is damaged"}`, true},
		{200, "/api/v1/sessions/" + id, "", `{"session_id":"` + other + `"}`, false},
	} {
		a := &answer{status: tt.status, body: []byte(tt.answer)}
		if found := a.leaks(tt.path, tt.path+tt.asked); (len(found) > 0) != tt.leaks {
			t.Errorf("%d %s: found %q", tt.status, tt.answer, found)
		}
	}
}
