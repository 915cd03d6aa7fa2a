package session

import (
	"encoding/json"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/compress"
	"edgeframe/codec/segment"
)

// Session is a session as it stood at one revision. It is immutable.
type Session struct {
	ID       string
	Filename string
	Created  time.Time
	// LastAccessed is the last access that was noted; see [Service] for how often that is.
	LastAccessed time.Time
	// Expires is the time at which the session is gone unless it is accessed before.
	Expires  time.Time
	TTL      time.Duration
	Revision Token
	// Versions are the kept versions, oldest first; the ones after Current can be redone.
	Versions []Version
	Current  Version
	CanUndo  bool
	CanRedo  bool
	// Metadata is a JSON object.
	Metadata json.RawMessage

	head *head
}

// Version is one kept state of the table.
type Version struct {
	ID         uint32
	Time       time.Time
	Summary    string
	RowsBefore int64
	Rows       int64
	Columns    int
	// StoredBytes is what the version's segments take in the store, RawBytes what they hold
	// before compression. NewBytes is what was stored to make the version.
	StoredBytes, RawBytes, NewBytes int64
	Segments                        int
	Method                          segment.Method
	Compression                     compress.Codec
	// Tag identifies the version's table for good: no other table of the session ever has it.
	Tag string
}

// view returns h as a Session.
func (s *Service) view(h *head) *Session {
	v := &Session{
		ID:           h.ID,
		Filename:     h.Filename,
		Created:      clock(h.Created),
		LastAccessed: clock(h.Accessed),
		Expires:      clock(h.Expires),
		TTL:          h.ttl(),
		Revision:     h.revision,
		Versions:     make([]Version, len(h.Versions)),
		CanUndo:      h.Current > 0,
		CanRedo:      h.Current < len(h.Versions)-1,
		Metadata:     h.Metadata,
		head:         h,
	}
	if len(v.Metadata) == 0 {
		v.Metadata = json.RawMessage("{}")
	}
	for i := range h.Versions {
		v.Versions[i] = h.Versions[i].view()
	}
	v.Current = v.Versions[h.Current]
	return v
}

func (v *version) view() Version {
	return Version{
		ID:          v.ID,
		Time:        clock(v.Time),
		Summary:     v.Summary,
		RowsBefore:  v.RowsBefore,
		Rows:        v.Rows,
		Columns:     v.Columns,
		StoredBytes: v.StoredBytes,
		RawBytes:    v.RawBytes,
		NewBytes:    v.NewBytes,
		Segments:    v.Segments,
		Method:      segment.Method(v.Method),
		Compression: compress.Codec(v.Compression),
		Tag:         v.tag(),
	}
}

func clock(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// current is the version that reads and changes are about.
func (h *head) current() *version { return &h.Versions[h.Current] }

// find returns the version with that id, the current one for 0.
func (h *head) find(id uint32) (*version, error) {
	if id == 0 {
		return h.current(), nil
	}
	for i := range h.Versions {
		if h.Versions[i].ID == id {
			return &h.Versions[i], nil
		}
	}
	return nil, fail(ErrVersionNotFound, "version %d is not kept; versions %d to %d are", id, h.Versions[0].ID, h.Versions[len(h.Versions)-1].ID)
}

// Schema returns the schema of the current version and, for each column, how many of its
// values are missing.
func (s *Service) Schema(v *Session) (*arrow.Schema, []int64, error) {
	current := v.head.current()
	schema, err := s.schema(v.head, current)
	if err != nil {
		return nil, nil, err
	}
	m, err := v.head.manifest(current)
	if err != nil {
		return nil, nil, err
	}
	missing := make([]int64, schema.NumFields())
	for _, g := range m.Groups {
		for c, n := range g.Missing {
			missing[c] += int64(n)
		}
	}
	return schema, missing, nil
}
