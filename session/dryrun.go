package session

import (
	"context"
	"errors"

	"edgeframe/frame"
)

// Preview is what operations would do.
type Preview struct {
	*frame.Preview
	Session                     *Session
	RowsBefore, RowsAfter       int64
	ColumnsBefore, ColumnsAfter []string
	// Changed names the kept columns whose values or type would change.
	Changed []string
}

// DryRun applies operations without keeping the result. Like a read, it extends the session.
func (s *Service) DryRun(ctx context.Context, c Change, ops []frame.Operation, opt frame.PreviewOptions) (*Preview, error) {
	sess, err := s.Open(ctx, c.Ref, PrefetchNothing)
	if err != nil {
		return nil, err
	}
	var p *Preview
	err = s.follow(ctx, sess, func(sess *Session) (err error) {
		p, err = s.dryRun(ctx, sess, c.Pre, ops, opt)
		return err
	})
	return p, err
}

func (s *Service) dryRun(ctx context.Context, sess *Session, pre Precondition, ops []frame.Operation, opt frame.PreviewOptions) (*Preview, error) {
	if err := s.check(sess.head, pre); err != nil {
		return nil, err
	}
	before, err := s.frame(ctx, sess.head, sess.head.current(), false)
	if err != nil {
		return nil, err
	}
	after := before.Clone()
	p := &Preview{Session: sess, RowsBefore: before.NumRows(), ColumnsBefore: columnNames(before), Changed: []string{}}
	p.Preview, err = frame.DryRun(before, after, ops, opt)
	if errors.Is(err, frame.ErrCellChanged) {
		err = withState(sess.head, err)
	}
	if err != nil {
		return nil, err
	}
	p.RowsAfter, p.ColumnsAfter = after.NumRows(), columnNames(after)
	for _, col := range after.Columns {
		if col.Origin >= 0 && col.Changed() {
			p.Changed = append(p.Changed, col.Field.Name)
		}
	}
	return p, nil
}

func columnNames(f *frame.Frame) (names []string) {
	for _, col := range f.Columns {
		names = append(names, col.Field.Name)
	}
	return names
}
