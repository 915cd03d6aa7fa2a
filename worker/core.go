//go:build js && wasm

package worker

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"edgeframe/api"
	"edgeframe/config"
	"edgeframe/core"
	"edgeframe/edge"
	"edgeframe/internal/budget"
	"edgeframe/internal/logsafe"
	"edgeframe/kv"
	"edgeframe/kv/cache"
	"edgeframe/kv/workerskv"
	"edgeframe/session"
)

// Binding is the name under which a Worker has its KV namespace.
const Binding = "EDGEFRAME_KV"

// defaults are the defaults that differ from those of the native server, because an isolate has only
// 128 MB of memory. The measurements are in docs/edge.md.
var defaults = map[string]string{
	"CACHE_SIZE_MB":         "16",
	"MAX_DATAFRAME_SIZE_MB": "48",
	"MAX_UPLOAD_SIZE_MB":    "20",
}

// workBytes is the memory that requests share: an isolate has 128 MB, and the program, its caches, and what the
// allocator cannot use again take about half. A request that is alone may take more, up to the limits of sizes above.
const workBytes = 64 << 20

// inlineBytes is [session.Options.InlineBytes]: a call of Workers KV takes milliseconds, and copying 32 KiB
// a few microseconds.
const inlineBytes = 32 << 10

// logger writes JSON records to the Worker's log.
var logger = slog.New(slog.DiscardHandler)

// console is the log of the Worker. Each record is one line, in which ids are shortened.
type console struct{ edge.Log }

// Write implements [io.Writer].
func (c console) Write(p []byte) (int, error) {
	_, err := c.Log.Write(logsafe.Line(p))
	return len(p), err
}

// newCore returns the handler core with the settings in env, and the settings. If settings are not
// accepted, the core answers every request with an error that names them.
func newCore(env edge.Env, version string) (http.Handler, config.Common) {
	var settings config.Common
	options := config.Options{Defaults: defaults, IgnoredHere: ignoredHere}
	warnings, wrong := config.Parse(&settings, env.Vars(), options)
	if wrong != nil {
		settings = config.Common{}
		// Without variables all settings have their defaults, and there are no errors.
		_, _ = config.Parse(&settings, nil, options)
	}
	logger = slog.New(slog.NewJSONHandler(console{}, &slog.HandlerOptions{Level: settings.Level()}))
	for _, w := range warnings {
		logger.Warn(w.Text)
	}
	if wrong == nil {
		warnOfAccess(settings)
	}

	driver := workerskv.New(workerskv.Options{Binding: Binding, CountPrefix: settings.KeyPrefix + ":" + session.LifetimePrefix})
	cached := func(d kv.Driver) kv.Driver { return cache.New(d, settings.CacheBytes()/2, session.Immutable) }
	rt := core.Runtime{
		Store:         kv.New(cached(driver), settings.KeyPrefix),
		TTL:           settings.SessionTTL(),
		Backend:       api.Backend{Runtime: "workers", Version: version},
		Later:         edge.Later,
		InlineBytes:   inlineBytes,
		FarStore:      true,
		Budget:        budget.New(budget.Options{Bytes: workBytes, Alone: true, Collect: edge.Collect}),
		Misconfigured: strings.Join(problems(wrong, env, settings), "; "),
		Logger:        logger,
	}
	withHeads(&rt, driver, env, settings.KeyPrefix, cached)
	return core.New(settings, rt), settings
}

// warnOfAccess logs who may read and write, if that is more people than the owner may think.
func warnOfAccess(settings config.Common) {
	if !settings.HasTokens() {
		logger.Warn("API tokens: none: everybody who knows the address of this Worker may read and write; set API_TOKENS")
	}
	for _, sentence := range settings.AccessWarnings() {
		logger.Warn(sentence)
	}
}

// problems returns a sentence for each mistake in the configuration that must be corrected before
// the API can answer.
func problems(wrong error, env edge.Env, settings config.Common) (sentences []string) {
	var refused *config.Error
	if errors.As(wrong, &refused) {
		sentences = refused.Problems
	} else if wrong != nil {
		sentences = []string{wrong.Error()}
	}
	if !env.HasKV(Binding) {
		sentences = append(sentences, fmt.Sprintf("the Worker has no KV namespace: add [[kv_namespaces]] with binding = %q to wrangler.toml, and deploy it again", Binding))
	}
	if settings.ActorSessions+int(settings.ActorBytes) > 0 && !env.HasObjects(HeadsBinding) {
		sentences = append(sentences, fmt.Sprintf("MAX_SESSIONS_PER_ACTOR and MAX_BYTES_PER_ACTOR need Durable Objects with the binding %q, because Workers KV cannot count: add them to wrangler.toml, or remove the variables", HeadsBinding))
	}
	return sentences
}

// ignoredHere returns the warning about a setting of the native server that has no effect here.
func ignoredHere(name string) string {
	switch {
	case strings.HasPrefix(name, "REDIS_"), strings.HasPrefix(name, "STORAGE_"), strings.HasPrefix(name, "BREAKER_"),
		name == "HOST", name == "PORT", name == "ALLOWED_HOSTS", name == "LOG_FORMAT", name == "MAX_MEMORY_MB",
		name == "API_TOKENS_FILE", name == "TOKEN_SECRET_FILE", name == "TOKEN_PUBLIC_KEY_FILE", name == "MAX_CONCURRENT_WORK", name == "MAX_CONNECTIONS", name == "SHUTDOWN_DELAY", name == "RATE_LIMIT_PER_MINUTE",
		name == "ACCESS_LOG", name == "METRICS", name == "METRICS_ADDR", name == "OTEL_EXPORTER_OTLP_ENDPOINT":
		return name + " has no effect in a Worker: it keeps its sessions in Workers KV, and the platform runs it"
	}
	return ""
}
