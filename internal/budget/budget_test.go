package budget

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const mb = 1 << 20

// newTest returns a budget of 64 MB: 4 for tiny shares of at most 256 KB, 5⅓ for small ones of at most 1, and
// 54⅔ for large ones.
func newTest() *Budget {
	return New(Options{Bytes: 64 * mb, Slots: 1, MemoryWait: 10 * time.Second, SlotWait: 30 * time.Second})
}

func reserve(t *testing.T, s *Share, bytes int64) {
	t.Helper()
	if err := s.Reserve(t.Context(), bytes); err != nil {
		t.Fatalf("%d bytes were refused: %v", bytes, err)
	}
}

func TestSmallWorkDoesNotWaitBehindLargeWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newTest()
		large := b.Open()
		reserve(t, large, 54*mb)
		waiting := b.Open()
		var end error
		var group sync.WaitGroup
		group.Go(func() { end = waiting.Reserve(t.Context(), 20*mb) })
		synctest.Wait()
		start := time.Now()
		for range 5 {
			reserve(t, b.Open(), mb)
		}
		reserve(t, b.Open(), mb/4)
		if time.Since(start) != 0 {
			t.Errorf("small work waited %v", time.Since(start))
		}
		group.Wait()
		busy, ok := errors.AsType[*Busy](end)
		if !ok || busy.RetryAfter < time.Second {
			t.Errorf("large work got %v after %v, want a *Busy that says when", end, time.Since(start))
		}
		if time.Since(start) != 10*time.Second {
			t.Errorf("large work waited %v, want the 10 s of the budget", time.Since(start))
		}
	})
}

func TestLargeWorkIsServedInTheOrderOfArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newTest()
		first := b.Open()
		reserve(t, first, 50*mb)
		var group sync.WaitGroup
		start := time.Now()
		served := make([]time.Duration, 3)
		for i := range served {
			// The last one would fit at once; it must not overtake.
			bytes := []int64{40 * mb, 20 * mb, 2 * mb}[i]
			group.Go(func() {
				s := b.Open()
				if err := s.Reserve(t.Context(), bytes); err != nil {
					t.Error(err)
				}
				served[i] = time.Since(start)
				time.Sleep(time.Second)
				s.Close()
			})
			synctest.Wait()
		}
		first.Close()
		group.Wait()
		if !slices.Equal(served, []time.Duration{0, time.Second, time.Second}) {
			t.Errorf("served after %v", served)
		}
		if b.Reserved() != 0 {
			t.Errorf("%d bytes stay reserved", b.Reserved())
		}
	})
}

// Shares that hold memory and need more must not wait for one another.
func TestLargeSharesWaitForMoreOnlyIfAllCanBeServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newTest()
		start := time.Now()
		var group sync.WaitGroup
		grow := func(s *Share, bytes int64) {
			group.Go(func() {
				defer s.Close()
				if err := s.Reserve(t.Context(), bytes); err != nil {
					t.Errorf("a share that may wait got %v", err)
				}
				time.Sleep(time.Second)
			})
			synctest.Wait()
		}
		one, two, three, four := b.Open(), b.Open(), b.Open(), b.Open()
		for _, s := range []*Share{one, two, three} {
			reserve(t, s, 10*mb)
		}
		reserve(t, four, 20*mb)
		grow(one, 40*mb)
		grow(two, 12*mb)
		// If this one waited too, the first would never find 30 MB more.
		if _, ok := errors.AsType[*Busy](four.Reserve(t.Context(), 21*mb)); !ok {
			t.Error("a share waits although the first that waits could then not be served")
		}
		four.Close()
		three.Close()
		group.Wait()
		if time.Since(start) != time.Second {
			t.Errorf("served after %v, want at once", time.Since(start))
		}
		if b.Reserved() != 0 {
			t.Errorf("%d bytes stay reserved", b.Reserved())
		}
	})
}

func TestTinyWorkTakesMemoryOfSmallWorkBeforeItWaits(t *testing.T) {
	b := newTest()
	for range 17 {
		reserve(t, b.Open(), mb/4)
	}
	if b.Reserved() != 17*mb/4 {
		t.Errorf("%d bytes are reserved, want those of all 17", b.Reserved())
	}
}

func TestWhatIsUsedComesOutOfWhatIsReserved(t *testing.T) {
	b := newTest()
	s := b.Open()
	reserve(t, s, 10*mb)
	for range 10 {
		if err := s.Use(t.Context(), mb); err != nil {
			t.Fatal(err)
		}
	}
	if b.Reserved() != 10*mb {
		t.Errorf("%d bytes are reserved, want the 10 MB that were announced", b.Reserved())
	}
	if err := s.Use(t.Context(), mb); err != nil || b.Reserved() != 11*mb {
		t.Errorf("%v, %d bytes are reserved, want 11 MB", err, b.Reserved())
	}
	s.Free(5 * mb)
	s.Trim()
	if b.Reserved() != 6*mb {
		t.Errorf("%d bytes are reserved after Trim, want 6 MB", b.Reserved())
	}
	s.Close()
	if b.Reserved() != 0 {
		t.Errorf("%d bytes stay reserved", b.Reserved())
	}
	if err := s.Use(t.Context(), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("a closed share got %v", err)
	}
}

func TestMoreThanThereIsIsRefusedAtOnce(t *testing.T) {
	b := newTest()
	s := b.Open()
	err := s.Reserve(t.Context(), 55*mb)
	if large, ok := errors.AsType[*TooLarge](err); !ok || large.Need != 55*mb || large.Most/mb != 54 {
		t.Errorf("got %v, want a *TooLarge of 55 of 54 MB", err)
	}
	reserve(t, s, 54*mb)
}

func TestAWaiterWhoseContextEndsLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newTest()
		first := b.Open()
		reserve(t, first, 45*mb)
		gone := errors.New("gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		var left, behind error
		var group sync.WaitGroup
		group.Go(func() { left = b.Open().Reserve(ctx, 40*mb) })
		synctest.Wait()
		start := time.Now()
		group.Go(func() { behind = b.Open().Reserve(t.Context(), 5*mb) })
		synctest.Wait()
		cancel(gone)
		group.Wait()
		if !errors.Is(left, gone) || behind != nil || time.Since(start) != 0 {
			t.Errorf("the waiter got %v, the one behind it %v after %v", left, behind, time.Since(start))
		}
	})
}

func TestWithoutWaitingWorkIsRefusedAtOnceUnlessItIsAlone(t *testing.T) {
	b := New(Options{Bytes: 64 * mb, Alone: true})
	huge := b.Open()
	reserve(t, huge, 100*mb)
	if _, ok := errors.AsType[*Busy](b.Open().Reserve(t.Context(), mb)); !ok {
		t.Error("work was admitted beside work that takes everything")
	}
	huge.Close()
	one, two := b.Open(), b.Open()
	reserve(t, one, 60*mb)
	reserve(t, two, 3*mb)
	if _, ok := errors.AsType[*Busy](two.Reserve(t.Context(), 100*mb)); !ok {
		t.Error("work that has to be alone was not told to come back")
	}
	one.Close()
	reserve(t, two, 100*mb)
}

func TestSlotsAreSharedInTurnsByKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newTest()
		var order []string
		var group sync.WaitGroup
		work := func(key string) {
			group.Go(func() {
				s := b.Open()
				defer s.Close()
				reserve(t, s, 2*mb)
				if _, err := s.Begin(t.Context(), key); err != nil {
					t.Error(err)
					return
				}
				order = append(order, key)
				time.Sleep(time.Second)
			})
			synctest.Wait()
		}
		for range 4 {
			work("busy")
		}
		work("other")
		small, start := b.Open(), time.Now()
		reserve(t, small, mb/2)
		if _, err := small.Begin(t.Context(), "small"); err != nil || time.Since(start) != 0 {
			t.Errorf("small work got %v after %v; want a slot at once", err, time.Since(start))
		}
		group.Wait()
		if !slices.Equal(order, []string{"busy", "busy", "other", "busy", "busy"}) {
			t.Errorf("worked in the order %v", order)
		}
		last := b.Open()
		reserve(t, last, 2*mb)
		end, err := last.Begin(t.Context(), "busy")
		if err != nil {
			t.Fatalf("the slot did not come back: %v", err)
		}
		again, err := last.Begin(t.Context(), "busy")
		if err != nil {
			t.Fatalf("a share that has a slot got %v", err)
		}
		again()
		next := b.Open()
		reserve(t, next, 2*mb)
		if _, err := next.Begin(t.Context(), "other"); err == nil {
			t.Error("the end of nothing gave the slot back")
		}
		end()
		if _, err := next.Begin(t.Context(), "other"); err != nil {
			t.Errorf("the slot did not come back: %v", err)
		}
	})
}

func TestWaitingForASlotEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newTest()
		holder, waiter := b.Open(), b.Open()
		reserve(t, holder, 2*mb)
		reserve(t, waiter, 2*mb)
		if _, err := holder.Begin(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, err := waiter.Begin(t.Context(), "b"); err == nil || time.Since(start) != 30*time.Second {
			t.Errorf("got %v after %v, want an error after 30 s", err, time.Since(start))
		}
		holder.Close()
		if _, err := waiter.Begin(t.Context(), "b"); err != nil {
			t.Error(err)
		}
	})
}

func TestNoBudgetAdmitsEverything(t *testing.T) {
	var b *Budget
	s := b.Open()
	defer s.Close()
	ctx := NewContext(t.Context(), s)
	if err := errors.Join(From(ctx).Reserve(ctx, 1<<60), From(ctx).Use(ctx, 1<<60)); err != nil {
		t.Error(err)
	}
	s.Free(1)
	s.Trim()
	if _, err := s.Begin(ctx, ""); err != nil {
		t.Error(err)
	}
}

func TestStatsTellWhatIsReservedAndWhoWaitsAndWhoWasRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newTest()
		first, second := b.Open(), b.Open()
		reserve(t, first, 40*mb)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = second.Reserve(ctx, 40*mb) }()
		synctest.Wait()
		if err := b.Open().Reserve(t.Context(), 200*mb); err == nil {
			t.Error("more than all was reserved")
		}
		if got, want := b.Stats(), (Stats{Reserved: 40 * mb, Bytes: 64 * mb, Waiting: 1, Refused: 1}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		cancel()
		synctest.Wait()
		if got := b.Stats().Waiting; got != 0 {
			t.Errorf("%d wait", got)
		}
	})
}

func TestMemoryThatIsInUseAtOnceIsBoundedAlsoForAShareThatIsAlone(t *testing.T) {
	ctx := context.Background()
	s := New(Options{Bytes: 100, Alone: true}).Open()
	defer s.Close()
	if err := s.Reserve(ctx, 150); err != nil {
		t.Fatal(err)
	}
	if err := s.UseWithin(ctx, 80); err != nil {
		t.Fatal(err)
	}
	if _, tooLarge := errors.AsType[*TooLarge](s.UseWithin(ctx, 21)); !tooLarge || s.Used() != 80 {
		t.Errorf("a share that is alone uses %d of 100 bytes, and 21 more are admitted", s.Used())
	}
	if err := s.UseWithin(ctx, 20); err != nil {
		t.Error(err)
	}
	if _, tooLarge := errors.AsType[*TooLarge](s.UseAlone(ctx, 1)); !tooLarge {
		t.Error("a share that is alone uses more than all")
	}
	shared := New(Options{Bytes: 100}).Open()
	defer shared.Close()
	if err := shared.UseAlone(ctx, 200); err != nil || shared.Used() != 0 {
		t.Errorf("%d bytes are used of a budget that several share, %v", shared.Used(), err)
	}
}
