package session

import "edgeframe/session/record"

// Prefetch says what will be read of a session that is opened. It is a hint: reading something
// else costs one more round trip.
type Prefetch struct {
	refsOf func(*Service, *head) []record.SegmentRef
}

// PrefetchNothing is for callers that need only what is in the head.
var PrefetchNothing Prefetch

// PrefetchMarks is for callers of [Service.Marks]. Errors are ignored here; Marks reports them.
func PrefetchMarks(sel Selection) Prefetch {
	return Prefetch{func(_ *Service, h *head) []record.SegmentRef {
		ver, err := h.find(sel.Version)
		if err != nil || ver.Marks == nil || sel.Limit == 0 {
			return nil
		}
		return []record.SegmentRef{*ver.Marks}
	}}
}

// PrefetchAudit is for callers of [Service.Audit].
func PrefetchAudit(sel AuditSelection) Prefetch {
	return Prefetch{func(_ *Service, h *head) []record.SegmentRef {
		p := h.auditPage(sel)
		return h.AuditChunks[p.first:p.last]
	}}
}

// PrefetchData is for callers of [Service.Read]: what Read loads before it returns. Errors are ignored
// here; Read reports them.
func PrefetchData(sel Selection) Prefetch {
	return Prefetch{func(s *Service, h *head) []record.SegmentRef {
		p, err := s.plan(h, sel)
		if err != nil {
			return nil
		}
		h.page = p // for the read
		return refsOf(p.places(p.ranges[:p.batch(0, nil)], nil))
	}}
}

// refs returns the segments of h to prefetch.
func (p Prefetch) refs(s *Service, h *head) []record.SegmentRef {
	if p.refsOf == nil {
		return nil
	}
	return p.refsOf(s, h)
}
