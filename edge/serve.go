//go:build js && wasm && !stock

// Package edge runs the handler core as a Worker, together with worker.mjs beside it.
//
// One instance of the program serves all requests of an isolate, also those that overlap. It
// promises that each request waits for nothing but its own input and output, that a response
// is whole or visibly broken off, and that work which was begun is ended also if the client
// goes away. worker.mjs starts the instance, replaces it when it dies or has grown too large,
// and answers for requests that it took with it.
package edge

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"strings"
	"syscall/js"

	"github.com/syumai/workers"

	"edgeframe/internal/promise"
)

// memoryLimit is from where the garbage collector works harder: Wasm memory never shrinks,
// and worker.mjs gives up an instance that has grown beyond what an isolate has.
const memoryLimit = 72 << 20

// maxStack is the largest stack of a goroutine: a recursion without end ends there, with a
// trace, and not where memory does.
const maxStack = 16 << 20

// minRoom is what bodies may take together by default; decoding takes a multiple of it.
const minRoom = 20 << 20

// Serve answers the requests that worker.mjs hands over. It does not return.
func Serve(version string) {
	debug.SetMemoryLimit(memoryLimit)
	debug.SetMaxStack(maxStack)
	w := &worker{version: version, running: map[int]context.CancelFunc{}}
	binding().Set("abort", js.FuncOf(func(_ js.Value, args []js.Value) any {
		w.abort(args[0].Int())
		return nil
	}))
	workers.ServeNonBlock(w)
	workers.Ready()
	select {}
}

// worker is the instance.
type worker struct {
	version string
	// core is the handler core; it is built with the first request, which brings the settings.
	core http.Handler
	// bodies may take together what the largest upload may take, and minRoom at least.
	bodies room
	// running are the requests in flight, by the number of their call.
	running map[int]context.CancelFunc
}

// abort ends the waits of a request whose client is gone.
func (wk *worker) abort(number int) {
	if cancel, ok := wk.running[number]; ok {
		cancel()
	}
}

// begin builds the core, and tells worker.mjs whose pages may call.
func (wk *worker) begin(env js.Value) {
	core, settings := newCore(env, wk.version)
	wk.core, wk.bodies.most = core, max(settings.MaxUploadBytes(), minRoom)
	origins := make([]any, len(settings.CORSOrigins))
	for i, origin := range settings.CORSOrigins {
		origins[i] = origin
	}
	binding().Set("origins", origins)
}

// binding is the object by which worker.mjs and the program know each other.
func binding() js.Value { return js.Global().Get("context").Get("binding") }

// ServeHTTP implements [http.Handler] for syumai/workers.
func (wk *worker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := callOf(r)
	if err != nil {
		// Only another worker.mjs can bring this about.
		panic(err)
	}
	defer c.Call("done")

	number := c.Get("number").Int()
	ctx, cancel := context.WithCancel(r.Context())
	wk.running[number] = cancel
	defer func() {
		cancel()
		delete(wk.running, number)
	}()

	rest := &later{}
	ctx = context.WithValue(ctx, laterKey{}, rest)
	out, err := newResponse(ctx, c, w)
	if err != nil {
		panic(err)
	}
	if wk.core == nil {
		wk.begin(c.Get("env"))
	}
	if r, err = c.request(ctx, &wk.bodies); err != nil {
		http.Error(out, "the URL of the request cannot be read", http.StatusBadRequest)
		out.finish()
		return
	}
	defer r.Body.Close()
	wk.handle(out, r)
	rest.do(context.WithoutCancel(r.Context()))
}

// handle runs the core. The core recovers its own panics but the one that breaks off a
// response; no panic may leave the goroutine, because that would end the instance.
func (wk *worker) handle(w *response, r *http.Request) {
	defer func() {
		if p := recover(); p != nil {
			if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				logger.Error("handler panicked", "panic", p, "stack", string(debug.Stack()))
			}
			w.abort()
			return
		}
		w.finish()
	}()
	boundHealth(wk.withFaults(wk.core)).ServeHTTP(w, r)
}

// healthMilliseconds is how long a health document may wait for the storage, so that it is
// there within two seconds.
const healthMilliseconds = 1800

// boundHealth ends the waits of a request for health in time. The clock is a promise of that
// same request.
func boundHealth(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/health") {
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			late := js.Global().Get("scheduler").Call("wait", healthMilliseconds)
			go func() {
				if _, err := promise.Await(ctx, late); err == nil {
					cancel()
				}
			}()
			r = r.WithContext(ctx)
		}
		next.ServeHTTP(w, r)
	})
}
