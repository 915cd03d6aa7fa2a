//go:build js && wasm

package edge

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"syscall/js"

	"edgeframe/api"
	"edgeframe/config"
	"edgeframe/kv"
	"edgeframe/kv/cache"
	"edgeframe/kv/workerskv"
	"edgeframe/session"
)

// Binding is the name under which a Worker has its KV namespace.
const Binding = "EDGEFRAME_KV"

// defaults are the settings that differ from those of a server, because an isolate has 128 MB
// for everything; docs/edge.md has the measurements.
var defaults = map[string]string{
	"CACHE_SIZE_MB":         "16",
	"MAX_DATAFRAME_SIZE_MB": "48",
	"MAX_UPLOAD_SIZE_MB":    "20",
}

// logger writes one JSON record for each line of the Worker's log.
var logger = slog.New(slog.DiscardHandler)

// console is the log of the Worker.
type console struct{}

// Write implements [io.Writer]. Each call is one record.
func (console) Write(p []byte) (int, error) {
	js.Global().Get("console").Call("log", strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// newCore returns the handler core with the settings of env, and these. With settings that are
// not accepted it says so on every request.
func newCore(env js.Value, version string) (http.Handler, config.Common) {
	var settings config.Common
	options := config.Options{Defaults: defaults, Elsewhere: elsewhere}
	warnings, wrong := config.Parse(&settings, vars(env), options)
	if wrong != nil {
		settings = config.Common{}
		// What remains of the settings are the defaults, which are fine.
		_, _ = config.Parse(&settings, nil, options)
	}
	logger = slog.New(slog.NewJSONHandler(console{}, &slog.HandlerOptions{Level: settings.Level()}))
	for _, w := range warnings {
		logger.Warn(w.Text)
	}

	driver := workerskv.New(workerskv.Options{Binding: Binding, CountPrefix: settings.KeyPrefix + ":" + session.LifetimePrefix})
	cached := cache.New(driver, settings.CacheBytes()/2, session.Immutable)
	store := kv.New(cached, settings.KeyPrefix)
	c := settings.API(store, settings.SessionTTL(), api.Backend{Runtime: "workers", Version: version}, doLater)
	c.Logger = logger
	c.Misconfigured = strings.Join(problems(wrong, env.Get(Binding)), "; ")
	return api.New(c), settings
}

// vars returns the settings of the Worker, variables and secrets alike, as NAME=value.
func vars(env js.Value) []string {
	var vars []string
	names := js.Global().Get("Object").Call("keys", env)
	for i := range names.Length() {
		name := names.Index(i).String()
		switch value := env.Get(name); value.Type() {
		case js.TypeString:
			vars = append(vars, name+"="+value.String())
		case js.TypeNumber, js.TypeBoolean:
			// A variable in wrangler.toml may be written without quotes.
			vars = append(vars, name+"="+js.Global().Call("String", value).String())
		}
	}
	return vars
}

// problems are what has to be set right before sessions can be served: a sentence each.
func problems(wrong error, namespace js.Value) (sentences []string) {
	var refused *config.Error
	if errors.As(wrong, &refused) {
		sentences = refused.Problems
	} else if wrong != nil {
		sentences = []string{wrong.Error()}
	}
	if namespace.Type() != js.TypeObject || namespace.Get("getWithMetadata").Type() != js.TypeFunction {
		sentences = append(sentences, fmt.Sprintf("the Worker has no KV namespace: add [[kv_namespaces]] with binding = %q and the id of a namespace to wrangler.toml, and deploy it again", Binding))
	}
	return sentences
}

// elsewhere is the sentence about a setting that is the server's alone.
func elsewhere(name string) string {
	switch {
	case strings.HasPrefix(name, "REDIS_"), strings.HasPrefix(name, "STORAGE_"),
		name == "HOST", name == "PORT", name == "LOG_FORMAT":
		return name + " has no effect in a Worker: it keeps its sessions in Workers KV, and the platform runs it"
	}
	return ""
}
