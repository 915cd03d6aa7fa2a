//go:build js && wasm

// Package edge runs any [http.Handler] as a Cloudflare Worker, together with runtime.mjs.
//
// One instance of the program serves all requests of an isolate, including concurrent ones. An answer is
// complete or visibly cut off. Work that has begun is finished even if the client disconnects, except for
// large uploads, whose contexts are cancelled. runtime.mjs starts the instance with the first request,
// replaces it when it dies or has grown too large, and answers the requests that were in flight when it
// died.
//
// The runtime cancels a request that waits for anything but input and output that this very request has
// started. So a handler must not sleep, use timers, or wait for the work of another request. It must not
// hold a lock while it waits. What it waits for are the calls of this package: [KV], [CallObject], [Sleep],
// the body of the request and the writing of a large answer. What is in the memory of an instance is only a
// cache: there are many instances, and each may end at any time.
//
// docs/edge-runtime.md has an example, and the limits.
package edge

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"

	"edgeframe/edge/border"
)

// memoryLimit is the heap size from which the garbage collector runs more often. Wasm memory never
// shrinks, and runtime.mjs stops an instance that has grown too large for an isolate.
const memoryLimit = 72 << 20

// maxStack is the largest stack of a goroutine, so that an endless recursion ends with a stack trace
// before memory is exhausted.
const maxStack = 16 << 20

// gcPercent lets the heap grow more than usual between collections, because a request has to wait
// for each collection: with a small heap, one request in a few dozen would.
const gcPercent = 400

// Worker is what serves requests. All fields but Handler are optional.
type Worker struct {
	// Handler answers the requests.
	Handler http.Handler
	// BodyBytes is the memory for the bodies of all requests in flight. The default, which is also the least,
	// is 20 MiB.
	BodyBytes int64
	// NoRoom is what reading a body returns if BodyBytes are taken; the default is ErrNoRoom.
	NoRoom error
	// Failed answers a request whose handler panicked before its answer began. It finds the header as
	// the handler left it. The default answers with status 500.
	Failed http.Handler
	// Logger gets the panics of handlers. The default writes JSON to the log of the Worker.
	Logger *slog.Logger
}

// Serve answers the requests that come from runtime.mjs. It does not return. The first request brings the
// environment, with which build is called once.
func Serve(build func(Env) Worker) {
	debug.SetMemoryLimit(memoryLimit)
	debug.SetMaxStack(maxStack)
	debug.SetGCPercent(gcPercent)
	border.Handle(&instance{build: build})
	select {}
}

// instance is the instance of the program. It implements [border.Handler].
type instance struct {
	build  func(Env) Worker
	env    Env
	worker *Worker
	bodies room
}

// cancelled has what cancels requests, by number: uploads, whose clients may disconnect, and those with a limit.
var cancelled = map[uint32]context.CancelFunc{}

// idle has the channels of goroutines that wait for a request.
var idle []chan border.Request

// maxIdle is the largest number of idle goroutines.
const maxIdle = 32

// Idle returns the number of goroutines that wait for a request.
func Idle() int { return len(idle) }

// Begin implements [border.Handler].
func (in *instance) Begin(environment string) { in.env = ParseEnv(environment) }

// Serve serves a request on an idle goroutine if there is one, because its stack is large enough already:
// growing a stack costs more than a small request.
func (in *instance) Serve(r border.Request) {
	if n := len(idle); n > 0 {
		lane := idle[n-1]
		idle = idle[:n-1]
		lane <- r
		return
	}
	lane := make(chan border.Request, 1)
	lane <- r
	go func() {
		for r := range lane {
			in.serve(r)
			if len(idle) == maxIdle {
				return
			}
			idle = append(idle, lane)
		}
	}()
}

// Cancel implements [border.Handler].
func (in *instance) Cancel(call uint32) {
	if cancel, ok := cancelled[call]; ok {
		cancel()
	}
}

// start builds the worker.
func (in *instance) start() {
	w := in.build(in.env)
	if w.NoRoom == nil {
		w.NoRoom = ErrNoRoom
	}
	if w.Failed == nil {
		w.Failed = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "the server failed to handle this request", http.StatusInternalServerError)
		})
	}
	if w.Logger == nil {
		w.Logger = slog.New(slog.NewJSONHandler(Log{}, nil))
	}
	in.bodies = room{most: max(w.BodyBytes, minRoom), none: w.NoRoom}
	in.worker = &w
}

// serve handles one request, and the work that it leaves for after the response.
func (in *instance) serve(given border.Request) {
	defer border.Done(given.Call)
	if in.worker == nil {
		in.start()
	}
	c := &call{number: given.Call}
	ctx, cancel := context.WithCancel(withCall{context.Background(), c})
	c.cancel = cancel
	defer c.end()
	out := newResponse(ctx, given.Call)
	r, err := newRequest(ctx, given, &in.bodies)
	if err != nil {
		http.Error(out, "the URL of the request cannot be read", http.StatusBadRequest)
		out.finish()
		return
	}
	defer r.Body.Close()
	if given.Streamed {
		c.cancellable()
	}
	out.bodiless = r.Method == http.MethodHead
	in.handle(out, r)
	if len(c.later) > 0 {
		in.finish(context.WithoutCancel(ctx), c)
	}
}

// handle runs the handler. No panic may leave the goroutine, because that would end the instance.
// [http.ErrAbortHandler] cuts an answer off.
func (in *instance) handle(w *response, r *http.Request) {
	defer func() {
		if p := recover(); p != nil {
			if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				in.worker.Logger.Error("handler panicked", "panic", p, "stack", string(debug.Stack()))
			}
			in.abort(w, r)
			return
		}
		w.finish()
	}()
	in.worker.Handler.ServeHTTP(w, r)
}

// abort ends a response that cannot be finished. If it has begun, it is cut off, so that the client
// notices that it is not complete.
func (in *instance) abort(w *response, r *http.Request) {
	if w.streamed {
		border.Abort(w.call)
		return
	}
	w.reset()
	in.worker.Failed.ServeHTTP(w, r)
	w.finish()
}
