package session

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/frame"
	"edgeframe/session/record"
)

// StepKind says what a step was.
type StepKind = record.StepKind

// The kinds of steps.
const (
	StepCreate   = record.StepCreate
	StepEdit     = record.StepEdit
	StepMarks    = record.StepMarks
	StepAppend   = record.StepAppend
	StepUpsert   = record.StepUpsert
	StepReplace  = record.StepReplace
	StepSnapshot = record.StepSnapshot
	StepRestore  = record.StepRestore
	// StepUnknown is the step of a version of a release that kept no steps.
	StepUnknown = record.StepUnknown
)

// Step says how a version was made.
type Step struct {
	Version uint32
	// Parent is the version whose table the step has changed, or has taken over: of a restore, the one that was
	// restored. It is 0 if there is none, and if it is not known.
	Parent uint32
	Kind   StepKind
	// Operations are those of an edit, a JSON array as it was sent. They are nil for other steps, and if they are not
	// known.
	Operations json.RawMessage
	// Key has the columns by which an upsert, or a replace, has found its rows.
	Key     []string
	Time    time.Time
	Actor   string
	Summary string
	// Source says which file the step has read, nil if it has read none, or if that is not known.
	Source *Source
}

// Lineage returns the steps of which the table of a kept version is the result, oldest first; 0 is the current
// version. The first is [StepCreate] if all are known. Steps whose tables have been given up since then, by undo or
// restore, are not among them.
func (s *Service) Lineage(ctx context.Context, sess *Session, version uint32) (steps []Step, err error) {
	err = s.follow(ctx, sess, func(sess *Session) error {
		steps, err = s.lineage(ctx, sess.head, version)
		return err
	})
	return steps, err
}

func (s *Service) lineage(ctx context.Context, h *head, version uint32) ([]Step, error) {
	ver, err := h.find(version)
	if err != nil {
		return nil, err
	}
	all, err := h.allSteps()
	if err != nil {
		return nil, err
	}
	chain, err := s.unfold(ctx, h, ancestors(all, ver.ID))
	if err != nil {
		return nil, err
	}
	return s.viewSteps(ctx, h, chain)
}

// Step returns how a kept version was made; 0 is the current version.
func (s *Service) Step(ctx context.Context, sess *Session, version uint32) (st Step, err error) {
	err = s.follow(ctx, sess, func(sess *Session) error {
		ver, err := sess.head.find(version)
		if err != nil {
			return err
		}
		all, err := sess.head.allSteps()
		if err != nil {
			return err
		}
		at, _ := findStep(all, ver.ID)
		steps, err := s.viewSteps(ctx, sess.head, []*record.Step{&all[at]})
		if err == nil {
			st = steps[0]
		}
		return err
	})
	return st, err
}

// ancestors returns the step of a version and those that it comes from, the newest first.
func ancestors(all []record.Step, version uint32) (chain []*record.Step) {
	for {
		at, found := findStep(all, version)
		if !found {
			return chain
		}
		chain = append(chain, &all[at])
		version = all[at].Parent
	}
}

// unfold replaces the merged steps of a chain by those that they stand for.
func (s *Service) unfold(ctx context.Context, h *head, chain []*record.Step) (unfolded []*record.Step, err error) {
	var refs []record.SegmentRef
	for _, st := range chain {
		if st.Kind == record.StepMerged && st.Long != nil {
			refs = append(refs, *st.Long)
		}
	}
	chunks, err := s.chunksOf(ctx, h, refs)
	if err != nil {
		return nil, err
	}
	for _, st := range chain {
		if st.Kind != record.StepMerged || st.Long == nil {
			unfolded = append(unfolded, st)
			continue
		}
		steps, err := unfoldOne(st, chunks)
		if err != nil {
			return nil, err
		}
		for _, st := range steps {
			unfolded = append(unfolded, st.Step)
		}
	}
	return unfolded, nil
}

// chunksOf returns the steps in segments.
func (s *Service) chunksOf(ctx context.Context, h *head, refs []record.SegmentRef) (map[record.SegmentRef][]record.StoredStep, error) {
	fetched, err := s.fetch(ctx, h, refs)
	if err != nil {
		return nil, err
	}
	chunks := make(map[record.SegmentRef][]record.StoredStep, len(fetched))
	for r, fields := range fetched {
		if chunks[r], err = stepsOf(h, r, fields); err != nil {
			return nil, err
		}
	}
	return chunks, nil
}

// unfoldOne returns the steps for which a merged one stands, the newest first.
func unfoldOne(merged *record.Step, chunks map[record.SegmentRef][]record.StoredStep) (steps []record.StoredStep, err error) {
	chunk, version := chunks[*merged.Long], merged.Version
	for {
		at, found := findStored(chunk, version)
		if !found || version <= merged.Parent {
			return steps, nil
		}
		st := chunk[at]
		if st.Long != nil && !slices.Contains(merged.More, *st.Long) {
			forgotten := *st.Step
			forgotten.Long = nil
			if st, err = record.NewStoredStep(forgotten); err != nil {
				return nil, err
			}
		}
		steps, version = append(steps, st), st.Parent
	}
}

// stepsOf returns the steps in a segment.
func stepsOf(h *head, r record.SegmentRef, fields []arrow.Array) ([]record.StoredStep, error) {
	parts, err := partsOf(h, r, fields)
	if err != nil {
		return nil, err
	}
	steps := make([]record.StoredStep, parts.Len())
	for i := range steps {
		if steps[i], err = record.ReadStoredStep(parts.Value(i)); err != nil || steps[i].Parent >= steps[i].Version || i > 0 && steps[i-1].Version >= steps[i].Version {
			return nil, fail(ErrCorrupt, "step %d in segment %s cannot be read", i, record.SegmentKey(h.ID, r))
		}
	}
	return steps, nil
}

// viewSteps returns a chain of steps, which begins with the newest, the oldest first.
func (s *Service) viewSteps(ctx context.Context, h *head, chain []*record.Step) ([]Step, error) {
	var refs []record.SegmentRef
	for _, st := range chain {
		if st.Long != nil {
			refs = append(refs, *st.Long)
		}
	}
	fetched, err := s.fetch(ctx, h, refs)
	if err != nil {
		return nil, err
	}
	steps := make([]Step, 0, len(chain))
	for _, was := range slices.Backward(chain) {
		st := *was
		if ver := h.version(st.Version); ver != nil {
			h.explain(&st, ver)
		}
		view := Step{Version: st.Version, Parent: st.Parent, Kind: st.Kind, Key: st.Key, Time: clock(st.Time), Actor: st.Actor, Summary: st.Summary}
		if st.Source != nil {
			view.Source = &Source{Version: st.Version, session: h.ID, stored: st.Source}
		}
		if view.Operations, err = operationsOf(h, &st, fetched); err != nil {
			return nil, err
		}
		steps = append(steps, view)
	}
	return steps, nil
}

// operationsOf returns the operations of a step, of which fetched has the segment if they have one.
func operationsOf(h *head, st *record.Step, fetched map[record.SegmentRef][]arrow.Array) (json.RawMessage, error) {
	packed := st.Operations
	if st.Long != nil {
		parts, err := partsOf(h, *st.Long, fetched[*st.Long])
		if err != nil {
			return nil, err
		}
		packed = parts.Value(0)
	}
	if packed == nil {
		return nil, nil
	}
	operations, err := unpack(packed, '[', MaxOperations)
	if err != nil {
		return nil, damaged(h.ID, fmt.Errorf("the operations of version %d: %w", st.Version, err))
	}
	return operations, nil
}

// rowMap returns for each row of the version to its row in the version from, -1 if it has none there. It returns nil
// if every row is where it was. aligned is false if that is not known. Both versions have to be kept.
func (s *Service) rowMap(ctx context.Context, h *head, from, to uint32) (rows []int64, aligned bool, err error) {
	old, err := h.find(from)
	if err != nil {
		return nil, false, err
	}
	ver, err := h.find(to)
	if err != nil {
		return nil, false, err
	}
	r, err := h.relate(old.ID, ver.ID)
	if err != nil || r == nil || r.lost() {
		return nil, false, err
	}
	up, down := r.from, r.to
	slices.Reverse(up)
	slices.Reverse(down)
	m, err := s.rowsOver(ctx, h, up)
	if err != nil {
		return nil, false, err
	}
	n, err := s.rowsOver(ctx, h, down)
	if err != nil {
		return nil, false, err
	}
	if m != nil && n == nil {
		n = frame.SameRows(ver.Rows)
	}
	if m = m.Inverse().Then(n); m == nil {
		return nil, true, nil
	}
	if m.Len() != ver.Rows {
		return nil, false, fail(ErrCorrupt, "the row maps of session %s lead to %d rows of version %d, which has %d", h.ID, m.Len(), ver.ID, ver.Rows)
	}
	return m.Rows(), true, nil
}

// rowsOver composes the row maps of steps, each of which comes from the one before.
func (s *Service) rowsOver(ctx context.Context, h *head, steps []*record.Step) (rows frame.RowMap, err error) {
	var refs []record.SegmentRef
	for _, st := range steps {
		if st.Map != nil {
			refs = append(refs, *st.Map)
		}
	}
	fetched, err := s.fetch(ctx, h, refs)
	if err != nil {
		return nil, err
	}
	for _, st := range steps {
		m, err := mapOf(h, st, fetched)
		if err != nil {
			return nil, err
		}
		rows = rows.Then(m)
	}
	return rows, nil
}
