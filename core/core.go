// Package core builds the handler core from the settings and from what the runtime provides.
//
// Both builds use it, so that the same settings mean the same thing on a server and in a Worker.
// It opens no storage and starts nothing.
package core

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"edgeframe/api"
	"edgeframe/codec/segment"
	"edgeframe/config"
	"edgeframe/internal/budget"
	"edgeframe/internal/lru"
	"edgeframe/internal/timing"
	"edgeframe/kv"
	"edgeframe/session"
)

// Runtime is what the handler core needs besides the settings.
type Runtime struct {
	Store *kv.Store
	// Former, if not nil, is the store before; see [session.Options].
	Former *kv.Store
	// TTL is how long a session on this store lives after its last access.
	TTL time.Duration
	// Backend is what the health document says about the storage.
	Backend api.Backend
	// Later, if not nil, runs work after the response; see [session.Options].
	Later func(context.Context, func(context.Context))
	// InlineBytes is that of [session.Options].
	InlineBytes int
	// FarStore is that of [session.Options].
	FarStore bool
	// Join, if not nil, joins equal computations, and Line orders the changes of one session; see
	// [session.Options].
	Join func(ctx context.Context, key string, compute func(context.Context) ([]byte, error)) ([]byte, error)
	Line func(ctx context.Context, id string) (leave func(lost int), err error)
	// Every, if not nil, repeats work in the background; see [session.Options].
	Every func(ctx context.Context, interval time.Duration, work func(context.Context)) (stop func())
	// Passing is that of [session.Options].
	Passing func() (end func())
	// Budget is the memory that requests share. Nil means no bound.
	Budget *budget.Budget
	// HostAllowed and TokenRefused are those of [api.Config]. Nil means that all hosts are allowed,
	// and that wrong tokens are refused without a limit.
	HostAllowed  func(host string) bool
	TokenRefused func(r *http.Request) (wait time.Duration)
	// RateLimit and OriginRefused are those of [api.Config].
	RateLimit     func(r *http.Request, who string) api.Rate
	OriginRefused func(origin string)
	// Misconfigured says which settings must be corrected before the API can answer. Empty means
	// none.
	Misconfigured string
	// Stopping, if not nil, reports whether the server will stop soon; see [api.Config].
	Stopping func() bool
	// Docs returns the files of the page /docs; see [api.Config].
	Docs func(name string) (api.DocsFile, bool)
	// Console returns the files of the console; see [api.Config].
	Console func(name string) (api.DocsFile, bool)
	// Live answers the requests of followers, and LiveStreams says how; see [api.Config].
	Live        func(w http.ResponseWriter, r *http.Request, f api.Follower) error
	LiveStreams bool
	// Routed, Failed and WatchCache are those of [api.Config].
	Routed     func(r *http.Request, path string)
	Failed     func(code string)
	WatchCache func(name string, stats func() lru.Stats)
	// Logger receives the errors that clients are not shown. Nil discards them.
	Logger *slog.Logger
}

// New returns the HTTP API with the settings c on the runtime rt.
func New(c config.Common, rt Runtime) http.Handler {
	// The store has the other half of the cache.
	encoded := c.CacheBytes() / 16
	if c.ServerTiming {
		rt.Store = rt.Store.WithHook(timeCalls)
		if rt.Former != nil {
			rt.Former = rt.Former.WithHook(timeCalls)
		}
	}
	return api.New(api.Config{
		Sessions: session.New(session.Options{
			Store:       rt.Store,
			Former:      rt.Former,
			TTL:         rt.TTL,
			MaxVersions: c.MaxVersions,
			Segment: segment.Options{
				Method:      c.Serialization,
				Compression: c.Codec(),
			},
			SegmentTargetBytes: c.SegmentBytes,
			MaxTableBytes:      c.MaxDataframeBytes(),
			Quota:              session.Quota{Sessions: c.ActorSessions, Bytes: c.ActorBytes},
			CacheBytes:         c.CacheBytes()/2 - encoded,
			InlineBytes:        rt.InlineBytes,
			FarStore:           rt.FarStore,
			Later:              rt.Later,
			Join:               rt.Join,
			Line:               rt.Line,
			Every:              rt.Every,
			Passing:            rt.Passing,
			WatchCache:         rt.WatchCache,
		}),
		Store:          rt.Store,
		Backend:        rt.Backend,
		MaxUploadBytes: c.MaxUploadBytes(),
		Budget:         rt.Budget,
		CacheBytes:     encoded,
		CORSOrigins:    c.CORSOrigins,
		HostAllowed:    rt.HostAllowed,
		TokenRefused:   rt.TokenRefused,
		RateLimit:      rt.RateLimit,
		OriginRefused:  rt.OriginRefused,
		Tokens:         c.TokenTexts(),
		Keys:           c.TokenKeys(),
		Misconfigured:  rt.Misconfigured,
		Stopping:       rt.Stopping,
		Docs:           rt.Docs,
		Console:        rt.Console,
		Live:           rt.Live,
		LiveStreams:    rt.LiveStreams,
		ServerTiming:   c.ServerTiming,
		Routed:         rt.Routed,
		Failed:         rt.Failed,
		WatchCache:     rt.WatchCache,
		Logger:         rt.Logger,
	})
}

// timeCalls is a hook that notes the calls of the store in the phases of their request.
func timeCalls(ctx context.Context, _ string) (context.Context, func(error)) {
	end := timing.From(ctx).Call()
	return ctx, func(error) { end() }
}
