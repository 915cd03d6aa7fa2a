package session

import (
	"context"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/frame"
)

// CreateFrom is [Service.Create] for a table that need not fit into memory as a whole: its
// segments are stored while it comes. If it does not come to its end there is no session, and
// what was stored of it is removed, or expires.
func (s *Service) CreateFrom(ctx context.Context, groups codec.RowGroups, filename string, ttl time.Duration) (*Session, error) {
	return s.create(ctx, filename, ttl, func(h *head, se *sealer) (*version, error) {
		v, keys, err := s.storeGroups(ctx, h, groups, se)
		if err != nil {
			// The context of a request that failed may be over.
			_ = s.store.Delete(context.WithoutCancel(ctx), keys...)
		}
		return v, err
	})
}

// storeGroups stores the segments of row groups and returns their version and the keys of what
// it has stored. The first row group decides how columns are packed.
func (s *Service) storeGroups(ctx context.Context, h *head, groups codec.RowGroups, se *sealer) (v *version, keys []string, err error) {
	schema := groups.Schema()
	m := new(manifest)
	var plan *layout
	raw := int64(0)
	for {
		rec, err := groups.Next()
		if err != nil {
			return nil, keys, err
		}
		if rec == nil {
			break
		}
		f := frame.FromTable(&codec.Table{Schema: schema, RowGroups: []arrow.Record{rec}}, s.Limits())
		if plan == nil {
			if plan, err = newLayout(new(manifest), f, s.opt.SegmentTargetBytes); err != nil {
				return nil, keys, err
			}
		}
		written, err := plan.write(new(manifest), f, se)
		if err != nil {
			return nil, keys, err
		}
		m.Layout, m.Groups = written.Layout, append(m.Groups, written.Groups...)
		for _, r := range written.Groups[0].Segments {
			raw += int64(r.Raw)
		}
		if err := s.checkRaw(raw); err != nil {
			return nil, keys, err
		}
		for _, it := range se.items {
			keys = append(keys, it.Key)
		}
		if err := s.store.SetMany(ctx, se.items, s.segmentTTL(h.ttl())); err != nil {
			return nil, keys, err
		}
		se.items = nil
	}
	if plan == nil {
		v, err = s.storeFrame(h, nil, frame.FromTable(&codec.Table{Schema: schema}, s.Limits()), se)
		return v, nil, err
	}
	v, err = s.versionOf(h, schema, m, se)
	return v, keys, err
}
