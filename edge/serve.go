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

// gcPercent lets the heap grow further than usual between collections, each of which a request has
// to wait for: a small heap would be collected every few dozens of them.
const gcPercent = 400

// Serve answers the requests that worker.mjs hands over. It does not return.
//
// Of syumai/workers it takes the start: the global scope of an instance and the signal that it
// is ready. Requests and responses do not go through that package: it crosses the border to
// JavaScript several times for each header, and its pipe, once closed, ends the program.
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

// binding is the object by which worker.mjs and the program know each other.
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
	// core is the handler core; it is built with the first request, which brings the settings.
	core http.Handler
	// bodies may take together what the largest upload may take, and minRoom at least.
	bodies room
	// running are the requests in flight whose client may go away in mid-upload, by number.
	running map[int]context.CancelFunc
	// idle are goroutines that have served a request and wait for the next.
	idle []chan call
}

// maxIdle bounds the goroutines that are kept.
const maxIdle = 32

// accept serves a request on a goroutine that has done so before, if there is one: its stack
// has the size that a request takes, and growing it costs more than a small request.
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

// abort ends the waits of a request whose client is gone.
func (wk *worker) abort(number int) {
	if cancel, ok := wk.running[number]; ok {
		cancel()
	}
}

// begin builds the core, and tells worker.mjs whose pages may call.
func (wk *worker) begin(env js.Value) {
	core, settings := newCore(env, wk.version)
	wk.core, wk.bodies.most = wk.withFaults(core), max(settings.MaxUploadBytes(), minRoom)
	origins := make([]any, len(settings.CORSOrigins))
	for i, origin := range settings.CORSOrigins {
		origins[i] = origin
	}
	binding().Set("origins", origins)
}

// serve handles one request to its end, and what it leaves for after the answer.
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
	boundHealth(wk.core).ServeHTTP(w, r)
}

// healthMilliseconds is how long a health document may wait for the storage, so that it is
// there within two seconds.
const healthMilliseconds = 1800

// boundHealth ends the waits of a request for health in time. The clock is a promise of that
// same request.
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
