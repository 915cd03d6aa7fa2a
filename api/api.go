// Package api is the HTTP API of edgeframe: the one handler core that every build serves.
//
// It promises the same bytes on every runtime: whatever may differ is in the [Config] that
// the runtime gives and visible in the health document. It keeps no state between requests,
// starts nothing in the background and knows no runtime.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/rs/cors"

	"edgeframe/codec"
	"edgeframe/kv"
	"edgeframe/session"
	"edgeframe/staging"
)

// DefaultMaxUploadBytes is the largest request body unless the configuration says otherwise.
const DefaultMaxUploadBytes = 50 << 20

// Config is what a runtime gives the handler core.
type Config struct {
	Sessions *session.Service
	Store    *kv.Store
	Backend  Backend
	// MaxUploadBytes is the largest request body that is read.
	MaxUploadBytes int64
	// Admit is asked before the file of an upload, of so many bytes, is decoded, which takes a
	// multiple of them in memory. It waits until there is room and returns a function to call
	// when the work is done, or an error when there is none in time. Nil admits everything.
	Admit func(ctx context.Context, bytes int64) (release func(), err error)
	// CORSOrigins are the origins whose pages may call; "*" stands for all.
	CORSOrigins []string
	// Tokens, if there are any, are what clients must send one of as a bearer token.
	Tokens []string
	// Misconfigured says what has to be set right before sessions can be served, for a runtime
	// that starts all the same. It is told on every request but those for liveness. Empty means
	// that all is well.
	Misconfigured string
	// Logger gets the internal errors that clients are not shown. Nil discards them.
	Logger *slog.Logger
	// Now is the clock of health documents and of staged uploads; nil means time.Now.
	Now func() time.Time
}

// server is the handlers with what they need.
type server struct {
	Config
	staging *staging.Area
	routes  []route
}

// route is one method of one path. The handler's error becomes the problem document.
type route struct {
	method, path string
	// params are the query parameters that the route takes; any other is refused.
	params  []string
	handler func(w http.ResponseWriter, r *http.Request) error
}

// New returns the whole API as one handler.
func New(c Config) http.Handler {
	if c.MaxUploadBytes == 0 {
		c.MaxUploadBytes = DefaultMaxUploadBytes
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &server{Config: c, staging: staging.New(c.Store, c.Now)}
	s.routes = s.endpoints()
	h := s.refuseUncleanPaths(s.refuseMisconfigured(s.mux()))
	h = s.authorize(h)
	h = s.recoverPanics(h)
	h = cors.New(s.corsOptions()).Handler(h)
	return withRequestID(h)
}

const sessionPath = "/api/v1/sessions/{id}"

// What requests with a file take, in the query or as fields of the form that holds the file.
var (
	parseParams  = []string{"delimiter", "header", "null_values", "strict", "orient", "encoding", "decimal", "thousands", "comment", "dtype", "sheet_name"}
	createParams = slices.Concat(parseParams, []string{"filename", "ttl_seconds"})
	tableParams  = slices.Concat(parseParams, []string{"filename", "action_summary"})
)

// endpoints is the API: every path and method there is.
func (s *server) endpoints() []route {
	return []route{
		{"POST", "/api/v1/sessions", createParams, s.createSession},
		{"GET", sessionPath, nil, s.getSession},
		{"PATCH", sessionPath, nil, s.patchSession},
		{"DELETE", sessionPath, nil, s.deleteSession},
		{"POST", sessionPath + "/touch", []string{"ttl_seconds"}, s.touchSession},
		{"GET", sessionPath + "/data", []string{"column", "offset", "limit", "version", "format", "orient"}, s.getData},
		{"PUT", sessionPath + "/data", tableParams, s.replaceData},
		{"POST", sessionPath + "/data", tableParams, s.appendData},
		{"PATCH", sessionPath + "/data", []string{"dry_run"}, s.editData},
		{"GET", sessionPath + "/describe", []string{"version"}, s.getDescription},
		{"GET", sessionPath + "/versions", nil, s.getVersions},
		{"POST", sessionPath + "/versions", nil, s.snapshot},
		{"POST", sessionPath + "/versions/{version}/restore", nil, s.restore},
		{"POST", sessionPath + "/undo", nil, s.undo},
		{"POST", sessionPath + "/redo", nil, s.redo},
		{"GET", sessionPath + "/missing", nil, s.getMissing},
		{"PUT", sessionPath + "/missing", nil, s.putMissing},
		{"PATCH", sessionPath + "/missing", nil, s.patchMissing},
		{"GET", sessionPath + "/audit", nil, s.getAudit},
		{"POST", sessionPath + "/audit", nil, s.addAudit},
		{"GET", uploadPath, nil, s.getUpload},
		{"POST", uploadPath + "/select", nil, s.selectSheets},
		{"DELETE", uploadPath, nil, s.deleteUpload},
		{"GET", "/health", nil, s.health},
		{"GET", "/health/live", nil, s.healthLive},
		{"GET", "/health/ready", nil, s.healthReady},
		{"GET", "/health/storage", []string{"deep"}, s.healthStorage},
		{"GET", "/openapi.json", nil, s.openAPI},
		{"GET", "/{$}", nil, s.index},
	}
}

// mux routes requests, and answers unknown paths and methods with problem documents.
func (s *server) mux() *http.ServeMux {
	mux := http.NewServeMux()
	methods := map[string][]string{}
	for _, rt := range s.routes {
		mux.Handle(rt.method+" "+rt.path, s.serve(rt))
		methods[rt.path] = append(methods[rt.path], rt.method)
		if rt.method == http.MethodGet {
			methods[rt.path] = append(methods[rt.path], http.MethodHead)
		}
	}
	for path, allowed := range methods {
		slices.Sort(allowed)
		allow := strings.Join(allowed, ", ") + ", OPTIONS"
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", allow)
			if r.Method == http.MethodOptions {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			s.writeError(w, r, problemf(http.StatusMethodNotAllowed, "method_not_allowed", "%s is not possible here; the methods are %s", r.Method, allow))
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.writeError(w, r, problemf(http.StatusNotFound, "not_found", "there is nothing at %q; see /openapi.json for what there is", codec.Shorten(r.URL.Path)))
	})
	return mux
}

// refuseUncleanPaths answers paths with empty or dot segments, for which the router would
// redirect to the path that they stand for. Nobody writes such a path on purpose.
func (s *server) refuseUncleanPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if raw, clean := r.URL.EscapedPath(), path.Clean("/"+r.URL.EscapedPath()); raw != clean && raw != clean+"/" {
			s.writeError(w, r, problemf(http.StatusNotFound, "not_found", "there is nothing at %q, because no path has empty or dot segments; see /openapi.json for what there is", codec.Shorten(r.URL.Path)))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serve runs one route's handler.
func (s *server) serve(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := checkParams(r, rt.params)
		if err == nil {
			err = rt.handler(w, r)
		}
		if err != nil {
			s.writeError(w, r, err)
		}
	})
}
