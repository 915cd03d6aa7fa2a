package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/frame"
	"edgeframe/kv"
	"edgeframe/session/record"
)

// maxSummary is the longest action summary, in bytes.
const maxSummary = 1000

// Change says what a new version starts from and what it is called.
type Change struct {
	Ref
	// Pre decides from which state the change may start; nil means from any.
	Pre Precondition
	// Summary describes the change in the history; an empty one is filled in.
	Summary string
	// Source is the document about the file that a table of the change was made of, a JSON object of at
	// most [MaxSource] bytes. Without one the new version keeps the source of the one before.
	Source []byte
	// Operations are those of [Service.Edit] as they were sent, a JSON array, to be kept with the version. Longer ones
	// than [MaxOperations] are not kept.
	Operations []byte
	// ReadAs are the types by which the values of an appended table were read, by the names of its columns; see
	// [Service.AppendTo]. Nil means that any will do.
	ReadAs map[string]arrow.DataType
}

// AppendTo returns the session to which a table is going to be appended, from what this process knows of it if the
// store is far away. Its schema says by which types the values are read. A change to which [Change.ReadAs] gives
// them ends with [ErrOtherTypes] if it comes upon others; fresh is for the attempt after that.
func (s *Service) AppendTo(ctx context.Context, ref Ref, fresh bool) (*Session, error) {
	if s.opt.FarStore && !fresh {
		if h := s.heads.recall(ctx, ref.ID); h != nil && s.admits(ctx, ref, nil, h) {
			return view(h), nil
		}
	}
	// The change counts as an access.
	return s.Peek(ctx, ref)
}

// checkTypes returns an error if the table of a change was read by other types than f has.
func (c *Change) checkTypes(f *frame.Frame) error {
	if c.ReadAs == nil || maps.EqualFunc(c.ReadAs, frame.TypesToAppendTo(f.Schema()), sameType) {
		return nil
	}
	return &Error{Kind: ErrConflict, Detail: fmt.Sprintf("the columns of session %s were changed by another request meanwhile; read it again and repeat the change", c.ID), Err: ErrOtherTypes}
}

// Edit applies operations, all or none, and makes one version of the result, unless the table and its marks
// stay as they are: then there is no new version, and what could be redone still can. effects says what each
// of the operations has done.
func (s *Service) Edit(ctx context.Context, c Change, ops []frame.Operation) (sess *Session, effects []frame.Effect, err error) {
	sess, err = s.newVersion(ctx, c, func(f *frame.Frame) (made step, err error) {
		return tracked(f, func() (summary string, operations []byte, err error) {
			if effects, err = frame.Apply(f, ops); err != nil {
				return "", nil, err
			}
			return frame.Summarize(ops, effects), c.Operations, nil
		})
	}, unlessSame)
	return sess, effects, err
}

// tracked applies operations to f and returns the step that they make. apply returns what the step is called, and the
// operations to be kept.
func tracked(f *frame.Frame, apply func() (summary string, operations []byte, err error)) (made step, err error) {
	base := f.Clone()
	f.TrackRows()
	summary, operations, err := apply()
	if err != nil {
		return made, err
	}
	if slices.Equal(base.Rows, f.Rows) {
		if err := f.RestoreStored(base); err != nil {
			return made, err
		}
	}
	made = newStep(record.StepEdit, summary, nil)
	made.operations = operations
	made.setRows(f.RowMap())
	return made, nil
}

func sameType(a, b arrow.DataType) bool { return arrow.TypeEqual(a, b) }

// unlessSame returns nil for a version whose table is that of base.
func unlessSame(h *head, base, ver *record.Version) (*record.Version, error) {
	same, err := h.sameContent(base, ver)
	if same {
		return nil, err
	}
	return ver, err
}

// always returns ver.
func always(_ *head, _, ver *record.Version) (*record.Version, error) { return ver, nil }

// sameContent reports whether two versions of h have the same schema, marks and segments, whatever revisions
// stored the segments.
func (h *head) sameContent(a, b *record.Version) (bool, error) {
	if !bytes.Equal(h.Schemas[a.Schema], h.Schemas[b.Schema]) || (a.Marks == nil) != (b.Marks == nil) || a.Marks != nil && a.Marks.Hash != b.Marks.Hash {
		return false, nil
	}
	m, err := h.manifest(a)
	if err != nil {
		return false, err
	}
	n, err := h.manifest(b)
	if err != nil {
		return false, err
	}
	return slices.EqualFunc(m.Layout, n.Layout, slices.Equal) && slices.EqualFunc(m.Groups, n.Groups, func(a, b record.RowGroup) bool {
		return a.Rows == b.Rows && slices.EqualFunc(a.Segments, b.Segments, func(a, b record.SegmentRef) bool { return a.Hash == b.Hash })
	}), nil
}

// Append adds the rows of t at the end and makes a version of the result.
func (s *Service) Append(ctx context.Context, c Change, t *codec.Table) (*Session, error) {
	return s.newVersion(ctx, c, func(f *frame.Frame) (made step, err error) {
		if err := c.checkTypes(f); err != nil {
			return made, err
		}
		rows := f.NumRows()
		err = frame.Append(f, t)
		made = newStep(record.StepAppend, fmt.Sprintf("Append %d rows", t.NumRows()), nil)
		made.setRows(frame.AppendedRows(rows, f.NumRows()))
		return made, err
	}, always)
}

// Upsert replaces the rows whose key, the values in some columns, is in t, appends the other rows of t, and
// makes a version of the result. See [frame.Upsert].
func (s *Service) Upsert(ctx context.Context, c Change, t *codec.Table, key []string) (sess *Session, done frame.Upserted, err error) {
	sess, err = s.newVersion(ctx, c, func(f *frame.Frame) (made step, err error) {
		if err := c.checkTypes(f); err != nil {
			return made, err
		}
		rows := f.NumRows()
		done, err = frame.Upsert(f, t, key)
		made = newStep(record.StepUpsert, fmt.Sprintf("Upsert %d rows: %d replaced, %d appended", t.NumRows(), done.Replaced, done.Appended), key)
		made.setRows(frame.AppendedRows(rows, f.NumRows()))
		return made, err
	}, always)
	return sess, done, err
}

// Replace makes a version of t, which may have other columns. Marks stay at cells that are missing in t too: at
// those in the same row if t has as many rows as the table before, or with key at those in the row with the same
// value in that column.
func (s *Service) Replace(ctx context.Context, c Change, t *codec.Table, key string) (sess *Session, carried CarriedMarks, err error) {
	sess, err = s.newVersion(ctx, c, func(f *frame.Frame) (made step, err error) {
		made = newStep(record.StepReplace, "Replace data", nil)
		if key != "" {
			made.Key = []string{key}
		}
		// By its position a row can be the same only if there are as many.
		made.Lost = key != "" || f.NumRows() != t.NumRows()
		carried, err = replaceTable(f, t, key)
		return made, err
	}, always)
	return sess, carried, err
}

// newVersion makes a version by applying change to the current one. change returns the step that it is, with a
// summary for a change that has none. keep returns the version to keep, nil if there is none to keep.
func (s *Service) newVersion(ctx context.Context, c Change, change func(*frame.Frame) (made step, err error), keep func(h *head, base, ver *record.Version) (*record.Version, error)) (*Session, error) {
	if err := checkSummary(c.Summary); err != nil {
		return nil, err
	}
	return s.commitVersion(ctx, c, func(h *head, out *sealer) (*record.Version, error) {
		base := h.current()
		f, err := s.frame(ctx, h, base, true)
		if err != nil {
			return nil, err
		}
		made, err := change(f)
		if errors.Is(err, frame.ErrCellChanged) {
			err = withState(h, err)
		}
		if err != nil {
			return nil, err
		}
		ver, err := s.storeFrame(h, base, f, out)
		if err != nil {
			return nil, err
		}
		h.step, h.remade = made, s.remadeColumns(h, base, f)
		return keep(h, base, ver)
	})
}

func checkSummary(summary string) error {
	if len(summary) > maxSummary {
		return fail(ErrInvalidParameter, "an action_summary of %d bytes is not accepted; it may have at most %d", len(summary), maxSummary)
	}
	return nil
}

// push makes ver the current version of h, notes it in the audit log and returns what to store besides items, the
// segments of ver.
func (s *Service) push(h *head, ver *record.Version, made step, out *sealer, items []kv.Item) ([]kv.Item, error) {
	now, before := s.now(), *h
	h.push(ver, now, made.summary, s.opt.MaxVersions)
	h.log(now, made.summary)
	if err := s.pushStep(h, &before, made, out, items); err != nil {
		return nil, err
	}
	if err := h.sealAudit(out); err != nil {
		return nil, err
	}
	return out.items, nil
}
