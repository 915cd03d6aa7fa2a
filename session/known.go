package session

import (
	"context"

	"edgeframe/internal/budget"
	"edgeframe/internal/lru"
	"edgeframe/session/record"
)

// knownHeads are the heads that this process stored last, by the ids of their sessions, and, if the store is far
// away, those that it has read since. Nothing changes them: a request gets a copy.
type knownHeads struct {
	heads *lru.Cache[knownHead]
	far   bool
}

// knownHead is a head and about the memory that it takes.
type knownHead struct {
	head  *record.Head
	bytes int64
}

// knownHeadsBytes bounds the heads that are kept for changes to begin with.
const knownHeadsBytes = 8 << 20

func newKnownHeads(opt Options) knownHeads {
	return knownHeads{heads: lru.New[knownHead](knownHeadsBytes), far: opt.FarStore}
}

// stored keeps a head that this process has stored.
func (k knownHeads) stored(h *head) {
	carried := int64(h.CarriedBytes())
	known := knownHead{h.Clone(), headFactor*int64(h.Msgsize()) + carried}
	k.heads.Add(h.ID, known, known.bytes)
}

// read keeps a head that this process has read, if the store is far away. Reads of an unchanged session copy
// nothing.
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
	if !ok || budget.From(ctx).Use(ctx, known.bytes) != nil {
		return nil
	}
	return &head{Head: *known.head.Clone(), past: new(past), recalled: true}
}
