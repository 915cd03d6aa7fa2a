//go:build !js

package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"edgeframe/kv"
)

// logOf returns a log in the engine's format and its records.
func logOf(t *testing.T) (data []byte, records [][]byte) {
	t.Helper()
	var encoded []logRecord
	for i := range 40 {
		r := bytes.Repeat([]byte{byte(i + 1)}, []int{10, 3000, 70_000}[i%3])
		records = append(records, r)
		encoded = append(encoded, logRecord{data: r})
	}
	data, err := encodeLog(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return data, records
}

func TestADamagedLogKeepsItsIntactRecords(t *testing.T) {
	data, records := logOf(t)
	if s := scanLog(data, 0); len(s.records) != len(records) || len(s.gaps) > 0 || s.torn {
		t.Fatalf("of an intact log: %d records, gaps %v, torn %v", len(s.records), s.gaps, s.torn)
	}
	for at := 0; at < len(data); at += 4099 {
		damaged := bytes.Clone(data)
		damaged[at] ^= 0x5a
		s := scanLog(damaged, 0)
		// The block of 32 KiB with the damage may be lost, with the parts of long records in it.
		if len(s.records) < len(records)-14 || len(s.gaps) == 0 && !s.torn && at < len(data)-7 {
			t.Errorf("byte %d: %d records, gaps %v, torn %v", at, len(s.records), s.gaps, s.torn)
		}
		next := 0
		for _, r := range s.records {
			for next < len(records) && !bytes.Equal(records[next], r.data) {
				next++
			}
			next++
		}
		if next > len(records) {
			t.Errorf("byte %d: a record is there that was not written, or they are in another order", at)
		}
	}
}

func TestACutLogIsTorn(t *testing.T) {
	data, records := logOf(t)
	for end := 0; end < len(data); end += 4099 {
		s := scanLog(data[:end], 0)
		if len(s.gaps) > 0 || len(s.records) == len(records) {
			t.Errorf("cut at %d: %d records, gaps %v", end, len(s.records), s.gaps)
		}
		zeros := scanLog(append(bytes.Clone(data[:end]), make([]byte, 100_000)...), 0)
		if len(zeros.gaps) > 0 || len(zeros.records) != len(s.records) {
			t.Errorf("cut at %d, with zeros: %d records, gaps %v", end, len(zeros.records), zeros.gaps)
		}
	}
}

func openTest(t *testing.T) *Driver {
	t.Helper()
	d, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// lose deletes entries of the engine, as if the table with them was lost.
func lose(t *testing.T, d *Driver, entries ...[]byte) {
	t.Helper()
	for _, entry := range entries {
		if err := d.db.Delete(entry, pebble.NoSync); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLostEntriesAreRebuiltFromWhatIsLeft(t *testing.T) {
	d := openTest(t)
	names := []string{"whole", "meta", "value", "index", "meta and index", "meta and value", "all but the value file"}
	expires := map[string]int64{}
	for _, name := range names {
		if err := d.Set(t.Context(), []kv.Item{{Key: name, Value: []byte(name), Counted: true}}, time.Hour); err != nil {
			t.Fatal(err)
		}
		m, _, err := d.meta(name)
		if err != nil {
			t.Fatal(err)
		}
		expires[name] = m.expires
	}
	index := func(name string) (x, c []byte) {
		return indexKey(expirySpace, expires[name], name), indexKey(countedSpace, expires[name], name)
	}
	x, c := index("index")
	lose(t, d, spaceKey(metaSpace, "meta"), spaceKey(valueSpace, "value"), x, c)
	x, c = index("meta and index")
	lose(t, d, spaceKey(metaSpace, "meta and index"), x, c)
	lose(t, d, spaceKey(metaSpace, "meta and value"), spaceKey(valueSpace, "meta and value"))

	got, err := d.reindexed(t.Context())
	if want := (losses{items: 2, counted: 2, rebuilt: 4}); err != nil || got != want {
		t.Errorf("losses are %+v, %v, want %+v", got, err, want)
	}
	for _, name := range names {
		values, err := d.Get(t.Context(), []string{name})
		switch name {
		case "value", "meta and value":
			if !errors.Is(err, kv.ErrCorrupt) {
				t.Errorf("%s: %q, %v, want ErrCorrupt", name, values, err)
			}
		default:
			if err != nil || string(values[0]) != name {
				t.Errorf("%s: %q, %v", name, values, err)
			}
		}
	}
	if again, err := d.reindexed(t.Context()); err != nil || again.rebuilt != 0 {
		t.Errorf("the second time: %+v, %v", again, err)
	}
	for _, name := range names {
		if err := d.Delete(t.Context(), []string{name}); err != nil {
			t.Errorf("Delete(%s): %v", name, err)
		}
	}
	wantEmpty(t, d)
}

// wantEmpty checks that the engine has no entries.
func wantEmpty(t *testing.T, d *Driver) {
	t.Helper()
	err := d.scan(context.Background(), []byte{0}, []byte{0xff}, func(k, _ []byte) (bool, error) {
		t.Errorf("%q is left", k)
		return true, nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestASweepEndsWithItemsOfWhichOnlyTheIndexIsLeft(t *testing.T) {
	d := openTest(t)
	now := time.Now()
	d.now = func() time.Time { return now }
	for i := range 3 {
		item := kv.Item{Key: fmt.Sprint(i), Value: []byte("v"), Counted: true}
		if err := d.Set(t.Context(), []kv.Item{item}, time.Second); err != nil {
			t.Fatal(err)
		}
	}
	lose(t, d, spaceKey(metaSpace, "1"))
	now = now.Add(2 * time.Second)
	if removed, err := d.Sweep(t.Context(), 100); err != nil || removed != 3 {
		t.Errorf("%d items were swept, %v, want 3", removed, err)
	}
	if n := d.counted.Load(); n != 0 {
		t.Errorf("%d items count", n)
	}
	wantEmpty(t, d)
}
