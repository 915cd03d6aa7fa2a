package kv

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Commit is a compare-and-swap with the writes and reads that belong to it, so that an engine on the
// network can do all of it in one round trip.
//
// First Put is stored and Touch is renewed, both with TTL; like [Driver.Touch], Touch never shortens
// a life. Then Swap replaces the value with revision Old. If that succeeds, Drop is deleted. If Put
// or Touch fails, there is no swap. It is not an error if keys of Drop cannot be deleted. Get is read
// last, whatever the outcome. Only the item of Swap may be Counted; the keys of Put, Touch and Drop
// must belong to items that are not.
//
// All keys must have the same text between their first braces, because an engine on several
// machines keeps such keys together.
type Commit struct {
	Put   []Item
	Touch []string
	TTL   time.Duration

	Swap    Item
	Old     Revision
	SwapTTL time.Duration

	Drop []string
	Get  []string

	// Event returns what is told to those who follow the key of Swap, in the same step as the swap: to all of them
	// if it succeeds, and to nobody otherwise. They are told in the order of the swaps. Nil tells nothing. An
	// engine without LiveUpdates ignores it. An engine that knows all who follow does not call it if nobody does.
	// It must not use the driver.
	Event func() []byte
}

// Told returns what a commit tells, nil if it tells nothing.
func (c *Commit) Told() []byte {
	if c.Event == nil {
		return nil
	}
	return c.Event()
}

// Conflict is the error of a [Commit] whose swap lost. It is an [ErrConflict]. It has the value that
// won, so that the caller can start again from it without another round trip.
type Conflict struct {
	// Value is the present value of the key of Swap, nil if the key is absent or could not be read.
	Value []byte
}

func (*Conflict) Error() string { return ErrConflict.Error() }

// Unwrap makes errors.Is find the sentinel.
func (*Conflict) Unwrap() error { return ErrConflict }

// Committer is implemented by drivers that can do a [Commit] in one step. For other drivers a [Store]
// makes the calls one after another.
type Committer interface {
	// Commit must fulfil the contracts of [Commit] and of [Driver.CompareAndSwap], except that the
	// error of a swap that lost is a [*Conflict]. The values are those of Get, or nil if they could
	// not be read; err is about everything else.
	Commit(ctx context.Context, c Commit) (values [][]byte, err error)
}

// Commit does everything in c. If the swap lost, the error contains a [*Conflict]. After any other error it is
// unknown whether the items are stored. The values are those of c.Get, whether or not the swap
// succeeded, or nil if they could not be read.
func (s *Store) Commit(ctx context.Context, c Commit) (values [][]byte, err error) {
	const op = "commit"
	key := c.Swap.Key
	if err := errors.Join(s.checkSwap(op, c.Swap, c.SwapTTL), s.checkTTL(op, c.TTL)); err != nil {
		return nil, err
	}
	if c, err = s.fullCommit(op, c); err != nil {
		return nil, err
	}
	ctx, call := s.begin(ctx, op, key)
	values, err = CommitOn(ctx, s.driver, c)
	return values, call.end(err)
}

// CommitOn makes a commit on a driver, in one step if the driver can: it is [Committer.Commit] for all drivers.
func CommitOn(ctx context.Context, d Driver, c Commit) (values [][]byte, err error) {
	if committer, ok := d.(Committer); ok {
		return committer.Commit(ctx, c)
	}
	return CommitInSteps(ctx, d, c, func() error { return d.CompareAndSwap(ctx, c.Swap, c.Old, c.SwapTTL) })
}

// CommitInSteps makes a commit on a driver by one call after another. The swap is made by swap, which an engine
// that tells the Event replaces by its own.
func CommitInSteps(ctx context.Context, d Driver, c Commit, swap func() error) (values [][]byte, err error) {
	err = commitInSteps(ctx, d, c, swap)
	if len(c.Get) > 0 {
		// If this fails, values is nil.
		values, _ = d.Get(ctx, c.Get)
	}
	return values, err
}

func commitInSteps(ctx context.Context, d Driver, c Commit, swap func() error) error {
	if len(c.Put) > 0 {
		if err := d.Set(ctx, c.Put, c.TTL); err != nil {
			return err
		}
	}
	if len(c.Touch) > 0 {
		if err := d.Touch(ctx, c.Touch, c.TTL); err != nil {
			return err
		}
	}
	err := swap()
	if errors.Is(err, ErrConflict) {
		lost := &Conflict{}
		if values, err := d.Get(ctx, []string{c.Swap.Key}); err == nil {
			lost.Value = values[0]
		}
		return lost
	}
	if err != nil {
		return err
	}
	if len(c.Drop) > 0 {
		_ = d.Delete(ctx, c.Drop)
	}
	return nil
}

// fullCommit checks every key and value of c and adds the prefix.
func (s *Store) fullCommit(op string, c Commit) (Commit, error) {
	tag := HashTag(c.Swap.Key)
	put := make([]Item, len(c.Put))
	for i, it := range c.Put {
		if it.Counted {
			return c, fail(op, it.Key, ErrInvalid, "only the item of the swap may be counted")
		}
		var err error
		if put[i], err = s.fullItem(op, it); err != nil {
			return c, err
		}
	}
	for _, keys := range [][]string{itemKeys(c.Put), c.Touch, c.Drop, c.Get} {
		for _, k := range keys {
			if HashTag(k) != tag {
				return c, fail(op, k, ErrInvalid, "the key must have the same text between the braces as %q", c.Swap.Key)
			}
		}
	}
	c.Put = put
	var err error
	if c.Swap, err = s.fullItem(op, c.Swap); err != nil {
		return c, err
	}
	for _, keys := range []*[]string{&c.Touch, &c.Drop, &c.Get} {
		if *keys, err = s.fullKeys(op, *keys); err != nil {
			return c, err
		}
	}
	return c, nil
}

// HashTag returns the part of key by which a Redis Cluster chooses the machine: the text between the
// first opening brace and the next closing brace, or the whole key if there is no such text.
func HashTag(key string) string {
	if _, after, ok := strings.Cut(key, "{"); ok {
		if tag, _, ok := strings.Cut(after, "}"); ok && tag != "" {
			return tag
		}
	}
	return key
}

func itemKeys(items []Item) []string {
	keys := make([]string, len(items))
	for i, it := range items {
		keys[i] = it.Key
	}
	return keys
}
