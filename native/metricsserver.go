//go:build !js

package native

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"edgeframe/api"
)

// metricsPath is where metrics are.
const metricsPath = "/metrics"

// serveMetrics answers scrapes on the address of the server, unless metrics have an address of their own. As
// for everything else there, hosts are checked, and with tokens only the operator may see them.
func serveMetrics(next http.Handler, cfg Config, t telemetry, log *slog.Logger) http.Handler {
	if t.metrics == nil || cfg.MetricsAddr != "" {
		return next
	}
	hostAllowed := hostFilter(cfg, listensOnLoopback(cfg))
	guard := newTokenGuard(log)
	operators := api.NewOperators(cfg.TokenTexts())
	metrics := t.metrics.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != metricsPath:
			next.ServeHTTP(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "metrics are read with GET", http.StatusMethodNotAllowed)
		case hostAllowed != nil && !hostAllowed(r.Host):
			http.Error(w, "this server does not answer under that name; see ALLOWED_HOSTS", http.StatusMisdirectedRequest)
		case cfg.HasTokens() && !operators.Have(api.Bearer(r)):
			refuseScrape(w, r, guard)
		default:
			if x, ok := r.Context().Value(exchangeKey{}).(*exchange); ok {
				x.route = metricsPath
			}
			metrics.ServeHTTP(w, r)
		}
	})
}

// refuseScrape answers a request without a token of the operator. Wrong tokens are counted, as elsewhere.
func refuseScrape(w http.ResponseWriter, r *http.Request, guard *tokenGuard) {
	if api.Bearer(r) != "" {
		if wait := guard.refused(r); wait > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
			w.Header().Set("Connection", "close")
			http.Error(w, "too many requests from this address had a wrong token", http.StatusTooManyRequests)
			return
		}
	}
	w.Header().Set("WWW-Authenticate", "Bearer")
	http.Error(w, "metrics are for the operator: send one of API_TOKENS as Authorization: Bearer <token>, or set METRICS_ADDR", http.StatusUnauthorized)
}

// listenForScrapes serves metrics on METRICS_ADDR, if it is set, until stop is called.
func listenForScrapes(ctx context.Context, cfg Config, t telemetry, log *Log) (stop func(), err error) {
	if t.metrics == nil || cfg.MetricsAddr == "" {
		return func() {}, nil
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.MetricsAddr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("listen on METRICS_ADDR=%s: another program listens there", cfg.MetricsAddr)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on METRICS_ADDR=%s: %w", cfg.MetricsAddr, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+metricsPath, t.metrics.Handler())
	srv := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readHeaderTimeout,
		WriteTimeout:      time.Minute,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics are not served any more", "event", "metrics_ended", "error", err)
		}
	}()
	log.Line(slog.LevelInfo, "📈 Metrics on http://"+ln.Addr().String()+metricsPath, "event", "metrics", "addr", ln.Addr().String())
	return func() {
		srv.Close()
		<-ended
	}, nil
}
