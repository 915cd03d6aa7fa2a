package session

import (
	"context"
	"fmt"

	"edgeframe/codec"
	"edgeframe/frame"
	"edgeframe/kv"
)

// maxSummary is the longest action summary, in bytes.
const maxSummary = 1000

// Change says under which conditions and by what name a new version is made.
type Change struct {
	Ref
	// Pre is the state from which the change may start; nil means any.
	Pre Precondition
	// Summary describes the change in the history; an empty one is filled in.
	Summary string
}

// Edit applies operations, all or none, makes one version of the result, and says what each of
// them has done.
func (s *Service) Edit(ctx context.Context, c Change, ops []frame.Operation) (v *Session, effects []frame.Effect, err error) {
	v, err = s.newVersion(ctx, c, "Edit", func(f *frame.Frame) (err error) {
		effects, err = frame.Apply(f, ops)
		return err
	})
	return v, effects, err
}

// Append adds the rows of t at the end and makes a version of the result.
func (s *Service) Append(ctx context.Context, c Change, t *codec.Table) (*Session, error) {
	name := fmt.Sprintf("Append %d rows", t.NumRows())
	return s.newVersion(ctx, c, name, func(f *frame.Frame) error { return frame.Append(f, t) })
}

// Replace makes a version of t, which may have other columns.
func (s *Service) Replace(ctx context.Context, c Change, t *codec.Table) (*Session, error) {
	return s.newVersion(ctx, c, "Replace data", func(f *frame.Frame) error {
		frame.Replace(f, t)
		return nil
	})
}

// newVersion makes a version by applying change to the current one.
func (s *Service) newVersion(ctx context.Context, c Change, fallback string, change func(*frame.Frame) error) (*Session, error) {
	if c.Summary == "" {
		c.Summary = fallback
	}
	if err := checkSummary(c.Summary); err != nil {
		return nil, err
	}
	return s.commit(ctx, c.Ref, c.Pre, func(h *head) ([]kv.Item, error) {
		base := h.current()
		f, err := s.frame(ctx, h, base)
		if err != nil {
			return nil, err
		}
		if err := change(f); err != nil {
			return nil, err
		}
		se := s.newSealer(h)
		v, err := s.storeFrame(h, base, f, se)
		if err != nil {
			return nil, err
		}
		v.RowsBefore = base.Rows
		return s.push(h, v, c.Summary, se)
	})
}

func checkSummary(summary string) error {
	if len(summary) > maxSummary {
		return fail(ErrInvalidParameter, "an action_summary of %d bytes is not accepted; it may have at most %d", len(summary), maxSummary)
	}
	return nil
}

// push makes v the current version of h, notes it in the audit log and returns what is to be
// stored.
func (s *Service) push(h *head, v *version, summary string, se *sealer) ([]kv.Item, error) {
	now := s.now()
	h.push(v, now, summary, s.opt.MaxVersions)
	h.log(now, summary)
	if err := h.sealAudit(se); err != nil {
		return nil, err
	}
	return se.items, nil
}

// Preview is what operations would do.
type Preview struct {
	*frame.Preview
	Session                     *Session
	RowsBefore, RowsAfter       int64
	ColumnsBefore, ColumnsAfter []string
	// Changed names the kept columns of which values or the type would change.
	Changed []string
}

// TryOut applies operations without keeping the result. Like a read, it extends the session.
func (s *Service) TryOut(ctx context.Context, c Change, ops []frame.Operation) (*Preview, error) {
	v, err := s.Open(ctx, c.Ref, WantNothing)
	if err != nil {
		return nil, err
	}
	var p *Preview
	err = s.follow(ctx, v, func(v *Session) (err error) {
		p, err = s.tryOut(ctx, v, c.Pre, ops)
		return err
	})
	return p, err
}

func (s *Service) tryOut(ctx context.Context, v *Session, pre Precondition, ops []frame.Operation) (*Preview, error) {
	if err := s.check(v.head, pre); err != nil {
		return nil, err
	}
	f, err := s.frame(ctx, v.head, v.head.current())
	if err != nil {
		return nil, err
	}
	before, err := s.frame(ctx, v.head, v.head.current())
	if err != nil {
		return nil, err
	}
	// What has been loaded for one of the two is there for the other.
	before.Load = f.Load
	p := &Preview{Session: v, RowsBefore: f.NumRows(), Changed: []string{}}
	for _, col := range f.Columns {
		p.ColumnsBefore = append(p.ColumnsBefore, col.Field.Name)
	}
	if p.Preview, err = frame.TryOut(before, f, ops); err != nil {
		return nil, err
	}
	p.RowsAfter = f.NumRows()
	for _, col := range f.Columns {
		p.ColumnsAfter = append(p.ColumnsAfter, col.Field.Name)
		if col.Origin >= 0 && col.Changed() {
			p.Changed = append(p.Changed, col.Field.Name)
		}
	}
	return p, nil
}
