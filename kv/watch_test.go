package kv_test

import (
	"slices"
	"testing"
	"time"

	"edgeframe/kv"
	"edgeframe/kv/memory"
)

// An event is made only if somebody watches the key.
func TestAnEventThatNobodyWatchesIsNotMade(t *testing.T) {
	s := kv.New(memory.New(), "")
	made := 0
	swap := func(from, to string) {
		t.Helper()
		value := func(name string) []byte { return append([]byte(name), make([]byte, 15)...) }
		old := kv.Revision{}
		if from != "" {
			old = kv.RevisionOf(value(from))
		}
		event := func() []byte { made++; return []byte(to) }
		if _, err := s.Commit(t.Context(), kv.Commit{Swap: kv.Item{Key: "a", Value: value(to)}, Old: old, SwapTTL: time.Minute, Event: event}); err != nil {
			t.Fatal(err)
		}
	}
	swap("", "1")
	if made != 0 {
		t.Errorf("%d events were made for nobody", made)
	}
	var told []string
	watch := func(event []byte) { told = append(told, string(event)) }
	for range 2 {
		stop, err := s.Watch("a", watch)
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
	}
	swap("1", "2")
	if want := []string{"", "", "2", "2"}; made != 1 || !slices.Equal(told, want) {
		t.Errorf("%d events were made, %q were told, want 1 and %q", made, told, want)
	}
}
