//go:build !js

package metrics

import (
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// requestBuckets are those of OpenTelemetry for http.server.request.duration, in seconds.
var requestBuckets = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}

// bodyBuckets are bytes.
var bodyBuckets = prometheus.ExponentialBuckets(1<<10, 8, 6)

// routeDuration is by route, method and status. It has its buckets only where they take no time series; see
// [Metrics.Handler].
const routeDuration = "http_server_route_duration_seconds"

// NoRoute is the route of requests that have taken none: their path or method does not exist, or they were
// refused before that was looked at, for instance because they lack a token.
const NoRoute = "none"

// classes are the labels of statuses by their first digit.
var classes = [...]string{"0xx", "1xx", "2xx", "3xx", "4xx", "5xx"}

type httpMetrics struct {
	active         prometheus.Gauge
	duration       *prometheus.HistogramVec
	routes         *prometheus.HistogramVec
	request, reply prometheus.Observer
}

func newHTTPMetrics(m *Metrics) httpMetrics {
	return httpMetrics{
		active:   m.gauge("http_server_active_requests", "Requests that are being answered.").WithLabelValues(),
		duration: m.histogram("http_server_request_duration_seconds", "How long requests took, from their header to the last byte of the answer.", requestBuckets, "method"),
		routes:   m.nativeHistogram(routeDuration, "How long requests took, by route and by the class of the status. The route none are requests that have taken none, pages those of the console and of /docs.", "route", "method", "status"),
		request:  m.histogram("http_server_request_body_size_bytes", "Bytes of the bodies of requests that have one, as they were sent.", bodyBuckets).WithLabelValues(),
		reply:    m.histogram("http_server_response_body_size_bytes", "Bytes of the bodies of answers, as they were sent.", bodyBuckets).WithLabelValues(),
	}
}

// Request is what is counted of a request that has been answered.
type Request struct {
	// Route is the path of its route, such as /api/v1/sessions/{id}; "" if it has taken none.
	Route, Method string
	Status        int
	Took          time.Duration
	// Received and Sent are bytes of the bodies.
	Received, Sent int64
}

// Begin counts a request that is being answered.
func (m *Metrics) Begin() {
	if m != nil {
		m.http.active.Inc()
	}
}

// End counts a request that has been answered, after Begin.
func (m *Metrics) End(r Request) {
	if m == nil {
		return
	}
	m.http.active.Dec()
	route, method, seconds := r.Route, methodLabel(r.Method), r.Took.Seconds()
	if route == "" {
		// Clients try any method on what does not exist.
		route, method = NoRoute, "any"
	} else {
		m.http.duration.WithLabelValues(method).Observe(seconds)
		route = routeLabel(route)
	}
	m.http.routes.WithLabelValues(route, method, classes[min(max(r.Status/100, 0), len(classes)-1)]).Observe(seconds)
	if r.Received > 0 {
		m.http.request.Observe(float64(r.Received))
	}
	m.http.reply.Observe(float64(r.Sent))
}

// pagesRoute is the label of the routes of files for people: the console, /docs and what belongs to them. Together they
// are few requests, and each would have as many series as a route of the API.
const pagesRoute = "pages"

// routeLabel is the label of a route.
func routeLabel(route string) string {
	for _, page := range []string{"/console", "/docs", "/openapi.json"} {
		if strings.HasPrefix(route, page) {
			return pagesRoute
		}
	}
	return route
}

// methodLabel is the label of the method of a route.
func methodLabel(method string) string {
	if method == http.MethodHead {
		return http.MethodGet
	}
	return method
}
