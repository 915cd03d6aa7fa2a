//go:build !js

package native

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestOnlyHealthHasADeadline(t *testing.T) {
	var deadline bool
	handler := boundHealth(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, deadline = r.Context().Deadline()
	}), time.Second)
	for path, want := range map[string]bool{
		"/health":          true,
		"/health/storage":  true,
		"/api/v1/sessions": false,
	} {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
		if deadline != want {
			t.Errorf("%s: deadline %t, want %t", path, deadline, want)
		}
	}
}
