//go:build !js

package metamorphic

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
	"edgeframe/frame"
	"edgeframe/kv"
	"edgeframe/kv/memory"
	"edgeframe/session"
)

func TestStepsAreReadAsTheyWerePrinted(t *testing.T) {
	for seed := range uint64(20) {
		steps := generate(seed)
		read, err := parseSteps(spell(steps))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if diff := cmp.Diff(spell(steps), spell(read)); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
	}
	if _, err := parseSteps(`{"do":"edit","opps":[]}`); err == nil {
		t.Error("an unknown field was read")
	}
}

func TestASeedAlwaysMakesTheSameSteps(t *testing.T) {
	if diff := cmp.Diff(spell(generate(7)), spell(generate(7))); diff != "" {
		t.Error(diff)
	}
	if spell(generate(7)) == spell(generate(8)) {
		t.Error("two seeds make the same steps")
	}
}

// TestTheGeneratorReachesEverything runs sequences until each kind of step has succeeded, and
// each kind of refusal and of loss has come about. What never comes about is not tested.
func TestTheGeneratorReachesEverything(t *testing.T) {
	const most = 200
	missing := []string{"read", "read by name", "read old", "dry_run", "describe", "race", "late race", "lost request", "lost answer", "lost retry", "lost segments"}
	for name := range changes {
		missing = append(missing, name)
	}
	for _, kind := range []error{
		session.ErrSessionNotFound, session.ErrVersionNotFound, session.ErrNothingToUndo, session.ErrNothingToRedo, session.ErrConflict,
		session.ErrNameTaken, session.ErrPreconditionFailed, session.ErrStaleRead, session.ErrInvalidParameter,
		frame.ErrColumnNotFound, frame.ErrInvalidOperation, codec.ErrMismatch,
	} {
		missing = append(missing, kind.Error())
	}
	tally := map[string]int{}
	for seed := uint64(0); seed < most && len(missing) > 0; seed++ {
		on := &backend{driver: memory.New(), eventual: seed%2 == 1}
		if err := run(t.Context(), on, generate(seed), tally); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		missing = slices.DeleteFunc(missing, func(what string) bool { return tally[what] > 0 })
	}
	if len(missing) > 0 {
		t.Errorf("in %d sequences these never came about: %q", most, missing)
	}
}

func TestTheShrinkerLeavesOnlyWhatIsNeeded(t *testing.T) {
	steps := generate(3)
	steps[7] = Step{Do: "undo", At: 1, Match: "current", Race: &Step{Do: "redo"}}
	steps[30] = Step{Do: "audit", Summary: "x", Times: 9, Lose: "retry"}
	// It fails if there is an undo at instance 1 and, later, an audit entry with a lost answer.
	fails := func(steps []Step) bool {
		i := slices.IndexFunc(steps, func(s Step) bool { return s.Do == "undo" && s.At == 1 })
		return i >= 0 && slices.ContainsFunc(steps[i:], func(s Step) bool { return s.Do == "audit" && s.Lose != "" })
	}
	want := []Step{{Do: "undo", At: 1}, {Do: "audit", Lose: "retry"}}
	if diff := cmp.Diff(spell(want), spell(shrink(steps, fails))); diff != "" {
		t.Error(diff)
	}
}

// The drivers that follow break the contract of kv, each in one way.

type withoutTouch struct{ kv.Driver }

func (withoutTouch) Touch(context.Context, []string, time.Duration) error { return nil }

type withoutCompare struct{ kv.Driver }

func (d withoutCompare) CompareAndSwap(ctx context.Context, item kv.Item, _ kv.Revision, ttl time.Duration) error {
	return d.Set(ctx, []kv.Item{item}, ttl)
}

type withoutDelete struct{ kv.Driver }

func (d withoutDelete) Delete(ctx context.Context, keys []string) error {
	heads := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return !isHead(key) })
	return d.Driver.Delete(ctx, heads)
}

// tampering returns a function that changes the first operation of that name in each edit.
func tampering(name string, change func(*Op)) func(Step) Step {
	return func(s Step) Step {
		s.Ops = slices.Clone(s.Ops)
		if i := slices.IndexFunc(s.Ops, func(op Op) bool { return op.Op == name }); i >= 0 {
			change(&s.Ops[i])
		}
		return s
	}
}

// TestFaultsAreFoundAndShrunk breaks the store or the service on purpose. Of some sequences
// one has to fail, and to be shrunk to few steps that still fail, and only with the fault.
func TestFaultsAreFoundAndShrunk(t *testing.T) {
	const most = 200
	for name, fault := range map[string]struct {
		backend
		steps int
	}{
		"a store that renews nothing":        {backend{wrap: func(d kv.Driver) kv.Driver { return withoutTouch{d} }}, 8},
		"a store that swaps unconditionally": {backend{wrap: func(d kv.Driver) kv.Driver { return withoutCompare{d} }}, 3},
		"a store that keeps what is deleted": {backend{wrap: func(d kv.Driver) kv.Driver { return withoutDelete{d} }}, 2},
		"a service that restores another version": {backend{tamper: func(s Step) Step {
			if s.Do == "restore" && s.Version > 1 {
				s.Version--
			}
			return s
		}}, 4},
		"a service that names nothing": {backend{tamper: func(s Step) Step {
			if s.Do == "name" {
				s.Name = ""
			}
			return s
		}}, 2},
		"a service that marks nothing": {backend{tamper: func(s Step) Step {
			if s.Do == "mark" {
				s.Marks = nil
			}
			return s
		}}, 2},
		"a service that fills the other way": {backend{tamper: tampering("fill_missing", func(op *Op) {
			op.Method = strings.NewReplacer("ffill", "bfill").Replace(op.Method)
		})}, 3},
		"a service that keeps the last of equal rows": {backend{tamper: tampering("drop_duplicates", func(op *Op) {
			op.Keep = strings.NewReplacer("first", "last").Replace(op.Keep)
		})}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			sound, broken := &backend{driver: memory.New()}, &fault.backend
			broken.driver = memory.New()
			fails := func(steps []Step) bool { return run(t.Context(), broken, steps, nil) != nil }
			seed := uint64(0)
			for !fails(generate(seed)) {
				if seed++; seed == most {
					t.Fatalf("none of %d sequences fails", most)
				}
			}
			shrunk := shrink(generate(seed), fails)
			if len(shrunk) > fault.steps || !fails(shrunk) {
				t.Errorf("seed %d is shrunk to %d steps, want at most %d that fail:\n%s", seed, len(shrunk), fault.steps, spell(shrunk))
			}
			if err := run(t.Context(), sound, shrunk, nil); err != nil {
				t.Errorf("without the fault: %v", err)
			}
		})
	}
}
