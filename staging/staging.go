// Package staging keeps uploaded files that wait until their sender has chosen what to do with
// them, such as a workbook whose sheets have to be selected.
//
// A staged upload is not a session: it has no versions, is not counted, and is gone after
// its time whether or not it is read. The package does not look into the files.
package staging

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"edgeframe/codec"
	"edgeframe/kv"
)

// StageTime is how long an upload stays staged unless its sender says otherwise. Reading it does not
// extend that.
const StageTime = 30 * time.Minute

// maxPart is the largest value that a file is cut into, in bytes.
const maxPart = 16 << 20

// The kinds of errors of this package, beside those of kv. Use errors.Is.
var (
	// ErrNotFound says that an upload does not exist, has expired or was discarded.
	ErrNotFound = errors.New("upload not found")
	// ErrInvalidID says that a text is not spelled as ids are.
	ErrInvalidID = errors.New("invalid upload id")
	// ErrStaleRead says that an eventually consistent store does not show all of an upload yet.
	ErrStaleRead = errors.New("stale read of an upload")
	// ErrCorrupt says that the record of an upload cannot be read.
	ErrCorrupt = errors.New("corrupt upload")
	// ErrKeyMismatch says that the key of an upload is that of another one.
	ErrKeyMismatch = errors.New("key mismatch")
)

// Area is where uploads are staged. It is safe for concurrent use; any number of areas, in any
// number of processes, may be on one store.
type Area struct {
	store *kv.Store
	now   func() time.Time
}

// New returns an area on store whose clock is now.
func New(store *kv.Store, now func() time.Time) *Area { return &Area{store, now} }

// Upload is a staged upload without the content of its file.
type Upload struct {
	ID      string
	Expires time.Time
	// Note is what the caller of [Area.Stage] wanted to remember of the file.
	Note []byte

	parts   int
	attempt uint32
}

// Stage stores a file and a note about it for some time, [StageTime] if lifetime is 0.
func (a *Area) Stage(ctx context.Context, file, note []byte, lifetime time.Duration) (*Upload, error) {
	lifetime = cmp.Or(lifetime, StageTime)
	up := &Upload{ID: uuid.NewString(), Expires: a.now().Add(lifetime).Truncate(time.Millisecond), Note: note}
	return up, a.write(ctx, up, file, lifetime)
}

// write stores the parts of an upload, then its record.
func (a *Area) write(ctx context.Context, up *Upload, file []byte, lifetime time.Duration) error {
	ctx = kv.Fresh(ctx)
	if err := a.store.SetMany(ctx, up.cut(file), storeTTL(lifetime)); err != nil {
		return err
	}
	b, err := up.record().encode()
	if err != nil {
		return err
	}
	return a.store.SetMany(ctx, []kv.Item{{Key: recordKey(up.ID), Value: b}}, storeTTL(lifetime))
}

// storeTTL is for how long an upload is stored. The clock of a store may be less exact than the record.
func storeTTL(lifetime time.Duration) time.Duration { return lifetime + time.Minute }

// cut returns the parts of the file of an upload.
func (up *Upload) cut(file []byte) (items []kv.Item) {
	for at := 0; at < len(file); at += maxPart {
		items = append(items, kv.Item{Key: partKey(up.ID, up.attempt, up.parts), Value: file[at:min(at+maxPart, len(file))]})
		up.parts++
	}
	return items
}

func (up *Upload) record() *record {
	return &record{Expires: up.Expires.UnixMilli(), Parts: up.parts, Note: up.Note, Attempt: up.attempt}
}

// Find returns the staged upload with that id.
func (a *Area) Find(ctx context.Context, id string) (*Upload, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	b, err := a.store.Get(ctx, recordKey(id))
	if errors.Is(err, kv.ErrNotFound) {
		return nil, notFound(id)
	}
	if err != nil {
		return nil, err
	}
	rec, err := decodeRecord(b)
	if err != nil {
		return nil, codec.Errorf(ErrCorrupt, "the record of upload %s cannot be read", id)
	}
	up := uploadOf(id, rec)
	if !up.Expires.After(a.now()) {
		return nil, notFound(id)
	}
	return up, nil
}

func uploadOf(id string, rec *record) *Upload {
	return &Upload{ID: id, Expires: time.UnixMilli(rec.Expires), Note: rec.Note, parts: rec.Parts, attempt: rec.Attempt}
}

// Read returns the file of a staged upload.
func (a *Area) Read(ctx context.Context, up *Upload) ([]byte, error) {
	parts, err := a.store.GetMany(kv.Patient(ctx), up.partKeys())
	if err != nil {
		return nil, err
	}
	size := 0
	for _, p := range parts {
		if p == nil {
			return nil, a.partMissing(up)
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

// partMissing is the error for a missing part of a file: it has been deleted since, or an
// eventually consistent store does not show it yet.
func (a *Area) partMissing(up *Upload) error {
	if a.store.Capabilities().ShowsLate() {
		return codec.Errorf(ErrStaleRead, "the file of upload %s is not visible here yet; try again shortly", up.ID)
	}
	return notFound(up.ID)
}

// Discard deletes a staged upload.
func (a *Area) Discard(ctx context.Context, up *Upload) error {
	return a.store.Delete(ctx, append(up.partKeys(), recordKey(up.ID))...)
}

func (up *Upload) partKeys() []string {
	keys := make([]string, up.parts)
	for i := range keys {
		keys[i] = partKey(up.ID, up.attempt, i)
	}
	return keys
}

// checkID rejects a text that is not spelled as ids are.
func checkID(id string) error {
	if parsed, err := uuid.Parse(id); err != nil || parsed.String() != id {
		return codec.Errorf(ErrInvalidID, "%q is not the id of an upload; ids look like 123e4567-e89b-42d3-a456-426614174000", codec.Shorten(id))
	}
	return nil
}

func notFound(id string) error {
	return codec.Errorf(ErrNotFound, "upload %s does not exist or has expired; send the file again", id)
}
