//go:build js && wasm

package edge

import (
	"context"
	"errors"
	"math"
	"strconv"
	"time"

	"edgeframe/edge/border"
)

// Pending is an operation that has been started. Several operations run beside one another if all are started
// before the first is awaited. The Workers runtime runs six at a time.
type Pending = border.Pending

// Error is the error of a binding; errors of Workers KV have texts such as "KV PUT failed: 429 Too Many
// Requests".
type Error = border.Error

// begin starts an operation of the request of ctx.
func begin(ctx context.Context, o border.Operation, args []string, data []byte) *Pending {
	c, ok := ctx.Value(callKey{}).(*call)
	if !ok {
		return border.Failed(errors.New("the context is not that of a request to the Worker"))
	}
	return border.Start(ctx, c.number, o, args, data, nil)
}

// KV is a Workers KV namespace, by the name of its binding. Its methods take the context of the request on
// whose behalf they are called.
type KV string

// Get reads a value. The result is nil if there is none.
func (ns KV) Get(ctx context.Context, key string) *Pending {
	return begin(ctx, border.KVGet, []string{string(ns), key}, nil)
}

// PutOptions are the options of [KV.Put].
type PutOptions struct {
	// TTL is how long the value is kept, at least a minute; 0 means forever. It is rounded up to seconds.
	TTL time.Duration
	// Metadata is a JSON document of at most 1024 bytes, which listings return.
	Metadata string
}

// Put writes a value. It has no result.
func (ns KV) Put(ctx context.Context, key string, value []byte, opt PutOptions) *Pending {
	return begin(ctx, border.KVPut, []string{string(ns), key, seconds(opt.TTL), opt.Metadata}, value)
}

// Delete removes a value. It has no result.
func (ns KV) Delete(ctx context.Context, key string) *Pending {
	return begin(ctx, border.KVDelete, []string{string(ns), key}, nil)
}

// Renew writes a value, if there is one, and its metadata again, with another TTL. The value stays outside
// of Go's memory. It has no result.
func (ns KV) Renew(ctx context.Context, key string, ttl time.Duration) *Pending {
	return begin(ctx, border.KVRenew, []string{string(ns), key, seconds(ttl)}, nil)
}

// seconds returns ttl in seconds, and nothing for 0.
func seconds(ttl time.Duration) string {
	if ttl <= 0 {
		return ""
	}
	return strconv.Itoa(int(math.Ceil(ttl.Seconds())))
}

// KVPage is a page of a listing.
type KVPage struct {
	Keys []KVKey
	// Cursor leads to the next page. It is empty on the last one.
	Cursor string
}

// KVKey is a key in a listing.
type KVKey struct {
	Name string
	// Metadata is the JSON document of [PutOptions]. It is empty if there is none.
	Metadata string
}

// List begins the listing of a page of keys with a prefix, in the order of their names. The limit is at most
// 1000. [ParsePage] reads its result.
func (ns KV) List(ctx context.Context, prefix, cursor string, limit int) *Pending {
	return begin(ctx, border.KVList, []string{string(ns), prefix, strconv.Itoa(limit), cursor}, nil)
}

// ParsePage reads the result of [KV.List].
func ParsePage(result []byte) KVPage {
	texts := border.Split(string(result))
	page := KVPage{Cursor: texts[0]}
	for i := 1; i+1 < len(texts); i += 2 {
		page.Keys = append(page.Keys, KVKey{Name: texts[i], Metadata: texts[i+1]})
	}
	return page
}
