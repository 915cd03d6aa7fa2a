package session

import (
	"cmp"
	"context"
	"fmt"

	"edgeframe/kv"
	"edgeframe/session/record"
)

// Snapshot makes a version of the table as it is. It stores no segment.
func (s *Service) Snapshot(ctx context.Context, c Change) (*Session, error) {
	return s.repeat(ctx, c, newStep(record.StepSnapshot, "Snapshot", nil), func(h *head) (*record.Version, error) { return h.current(), nil })
}

// Restore makes a version of the table as it was in the version with that id.
func (s *Service) Restore(ctx context.Context, c Change, id uint32) (*Session, error) {
	return s.repeat(ctx, c, newStep(record.StepRestore, fmt.Sprintf("Restore version %d", id), nil), func(h *head) (*record.Version, error) {
		if id == 0 {
			return nil, fail(ErrVersionNotFound, "version 0 does not exist; versions begin at 1")
		}
		return h.find(id)
	})
}

// repeat makes a new version with the table of a kept one.
func (s *Service) repeat(ctx context.Context, c Change, made step, choose func(h *head) (*record.Version, error)) (*Session, error) {
	made.summary = cmp.Or(c.Summary, made.summary)
	if err := checkSummary(c.Summary); err != nil {
		return nil, err
	}
	return s.commitLight(ctx, c.Ref, c.Pre, func(h *head) ([]kv.Item, error) {
		from, err := choose(h)
		if err != nil {
			return nil, err
		}
		ver, made := *from, made
		made.Parent = from.ID
		ver.RowsBefore = h.current().Rows
		ver.NewBytes = 0
		return s.push(h, &ver, made, s.newSealer(ctx, h), nil)
	})
}

// Undo makes the version before the current one current again.
func (s *Service) Undo(ctx context.Context, c Change) (*Session, error) {
	return s.move(ctx, c, "Undo", -1, fail(ErrNothingToUndo, "there is no version before the current one"))
}

// Redo reverses an undo.
func (s *Service) Redo(ctx context.Context, c Change) (*Session, error) {
	return s.move(ctx, c, "Redo", +1, fail(ErrNothingToRedo, "there is no undone version after the current one"))
}

// move makes a neighbouring version current.
func (s *Service) move(ctx context.Context, c Change, name string, by int, none error) (*Session, error) {
	return s.commitLight(ctx, c.Ref, c.Pre, func(h *head) ([]kv.Item, error) {
		to := h.Current + by
		if to < 0 || to >= len(h.Versions) {
			return nil, withState(h, none)
		}
		h.Current = to
		h.log(s.now(), fmt.Sprintf("%s: version %d is current", name, h.current().ID))
		return s.sealAudit(ctx, h)
	})
}
