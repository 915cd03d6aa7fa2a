package session

import (
	"context"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/frame"
	"edgeframe/internal/budget"
	"edgeframe/kv"
	"edgeframe/session/record"
)

// CreateFrom is [Service.Create] for a table that need not fit into memory as a whole: its
// segments are stored while its row groups arrive. If they end with an error no session is
// created, and what was stored is deleted, or expires.
func (s *Service) CreateFrom(ctx context.Context, groups codec.RowGroups, filename string, ttl time.Duration, source SourceFunc) (*Session, error) {
	ctx = kv.Fresh(ctx)
	return s.create(ctx, filename, ttl, source, func(h *head, out *sealer) (*record.Version, error) {
		if err := s.checkFull(ctx, h); err != nil {
			return nil, err
		}
		w := &groupWriter{s: s, out: out, schema: groups.Schema()}
		w.lease = newLease(s.store, s.now, s.keep.segmentTTL(h.ttl()), s.opt.Every != nil)
		ver, err := w.writeAllLeased(ctx, h, groups)
		if err != nil {
			// The context of a failed request may be canceled.
			w.lease.drop(context.WithoutCancel(ctx))
			return nil, err
		}
		if !w.lease.full {
			// The commit renews the segments, for as long as their session needs them.
			h.Lease = 0
		}
		return ver, nil
	})
}

// groupWriter stores the segments of one row group after the other. The first one decides how
// columns are packed.
type groupWriter struct {
	s      *Service
	out    *sealer
	schema *arrow.Schema
	// lease keeps the segments that are stored.
	lease *lease

	packing  *layout
	manifest manifest
	// raw is the size of the row groups so far before compression, in bytes.
	raw int64
}

// writeAllLeased is writeAll, and renews the lease meanwhile.
func (w *groupWriter) writeAllLeased(ctx context.Context, h *head, groups codec.RowGroups) (*record.Version, error) {
	if w.lease.full {
		return w.writeAll(ctx, h, groups)
	}
	stop := w.s.opt.Every(ctx, w.lease.ttl/renewals, func(ctx context.Context) { _ = w.lease.renew(ctx) })
	ver, err := w.writeAll(ctx, h, groups)
	stop()
	if err != nil {
		return nil, err
	}
	return ver, w.lease.hold(ctx)
}

// writeAll stores all of groups and returns the version of h that they make.
func (w *groupWriter) writeAll(ctx context.Context, h *head, groups codec.RowGroups) (*record.Version, error) {
	for {
		rec, err := groups.Next()
		if err != nil {
			return nil, err
		}
		if rec == nil {
			break
		}
		if err := w.write(ctx, rec); err != nil {
			return nil, err
		}
	}
	if w.packing == nil {
		return w.s.storeFrame(h, nil, w.frame(), w.out)
	}
	return w.s.newVersionOf(h, w.schema, &w.manifest, w.out)
}

// write stores the segments of a row group.
func (w *groupWriter) write(ctx context.Context, rec arrow.Record) error {
	f := w.frame(rec)
	if w.packing == nil {
		var err error
		if w.packing, err = newLayout(new(manifest), f, w.s.opt.SegmentTargetBytes); err != nil {
			return err
		}
	}
	written, err := w.packing.write(new(manifest), f, w.out)
	if err != nil {
		return err
	}
	w.manifest.Layout, w.manifest.Groups = written.Layout, append(w.manifest.Groups, written.Groups...)
	for _, r := range written.Groups[0].Segments {
		w.raw += int64(r.Raw)
	}
	if err := w.s.checkRaw(w.raw); err != nil {
		return err
	}
	if sizeOf(w.out.items) <= w.s.opt.InlineBytes && w.out.bytes == int64(sizeOf(w.out.items)) {
		// They may travel with the head.
		return nil
	}
	err = w.lease.put(ctx, w.out.items)
	for _, it := range w.out.items {
		budget.From(ctx).Free(sealFactor * int64(len(it.Value)))
	}
	w.out.items = nil
	return err
}

// frame returns a frame of row groups.
func (w *groupWriter) frame(groups ...arrow.Record) *frame.Frame {
	return frame.FromTable(&codec.Table{Schema: w.schema, RowGroups: groups}, w.s.Limits())
}
