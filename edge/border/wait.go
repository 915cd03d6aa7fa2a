//go:build js && wasm

package border

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// Operation is what JavaScript does for a call. Arguments and results are texts, unless they are said to be
// bytes.
type Operation uint32

// The operations, as border.mjs numbers them.
const (
	// Wait waits for a number of milliseconds.
	Wait Operation = iota
	// Read returns the next chunk of the body, nil at its end.
	Read
	// Write sends bytes as the next chunk of an answer that is streamed.
	Write
	// Close ends an answer that is streamed.
	Close
	// KVGet has a binding and a key, and returns the value, nil if there is none.
	KVGet
	// KVPut has a binding, a key, seconds or nothing, and metadata as JSON or nothing; and the value in
	// bytes.
	KVPut
	// KVDelete has a binding and a key.
	KVDelete
	// KVList has a binding, a prefix, a limit and a cursor or nothing. It returns the next cursor or nothing,
	// and for each key its name, and its metadata as JSON or nothing.
	KVList
	// KVRenew has a binding, a key and seconds or nothing: it writes the value again, if there is one.
	KVRenew
	// CallObject has a binding, the name of an object and a method; and its argument in bytes. It returns
	// bytes, nil for null.
	CallObject
	// Upgrade has a binding, the name of an object and a URL: the object answers the call with a WebSocket. It
	// returns the status of the object's response, 101 if that is the answer.
	Upgrade
)

// separator is between texts, in which it is escaped.
const separator = "\x00"

var (
	escape   = strings.NewReplacer("\x00", "\x01\x02", "\x01", "\x01\x01")
	unescape = strings.NewReplacer("\x01\x02", "\x00", "\x01\x01", "\x01")
)

// join returns texts as one.
func join(texts []string) string {
	for i, text := range texts {
		if strings.ContainsAny(text, "\x00\x01") {
			texts = slices.Clone(texts)
			texts[i] = escape.Replace(text)
		}
	}
	return strings.Join(texts, separator)
}

// Split returns the texts of a result.
func Split(result string) []string {
	texts := strings.Split(result, separator)
	for i, text := range texts {
		if strings.Contains(text, "\x01") {
			texts[i] = unescape.Replace(text)
		}
	}
	return texts
}

// Status says how an operation ended.
type Status uint32

// Fulfilled means that there is a result, Empty that it is null or undefined. The result of a rejected
// operation is the text of its error; then bits may be set that Durable Objects set on errors.
const (
	Fulfilled  Status = 0
	Empty      Status = 1
	Rejected   Status = 2
	Retryable  Status = 4
	Overloaded Status = 8
)

// Error is the error of an operation.
type Error struct {
	// Text is the message of the JavaScript error.
	Text string
	// Retryable and Overloaded are what the error of a Durable Object says of itself.
	Retryable, Overloaded bool
}

func (e *Error) Error() string { return e.Text }

// outcome is how an operation ended.
type outcome struct {
	status Status
	value  []byte
}

// Pending is an operation that has been started.
type Pending struct {
	ctx     context.Context
	number  uint32
	into    []byte
	settled chan outcome
	err     error
}

// Start starts an operation of a call. The data must not change before Start returns, and may change after.
// If the result fits into the buffer into, which may be nil, that is where it goes.
func Start(ctx context.Context, call uint32, o Operation, args []string, data, into []byte) *Pending {
	if err := ctx.Err(); err != nil {
		return Failed(err)
	}
	p := &Pending{ctx: ctx, into: into, settled: make(chan outcome, 1)}
	p.number = waits.add(p)
	start(call, p.number, uint32(o), join(args), text(data))
	return p
}

// Failed is an operation that has failed.
func Failed(err error) *Pending { return &Pending{err: err} }

// Await returns the result, or the error of the context of Start if that is done first. The result is nil
// if the operation has none. It is called once.
func (p *Pending) Await() ([]byte, error) {
	if p.err != nil {
		return nil, p.err
	}
	select {
	case o := <-p.settled:
		return o.result()
	case <-p.ctx.Done():
		waits.take(p.number)
		return nil, p.ctx.Err()
	}
}

func (o outcome) result() ([]byte, error) {
	switch {
	case o.status&Rejected != 0:
		return nil, &Error{string(o.value), o.status&Retryable != 0, o.status&Overloaded != 0}
	case o.status == Empty:
		return nil, nil
	}
	return o.value, nil
}

// Waiting is the number of waits that have not settled.
func Waiting() int {
	waits.Lock()
	defer waits.Unlock()
	return len(waits.pending)
}

// table has the waits by number. A wait leaves it when it settles, or when nobody waits any more. There is
// one thread only, but an allocation may yield to other goroutines, so there is a lock.
type table struct {
	sync.Mutex
	last    uint32
	pending map[uint32]*Pending
}

var waits = table{pending: map[uint32]*Pending{}}

func (t *table) add(p *Pending) uint32 {
	t.Lock()
	defer t.Unlock()
	if t.last++; t.last == 0 {
		t.last = 1 // 0 is no wait
	}
	t.pending[t.last] = p
	return t.last
}

func (t *table) get(number uint32) *Pending {
	t.Lock()
	defer t.Unlock()
	return t.pending[number]
}

func (t *table) take(number uint32) *Pending {
	t.Lock()
	defer t.Unlock()
	p := t.pending[number]
	delete(t.pending, number)
	return p
}
