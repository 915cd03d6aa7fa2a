package session

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"edgeframe/kv"
)

// push makes v the current version. What could be redone is gone; of the previous versions
// the newest most are kept.
func (h *head) push(v *version, now time.Time, summary string, most int) {
	v.ID = h.NextVersion
	v.Time = now.UnixMilli()
	v.Summary = summary
	commit := Token{}.next().Commit
	v.Commit = commit[:]
	h.NextVersion++
	kept := h.Versions
	if len(kept) > 0 {
		kept = kept[:h.Current+1]
	}
	if n := len(kept) - most; n > 0 {
		kept = kept[n:]
	}
	h.Versions = append(slices.Clone(kept), *v)
	h.Current = len(h.Versions) - 1
	h.dropUnused()
}

// tag identifies the table of v.
func (v *version) tag() string { return fmt.Sprintf("v%d-%s", v.ID, hex.EncodeToString(v.Commit)) }

// Snapshot makes a version of the table as it is. It stores no segment.
func (s *Service) Snapshot(ctx context.Context, c Change) (*Session, error) {
	return s.repeat(ctx, c, "Snapshot", func(h *head) (*version, error) { return h.current(), nil })
}

// Restore makes a version of the table as it was in the version with that id.
func (s *Service) Restore(ctx context.Context, c Change, id uint32) (*Session, error) {
	return s.repeat(ctx, c, fmt.Sprintf("Restore version %d", id), func(h *head) (*version, error) {
		if id == 0 {
			return nil, fail(ErrVersionNotFound, "version 0 does not exist; versions begin at 1")
		}
		return h.find(id)
	})
}

// repeat makes a new version with the table of one that is kept.
func (s *Service) repeat(ctx context.Context, c Change, fallback string, choose func(h *head) (*version, error)) (*Session, error) {
	if c.Summary == "" {
		c.Summary = fallback
	}
	if err := checkSummary(c.Summary); err != nil {
		return nil, err
	}
	return s.commit(ctx, c.Ref, c.Pre, func(h *head) ([]kv.Item, error) {
		from, err := choose(h)
		if err != nil {
			return nil, err
		}
		v := *from
		v.RowsBefore = h.current().Rows
		v.NewBytes = 0
		return s.push(h, &v, c.Summary, s.newSealer(h))
	})
}

// Undo makes the version before the current one current again.
func (s *Service) Undo(ctx context.Context, c Change) (*Session, error) {
	return s.move(ctx, c, "Undo", -1, fail(ErrNothingToUndo, "there is no version before the current one"))
}

// Redo takes back an undo.
func (s *Service) Redo(ctx context.Context, c Change) (*Session, error) {
	return s.move(ctx, c, "Redo", +1, fail(ErrNothingToRedo, "there is no undone version after the current one"))
}

// move makes a neighbouring version current.
func (s *Service) move(ctx context.Context, c Change, name string, by int, none error) (*Session, error) {
	return s.commit(ctx, c.Ref, c.Pre, func(h *head) ([]kv.Item, error) {
		to := h.Current + by
		if to < 0 || to >= len(h.Versions) {
			return nil, none
		}
		h.Current = to
		h.log(s.now(), fmt.Sprintf("%s: version %d is current", name, h.current().ID))
		se := s.newSealer(h)
		err := h.sealAudit(se)
		return se.items, err
	})
}
