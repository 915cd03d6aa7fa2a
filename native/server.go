//go:build !js

package native

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
	maxStreams        = 100

	// healthTimeout is how long a health document waits for the storage, so that the answer takes
	// less than two seconds.
	healthTimeout = 1800 * time.Millisecond

	// shutdownGrace is how long requests in flight may take after the server is told to stop.
	shutdownGrace = 10 * time.Second
)

// errCut is returned by serve if requests were still in flight at the end of the grace period.
var errCut = errors.New("requests in flight were cut off")

// newServer returns a server for HTTP/1.1 and cleartext HTTP/2, with limits on the resources that
// one client may occupy. Its connections are counted in conns.
func newServer(handler http.Handler, conns *connections, log *slog.Logger, t telemetry) (*http.Server, error) {
	handler, err := compress(handler)
	if err != nil {
		return nil, fmt.Errorf("set up compression: %w", err)
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           t.tracer.Handler(accessLog(drain(pace(boundHealth(handler, healthTimeout), defaultPacing)), log, t)),
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ConnState:         conns.track,
		Protocols:         &protocols,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}, nil
}

// boundHealth gives requests for health documents a deadline. It is not in the handler core, because
// a deadline needs a timer, and the Worker must not wait for timers.
func boundHealth(next http.Handler, timeout time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/health") {
			ctx, cancel := context.WithTimeout(r.Context(), timeout)
			defer cancel()
			r = r.WithContext(ctx)
		}
		next.ServeHTTP(w, r)
	})
}

// listen listens on the configured address.
func listen(ctx context.Context, cfg Config) (net.Listener, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Address())
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("listen on %s: another program listens there; stop it or set PORT to a free port", cfg.Address())
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s (HOST and PORT): %w", cfg.Address(), err)
	}
	return ln, nil
}

// serve answers requests until delay after ctx is done. Then it accepts no more and waits up to grace
// for the requests in flight. It returns errCut if some of them did not finish in time.
func serve(ctx context.Context, srv *http.Server, ln net.Listener, delay, grace time.Duration) error {
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-time.After(delay):
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := srv.Shutdown(ending); err != nil {
		srv.Close()
		return errCut
	}
	return nil
}

// serveBackend listens, answers requests and removes expired data until ctx is done.
func serveBackend(ctx context.Context, cfg Config, b *backend, handler http.Handler, log *Log, t telemetry) error {
	files := divideDescriptors(openFiles(), cfg)
	files.announce(log)
	conns := newConnections(files.connections, log.Logger)
	srv, err := newServer(serveMetrics(handler, cfg, t, log.Logger), conns, log.Logger, t)
	if err != nil {
		return err
	}
	stopScrapes, err := listenForScrapes(ctx, cfg, t, log)
	if err != nil {
		return err
	}
	defer stopScrapes()
	ln, err := listen(ctx, cfg)
	if err != nil {
		return err
	}
	ln = limitListener(ln, conns)
	announceAddress(log, ln.Addr())

	sweeping, stopSweeping := context.WithCancel(ctx)
	var sweeper sync.WaitGroup
	sweeper.Go(func() { sweepUntil(sweeping, cmp.Or(b.swept, b.store), cfg.clockJumpGrace(), log.Logger, t.metrics) })
	if b.failover != nil {
		sweeper.Go(func() { b.failover.run(sweeping) })
	}
	if b.followers != nil {
		// Streams would not end by themselves. Until then the server is still asked: whoever was sent away
		// earlier would come back to it.
		srv.RegisterOnShutdown(b.followers.Close)
	}
	err = serve(ctx, srv, ln, cfg.ShutdownDelay(), shutdownGrace)
	stopSweeping()
	sweeper.Wait()
	return err
}

func announceAddress(log *Log, addr net.Addr) {
	host, port, _ := net.SplitHostPort(addr.String())
	log.Line(slog.LevelInfo, "🌐 Listening on http://"+addr.String(), "event", "listening", "addr", addr.String())
	log.Plain("   Try: curl -F file=@table.csv " + localURL(host, port) + "/api/v1/sessions")
	log.Plain(rule)
}

// localURL returns the URL of a server that listens on host and port, for clients on this machine.
func localURL(host, port string) string {
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip.To4() == nil {
			host = "::1"
		}
	}
	return "http://" + net.JoinHostPort(host, port)
}
