//go:build !js

package disk

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"edgeframe/internal/testenv"
	"edgeframe/kv"
)

func TestTheDirectoryDoesNotGrowWithWhatHasExpired(t *testing.T) {
	const (
		rounds, perRound = 5, 240
		valueBytes       = 256 << 10
		live             = rounds * perRound / 10 * valueBytes
		// The engine recycles its logs, and waits until a quarter of a file is garbage.
		overhead = 120 << 20
	)
	dir := t.TempDir()
	d, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	source := rand.NewChaCha8([32]byte{})
	for round := range rounds {
		for i := range perRound {
			ttl := time.Nanosecond
			if i%10 == 0 {
				ttl = time.Hour
			}
			value := make([]byte, valueBytes)
			_, _ = source.Read(value)
			it := kv.Item{Key: fmt.Sprintf("%d:%d", round, i), Value: value}
			if err := d.Set(t.Context(), []kv.Item{it}, ttl); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := d.Sweep(t.Context(), perRound); err != nil || n != perRound*9/10 {
			t.Fatalf("Sweep = %d, %v", n, err)
		}
	}
	await(t, "the space of expired values", func() bool { return testenv.DirSize(t, dir) < live+overhead })
	if got, err := d.Get(t.Context(), []string{"0:0", "4:230"}); err != nil || len(got[0]) != valueBytes || len(got[1]) != valueBytes {
		t.Errorf("values that have not expired: %d and %d bytes, %v", len(got[0]), len(got[1]), err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestTouchDoesNotWriteValuesAgain(t *testing.T) {
	d, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	const n = 20
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprint(i)
		if err := put(d, keys[i], make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	before := d.db.Metrics().WAL.BytesIn
	if err := d.Touch(t.Context(), keys, 2*time.Hour); err != nil {
		t.Fatal(err)
	}
	if wrote := d.db.Metrics().WAL.BytesIn - before; wrote == 0 || wrote > n*500 {
		t.Errorf("touching %d values of a MiB wrote %d bytes", n, wrote)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestTheEngineForgetsStatesBeforeChanges(t *testing.T) {
	d, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	replace := func(n int, value []byte) {
		for range n {
			if err := put(d, "k", value); err != nil {
				t.Fatal(err)
			}
			d.commits.Wait() // what a change does after it has been answered
		}
	}
	kept := func() int { return d.db.Metrics().Snapshots.Count }
	replace(2*maxSpent+1, []byte("small"))
	if n := kept(); n != 1 {
		t.Errorf("%d states before many changes are kept, want 1", n)
	}
	replace(1, make([]byte, 2*maxSpentBytes))
	replace(1, []byte("small"))
	if n := kept(); n != 0 {
		t.Errorf("%d states are kept after a change that has removed much", n)
	}
	replace(1, []byte("small"))
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
