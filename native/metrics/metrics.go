//go:build !js

// Package metrics are the numbers of a native server for Prometheus.
//
// Most of them are read from what the parts of the server count anyway, when somebody asks. Only requests,
// calls of the store and changes of sessions are counted as they happen, in the labels that the package
// chooses: no label has an id, a path or a text of a client, so that the number of time series is bounded by
// the routes and operations of the program. A test counts at most 500 after all that clients can do.
//
// Buckets of requests are those of OpenTelemetry. A histogram takes one time series for each bucket and
// combination of labels, so they are by method. What is by route, method and status is a native histogram, which is a
// single time series with fine buckets. Only scrapes in Protocol Buffers can have it; others get its sum and count.
package metrics

import (
	"net/http"
	"regexp"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// Metrics counts. All methods but Handler may be called on a nil *Metrics, which counts nothing.
type Metrics struct {
	registry *prometheus.Registry

	http     httpMetrics
	store    storeMetrics
	redis    redisMetrics
	changes  changeMetrics
	sweeps   sweepMetrics
	failures *prometheus.CounterVec
}

// New returns metrics of a server of that version.
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(
		// Of the memory only what a dashboard shows: all of it would be 25 time series.
		collectors.NewGoCollector(
			collectors.WithGoCollectorMemStatsMetricsDisabled(),
			collectors.WithGoCollectorRuntimeMetrics(collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile(`^/memory/classes/(heap/objects|total):bytes$`)}),
		),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	info := m.gauge("edgeframe_build_info", "The build that runs. The value is always 1.", "version", "goversion")
	info.WithLabelValues(version, runtime.Version()).Set(1)
	m.http = newHTTPMetrics(m)
	m.store = newStoreMetrics(m)
	m.redis = newRedisMetrics()
	m.changes = newChangeMetrics(m)
	m.sweeps = newSweepMetrics()
	m.failures = m.counter("edgeframe_failures_total", "Requests that failed on the side of the server, by the code of the answer.", "code")
	for _, code := range []string{"corrupt_session", "storage_unavailable"} {
		m.failures.WithLabelValues(code) // so that the first one is an increase
	}
	return m
}

// Handler answers scrapes, in text or, if that is asked for, in Protocol Buffers, which alone have native histograms.
func (m *Metrics) Handler() http.Handler {
	opt := promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes, Timeout: scrapeTimeout}
	text, binary := promhttp.HandlerFor(prometheus.GathererFunc(m.gatherText), opt), promhttp.HandlerFor(m.registry, opt)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if expfmt.NegotiateAccept(r.Header, expfmt.DefaultAcceptedFormats()...).FormatType() == expfmt.TypeProtoDelim {
			binary.ServeHTTP(w, r)
			return
		}
		text.ServeHTTP(w, r)
	})
}

// gatherText returns all metrics, of native histograms their sums and counts: in text they would have a bucket more,
// which says what the count says.
func (m *Metrics) gatherText() ([]*dto.MetricFamily, error) {
	families, err := m.registry.Gather()
	for _, family := range families {
		if family.GetName() != routeDuration {
			continue
		}
		family.Type = dto.MetricType_SUMMARY.Enum()
		for _, metric := range family.Metric {
			h := metric.GetHistogram()
			metric.Histogram, metric.Summary = nil, &dto.Summary{SampleCount: h.SampleCount, SampleSum: h.SampleSum}
		}
	}
	return families, err
}

// A scrape asks the store how it is, so it may take a while.
const (
	maxScrapes    = 4
	scrapeTimeout = 5 * time.Second
)

// Failed counts a request that failed on the side of the server.
func (m *Metrics) Failed(code string) {
	if m != nil {
		m.failures.WithLabelValues(code).Inc()
	}
}

func (m *Metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(g)
	return g
}

func (m *Metrics) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(h)
	return h
}

// nativeHistogram returns a histogram whose buckets are at most a tenth wide and take no time series of their own.
func (m *Metrics) nativeHistogram(name, help string, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: name, Help: help,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: maxNativeBuckets, NativeHistogramMinResetDuration: time.Hour,
	}, labels)
	m.registry.MustRegister(h)
	return h
}

// maxNativeBuckets bounds the memory of a time series; with more buckets than these they become wider. 160 are those of
// OpenTelemetry's exponential histograms.
const maxNativeBuckets = 160
