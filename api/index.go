package api

import (
	_ "embed"
	"net/http"
)

//go:embed openapi.json
var openAPIDocument []byte

func (s *server) openAPI(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=3600")
	send(w, openAPIDocument)
	return nil
}

// index answers with the name of the server and links to the API.
func (s *server) index(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, object{
		{"name", "edgeframe"},
		{"version", s.Backend.Version},
		{"description", "versioned, expiring DataFrame sessions behind one HTTP API"},
		{"links", object{
			{"sessions", "/api/v1/sessions"},
			{"health", "/health/storage"},
			{"openapi", "/openapi.json"},
		}},
	})
}
