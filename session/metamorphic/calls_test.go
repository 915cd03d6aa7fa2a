package metamorphic

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/compress"
	"edgeframe/codec/segment"
	"edgeframe/frame"
	"edgeframe/kv"
	"edgeframe/session"
)

// This file has the calls of the service, so that a change of its names is a change here.

// service makes an instance with the options of a sequence.
func service(store *kv.Store, c *clock, opt Step) *session.Service {
	return session.New(session.Options{
		Store:              store,
		MaxVersions:        opt.MaxVersions,
		Segment:            segment.Options{Method: segment.MethodArrow, Compression: compress.Snappy},
		SegmentTargetBytes: opt.SegmentBytes,
		CacheBytes:         opt.CacheBytes,
		InlineBytes:        opt.InlineBytes,
		FarStore:           opt.FarStore,
		Now:                c.Now,
	})
}

// open opens a session. Turn chooses what comes along.
func open(ctx context.Context, svc *session.Service, ref session.Ref, turn int) (*session.Session, error) {
	wants := []session.Prefetch{
		session.PrefetchNothing,
		session.PrefetchData(session.Selection{Limit: -1}),
		session.PrefetchMarks(session.Selection{Limit: -1}),
		session.PrefetchAudit(session.AuditSelection{Limit: math.MaxInt64}),
	}
	return svc.Open(ctx, ref, wants[turn%len(wants)])
}

// openFor opens a session to read a part of its table.
func openFor(ctx context.Context, svc *session.Service, ref session.Ref, sel session.Selection) (*session.Session, error) {
	return svc.Open(ctx, ref, session.PrefetchData(sel))
}

// errInSteps is about steps that the test itself made wrong.
var errInSteps = errors.New("the steps are wrong")

// call makes the call of a step that changes a session. The session is nil after a delete.
func call(ctx context.Context, svc *session.Service, c session.Change, s Step) (v *session.Session, err error) {
	c.Summary = s.Summary
	switch s.Do {
	case "create":
		return svc.Create(ctx, arrowTable(s.Table), s.Name, time.Duration(s.Seconds)*time.Second, nil)
	case "edit":
		ops, sent, err := operations(s.Ops)
		if err != nil {
			return nil, errors.Join(errInSteps, err)
		}
		if c.Summary == "" {
			c.Summary = "Edit" // what it would be called otherwise is a matter of package frame
		}
		c.Operations = sent
		v, _, err = svc.Edit(ctx, c, ops)
		return v, err
	case "append":
		return svc.Append(ctx, c, arrowTable(s.Table))
	case "replace":
		v, _, err = svc.Replace(ctx, c, arrowTable(s.Table), "")
		return v, err
	case "undo":
		return svc.Undo(ctx, c)
	case "redo":
		return svc.Redo(ctx, c)
	case "snapshot":
		return svc.Snapshot(ctx, c)
	case "restore":
		return svc.Restore(ctx, c, s.Version)
	case "name":
		return svc.Name(ctx, c, session.VersionRef{ID: s.Version}, s.Name)
	case "mark":
		return svc.SetMarks(ctx, c, frame.Marks(s.Marks), s.Merge)
	case "touch":
		return svc.Touch(ctx, c.Ref, c.Pre, time.Duration(s.Seconds)*time.Second)
	case "audit":
		added, err := svc.AddAudit(ctx, c, s.Summary)
		if err != nil {
			return nil, err
		}
		return added.Session, nil
	case "info":
		return updateInfo(ctx, svc, c, s)
	case "delete":
		return nil, svc.Delete(ctx, c.Ref, c.Pre)
	}
	return nil, errInSteps
}

func updateInfo(ctx context.Context, svc *session.Service, c session.Change, s Step) (*session.Session, error) {
	var name *string
	if s.Name != "" {
		name = &s.Name
	}
	return svc.UpdateInfo(ctx, c, name, s.Metadata)
}

// preview is what a dry run says.
type preview struct {
	rowsBefore, rowsAfter int64
	columns               []string
}

func dryRun(ctx context.Context, svc *session.Service, c session.Change, s Step) (preview, error) {
	ops, _, err := operations(s.Ops)
	if err != nil {
		return preview{}, errors.Join(errInSteps, err)
	}
	p, err := svc.DryRun(ctx, c, ops, frame.PreviewOptions{})
	if err != nil {
		return preview{}, err
	}
	return preview{p.RowsBefore, p.RowsAfter, p.ColumnsAfter}, nil
}

var arrowTypes = map[string]arrow.DataType{
	typeInt:   arrow.PrimitiveTypes.Int64,
	typeFloat: arrow.PrimitiveTypes.Float64,
	typeText:  arrow.BinaryTypes.String,
	typeBool:  arrow.FixedWidthTypes.Boolean,
	typeNull:  arrow.Null,
}

// schemaOf is the schema that a model has to have.
func schemaOf(t *table) *arrow.Schema {
	fields := make([]arrow.Field, len(t.columns))
	for i, c := range t.columns {
		fields[i] = arrow.Field{Name: c.name, Type: arrowTypes[c.typ], Nullable: c.nullable}
	}
	return arrow.NewSchema(fields, nil)
}

// arrowTable is the table of a step as the service takes it.
func arrowTable(data *Table) *codec.Table {
	t := newTable(data)
	out := &codec.Table{Schema: schemaOf(t)}
	from := 0
	for _, n := range t.groups() {
		columns := make([]arrow.Array, len(t.columns))
		for i, c := range t.columns {
			b := array.NewBuilder(memory.DefaultAllocator, arrowTypes[c.typ])
			for _, r := range t.rows[from : from+n] {
				appendValue(b, r.cells[i].value)
			}
			columns[i] = b.NewArray()
		}
		out.RowGroups = append(out.RowGroups, array.NewRecord(out.Schema, columns, int64(n)))
		from += n
	}
	return out
}

func appendValue(b array.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.AppendNull()
	case int64:
		b.(*array.Int64Builder).Append(v)
	case float64:
		b.(*array.Float64Builder).Append(v)
	case string:
		b.(*array.StringBuilder).Append(v)
	case bool:
		b.(*array.BooleanBuilder).Append(v)
	}
}

// valueAt returns a value of an array as a cell of the model has it.
func valueAt(arr arrow.Array, i int) any {
	if arr.IsNull(i) {
		return nil
	}
	switch a := arr.(type) {
	case *array.Null:
		return nil
	case *array.Int64:
		return a.Value(i)
	case *array.Float64:
		return a.Value(i)
	case *array.String:
		return a.Value(i)
	case *array.Boolean:
		return a.Value(i)
	}
	return arr.DataType()
}
