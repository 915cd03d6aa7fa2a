//go:build js && wasm && !stock

// Package edge runs the handler core as a Worker, together with worker.mjs.
//
// One instance of the program serves all requests of an isolate, including concurrent ones. A request
// waits for nothing but its own input and output. A response is complete or visibly cut off. Work
// that has begun is finished even if the client disconnects, except for large uploads, which are
// cancelled.
// worker.mjs starts the instance, replaces it when it dies or has grown too large, and answers the
// requests that were in flight when it died.
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

// memoryLimit is the heap size from which the garbage collector runs more often. Wasm memory never
// shrinks, and worker.mjs stops an instance that has grown too large for an isolate.
const memoryLimit = 72 << 20

// maxStack is the largest stack of a goroutine, so that an endless recursion ends with a stack trace
// before memory is exhausted.
const maxStack = 16 << 20

// minRoom is the smallest budget for the bodies of all requests. Decoding takes several times as much.
const minRoom = 20 << 20

// gcPercent lets the heap grow more than usual between collections, because a request has to wait
// for each collection: with a small heap, one request in a few dozen would.
const gcPercent = 400

// Serve answers the requests that come from worker.mjs. It does not return.
//
// It uses syumai/workers for the start only: the global scope of an instance and the signal that it
// is ready. Requests and responses do not go through that package, because it crosses the border
// to JavaScript several times for each header, and its pipe ends the program once it is closed.
func Serve(version string) {
	debug.SetMemoryLimit(memoryLimit)
	debug.SetMaxStack(maxStack)
	debug.SetGCPercent(gcPercent)
	wk := &worker{version: version, running: map[int]context.CancelFunc{}}
	export("serve", func(c js.Value) { wk.accept(call{c}) })
	export("abort", func(number js.Value) { wk.abort(number.Int()) })
	workers.Ready()
	select {}
}

// binding is the object that worker.mjs and the program share.
func binding() js.Value { return js.Global().Get("context").Get("binding") }

// export lets worker.mjs call f.
func export(name string, f func(js.Value)) {
	binding().Set(name, js.FuncOf(func(_ js.Value, args []js.Value) any {
		f(args[0])
		return nil
	}))
}

// worker is the instance.
type worker struct {
	version string
	// core is the handler core. It is built at the first request, which brings the settings.
	core http.Handler
	// bodies is the budget for the bodies of all requests: the size of the largest upload, and at
	// least minRoom.
	bodies room
	// running cancels requests whose clients disconnect during an upload, by number.
	running map[int]context.CancelFunc
	// idle has the channels of goroutines that wait for a request.
	idle []chan call
}

// maxIdle is the largest number of idle goroutines.
const maxIdle = 32

// accept serves a request on an idle goroutine if there is one, because its stack is large enough
// already: growing a stack costs more than a small request.
func (wk *worker) accept(c call) {
	if n := len(wk.idle); n > 0 {
		lane := wk.idle[n-1]
		wk.idle = wk.idle[:n-1]
		lane <- c
		return
	}
	lane := make(chan call, 1)
	lane <- c
	go func() {
		for c := range lane {
			wk.serve(c)
			if len(wk.idle) == maxIdle {
				return
			}
			wk.idle = append(wk.idle, lane)
		}
	}()
}

// abort cancels a request whose client has disconnected.
func (wk *worker) abort(number int) {
	if cancel, ok := wk.running[number]; ok {
		cancel()
	}
}

// begin builds the core, and tells worker.mjs the origins that may call.
func (wk *worker) begin(env js.Value) {
	core, settings := newCore(env, wk.version)
	wk.core, wk.bodies.most = wk.withFaults(core), max(settings.MaxUploadBytes(), minRoom)
	origins := make([]any, len(settings.CORSOrigins))
	for i, origin := range settings.CORSOrigins {
		origins[i] = origin
	}
	binding().Set("origins", origins)
}

// serve handles one request, and the work that it leaves for after the response.
func (wk *worker) serve(c call) {
	defer c.Call("done")
	if wk.core == nil {
		wk.begin(c.Get("env"))
	}
	rest := &later{}
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), laterKey{}, rest))
	defer cancel()
	out := newResponse(ctx, c)
	r, err := c.request(ctx, &wk.bodies)
	if err != nil {
		http.Error(out, "the URL of the request cannot be read", http.StatusBadRequest)
		out.finish()
		return
	}
	defer r.Body.Close()
	if body := r.Body.(*stream); !body.next.IsUndefined() {
		number := c.Get("number").Int()
		wk.running[number] = cancel
		defer delete(wk.running, number)
	}
	out.bodiless = r.Method == http.MethodHead
	wk.handle(out, r)
	rest.do(context.WithoutCancel(r.Context()))
}

// handle runs the core. The core recovers panics, except [http.ErrAbortHandler], which cuts a
// response off. No panic may leave the goroutine, because that would end the instance.
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
	boundHealth(wk.core).ServeHTTP(w, r)
}

// healthMilliseconds is how long a health document waits for the storage, so that the answer takes
// less than two seconds.
const healthMilliseconds = 1800

// boundHealth gives requests for health documents a deadline. Its timer is a promise of the same
// request, as the runtime demands.
func boundHealth(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/health") && r.URL.Path != "/health/live" {
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
