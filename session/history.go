package session

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"edgeframe/kv"
	"edgeframe/session/record"
)

// Snapshot makes a version of the table as it is. It stores no segment.
func (s *Service) Snapshot(ctx context.Context, c Change) (*Session, error) {
	return s.repeat(ctx, c, newStep(record.StepSnapshot, "Snapshot", nil), func(h *head) (*record.Version, error) { return h.current(), nil })
}

// Restore makes a version of the table as it was in the version with that id.
func (s *Service) Restore(ctx context.Context, c Change, id uint32) (*Session, error) {
	return s.RestoreFrom(ctx, c, VersionRef{ID: id})
}

// RestoreFrom is [Service.Restore] for a version that may be named in another way.
func (s *Service) RestoreFrom(ctx context.Context, c Change, of VersionRef) (*Session, error) {
	return s.repeat(ctx, c, newStep(record.StepRestore, "", nil), func(h *head) (*record.Version, error) {
		if of == (VersionRef{}) {
			return nil, fail(ErrVersionNotFound, "version 0 does not exist; versions begin at 1")
		}
		return h.resolve(of)
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
		if made.summary == "" {
			made.summary = fmt.Sprintf("Restore version %d", from.ID)
		}
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
		to, ok := h.neighbour(by)
		if !ok {
			return nil, withState(h, none)
		}
		before := h.moments()
		h.Current = to
		h.setMoments(before, record.Moment{Time: s.now().UnixMilli(), Version: h.current().ID})
		h.log(s.now(), fmt.Sprintf("%s: version %d is current", name, h.current().ID))
		return s.sealAudit(ctx, h)
	})
}

// Name gives a version a name, in place of the one that it has, and keeps the version as long as it has it. An
// empty name takes the name from it: the next version that is made decides whether it is still kept.
func (s *Service) Name(ctx context.Context, c Change, of VersionRef, name string) (*Session, error) {
	if name != "" {
		if err := checkName(name); err != nil {
			return nil, err
		}
	}
	return s.commitLight(ctx, c.Ref, c.Pre, func(h *head) ([]kv.Item, error) {
		ver, err := h.resolve(of)
		if err != nil || ver.Name == name {
			return nil, err
		}
		names := 0
		for i := range h.Versions {
			if other := &h.Versions[i]; other.Name != "" && other != ver {
				if other.Name == name {
					return nil, withState(h, taken(name, other.ID))
				}
				names++
			}
		}
		if name != "" && names >= MaxNames {
			return nil, withState(h, tooManyNames())
		}
		h.log(s.now(), describeName(ver, name))
		// The head before has its own versions.
		h.Versions = slices.Clone(h.Versions)
		h.Versions[slices.IndexFunc(h.Versions, func(v record.Version) bool { return v.ID == ver.ID })].Name = name
		return s.sealAudit(ctx, h)
	})
}
