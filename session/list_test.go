package session

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"edgeframe/codec/codectest"
	"edgeframe/kv"
	"edgeframe/session/record"
)

// listAll returns the ids on all pages.
func (h *harness) listAll(ctx context.Context, limit int) (ids []string) {
	h.t.Helper()
	for cursor := ""; ; {
		page, next, err := h.List(ctx, cursor, limit)
		if err != nil {
			h.t.Fatal(err)
		}
		if len(page) > limit {
			h.t.Errorf("a page of %d, at most %d", len(page), limit)
		}
		for _, e := range page {
			ids = append(ids, e.ID)
		}
		if cursor = next; cursor == "" {
			slices.Sort(ids)
			return ids
		}
	}
}

func TestListsHaveTheSessionsThatAreThere(t *testing.T) {
	for name, open := range map[string]func(*testing.T) *harness{
		"strong":   func(t *testing.T) *harness { return newHarness(t) },
		"eventual": func(t *testing.T) *harness { return locations(t, 1)[0].harness },
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			ctx := context.Background()
			ada := WithCaller(ctx, Caller{Token: true, OwnerOnly: true, Actor: "ada"})
			var mine, all []string
			for i := range 7 {
				by := ctx
				if i%2 == 0 {
					by = ada
				}
				sess, err := h.Create(by, codectest.Generate(10, 3, 1), "t.csv", time.Duration(i+1)*time.Hour, nil)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, sess.ID)
				if i%2 == 0 {
					mine = append(mine, sess.ID)
				}
				if want := map[bool]string{true: "ada"}[i%2 == 0]; sess.Owner != want || sess.Current.Actor != want {
					t.Errorf("the owner is %q, the actor %q, want %q", sess.Owner, sess.Current.Actor, want)
				}
			}
			check := func(all, mine []string) {
				t.Helper()
				slices.Sort(all)
				slices.Sort(mine)
				for _, limit := range []int{1, 2, 3, MaxListed} {
					if got := h.listAll(ctx, limit); !slices.Equal(got, all) {
						t.Errorf("limit %d: %v, want %v", limit, got, all)
					}
					if got := h.listAll(ada, limit); !slices.Equal(got, mine) {
						t.Errorf("limit %d, of the actor: %v, want %v", limit, got, mine)
					}
				}
			}
			first, deleted := all[0], all[1]
			check(slices.Clone(all), slices.Clone(mine))
			if err := h.Delete(ctx, Ref{ID: deleted}, nil); err != nil {
				t.Fatal(err)
			}
			h.pass(90 * time.Minute)
			gone := func(id string) bool { return id == first || id == deleted }
			check(slices.DeleteFunc(slices.Clone(all), gone), slices.DeleteFunc(slices.Clone(mine), gone))

			damaged := all[2]
			if err := h.store.SetMany(ctx, []kv.Item{{Key: record.HeadKey(damaged), Value: []byte("damaged")}}, time.Hour); err != nil {
				t.Fatal(err)
			}
			gone = func(id string) bool { return id == first || id == deleted || id == damaged }
			check(slices.DeleteFunc(slices.Clone(all), gone), slices.DeleteFunc(slices.Clone(mine), gone))
			if _, _, err := h.List(ctx, "!", 1); !errors.Is(err, ErrInvalidParameter) {
				t.Errorf("a wrong cursor: %v", err)
			}
		})
	}
}

// TestADamagedSessionIsLeftToTheOperator says that nobody with a scoped token deletes what cannot be checked.
func TestADamagedSessionIsLeftToTheOperator(t *testing.T) {
	h := newHarness(t)
	ctx := context.Background()
	sess := h.create(3, 2)
	if err := h.store.SetMany(ctx, []kv.Item{{Key: record.HeadKey(sess.ID), Value: []byte("damaged")}}, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := h.Delete(WithCaller(ctx, Caller{Token: true}), Ref{ID: sess.ID}, nil); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a holder of a token: %v", err)
	}
	if err := h.Delete(ctx, Ref{ID: sess.ID}, nil); err != nil {
		t.Error(err)
	}
}

func TestEachRevocationHasItsSalt(t *testing.T) {
	h := newHarness(t)
	ctx := context.Background()
	sess := h.create(3, 2)
	seen := map[int64]bool{sess.Salt: true}
	for range 3 { // at the same time
		next, err := h.RevokeTokens(ctx, Ref{ID: sess.ID}, nil)
		if err != nil || seen[next.Salt] {
			t.Fatalf("the salt is %d after %v: %v", next.Salt, seen, err)
		}
		seen[next.Salt] = true
	}
	for salt := range seen {
		_, err := h.Open(WithCaller(ctx, Caller{Token: true, Salted: true, Salt: salt}), Ref{ID: sess.ID}, PrefetchNothing)
		if now, _ := h.Peek(ctx, Ref{ID: sess.ID}); (err == nil) != (salt == now.Salt) {
			t.Errorf("salt %d, present %d: %v", salt, now.Salt, err)
		}
	}
}
