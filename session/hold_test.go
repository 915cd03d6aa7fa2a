package session

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"edgeframe/kv"
)

func TestAFileIsHeldForItsTime(t *testing.T) {
	h, ctx := newHarness(t), context.Background()
	file := bytes.Repeat([]byte("workbook"), 5<<20) // of three parts
	held, err := h.Hold(ctx, file, []byte("note"))
	if err != nil {
		t.Fatal(err)
	}
	h.pass(HoldTime - time.Second)
	again, err := h.Held(ctx, held.ID)
	if err != nil {
		t.Fatal(err)
	}
	if string(again.Note) != "note" || !again.Expires.Equal(held.Expires) {
		t.Errorf("note %q until %s, want that of %s", again.Note, again.Expires, held.Expires)
	}
	got, err := h.ReadHeld(ctx, again)
	if err != nil || !bytes.Equal(got, file) {
		t.Errorf("%d bytes came back of %d: %v", len(got), len(file), err)
	}
	h.pass(time.Second)
	if _, err := h.Held(ctx, held.ID); !errors.Is(err, ErrUploadNotFound) {
		t.Errorf("a file that has expired: %v", err)
	}
}

func TestAReleasedFileLeavesNothing(t *testing.T) {
	h, ctx := newHarness(t), context.Background()
	held, err := h.Hold(ctx, make([]byte, maxHeldPart+1), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Release(ctx, held); err != nil {
		t.Fatal(err)
	}
	page, err := h.store.ListKeys(ctx, "", "", kv.MaxListLimit)
	if err != nil || len(page.Keys) > 0 {
		t.Errorf("keys %q are left: %v", page.Keys, err)
	}
	if _, err := h.Held(ctx, held.ID); !errors.Is(err, ErrUploadNotFound) {
		t.Errorf("a released file: %v", err)
	}
	if _, err := h.ReadHeld(ctx, held); !errors.Is(err, ErrUploadNotFound) {
		t.Errorf("the content of a released file: %v", err)
	}
}

func TestOnlyIDsOfUploadsAreLookedUp(t *testing.T) {
	h := newHarness(t)
	for _, id := range []string{"", "x", "0D68F988-099B-4DAB-AA35-8CABD3DF8472", "{0d68f988-099b-4dab-aa35-8cabd3df8472}"} {
		if _, err := h.Held(context.Background(), id); !errors.Is(err, ErrInvalidParameter) {
			t.Errorf("id %q: %v", id, err)
		}
	}
	v := h.create(3, 2)
	if _, err := h.Held(context.Background(), v.ID); !errors.Is(err, ErrUploadNotFound) {
		t.Errorf("the id of a session: %v", err)
	}
}
