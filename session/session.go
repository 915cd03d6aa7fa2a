package session

import (
	"encoding/json"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/compress"
	"edgeframe/codec/segment"
	"edgeframe/session/record"
)

// Session is the state of a session at one revision. It is immutable.
type Session struct {
	ID       string
	Filename string
	Created  time.Time
	// LastAccessed is the last access that was noted. Accesses within a tenth of the TTL after it
	// need not be noted.
	LastAccessed time.Time
	// Expires is the time at which the session is gone unless it is accessed before.
	Expires  time.Time
	TTL      time.Duration
	Revision Token
	// Versions are the kept versions, oldest first; the ones after Current can be redone, unless they are kept for
	// their names alone.
	Versions []Version
	Current  Version
	CanUndo  bool
	CanRedo  bool
	// Metadata is a JSON object.
	Metadata json.RawMessage
	// Replayed says that the change whose result this is had been made before; see [Key].
	Replayed bool
	// Owner is the actor who created the session with a scoped token, empty if nobody did.
	Owner string
	// Salt is what [Caller.Salt] must be. It changes with [Service.RevokeTokens].
	Salt int64

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
	// StoredBytes is what the segments of the version take in the store, RawBytes what they take
	// before compression. NewBytes is what was stored to make the version.
	StoredBytes, RawBytes, NewBytes int64
	Segments                        int
	Method                          segment.Method
	Compression                     compress.Codec
	// Tag identifies the version's table for good: no other table of the session ever has it.
	Tag string
	// Source says of which file the table was made, nil if that is not known.
	Source *Source
	// Actor is who made the version, empty if that is not known.
	Actor string
	// Name is the name that keeps the version, empty if it has none.
	Name string
}

// view returns h as a Session.
func view(h *head) *Session {
	sess := &Session{
		ID:           h.ID,
		Filename:     h.Filename,
		Created:      clock(h.Created),
		LastAccessed: clock(h.Accessed),
		Expires:      clock(h.Expires),
		TTL:          h.ttl(),
		Revision:     h.Revision,
		Versions:     make([]Version, len(h.Versions)),
		Metadata:     h.Metadata,
		Owner:        h.Owner,
		Salt:         h.Revoked,
		head:         h,
	}
	_, sess.CanUndo = h.neighbour(-1)
	_, sess.CanRedo = h.neighbour(+1)
	if len(sess.Metadata) == 0 {
		sess.Metadata = json.RawMessage("{}")
	}
	for i := range h.Versions {
		sess.Versions[i] = h.viewVersion(&h.Versions[i])
	}
	sess.Current = sess.Versions[h.Current]
	return sess
}

// viewVersion returns ver as a Version.
func (h *head) viewVersion(ver *record.Version) Version {
	return Version{
		ID:          ver.ID,
		Time:        clock(ver.Time),
		Summary:     ver.Summary,
		RowsBefore:  ver.RowsBefore,
		Rows:        ver.Rows,
		Columns:     ver.Columns,
		StoredBytes: ver.StoredBytes,
		RawBytes:    ver.RawBytes,
		NewBytes:    ver.NewBytes,
		Segments:    ver.Segments,
		Method:      segment.Method(ver.Method),
		Compression: compress.Codec(ver.Compression),
		Tag:         ver.Tag(),
		Source:      h.source(ver),
		Actor:       ver.Actor,
		Name:        ver.Name,
	}
}

func clock(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// Version returns the kept version of the session with that id, the current one for 0.
func (sess *Session) Version(id uint32) (Version, error) {
	ver, err := sess.head.find(id)
	if err != nil {
		return Version{}, err
	}
	return sess.head.viewVersion(ver), nil
}

// Schema returns the schema of the current version and, for each column, how many of its
// values are missing.
func (s *Service) Schema(sess *Session) (*arrow.Schema, []int64, error) {
	return s.schemaOf(sess.head, sess.head.current())
}

func (s *Service) schemaOf(h *head, ver *record.Version) (*arrow.Schema, []int64, error) {
	schema, err := s.schema(h, ver)
	if err != nil {
		return nil, nil, err
	}
	m, err := h.manifest(ver)
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
