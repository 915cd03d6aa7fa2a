package api

import (
	"context"
	"errors"
	"io"
	"net/http"

	"edgeframe/internal/budget"
)

const (
	// uploadFactor is about how many times the size of a file its upload takes in memory: the file,
	// the table and the segments to store. A file that takes more reserves it while it is decoded.
	uploadFactor = 4
	// documentFactor is how many times the size of a JSON document the reading of it takes at most.
	documentFactor = 4
)

// reserveBody reserves factor times the size of the body of a request, before the body is read: a
// client that waits for "100 Continue" does not send it in vain. If the size is not declared, the
// body that it returns reserves memory while it arrives.
func reserveBody(r *http.Request, factor int64) (io.ReadCloser, error) {
	ctx, share := r.Context(), budget.From(r.Context())
	if share == nil {
		return r.Body, nil
	}
	if r.ContentLength < 0 {
		return &reservingBody{ReadCloser: r.Body, ctx: ctx, share: share, factor: factor}, nil
	}
	err := share.Reserve(ctx, factor*r.ContentLength)
	if err == nil {
		err = share.Use(ctx, r.ContentLength)
	}
	if err != nil && r.Header.Get("Expect") == "" {
		// A client that sends at once may not see the answer before it has sent everything.
		_, _ = io.Copy(io.Discard, r.Body)
	}
	return r.Body, err
}

// reservingBody is a body of unknown size.
type reservingBody struct {
	io.ReadCloser
	ctx    context.Context
	share  *budget.Share
	factor int64
	// used is what has been reserved for, left how much of it has not been read yet.
	used, left int64
}

// reserveStep is for how many bytes of a body of unknown size memory is reserved at a time.
const reserveStep = 256 << 10

// Read implements [io.Reader].
func (b *reservingBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		if err := b.share.Use(b.ctx, reserveStep); err != nil {
			return 0, err
		}
		b.used, b.left = b.used+reserveStep, reserveStep
		if err := b.share.Reserve(b.ctx, (b.factor-1)*b.used); err != nil {
			return 0, err
		}
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// reserver returns what decoding calls before it allocates; see [codec.ReadOptions].
func reserver(r *http.Request) func(bytes int64) error {
	ctx := r.Context()
	return func(bytes int64) error { return budget.From(ctx).Use(ctx, bytes) }
}

// begin waits until the work of a request may compute, until its end. Work on different sessions takes turns; key is the
// session.
func begin(r *http.Request, key string) error {
	_, err := budget.From(r.Context()).Begin(r.Context(), key)
	return err
}

// isShortage reports whether err says that memory could not be reserved.
func isShortage(err error) bool {
	_, busy := errors.AsType[*budget.Busy](err)
	_, large := errors.AsType[*budget.TooLarge](err)
	return busy || large
}
