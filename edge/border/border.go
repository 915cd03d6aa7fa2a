//go:build js && wasm

//lint:file-ignore U1000 JavaScript calls what go:wasmexport exports

// Package border is where Go and JavaScript, border.mjs, meet: functions with numbers as parameters,
// and bytes in shared memory. It does not use syscall/js, whose values cost several times as much.
//
// Each request from JavaScript is a call with a number. A goroutine of the call starts an operation with
// [Start] and awaits its result with [Pending.Await]. It must only start operations of its own call,
// because the Workers runtime cancels a request that waits for the input or output of another one.
//
// Bytes are copied once in each direction: JavaScript copies results into a buffer that Go has allocated,
// and copies what Go passes before the imported function returns. A buffer stays reachable from Go until
// JavaScript has written to it.
package border

import (
	"runtime"
	"time"
	"unsafe"

	_ "syscall/js" // sets the event handler, without which border.mjs could not run goroutines
)

// The functions that border.mjs exports. None of them calls into Go, and none keeps a view of the memory.

//go:wasmimport edge ready
func ready()

//go:wasmimport edge start
func start(call, wait, operation uint32, text, data string)

//go:wasmimport edge reply
func reply(call, status uint32, head, body string)

//go:wasmimport edge stream
func stream(call, status uint32, head string, length float64)

//go:wasmimport edge abort
func abort(call uint32)

//go:wasmimport edge limit
func limit(call uint32, milliseconds float64)

//go:wasmimport edge done
func done(call uint32)

//go:wasmimport edge tell
func tell(text string)

//go:wasmimport edge log
func log(text string)

// Handler is what runs the calls. Its methods must not block.
type Handler interface {
	// Begin is called once, before all calls, with the environment, see border.mjs.
	Begin(environment string)
	// Serve starts the work on a call.
	Serve(Request)
	// Cancel tells that nobody waits for the answer to a call any more.
	Cancel(call uint32)
}

// Request is a call as it arrives.
type Request struct {
	Call uint32
	// Head has a line with the method, a line with the URL, and a line for each header field.
	Head string
	// Body is the whole body, unless Streamed is true: then the operation [Read] returns it in chunks.
	Body     []byte
	Streamed bool
}

// handler is that of the program.
var handler Handler

// Handle makes h the handler of all calls. It is called once, before the main goroutine blocks forever.
func Handle(h Handler) {
	handler = h
	ready()
}

// incoming is the buffer that JavaScript fills. Between alloc and the call that takes the buffer, only
// JavaScript runs.
var incoming []byte

// alloc returns a buffer of n bytes for the result of a wait, or for a request if wait is 0. It returns nil
// if nobody waits any more.
//
//go:wasmexport alloc
func alloc(wait, n uint32) unsafe.Pointer {
	var into []byte
	if wait != 0 {
		p := waits.get(wait)
		if p == nil {
			return nil
		}
		into = p.into
	}
	if uint32(cap(into)) < n || into == nil {
		into = make([]byte, n, max(n, 1))
	}
	incoming = into[:n]
	return unsafe.Pointer(unsafe.SliceData(incoming))
}

// begin passes the environment, of n bytes, which is in the buffer.
//
//go:wasmexport begin
func begin(n uint32) { handler.Begin(string(taken()[:n])) }

// serve starts the work on a request. The buffer has the body, of which there are size bytes, and the head.
//
//go:wasmexport serve
func serve(call, size, head uint32, streamed bool) {
	b := taken()
	handler.Serve(Request{call, string(b[size : size+head]), b[:size:size], streamed})
	// Runs the goroutine of the call until it waits or is done. Many requests need no more than that.
	runtime.Gosched()
}

// settle ends a wait. Its result, if it has one, is in the buffer.
//
//go:wasmexport settle
func settle(wait, status uint32) {
	b := taken()
	if p := waits.take(wait); p != nil {
		p.settled <- outcome{Status(status), b}
	}
}

// cancel tells that nobody waits for the answer to a call any more.
//
//go:wasmexport cancel
func cancel(call uint32) { handler.Cancel(call) }

func taken() []byte {
	b := incoming
	incoming = nil
	return b
}

// Reply answers a call. The head has a line for each header field.
func Reply(call uint32, status int, head string, body []byte) {
	reply(call, uint32(status), head, text(body))
}

// Stream answers a call with a body that the operation [Write] sends; length is -1 if it is not known.
func Stream(call uint32, status int, head string, length int64) {
	stream(call, uint32(status), head, float64(length))
}

// Abort cuts off an answer that Stream has begun.
func Abort(call uint32) { abort(call) }

// Limit has [Handler.Cancel] called after a time, which is exact to a tenth of a second, unless the call is done
// by then.
func Limit(call uint32, d time.Duration) { limit(call, float64(d.Milliseconds())) }

// Done tells that there is no more work on a call. Its number is not used again.
func Done(call uint32) { done(call) }

// Tell gives JavaScript a text for what it has to answer without Go.
func Tell(text string) { tell(text) }

// Log writes a line to the log of the Worker.
func Log(line []byte) { log(text(line)) }

// text is b as a string that is valid until b changes.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
