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
	"edgeframe/kv"
	"edgeframe/session"
)

// Runtime is what the handler core needs besides the settings.
type Runtime struct {
	Store *kv.Store
	// TTL is how long a session on this store lives after its last access.
	TTL time.Duration
	// Backend is what the health document says about the storage.
	Backend api.Backend
	// Later, if not nil, runs work after the response; see [session.Options].
	Later func(context.Context, func(context.Context))
	// Line, if not nil, orders the changes of one session; see [session.Options].
	Line func(ctx context.Context, id string) (leave func(lost int), err error)
	// Every, if not nil, repeats work in the background; see [session.Options].
	Every func(ctx context.Context, interval time.Duration, work func(context.Context)) (stop func())
	// Admit limits the uploads that are decoded at the same time; see [api.Config]. Nil means no
	// limit.
	Admit func(ctx context.Context, bytes int64) (release func(), err error)
	// Misconfigured says which settings must be corrected before the API can answer. Empty means
	// none.
	Misconfigured string
	// Logger receives the errors that clients are not shown. Nil discards them.
	Logger *slog.Logger
}

// New returns the HTTP API with the settings c on the runtime rt.
func New(c config.Common, rt Runtime) http.Handler {
	tokens := make([]string, len(c.APITokens))
	for i, token := range c.APITokens {
		tokens[i] = string(token)
	}
	return api.New(api.Config{
		Sessions: session.New(session.Options{
			Store:       rt.Store,
			TTL:         rt.TTL,
			MaxVersions: c.MaxVersions,
			Segment: segment.Options{
				Method:      c.Serialization,
				Compression: c.Codec(),
			},
			SegmentTargetBytes: c.SegmentBytes,
			MaxTableBytes:      c.MaxDataframeBytes(),
			CacheBytes:         c.CacheBytes() / 2,
			Later:              rt.Later,
			Line:               rt.Line,
			Every:              rt.Every,
		}),
		Store:          rt.Store,
		Backend:        rt.Backend,
		MaxUploadBytes: c.MaxUploadBytes(),
		Admit:          rt.Admit,
		CORSOrigins:    c.CORSOrigins,
		Tokens:         tokens,
		Misconfigured:  rt.Misconfigured,
		Logger:         rt.Logger,
	})
}
