package staging

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
)

// once stages a file for a request with a key and a content.
func (f *fixture) once(key, content string, lifetime time.Duration) (*Upload, bool, error) {
	return f.StageOnce(context.Background(), func(exact bool) (id string, hash [8]byte) {
		copy(hash[:], content)
		if !exact {
			key += content
		}
		return uuid.NewSHA1(uuid.Nil, []byte(key)).String(), hash
	}, []byte("file "+content), []byte("note "+content), lifetime)
}

// wantFile checks that an upload is there.
func (f *fixture) wantFile(t *testing.T, id, want string) {
	t.Helper()
	up, err := f.Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	file, err := f.Read(t.Context(), up)
	if err != nil || !bytes.Equal(file, []byte(want)) {
		t.Errorf("file %q, %v, want %q", file, err, want)
	}
}

func TestARepeatedUploadIsStagedOnce(t *testing.T) {
	f := newFixture(memory.New())
	first, repeated, err := f.once("key", "a", 0)
	if err != nil || repeated {
		t.Fatalf("repeated %t, %v", repeated, err)
	}
	again, repeated, err := f.once("key", "a", 0)
	if err != nil || !repeated || again.ID != first.ID || string(again.Note) != "note a" || !again.Expires.Equal(first.Expires) {
		t.Errorf("repeated %t, %+v, %v, want %+v", repeated, again, err, first)
	}
	// It does not shorten the life of what the first request has stored.
	if _, _, err := f.once("key", "b", time.Second); !errors.Is(err, ErrKeyMismatch) {
		t.Errorf("another request: %v", err)
	}
	f.time = f.time.Add(StageTime - time.Second)
	f.wantFile(t, first.ID, "file a")
	// The store keeps the record for a minute more.
	f.time = f.time.Add(2 * time.Second)
	if _, repeated, err := f.once("key", "b", 0); err != nil || repeated {
		t.Fatalf("after the first has expired: repeated %t, %v", repeated, err)
	}
	f.wantFile(t, first.ID, "file b")
	up, err := f.Find(t.Context(), first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Discard(t.Context(), up); err != nil {
		t.Fatal(err)
	}
	if _, repeated, err := f.once("key", "b", 0); err != nil || repeated {
		t.Errorf("after it was discarded: repeated %t, %v", repeated, err)
	}
}

func TestOfUploadsAtTheSameTimeOneIsStaged(t *testing.T) {
	f := newFixture(memory.New())
	var staged atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			up, repeated, err := f.once("key", "a", 0)
			if err != nil {
				t.Error(err)
				return
			}
			if !repeated {
				staged.Add(1)
			}
			f.wantFile(t, up.ID, "file a")
		})
	}
	wg.Wait()
	if n := staged.Load(); n != 1 {
		t.Errorf("%d were staged", n)
	}
}

func TestOnAnEventualStoreNoUploadReplacesAnother(t *testing.T) {
	f := newFixture(kvtest.NewEventual(memory.New()))
	ids := map[string]string{}
	for _, content := range []string{"a", "b", "a"} {
		up, repeated, err := f.once("key", content, 0)
		if err != nil || repeated {
			t.Fatalf("repeated %t, %v", repeated, err)
		}
		if id, known := ids[content]; known && id != up.ID {
			t.Errorf("the repeat is upload %s, want %s", up.ID, id)
		}
		ids[content] = up.ID
	}
	for content, id := range ids {
		f.wantFile(t, id, "file "+content)
	}
}

func TestAKeyCostsNoCallOfTheStore(t *testing.T) {
	calls := kvtest.NewCounting(memory.New())
	f := newFixture(calls)
	if _, _, err := f.once("key", "a", 0); err != nil {
		t.Fatal(err)
	}
	if n := calls.Total().Calls; n != 2 {
		t.Errorf("%d calls, want one for the parts and one for the record", n)
	}
}
