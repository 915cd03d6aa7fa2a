package session

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"edgeframe/codec/codectest"
	"edgeframe/kv"
	"edgeframe/kv/memory"
)

// late is a strong driver whose segments become visible only when a patient read asks for them, or never.
type late struct {
	kv.Driver
	hidden, never bool
	patient       int
}

func (l *late) Info() kv.Info {
	info := l.Driver.Info()
	info.Capabilities.LateValues = true
	return info
}

func (l *late) Get(ctx context.Context, keys []string) ([][]byte, error) {
	values, err := l.Driver.Get(ctx, keys)
	isSegment := func(key string) bool { return strings.Contains(key, ":seg:") }
	if err != nil || !l.hidden || !slices.ContainsFunc(keys, isSegment) {
		return values, err
	}
	if kv.IsPatient(ctx) {
		if l.patient++; !l.never {
			return values, nil
		}
	}
	return make([][]byte, len(keys)), nil
}

func TestASegmentThatIsNotVisibleYetIsWaitedFor(t *testing.T) {
	d := &late{Driver: memory.New()}
	h := newHarness(t, inStore, func(o *Options) { o.Store = kv.New(d, "") })
	ctx := context.Background()
	sess := h.create(100, 3)
	d.hidden = true
	wantEqual(t, h.table(sess, 0), codectest.Generate(100, 3, 1))
	if d.patient == 0 {
		t.Error("no read was patient")
	}
	h.edit(sess, `{"op":"sort","by":[{"column":"`+codectest.Generate(1, 3, 1).Schema.Field(0).Name+`"}]}`)

	d.never = true
	_, err := h.Read(ctx, sess, Selection{Limit: -1, Version: 1})
	wantKind(t, err, ErrStaleRead)
	_, _, err = h.Edit(ctx, of(sess), operations(t, `{"op":"drop_duplicates"}`))
	wantKind(t, err, ErrStaleRead)

	h.pass(maxDelay + time.Second)
	_, err = h.Read(ctx, sess, Selection{Limit: -1, Version: 1})
	wantKind(t, err, ErrCorrupt)
}

// counted is a driver that lists what is counted, and counts its other listings.
type counted struct {
	kv.Driver
	listings int
}

func (c *counted) List(ctx context.Context, prefix, cursor string, limit int) (kv.Page, error) {
	c.listings++
	return c.Driver.List(ctx, prefix, cursor, limit)
}

func (c *counted) ListCounted(ctx context.Context, prefix, cursor string, limit int) (kv.Page, error) {
	page, err := c.Driver.List(ctx, prefix, cursor, limit)
	page.Keys = slices.DeleteFunc(page.Keys, func(key string) bool { return !strings.HasSuffix(key, ":head") })
	return page, err
}

func TestSessionsAreListedFromTheIndexOfTheStoreIfItHasOne(t *testing.T) {
	d := &counted{Driver: memory.New()}
	h := newHarness(t, inStore, func(o *Options) { o.Store = kv.New(d, "") })
	ids := []string{h.create(10, 3).ID, h.create(10, 3).ID}
	slices.Sort(ids)
	if got := h.listAll(context.Background(), 1); !slices.Equal(got, ids) || d.listings != 0 {
		t.Errorf("listed %q with %d listings of all keys, want %q", got, d.listings, ids)
	}
}
