package api

import (
	_ "embed"
	"net/http"
)

//go:embed openapi.json
var openAPIDocument []byte

func (s *server) openAPI(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", maxAge)
	return DocsFile{ContentType: "application/json", Body: openAPIDocument}.send(w, r)
}

// index answers with the name of the server and links to the API, and sends browsers to the console.
func (s *server) index(w http.ResponseWriter, r *http.Request) error {
	w.Header().Add("Vary", "Accept")
	if isBrowser(r) {
		return s.toConsole(w, r)
	}
	return writeJSON(w, http.StatusOK, object{
		{"name", "edgeframe"},
		{"version", s.Backend.Version},
		{"description", "versioned, expiring DataFrame sessions behind one HTTP API"},
		{"links", object{
			{"sessions", "/api/v1/sessions"},
			{"health", "/health/storage"},
			{"openapi", "/openapi.json"},
			{"docs", "/docs"},
		}},
	})
}
