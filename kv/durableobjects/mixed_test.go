//go:build js && wasm

package durableobjects

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall/js"
	"testing"
	"time"

	"edgeframe/edge"
	"edgeframe/kv"
	"edgeframe/kv/workerskv"
)

// heads is the Object of a store whose heads are in an object each, as in the Worker.
func heads(key string) string {
	if name, ok := strings.CutSuffix(key, "}:head"); ok {
		return name
	}
	return ""
}

// value returns a value with a revision that the byte n makes.
func value(n byte, size int) []byte {
	return append(bytes.Repeat([]byte{n}, kv.RevisionSize), make([]byte, size)...)
}

func revision(n byte) kv.Revision { return kv.RevisionOf(value(n, 0)) }

func head(id string, n byte, size int) kv.Item {
	return kv.Item{Key: "{" + id + "}:head", Value: value(n, size), Counted: true}
}

func TestOnlyHeadsAreInObjects(t *testing.T) {
	d, ctx := open(t, heads, 1), t.Context()
	put := []kv.Item{{Key: "{a}:seg:1", Value: []byte("one")}, {Key: "{a}:seg:2", Value: []byte("two")}}
	c := kv.Commit{Put: put, TTL: time.Hour, Swap: head("a", 1, 10), SwapTTL: time.Hour, Get: []string{"{a}:seg:2", "{a}:seg:3"}}
	values, err := d.Commit(ctx, c)
	if err != nil || string(values[0]) != "two" || values[1] != nil {
		t.Fatal(values, err)
	}
	stored, err := d.other.Get(in(ctx), []string{"{a}:seg:1", "{a}:head"})
	if err != nil || string(stored[0]) != "one" || stored[1] != nil {
		t.Errorf("in Workers KV: %q, %v", stored, err)
	}
	if page, err := d.List(ctx, "{a}", "", 10); err != nil || !slices.Equal(page.Keys, []string{"{a}:head"}) || page.Cursor == "" {
		t.Errorf("the first page is %+v, %v", page, err)
	} else if page, err = d.List(ctx, "{a}", page.Cursor, 10); err != nil || len(page.Keys) != 2 || page.Cursor != "" {
		t.Errorf("the second page is %+v, %v", page, err)
	}
	if page, err := d.ListCounted(ctx, "{", "", 10); err != nil || !slices.Equal(page.Keys, []string{"{a}:head"}) || page.Cursor != "" {
		t.Errorf("counted keys are %+v, %v", page, err)
	}
	if _, err := d.ListCounted(ctx, "{", "?", 10); !errors.Is(err, kv.ErrInvalid) {
		t.Errorf("a foreign cursor returned %v", err)
	}
	c = kv.Commit{Swap: head("a", 2, 10), Old: revision(1), SwapTTL: time.Hour, Drop: []string{"{a}:seg:1"}}
	if _, err := d.Commit(ctx, c); err != nil {
		t.Fatal(err)
	}
	if values, err := d.Get(ctx, []string{"{a}:seg:1", "{a}:head", "{a}:seg:2"}); err != nil || values[0] != nil || values[1][0] != 2 || string(values[2]) != "two" {
		t.Errorf("%.20q, %v", values, err)
	}
	if err := d.Delete(ctx, []string{"{a}:head", "{a}:seg:2"}); err != nil {
		t.Fatal(err)
	}
	if count, err := d.Count(ctx); err != nil || count != (kv.Count{Exact: true}) {
		t.Errorf("%+v, %v", count, err)
	}
}

func TestOfFiftyRacingSwapsOneWinsAHundredTimes(t *testing.T) {
	d, ctx := open(t, heads, 1), t.Context()
	var old kv.Revision
	for round := range 100 {
		var mu sync.Mutex
		var won []byte
		lost := 0
		calls := make([]func() error, 50)
		for i := range calls {
			calls[i] = func() error {
				item := head("raced", byte(1+(50*round+i)%250), 100)
				_, err := d.Commit(ctx, kv.Commit{Swap: item, Old: old, SwapTTL: time.Hour})
				mu.Lock()
				defer mu.Unlock()
				var conflict *kv.Conflict
				switch {
				case err == nil:
					won = append(won, item.Value[0])
				case errors.As(err, &conflict) && len(conflict.Value) == kv.RevisionSize+100:
					lost++
				default:
					return err
				}
				return nil
			}
		}
		if err := together(calls...); err != nil || len(won) != 1 || lost != len(calls)-1 {
			t.Fatalf("round %d: %d won, %d lost, %v", round, len(won), lost, err)
		}
		values, err := d.Get(ctx, []string{"{raced}:head"})
		if old = kv.RevisionOf(values[0]); err != nil || old != revision(won[0]) {
			t.Fatalf("round %d: %v, %v", round, old, err)
		}
	}
}

// TestALargeHeadIsInWorkersKV covers heads above the largest value of an object.
func TestALargeHeadIsInWorkersKV(t *testing.T) {
	d, ctx := open(t, heads, 1), t.Context()
	left := func() int {
		page, err := d.other.List(in(ctx), "{large}", "", 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(page.Keys)
	}
	for i, size := range []int{10, 3 << 20, largest, 4 << 20, 4 << 20, 5} {
		n := byte(i + 1)
		item := head("large", n, size)
		item.Value[len(item.Value)-1] = 7
		if _, err := d.Commit(ctx, kv.Commit{Swap: item, Old: revision(n - 1), SwapTTL: time.Hour}); err != nil {
			t.Fatal(i, err)
		}
		if err := d.Touch(ctx, []string{item.Key}, 2*time.Hour); err != nil {
			t.Error(i, err)
		}
		values, err := d.Get(ctx, []string{item.Key})
		if err != nil || !bytes.Equal(values[0], item.Value) {
			t.Errorf("%d: %d bytes, want %d, %v", i, len(values[0]), len(item.Value), err)
		}
		_, err = d.Commit(ctx, kv.Commit{Swap: head("large", 99, 1), Old: revision(98), SwapTTL: time.Hour})
		var lost *kv.Conflict
		if !errors.As(err, &lost) || !bytes.Equal(lost.Value, item.Value) {
			t.Errorf("%d: a swap that lost returned %v", i, err)
		}
		want := 0
		if len(item.Value) > largest {
			want = 1
		}
		if n := left(); n != want {
			t.Errorf("%d: Workers KV has %d values, want %d", i, n, want)
		}
	}
	if err := d.Delete(ctx, []string{"{large}:head"}); err != nil || left() != 0 {
		t.Errorf("%d values are left, %v", left(), err)
	}
}

// TestAHeadExpiresExactly covers what the index and the alarm do for heads that expire, are extended and end.
func TestAHeadExpiresExactly(t *testing.T) {
	d, ctx := open(t, heads, 0), t.Context()
	count := func() int64 {
		c, err := d.Count(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return c.N
	}
	swap := func(n byte, ttl time.Duration) {
		if _, err := d.Commit(ctx, kv.Commit{Swap: head("short", n, 1), Old: revision(n - 1), SwapTTL: ttl}); err != nil {
			t.Fatal(err)
		}
	}
	swap(1, time.Hour)
	swap(2, 1500*time.Millisecond)
	if n := count(); n != 1 {
		t.Errorf("%d are counted", n)
	}
	// The alarm renews the lease of the index of what lives on.
	swap(3, 3*time.Second)
	wait(t, 2*time.Second)
	if n := count(); n != 1 {
		t.Errorf("%d are counted after the life was extended", n)
	}
	wait(t, 1100*time.Millisecond)
	values, err := d.Get(ctx, []string{"{short}:head"})
	if n := count(); err != nil || values[0] != nil || n != 0 {
		t.Errorf("after the expiry %d are counted, %q, %v", n, values, err)
	}
}

func TestWhatWasAdoptedDoesNotComeBack(t *testing.T) {
	d, ctx := open(t, heads, 0), t.Context()
	key := []string{"{adopted}:head"}
	adopt := func(n byte, ttl time.Duration) error { return d.Adopt(ctx, head("adopted", n, 5), ttl, 2*time.Second) }
	lost := func(err error, want []byte) {
		t.Helper()
		var conflict *kv.Conflict
		if !errors.As(err, &conflict) || !bytes.Equal(conflict.Value, want) {
			t.Errorf("error %v, want a conflict with %q", err, want)
		}
	}
	if err := adopt(1, time.Hour); err != nil {
		t.Fatal(err)
	}
	lost(adopt(2, time.Hour), value(1, 5))
	if err := d.Delete(ctx, key); err != nil {
		t.Fatal(err)
	}
	lost(adopt(2, time.Hour), nil)
	if values, err := d.Get(ctx, key); err != nil || values[0] != nil {
		t.Errorf("%q, %v", values, err)
	}
	// It can be made again.
	if err := d.CompareAndSwap(ctx, head("adopted", 3, 5), kv.Revision{}, 200*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	wait(t, 300*time.Millisecond)
	lost(adopt(4, time.Hour), nil)
	wait(t, 2*time.Second)
	if err := adopt(5, time.Hour); err != nil {
		t.Errorf("after the time for which it is remembered: %v", err)
	}
	if c, err := d.Count(ctx); err != nil || c.N != 1 {
		t.Errorf("%+v, %v", c, err)
	}
}

// late is Workers KV that shows a value only when it has been asked for often enough.
type late struct {
	kv.Driver
	asked, shows int
}

func (l *late) Get(ctx context.Context, keys []string) ([][]byte, error) {
	if l.asked++; l.asked < l.shows {
		return make([][]byte, len(keys)), nil
	}
	return l.Driver.Get(ctx, keys)
}

func TestAPatientReadWaitsForAValueThatIsNotVisible(t *testing.T) {
	ctx := in(t.Context())
	item := kv.Item{Key: "{late}:seg:1", Value: []byte("v")}
	for _, tt := range []struct {
		shows, asked int
		patient      bool
		want         string
	}{{1, 1, false, "v"}, {2, 1, false, ""}, {3, 3, true, "v"}, {99, 1 + len(waits), true, ""}} {
		l := &late{Driver: workerskv.New(workerskv.Options{Binding: "EDGEFRAME_KV"}), shows: tt.shows}
		d := New(l, Options{Binding: "EDGEFRAME_HEADS", Object: heads})
		if err := d.Set(ctx, []kv.Item{item}, time.Hour); err != nil {
			t.Fatal(err)
		}
		read := ctx
		if tt.patient {
			read = kv.Patient(ctx)
		}
		values, err := d.Get(read, []string{"{none}:head", item.Key})
		if err != nil || string(values[1]) != tt.want || l.asked != tt.asked {
			t.Errorf("%+v: %q after %d reads, %v", tt, values, l.asked, err)
		}
	}
}

// TestACallThatDoesNotReachItsObjectIsMadeAgain uses objects that fail before the real ones are called.
func TestACallThatDoesNotReachItsObjectIsMadeAgain(t *testing.T) {
	failing := js.Global().Get("context").Get("env").Get("FAILING_HEADS")
	for _, tt := range []struct {
		messages []any
		calls    int
		want     string
	}{
		{[]any{"Network connection lost."}, 2, ""},
		{[]any{"Durable Object reset because its code was updated."}, 2, ""},
		{[]any{"internal error; reference = 1", "Network connection lost.", "Network connection lost."}, 3, "Network connection lost"},
		{[]any{"Durable Object is overloaded."}, 1, "overloaded"},
	} {
		failing.Set("messages", tt.messages)
		failing.Set("calls", 0)
		_, err := New(workerskv.New(workerskv.Options{}), Options{Binding: "FAILING_HEADS", Object: heads}).Get(in(t.Context()), []string{"{failing}:head"})
		calls := failing.Get("calls").Int()
		if text := fmt.Sprint(err); calls != tt.calls || (err != nil) != (tt.want != "") || !strings.Contains(text, tt.want) {
			t.Errorf("%q: %d calls, %v", tt.messages, calls, err)
		}
	}
}

func TestMissingObjectsAreNamed(t *testing.T) {
	_, err := New(workerskv.New(workerskv.Options{}), Options{Binding: "NOT_THERE", Object: heads}).Get(in(t.Context()), []string{"{a}:head"})
	if err == nil || !strings.Contains(err.Error(), "NOT_THERE") {
		t.Errorf("error %v", err)
	}
}

func wait(t *testing.T, d time.Duration) {
	if err := edge.Sleep(in(t.Context()), d); err != nil {
		t.Fatal(err)
	}
}
