package staging

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"time"

	"edgeframe/codec"
	"edgeframe/kv"
)

// StageOnce is [Area.Stage] for a request that its sender may repeat. name returns the id of the upload, which
// follows from the key of the request, and the hash of the request; exact says whether the upload is found if
// it is there. If the request has been sent before, what is staged is returned, and repeated is true. The
// error is an [ErrKeyMismatch] if it was another request.
//
// On a store without compare-and-swap a repeat is not noticed: it stores the same upload again, under the same id.
func (a *Area) StageOnce(ctx context.Context, name func(exact bool) (id string, content [8]byte), file, note []byte, lifetime time.Duration) (up *Upload, repeated bool, err error) {
	lifetime = cmp.Or(lifetime, StageTime)
	exact := a.store.Capabilities().CompareAndSwap
	id, content := name(exact)
	up = &Upload{ID: id, Expires: a.now().Add(lifetime).Truncate(time.Millisecond), Note: note}
	if !exact {
		return up, false, a.write(ctx, up, file, lifetime)
	}
	up.attempt = newAttempt()
	c := kv.Commit{Put: up.cut(file), TTL: storeTTL(lifetime), SwapTTL: storeTTL(lifetime)}
	rec := up.record()
	rec.Request = content[:]
	b, err := rec.encode()
	if err != nil {
		return nil, false, err
	}
	c.Swap = kv.Item{Key: recordKey(id), Value: b}
	for {
		_, err = a.store.Commit(kv.Fresh(ctx), c)
		lost, ok := errors.AsType[*kv.Conflict](err)
		if !ok {
			return up, false, err
		}
		if lost.Value == nil {
			return nil, false, codec.Errorf(ErrStaleRead, "upload %s is being changed; try again shortly", id)
		}
		rec, err := decodeRecord(lost.Value)
		if err != nil {
			return nil, false, codec.Errorf(ErrCorrupt, "the record of upload %s cannot be read", id)
		}
		if rec.Attempt == up.attempt {
			// The response to an attempt was lost.
			return up, false, nil
		}
		if first := uploadOf(id, rec); first.Expires.After(a.now()) {
			// What this attempt has stored expires if it cannot be deleted.
			_ = a.store.Delete(ctx, up.partKeys()...)
			if !bytes.Equal(rec.Request, content[:]) {
				return nil, false, codec.Errorf(ErrKeyMismatch, "the Idempotency-Key has come before with another file or other parameters; send each upload with a key of its own")
			}
			err := a.store.Confirm(ctx, recordKey(id), kv.RevisionOf(lost.Value))
			if errors.Is(err, kv.ErrConflict) {
				return nil, false, codec.Errorf(ErrStaleRead, "upload %s is being changed; try again shortly", id)
			}
			return first, true, err
		}
		// The record has expired, and the store has not deleted it yet.
		c.Old = kv.RevisionOf(lost.Value)
	}
}

// newAttempt returns a number that tells attempts to store one upload apart, never 0. Those of math/rand would not do:
// on a Worker they come from a seed of the isolate, see edge/runtime.mjs.
func newAttempt() uint32 {
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails
	return max(binary.LittleEndian.Uint32(random[:]), 1)
}
