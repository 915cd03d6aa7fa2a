package session

import (
	"context"

	"edgeframe/internal/budget"
	"edgeframe/internal/lru"
	"edgeframe/session/record"
)

// knownHeads are the heads that this process stored or read last, by the ids of their sessions. Nothing changes them: a
// request gets a copy. So a head that is read again is not decoded again, and a change may begin without reading it.
type knownHeads struct {
	heads *lru.Cache[knownHead]
	far   bool
}

// knownHead is a head with what is decoded of it, and about the memory that it takes.
type knownHead struct {
	head      *record.Head
	past      *past
	manifests *manifests
	// seal is that of the stored form, zero if that is not known.
	seal  record.Seal
	bytes int64
}

// knownHeadsBytes bounds the heads that are known.
const knownHeadsBytes = 8 << 20

func newKnownHeads(opt Options) knownHeads {
	return knownHeads{heads: lru.New[knownHead](knownHeadsBytes), far: opt.FarStore}
}

// decode returns the head of a session whose stored form is b. Of an undamaged one that is known it returns a copy.
func (k knownHeads) decode(ctx context.Context, id string, b []byte) (*head, error) {
	if known, ok := k.heads.Get(id); ok && known.seal.Matches(b, known.head) {
		if h := known.copy(ctx); h != nil {
			return h, nil
		}
	}
	h, err := decodeHead(ctx, id, b)
	if err == nil {
		k.keep(h, b)
	}
	return h, err
}

// keep makes a head known. b is its stored form.
func (k knownHeads) keep(h *head, b []byte) {
	known := knownHead{h.Clone(), h.past, h.manifests.of(h.Manifests), record.SealOf(b), headFactor * int64(len(b))}
	k.heads.Add(h.ID, known, known.bytes)
}

// stored keeps a head that this process has stored, whose stored form is another one by now.
func (k knownHeads) stored(h *head) {
	known := knownHead{head: h.Clone(), past: h.past, manifests: h.manifests.of(h.Manifests), bytes: headFactor*int64(h.Msgsize()) + int64(h.CarriedBytes())}
	k.heads.Add(h.ID, known, known.bytes)
}

// read keeps a head that this process has read and changed since then, if the store is far away. Reads of an unchanged
// session copy nothing.
func (k knownHeads) read(h *head) {
	if !k.far {
		return
	}
	if known, ok := k.heads.Get(h.ID); !ok || known.head.Revision != h.Revision {
		k.stored(h)
	}
}

// forget removes the head of a session that has ended.
func (k knownHeads) forget(id string) { k.heads.Remove(id) }

// recall returns a copy of the head of a session, or nil.
func (k knownHeads) recall(ctx context.Context, id string) *head {
	known, ok := k.heads.Get(id)
	if !ok {
		return nil
	}
	h := known.copy(ctx)
	if h != nil {
		h.recalled = true
	}
	return h
}

// copy returns a copy of a head, nil if there is no memory for it.
func (known knownHead) copy(ctx context.Context) *head {
	if budget.From(ctx).Use(ctx, known.bytes) != nil {
		return nil
	}
	return &head{Head: *known.head.Clone(), past: known.past, manifests: known.manifests}
}
