//go:build js && wasm && stock

package edge

import (
	"context"
	"net/http"
	"syscall/js"

	"github.com/syumai/workers"

	"edgeframe/kv/workerskv"
)

// Serve answers one request with the stock runtime, which starts a program for each request. make
// bench-edge compares the Worker with it.
func Serve(version string) {
	env := js.Global().Get("context").Get("env")
	core, _ := newCore(env, version)
	workers.Serve(&worker{core: core, namespace: env.Get(Binding)})
}

// worker is the program of one request.
type worker struct {
	core      http.Handler
	namespace js.Value
}

// ServeHTTP implements [http.Handler]. It runs later work before it returns, because the program ends
// with the body of the response.
func (wk *worker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest := &later{}
	ctx := workerskv.WithBinding(context.WithValue(r.Context(), laterKey{}, rest), wk.namespace)
	wk.withFaults(wk.core).ServeHTTP(w, r.WithContext(ctx))
	rest.do(ctx)
}
