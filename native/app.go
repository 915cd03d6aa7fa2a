//go:build !js

package native

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"edgeframe/config"
	"edgeframe/console"
	"edgeframe/core"
	"edgeframe/internal/budget"
	"edgeframe/swagger"
)

// App is a server that is ready to run.
type App struct {
	Config Config
	// Warnings are logged at the start.
	Warnings []config.Warning
	// Version is shown in the health document.
	Version string
	// Out receives the log.
	Out io.Writer
}

// rule separates the lines of the start from the rest of the log.
const rule = "======================================================================"

// Run serves until ctx is done. It returns nil after an orderly stop, and otherwise an error that
// says why the server cannot serve.
func (a App) Run(ctx context.Context) error {
	log := NewLog(a.Config, a.Out)
	defer log.Flush()
	log.Plain(rule)
	log.Line(slog.LevelInfo, "🚀 edgeframe starting up...", "event", "starting", "version", a.Version)
	log.Line(slog.LevelInfo, "📊 Session timeout: "+timeoutText(a.Config.intendedTTL()), "event", "session_timeout", "seconds", int64(a.Config.intendedTTL()/time.Second))
	for _, w := range a.Warnings {
		log.Line(slog.LevelWarn, "⚠️  "+w.Text, "event", "setting_warning", "setting", w.Variable)
	}
	log.Debug("configuration", "variables", a.Config)

	limit, source := findMemory(a.Config)
	plan := planMemory(a.Config, limit, source)
	plan.apply(&a.Config, log)

	t, err := newTelemetry(ctx, a.Config, a.Version, log)
	if err != nil {
		return err
	}
	defer t.close()
	var hooks []goredis.Hook
	if a.Config.RedisEnabled {
		hooks = t.metrics.RedisHooks()
	}
	b, err := openBackend(a.Config, plan, log, hooks...)
	if err != nil {
		return err
	}
	b.store = t.watch(b.store)
	b.followers = newHub(b.store, divideDescriptors(openFiles(), a.Config).connections)
	t.metrics.WatchAvailability(b.availability)
	t.metrics.WatchPool(b.pool)
	b.health.Version = a.Version
	if b.ttl != a.Config.intendedTTL() {
		log.Line(slog.LevelInfo, "📊 Session timeout: "+timeoutText(b.ttl), "event", "session_timeout", "seconds", int64(b.ttl/time.Second))
	}
	b.announce(ctx, log)
	requests := newBudget(a.Config, plan.work)
	t.metrics.WatchBudget(requests)
	returning, stopReturning := context.WithCancel(ctx)
	defer stopReturning()
	go returnMemory(returning)
	announceAccess(a.Config, listensOnLoopback(a.Config), log)
	stopBackups := serveBackups(a.Config, b.embedded, log)
	err = serveBackend(ctx, a.Config, b, newHandler(ctx, a.Config, b, requests, log.Logger, t), log, t)
	if errors.Is(err, errCut) {
		// Do not close the store: a handler may still be using it. No engine loses acknowledged
		// data if the process ends without closing it.
		log.Warn(err.Error(), "grace", shutdownGrace.String(), "event", "requests_cut")
		return nil
	}
	stopBackups()
	if closeErr := b.store.Close(); closeErr != nil {
		err = errors.Join(err, fmt.Errorf("close the storage backend: %w", closeErr))
	}
	if err == nil {
		log.Info("stopped", "event", "stopped")
	}
	return err
}

// timeoutText returns a TTL in minutes, or in seconds if it is not a whole number of minutes.
func timeoutText(ttl time.Duration) string {
	if ttl%time.Minute == 0 {
		return fmt.Sprintf("%d minutes", ttl/time.Minute)
	}
	return fmt.Sprintf("%d seconds", ttl/time.Second)
}

// newHandler builds the handler core over the chosen storage. The server stops soon after ctx is done.
func newHandler(ctx context.Context, cfg Config, b *backend, requests *budget.Budget, log *slog.Logger, t telemetry) http.Handler {
	return core.New(cfg.Common, core.Runtime{
		Store:         b.store,
		TTL:           b.ttl,
		InlineBytes:   b.inlineBytes,
		Backend:       b.health,
		Budget:        requests,
		Join:          new(joiner).join,
		Line:          t.metrics.Line(b.changes.enter),
		Every:         every,
		Passing:       new(collectorPace).passing,
		HostAllowed:   hostFilter(cfg, listensOnLoopback(cfg)),
		TokenRefused:  newTokenGuard(log).refused,
		RateLimit:     newRateLimit(cfg.RateLimit),
		OriginRefused: newOriginLog(log).refused,
		Stopping:      func() bool { return ctx.Err() != nil },
		Docs:          swagger.File,
		Live:          follow(b.followers),
		LiveStreams:   true,
		Console:       console.File,
		Routed:        t.routed(),
		Failed:        t.metrics.Failed,
		WatchCache:    t.metrics.WatchCache,
		Logger:        log,
	})
}
