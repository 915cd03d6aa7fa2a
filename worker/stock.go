//go:build js && wasm && stock

// Package worker answers one request with the stock runtime, which starts a program for each request. make
// bench-edge compares the Worker with it.
package worker

import (
	"net/http"
	"syscall/js"

	"github.com/syumai/workers"

	"edgeframe/edge"
)

// Serve answers one request. bench/edge/stock.mjs makes it the call 1 of the border, so that the store works as
// in the Worker.
func Serve(version string) {
	env := js.Global().Get("context").Get("environment").String()
	handler, _ := newCore(edge.ParseEnv(env), version)
	workers.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := edge.WithCall(r.Context(), 1)
		handler.ServeHTTP(w, r.WithContext(ctx))
		// Before the end of the body, which is that of the program.
		edge.Finish(ctx)
	}))
}
