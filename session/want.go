package session

// Want says what will be read of a session that is opened. It is a hint: whoever reads
// something else gets it all the same, in a round trip more.
type Want struct {
	refsOf func(*Service, *head) ([]segmentRef, error)
}

// WantNothing is for callers that need what is in the head alone.
var WantNothing Want

// WantMarks is for callers of [Service.Marks].
var WantMarks = Want{func(_ *Service, h *head) ([]segmentRef, error) {
	if marks := h.current().Marks; marks != nil {
		return []segmentRef{*marks}, nil
	}
	return nil, nil
}}

// WantAudit is for callers of [Service.Audit].
var WantAudit = Want{func(_ *Service, h *head) ([]segmentRef, error) { return h.AuditChunks, nil }}

// WantData is for callers of [Service.Read].
func WantData(sel Selection) Want {
	return Want{func(s *Service, h *head) ([]segmentRef, error) {
		from, err := h.find(sel.Version)
		if err != nil {
			return nil, err
		}
		schema, err := s.schema(h, from)
		if err != nil {
			return nil, err
		}
		columns, err := sel.columns(schema)
		if err != nil {
			return nil, err
		}
		m, err := h.manifest(from)
		if err != nil {
			return nil, err
		}
		_, chunks := m.chunks(columns, sel.Offset, sel.Limit)
		return m.refs(m.slots(), chunks), nil
	}}
}

// refs returns the segments that are wanted of h. Whatever is wrong with the wish shows when
// it is read.
func (w Want) refs(s *Service, h *head) []segmentRef {
	if w.refsOf == nil {
		return nil
	}
	refs, err := w.refsOf(s, h)
	if err != nil {
		return nil
	}
	return refs
}
