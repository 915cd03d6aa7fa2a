package session

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/frame"
	"edgeframe/internal/budget"
	"edgeframe/kv"
	"edgeframe/session/record"
)

// Done is what a step of a replay has done to a table.
type Done struct {
	// Summary is what the version is called, and Operations are kept with it; see [Change].
	Summary    string
	Operations []byte
}

// CreateReplayed is [Service.Create], and then makes a version by each of n steps, all in one commit: either all of
// them succeed, or there is no session. run applies a step to the table of the step before. Packing and row groups of
// each version are those that it would have had if the steps had been changes of their own. versions has for each step
// the version that it made, 0 if it has left the table as it was. Of these the newest are kept, as after changes.
func (s *Service) CreateReplayed(ctx context.Context, t *codec.Table, filename string, ttl time.Duration, source SourceFunc, n int, run func(step int, f *frame.Frame) (Done, error)) (sess *Session, versions []uint32, err error) {
	ctx = kv.Fresh(ctx)
	var first *frame.Frame
	store := func(h *head, out *sealer) (*record.Version, error) {
		first = frame.FromTable(t, s.Limits())
		first.Context = ctx
		return s.storeFrame(h, nil, first, out)
	}
	sess, err = s.createThen(ctx, filename, ttl, source, store, func(h *head, items []kv.Item) ([]kv.Item, error) {
		r := &replay{s: s, ctx: ctx, h: h, items: items}
		r.keep(first)
		versions = make([]uint32, n)
		for i := range versions {
			version, err := r.step(func(f *frame.Frame) (Done, error) { return run(i, f) })
			if err != nil {
				return nil, err
			}
			versions[i] = version
		}
		return r.items, nil
	})
	return sess, versions, err
}

// replay makes versions of a session that is not stored yet.
type replay struct {
	s   *Service
	ctx context.Context
	h   *head
	// items are the segments to store.
	items []kv.Item
	// values are those of the current version, by columns and row groups.
	values [][]arrow.Array
	marks  frame.Marks
}

// keep makes the values of f, which is the current version, those of the replay.
func (r *replay) keep(f *frame.Frame) {
	values := make([][]arrow.Array, len(f.Columns))
	for i, c := range f.Columns {
		values[i] = make([]arrow.Array, len(c.Chunks))
		for g, chunk := range c.Chunks {
			if values[i][g] = chunk.Data; chunk.Data == nil {
				values[i][g] = r.values[chunk.Column][chunk.Group]
			}
		}
	}
	r.values, r.marks = values, f.Marks
}

// frame returns the current version as an edit gets it.
func (r *replay) frame() (*frame.Frame, error) {
	schema, err := r.s.schema(r.h, r.h.current())
	if err != nil {
		return nil, err
	}
	m, err := r.h.manifest(r.h.current())
	if err != nil {
		return nil, err
	}
	f := r.s.frameOf(r.ctx, schema, m)
	f.Marks = maps.Clone(r.marks)
	f.Load = func(chunks []frame.Chunk) ([]arrow.Array, error) {
		if err := r.s.beginEdit(r.ctx, r.h, m.places(chunks), f.NumRows(), true); err != nil {
			return nil, err
		}
		arrays := make([]arrow.Array, len(chunks))
		for i, c := range chunks {
			arrays[i] = r.values[c.Column][c.Group]
		}
		return arrays, nil
	}
	return f, nil
}

// step makes a version, and returns its id. It is 0 if run leaves the table as it is.
func (r *replay) step(run func(f *frame.Frame) (Done, error)) (version uint32, err error) {
	f, err := r.frame()
	if err != nil {
		return 0, err
	}
	made, err := tracked(f, func() (summary string, operations []byte, err error) {
		done, err := run(f)
		if err == nil {
			err = checkSummary(done.Summary)
		}
		return done.Summary, done.Operations, err
	})
	if err != nil {
		return 0, err
	}
	out := r.s.newSealer(r.ctx, r.h)
	ver, err := r.s.storeFrame(r.h, r.h.current(), f, out)
	if err == nil {
		ver, err = unlessSame(r.h, r.h.current(), ver)
	}
	if err != nil {
		return 0, err
	}
	if ver == nil {
		r.h.dropUnused()
		return 0, nil
	}
	return r.push(f, ver, made, out)
}

// push makes ver, whose table is f, the current version.
func (r *replay) push(f *frame.Frame, ver *record.Version, made step, out *sealer) (version uint32, err error) {
	ver.RowsBefore = r.h.current().Rows
	r.h.setSource(ver, nil)
	segments := out.items
	out.items, r.h.parts = nil, 0
	further, err := r.s.push(r.h, ver, made, out, segments)
	if err != nil {
		return 0, err
	}
	r.keep(f)
	return r.h.current().ID, r.drop(slices.Concat(r.items, segments, further))
}

// drop keeps those of items that the head refers to, each once: versions beyond those that are kept are gone.
func (r *replay) drop(items []kv.Item) error {
	refs, err := r.h.segments()
	if err != nil {
		return err
	}
	used := make(map[string]bool, len(refs))
	for ref := range refs {
		used[record.SegmentKey(r.h.ID, ref)] = true
	}
	kept, unused := items[:0], 0
	for _, it := range items {
		if !used[it.Key] {
			unused += len(it.Value)
			continue
		}
		used[it.Key] = false
		kept = append(kept, it)
	}
	clear(items[len(kept):])
	r.items = kept
	budget.From(r.ctx).Free(sealFactor * int64(unused))
	return nil
}

// Use calls use with the table of a kept version, the current one for 0. What use does to the table is not stored. It
// is called again if a commit has removed the version meanwhile.
func (s *Service) Use(ctx context.Context, sess *Session, version uint32, use func(f *frame.Frame) error) error {
	return s.follow(ctx, sess, func(sess *Session) error {
		ver, err := sess.head.find(version)
		if err != nil {
			return err
		}
		f, err := s.frame(ctx, sess.head, ver, false)
		if err != nil {
			return err
		}
		return use(f)
	})
}
