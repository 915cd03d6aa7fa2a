//go:build js && wasm && !stock

// Package worker runs edgeframe as a Cloudflare Worker: it gives the handler core to the package edge, with the
// settings of the Worker, Workers KV as the store, and the bounds that an isolate needs.
package worker

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"edgeframe/api"
	"edgeframe/edge"
)

// Serve answers the requests to the Worker. It does not return.
func Serve(version string) {
	edge.Serve(func(env edge.Env) edge.Worker {
		handler, settings := newCore(env, version)
		edge.Tell(strings.Join(settings.CORSOrigins, " "))
		return edge.Worker{
			Handler:   withFaults(boundHealth(handler)),
			BodyBytes: settings.MaxUploadBytes(),
			NoRoom:    api.ErrBusy,
			Failed:    http.HandlerFunc(failed),
			Logger:    logger,
		}
	})
}

// failure is the body of the response if the handler panicked. It is a problem document like those
// of the API.
const failure = `{"type":"about:blank","title":"Internal Server Error","status":500,"detail":"the server failed to handle this request; its log says more under the request_id","code":"internal","request_id":%q}`

// failed answers a request whose handler panicked before its answer began. The core recovers most panics itself.
func failed(w http.ResponseWriter, _ *http.Request) {
	id := w.Header().Get("X-Request-Id")
	clear(w.Header())
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Request-Id", id)
	api.SetSecurityHeaders(w.Header())
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = fmt.Fprintf(w, failure, id)
}

// healthTime is how long a health document waits for the storage, so that the answer takes less than
// two seconds.
const healthTime = 1800 * time.Millisecond

// boundHealth gives requests for health documents a deadline.
func boundHealth(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/health") && r.URL.Path != "/health/live" {
			edge.Limit(r.Context(), healthTime)
		}
		next.ServeHTTP(w, r)
	})
}
