package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"edgeframe/kv"
)

// HoldTime is how long a file is held. Reading it does not make that longer.
const HoldTime = 30 * time.Minute

// heldFormat is the version of the record's format, which is its first byte; MessagePack follows.
const heldFormat = 1

// maxHeldPart is the largest value that a held file is cut into, in bytes.
const maxHeldPart = 16 << 20

// Held is a file that is kept until its sender has decided what is to become of it. It is no
// session: it has no versions and is not counted.
type Held struct {
	ID      string
	Expires time.Time
	// Note is what the holder wants to remember of the file.
	Note []byte

	parts int
}

func heldKey(id string) string { return keyPrefix(id) + "upload" }

func heldPartKey(id string, part int) string { return fmt.Sprintf("%s:%d", heldKey(id), part) }

// Hold keeps a file for [HoldTime].
func (s *Service) Hold(ctx context.Context, file, note []byte) (*Held, error) {
	f := &Held{ID: uuid.NewString(), Expires: s.now().Add(HoldTime).Truncate(time.Millisecond), Note: note}
	var items []kv.Item
	for at := 0; at < len(file); at += maxHeldPart {
		part := file[at:min(at+maxHeldPart, len(file))]
		items = append(items, kv.Item{Key: heldPartKey(f.ID, f.parts), Value: part})
		f.parts++
	}
	// A store need not keep time as exactly as the record does.
	const ttl = HoldTime + time.Minute
	if err := s.store.SetMany(ctx, items, ttl); err != nil {
		return nil, err
	}
	rec := heldRecord{Expires: f.Expires.UnixMilli(), Parts: f.parts, Note: note}
	b, err := rec.MarshalMsg([]byte{heldFormat})
	if err != nil {
		return nil, err
	}
	return f, s.store.SetMany(ctx, []kv.Item{{Key: heldKey(f.ID), Value: b}}, ttl)
}

// Held returns a file that is held, without its content.
func (s *Service) Held(ctx context.Context, id string) (*Held, error) {
	if err := checkID(id, "the id of an upload"); err != nil {
		return nil, err
	}
	b, err := s.store.Get(ctx, heldKey(id))
	if errors.Is(err, kv.ErrNotFound) {
		return nil, notHeld(id)
	}
	if err != nil {
		return nil, err
	}
	var rec heldRecord
	if len(b) == 0 || b[0] != heldFormat {
		return nil, fail(ErrCorrupt, "the record of upload %s cannot be read", id)
	}
	if _, err := rec.UnmarshalMsg(b[1:]); err != nil {
		return nil, &Error{Kind: ErrCorrupt, Detail: fmt.Sprintf("the record of upload %s cannot be read", id), Err: err}
	}
	f := &Held{ID: id, Expires: time.UnixMilli(rec.Expires), Note: rec.Note, parts: rec.Parts}
	if !f.Expires.After(s.now()) {
		return nil, notHeld(id)
	}
	return f, nil
}

// ReadHeld returns the content of a held file.
func (s *Service) ReadHeld(ctx context.Context, f *Held) ([]byte, error) {
	parts, err := s.store.GetMany(ctx, f.partKeys())
	if err != nil {
		return nil, err
	}
	size := 0
	for _, p := range parts {
		if p == nil {
			return nil, s.partGone(f)
		}
		size += len(p)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	file := make([]byte, 0, size)
	for _, p := range parts {
		file = append(file, p...)
	}
	return file, nil
}

// partGone is the error about a part of a held file that is not there: deleted since, or, on an
// eventually consistent store, perhaps not there yet.
func (s *Service) partGone(f *Held) error {
	if s.eventual() {
		return fail(ErrStaleRead, "the file of upload %s is not visible here yet; try again shortly", f.ID)
	}
	return notHeld(f.ID)
}

// Release ends the holding of a file.
func (s *Service) Release(ctx context.Context, f *Held) error {
	return s.store.Delete(ctx, append(f.partKeys(), heldKey(f.ID))...)
}

func (f *Held) partKeys() []string {
	keys := make([]string, f.parts)
	for i := range keys {
		keys[i] = heldPartKey(f.ID, i)
	}
	return keys
}

func notHeld(id string) error {
	return fail(ErrUploadNotFound, "upload %s does not exist or has expired; send the file again", id)
}
