// Package api is the HTTP API of edgeframe: the handler core of every build.
//
// It answers with the same bytes on every runtime. All differences are in the [Config] that the
// runtime provides, and shown in the health document. The package keeps no state between requests
// except for a cache of what never changes, starts nothing in the background and does not depend on a
// runtime.
package api

import (
	"cmp"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/rs/cors"

	"edgeframe/access"
	"edgeframe/codec"
	"edgeframe/codec/formats"
	"edgeframe/internal/budget"
	"edgeframe/internal/lru"
	"edgeframe/kv"
	"edgeframe/session"
	"edgeframe/staging"
)

// DefaultMaxUploadBytes is the size of the largest request body if none is configured.
const DefaultMaxUploadBytes = 50 << 20

// Config is what a runtime provides to the handler core.
type Config struct {
	Sessions *session.Service
	Store    *kv.Store
	Backend  Backend
	// MaxUploadBytes is the size of the largest request body that is read.
	MaxUploadBytes int64
	// Budget is the memory that requests share; nil means no bound.
	Budget *budget.Budget
	// CacheBytes bounds the answers that are kept as they are sent. Zero means that none are kept.
	CacheBytes int64
	// CORSOrigins are the origins whose pages may call the API; "*" means all.
	CORSOrigins []string
	// HostAllowed reports whether requests may have that Host, which may end with a port. Nil
	// allows all hosts.
	HostAllowed func(host string) bool
	// Tokens are the operator's bearer tokens, which may do everything. Without them and without Keys,
	// clients need no token.
	Tokens []string
	// Keys are those of scoped tokens.
	Keys access.Keys
	// TokenRefused, if not nil, is called for each request with a token that nobody has issued. If it returns
	// more than 0, the request is answered 429, and the client is told to wait for that long.
	TokenRefused func(r *http.Request) (wait time.Duration)
	// RateLimit, if not nil, counts a request of who, or of its address if who is empty, and returns how many more
	// there may be.
	RateLimit func(r *http.Request, who string) Rate
	// OriginRefused, if not nil, is called for each request of a page that is refused, or that may not read the
	// answer, because CORSOrigins lacks its origin.
	OriginRefused func(origin string)
	// Misconfigured says which settings must be corrected, on a runtime that starts in spite of
	// them. It is the answer to every request, except for liveness. Empty means none.
	Misconfigured string
	// Stopping, if not nil, reports whether the server will stop soon. The API then says that it is
	// not ready, and serves everything else.
	Stopping func() bool
	// Docs returns the files of the page /docs by their names. Nil means that the handler core does not have
	// them.
	Docs func(name string) (DocsFile, bool)
	// Console returns the files of the page /console/ by their names. Nil means that the handler core does not have
	// them.
	Console func(name string) (DocsFile, bool)
	// Live, if not nil, answers the request of a follower with a WebSocket, or with server-sent events if
	// LiveStreams is set. It needs a store with live updates. Its errors are those of this package and of the
	// packages below, and then it has not answered.
	Live        func(w http.ResponseWriter, r *http.Request, f Follower) error
	LiveStreams bool
	// ServerTiming adds the header Server-Timing to each answer. The times of the store are those that its calls
	// note in the [timing.Phases] of the request.
	ServerTiming bool
	// Routed, if not nil, is called with the path of the route that a request has taken, such as
	// /api/v1/sessions/{id}, before it is answered.
	Routed func(r *http.Request, path string)
	// Failed, if not nil, is called with the code of each failure of the server that is logged.
	Failed func(code string)
	// WatchCache, if not nil, is called once with each cache; see [session.Options].
	WatchCache func(name string, stats func() lru.Stats)
	// Logger receives the internal errors that clients are not shown. Nil discards them.
	Logger *slog.Logger
	// Now is the clock of health documents and of staged uploads; nil means time.Now.
	Now func() time.Time
}

// server has the handlers as its methods.
type server struct {
	Config
	staging *staging.Area
	encoded encodedCache
	routes  []route
	// accepted are Tokens.
	accepted Operators
}

// handler answers a request. Its error becomes the problem document.
type handler func(w http.ResponseWriter, r *http.Request) error

// route is one method of one path.
type route struct {
	method, path string
	// params are the query parameters that the route takes; any other is rejected.
	params  []string
	handler handler
}

// New returns the API as one handler.
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
	s := &server{Config: c, staging: staging.New(c.Store, c.Now), encoded: newEncodedCache(c.CacheBytes), accepted: NewOperators(c.Tokens)}
	if c.WatchCache != nil {
		c.WatchCache("pages", s.encoded.pages.Stats)
		c.WatchCache("documents", s.encoded.parts.Stats)
	}
	s.routes = s.endpoints()
	origins := cors.New(s.corsOptions())
	h := s.rejectUncleanPaths(s.rejectMisconfigured(s.mux()))
	h = s.authorize(h)
	h = s.rejectCrossOrigin(origins, h)
	h = s.recoverPanics(h)
	h = origins.Handler(h)
	h = s.reportOrigins(origins, h)
	h = s.rejectHosts(h)
	return s.withTiming(withSecurityHeaders(s.withRequestID(h)))
}

const sessionPath = "/api/v1/sessions/{id}"

// readParams are the parameters of every request that reads a session.
var readParams = []string{"touch"}

// The parameters of requests with a file, in the query or as fields of the form with the file.
var (
	parseParams  = slices.Concat([]string{"dtype", "strict"}, formats.Reading.Names)
	dataParams   = slices.Concat([]string{"column", "offset", "limit", "version", "format", "where", "sort", "touch"}, formats.Writing.Names)
	queryParams  = slices.Concat([]string{"format", "touch"}, formats.Writing.Names)
	createParams = slices.Concat(parseParams, []string{"filename", "ttl_seconds", "dry_run", "preview_rows", "recipe"})
	tableParams  = slices.Concat(parseParams, []string{"filename", "action_summary"})
	// keyedParams are those of a table whose rows may have a key.
	keyedParams = append(slices.Clone(tableParams), "key")
)

// endpoints returns all routes of the API.
func (s *server) endpoints() []route {
	return []route{
		{"GET", "/api/v1/sessions", []string{"limit", "cursor"}, s.listSessions},
		{"POST", "/api/v1/sessions", createParams, s.createSession},
		{"GET", sessionPath, readParams, s.getSession},
		{"PATCH", sessionPath, nil, s.patchSession},
		{"DELETE", sessionPath, nil, withoutBody(s.deleteSession)},
		{"POST", sessionPath + "/touch", []string{"ttl_seconds"}, s.touchSession},
		{"GET", sessionPath + "/data", dataParams, s.getData},
		{"QUERY", sessionPath + "/data", queryParams, s.queryData},
		{"POST", sessionPath + "/data/query", queryParams, s.queryData},
		{"PUT", sessionPath + "/data", keyedParams, s.replaceData},
		{"POST", sessionPath + "/data", keyedParams, s.appendData},
		{"PATCH", sessionPath + "/data", []string{"dry_run", "samples", "preview_rows"}, s.editData},
		{"GET", sessionPath + "/describe", []string{"version", "column", "top", "percentiles", "touch"}, s.getDescription},
		{"GET", sessionPath + "/recipe", []string{"version", "key", "touch"}, s.getRecipe},
		{"GET", sessionPath + "/diff", []string{"from", "to", "key", "offset", "limit", "int64", "touch"}, s.getDiff},
		{"GET", sessionPath + "/cells", []string{"row", "column", "version", "int64", "touch"}, s.getCells},
		{"GET", sessionPath + "/versions", readParams, s.getVersions},
		{"POST", sessionPath + "/versions", nil, s.snapshot},
		{"GET", sessionPath + "/versions/{version}", readParams, s.getVersion},
		{"POST", sessionPath + "/versions/{version}/restore", nil, s.restore},
		{"PUT", sessionPath + "/versions/{version}/name", nil, s.nameVersion},
		{"DELETE", sessionPath + "/versions/{version}/name", nil, withoutBody(s.unnameVersion)},
		{"POST", sessionPath + "/undo", nil, withoutBody(s.undo)},
		{"POST", sessionPath + "/redo", nil, withoutBody(s.redo)},
		{"GET", sessionPath + "/missing", []string{"column", "offset", "limit", "version", "touch"}, s.getMissing},
		{"PUT", sessionPath + "/missing", nil, s.putMissing},
		{"PATCH", sessionPath + "/missing", nil, s.patchMissing},
		{"GET", sessionPath + "/audit", []string{"offset", "limit", "order", "touch"}, s.getAudit},
		{"POST", sessionPath + "/audit", nil, s.addAudit},
		{"GET", sessionPath + "/events", []string{"after"}, s.getEvents},
		{"POST", sessionPath + "/tokens", nil, s.issueToken},
		{"DELETE", sessionPath + "/tokens", nil, withoutBody(s.revokeTokens)},
		{"GET", uploadPath, nil, s.getUpload},
		{"GET", uploadPath + "/data", []string{"sheet_name", "offset", "limit"}, s.getSheet},
		{"POST", uploadPath + "/select", nil, s.selectSheets},
		{"DELETE", uploadPath, nil, withoutBody(s.deleteUpload)},
		{"GET", "/health", nil, s.health},
		{"GET", "/health/live", nil, s.healthLive},
		{"GET", "/health/ready", nil, s.healthReady},
		{"GET", "/health/storage", []string{"deep"}, s.healthStorage},
		{"GET", "/openapi.json", nil, s.openAPI},
		{"GET", "/docs", nil, s.docs},
		{"GET", "/docs/{file}", nil, s.docsAsset},
		{"GET", "/console", nil, s.toConsole},
		{"GET", "/console/{file...}", nil, s.console},
		{"GET", "/{$}", nil, s.index},
	}
}

// withoutBody rejects requests with a body, so that what a client sends is never ignored
// silently. Bodies of GET and HEAD are ignored instead, because HTTP gives them no meaning.
func withoutBody(next handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		present, err := hasBody(r)
		if err != nil {
			return err
		}
		if present {
			return badParameter("%s takes no body here; send the request without one", r.Method)
		}
		return next(w, r)
	}
}

// hasBody reports whether a request has a body of at least one byte. If its length is not
// declared, it reads the first byte to find out.
func hasBody(r *http.Request) (bool, error) {
	if r.ContentLength >= 0 {
		return r.ContentLength > 0, nil
	}
	_, err := io.ReadFull(r.Body, make([]byte, 1))
	switch {
	case err == nil, errors.Is(err, ErrBusy): // a first chunk that there is no room for
		return true, nil
	case err == io.EOF:
		return false, nil
	}
	return false, bodyError(err, 0)
}

// mux routes requests, and answers unknown paths and methods with problem documents. It has one pattern for each
// path, because a pattern takes time when the program starts.
func (s *server) mux() *http.ServeMux {
	mux := http.NewServeMux()
	paths := map[string]methods{}
	for _, rt := range s.routes {
		if paths[rt.path] == nil {
			paths[rt.path] = methods{}
		}
		paths[rt.path][rt.method] = s.noteRoute(rt.path, s.serve(rt))
		if rt.method == http.MethodGet {
			paths[rt.path][http.MethodHead] = paths[rt.path][rt.method]
		}
	}
	for path, of := range paths {
		mux.Handle(path, s.serveMethods(of))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.writeError(w, r, s.nothingAt(r))
	})
	return mux
}

// noteRoute tells [Config.Routed] that a request has taken the route of next.
func (s *server) noteRoute(path string, next http.Handler) http.Handler {
	if s.Routed == nil {
		return next
	}
	path = strings.TrimSuffix(path, "{$}")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Routed(r, path)
		next.ServeHTTP(w, r)
	})
}

// methods has the handlers of a path by their methods.
type methods map[string]http.Handler

// serveMethods answers with the handler of the method, and other methods with a problem document.
func (s *server) serveMethods(of methods) http.Handler {
	allow := strings.Join(slices.Sorted(maps.Keys(of)), ", ") + ", OPTIONS"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := of[r.Method]; h != nil {
			h.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Allow", allow)
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		s.writeError(w, r, problemf(http.StatusMethodNotAllowed, "method_not_allowed", "%s is not possible here; the methods are %s", codec.Shorten(r.Method), allow))
	})
}

func (s *server) nothingAt(r *http.Request) error {
	return problemf(http.StatusNotFound, "not_found", "there is nothing at %q; see /openapi.json for what there is", codec.Shorten(r.URL.Path))
}

// rejectUncleanPaths rejects paths with empty or dot segments. The router would redirect them to the
// clean path.
func (s *server) rejectUncleanPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// An escaped path has the same separators and dots.
		if !isClean(cmp.Or(r.URL.RawPath, r.URL.Path)) {
			s.writeError(w, r, problemf(http.StatusNotFound, "not_found", "there is nothing at %q, because no path has empty or dot segments; see /openapi.json for what there is", codec.Shorten(r.URL.Path)))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isClean(raw string) bool {
	if strings.HasPrefix(raw, "/") && !strings.Contains(raw, "//") && !strings.Contains(raw, "/.") {
		return true
	}
	clean := path.Clean("/" + raw)
	return raw == clean || raw == clean+"/"
}

// serve runs one route's handler.
func (s *server) serve(rt route) http.Handler {
	required := routeScopes[rt.method+" "+rt.path]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := permit(r, rt.path, required)
		if err == nil {
			err = checkParams(r, rt.params)
		}
		if err == nil {
			if r, err = withKey(r); err == nil {
				err = s.unpackBody(w, r)
			}
			if err == nil {
				err = rt.handler(w, r)
			}
		}
		if err != nil {
			s.writeError(w, r, err)
		}
	})
}
