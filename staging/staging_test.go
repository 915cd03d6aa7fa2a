package staging

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
)

// fixture is an area on a store in memory, and a clock that tests set.
type fixture struct {
	*Area
	time time.Time
}

func newFixture(driver kv.Driver) *fixture {
	f := &fixture{time: time.Now()}
	f.Area = New(kv.New(driver, ""), func() time.Time { return f.time })
	return f
}

func TestAnUploadStaysStagedForItsTime(t *testing.T) {
	f, ctx := newFixture(memory.New()), context.Background()
	file := bytes.Repeat([]byte("workbook"), 5<<20) // three parts
	staged, err := f.Stage(ctx, file, []byte("note"), 0)
	if err != nil {
		t.Fatal(err)
	}
	f.time = f.time.Add(StageTime - time.Second)
	again, err := f.Find(ctx, staged.ID)
	if err != nil {
		t.Fatal(err)
	}
	if string(again.Note) != "note" || !again.Expires.Equal(staged.Expires) {
		t.Errorf("note %q until %s, want the one that was given until %s", again.Note, again.Expires, staged.Expires)
	}
	got, err := f.Read(ctx, again)
	if err != nil || !bytes.Equal(got, file) {
		t.Errorf("%d bytes came back of %d: %v", len(got), len(file), err)
	}
	f.time = f.time.Add(time.Second)
	if _, err := f.Find(ctx, staged.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("an expired upload: %v", err)
	}
}

func TestAnUploadStaysStagedAsLongAsItsSenderSays(t *testing.T) {
	f, ctx := newFixture(memory.New()), context.Background()
	for _, lifetime := range []time.Duration{time.Second, 2 * StageTime} {
		staged, err := f.Stage(ctx, []byte("workbook"), nil, lifetime)
		if err != nil {
			t.Fatal(err)
		}
		f.time = f.time.Add(lifetime - time.Millisecond)
		if _, err := f.Find(ctx, staged.ID); err != nil {
			t.Errorf("before its end: %v", err)
		}
		f.time = f.time.Add(time.Millisecond)
		if _, err := f.Find(ctx, staged.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("an upload of %s after its end: %v", lifetime, err)
		}
	}
}

func TestADiscardedUploadLeavesNothing(t *testing.T) {
	f, ctx := newFixture(memory.New()), context.Background()
	staged, err := f.Stage(ctx, make([]byte, maxPart+1), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Discard(ctx, staged); err != nil {
		t.Fatal(err)
	}
	page, err := f.store.ListKeys(ctx, "", "", kv.MaxListLimit)
	if err != nil || len(page.Keys) > 0 {
		t.Errorf("keys %q are left: %v", page.Keys, err)
	}
	if _, err := f.Find(ctx, staged.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("a discarded upload: %v", err)
	}
	if _, err := f.Read(ctx, staged); !errors.Is(err, ErrNotFound) {
		t.Errorf("the file of a discarded upload: %v", err)
	}
}

func TestAMissingPartIsAStaleReadOnAnEventuallyConsistentStore(t *testing.T) {
	f, ctx := newFixture(kvtest.NewEventual(memory.New())), context.Background()
	staged, err := f.Stage(ctx, make([]byte, maxPart+1), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.store.Delete(ctx, partKey(staged.ID, 0, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read(ctx, staged); !errors.Is(err, ErrStaleRead) {
		t.Errorf("got %v, want %v", err, ErrStaleRead)
	}
}

func TestOnlyIDsOfUploadsAreLookedUp(t *testing.T) {
	calls := kvtest.NewCounting(memory.New())
	f := newFixture(calls)
	for _, id := range []string{"", "x", "0D68F988-099B-4DAB-AA35-8CABD3DF8472", "{0d68f988-099b-4dab-aa35-8cabd3df8472}"} {
		if _, err := f.Find(context.Background(), id); !errors.Is(err, ErrInvalidID) {
			t.Errorf("id %q: %v", id, err)
		}
	}
	if n := calls.Total().Calls; n != 0 {
		t.Errorf("%d calls of the store", n)
	}
	if _, err := f.Find(context.Background(), "0d68f988-099b-4dab-aa35-8cabd3df8472"); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown id: %v", err)
	}
}

// A record that format 1 wrote stays readable for good.
func TestRecordOfFormat1IsRead(t *testing.T) {
	stored, err := hex.DecodeString("0183a765787069726573d30000019bd0e04f80a5706172747303a46e6f7465c4046e6f7465")
	if err != nil {
		t.Fatal(err)
	}
	rec, err := decodeRecord(stored)
	if err != nil || rec.Expires != 1768735920000 || rec.Parts != 3 || string(rec.Note) != "note" {
		t.Errorf("%+v, %v", rec, err)
	}
	again, err := rec.encode()
	if err != nil || !bytes.Equal(again, stored) {
		t.Errorf("written back %x, %v", again, err)
	}
	if key, part := recordKey("x"), partKey("x", 0, 12); key != "{x}:upload" || part != "{x}:upload:12" {
		t.Errorf("the keys are %s and %s", key, part)
	}
}

func TestADamagedRecordIsCorrupt(t *testing.T) {
	f, ctx := newFixture(memory.New()), context.Background()
	staged, err := f.Stage(ctx, []byte("file"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "\x02\x80", "\x01\xff"} {
		if err := f.store.SetMany(ctx, []kv.Item{{Key: recordKey(staged.ID), Value: []byte(bad)}}, time.Hour); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Find(ctx, staged.ID); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%q: got %v, want %v", bad, err, ErrCorrupt)
		}
	}
}
