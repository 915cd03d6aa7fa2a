package session

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/frame"
	"edgeframe/session/record"
)

// A store with live updates tells those who follow the head of a session what its commits say in their
// Event. An event is a JSON object of a few KiB. It is worked out from the heads before and after the
// commit, so it takes no round trip, and only on a store that tells it to somebody.

// The bounds of an event: if more columns have changed, or if their names take more bytes, it says that any
// column may have.
const (
	maxEventColumns = 100
	maxEventNames   = 4 << 10
)

// revisionEvent says that a session has a new revision. Docs/api.md explains the members.
type revisionEvent struct {
	Type      string   `json:"type"`
	Revision  string   `json:"revision"`
	Version   uint32   `json:"version"`
	TotalRows int64    `json:"total_rows"`
	Actor     *string  `json:"actor"`
	Summary   *string  `json:"summary"`
	Columns   []string `json:"columns"`
	// AllColumns says that Columns is empty because the columns are not known, or not all there is to say.
	AllColumns    bool `json:"all_columns"`
	TokensRevoked bool `json:"tokens_revoked,omitempty"`
}

// Event is what an event of the store says, for those who pass events on.
type Event struct {
	// Type is "revision" or "deleted".
	Type string
	// Revision is the new revision of a "revision".
	Revision Token
	// TokensRevoked says that the session refuses the scoped tokens that were issued so far.
	TokensRevoked bool

	event revisionEvent
}

// ParseEvent reads what the store tells of a commit.
func ParseEvent(text []byte) (e Event, err error) {
	if err := json.Unmarshal(text, &e.event); err != nil {
		return Event{}, fail(ErrCorrupt, "an event of the store is damaged: %v", err)
	}
	e.Type, e.TokensRevoked = e.event.Type, e.event.TokensRevoked
	if e.Type == "revision" {
		e.Revision, err = ParseToken(e.event.Revision)
	}
	return e, err
}

// Present returns the event for a follower who has not seen the revision before that of e, as
// [Session.Event] does.
func (e Event) Present() []byte {
	present := e.event
	present.Actor, present.Summary, present.Columns, present.AllColumns, present.TokensRevoked = nil, nil, []string{}, true, false
	return present.encode()
}

// deletedEvent says that a session has been deleted. That one has expired is said by the store.
var deletedEvent = []byte(`{"type":"deleted"}`)

// Event returns the event for a follower who has not seen the revision of sess. It does not say who made
// the revision, nor which columns differ from what the follower has seen.
func (sess *Session) Event() []byte {
	return newRevisionEvent(sess.head).encode()
}

// Key returns the key that the followers of the session follow, without the prefix of the store.
func (sess *Session) Key() string { return record.HeadKey(sess.ID) }

func newRevisionEvent(h *head) revisionEvent {
	ver := h.current()
	return revisionEvent{
		Type: "revision", Revision: h.Revision.String(), Version: ver.ID, TotalRows: ver.Rows,
		Columns: []string{}, AllColumns: true,
	}
}

func (e revisionEvent) encode() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		// Strings and numbers can always be encoded.
		panic(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}

// event returns the function that makes what a commit that replaces before by h says to the followers of the session,
// nil if there can be none.
func (s *Service) event(before, h *head) func() []byte {
	if !s.store.Capabilities().LiveUpdates || len(before.Versions) == 0 {
		return nil
	}
	return func() []byte { return s.eventOf(before, h) }
}

func (s *Service) eventOf(before, h *head) []byte {
	e := newRevisionEvent(h)
	e.Actor, e.Summary = unlessEmpty(h.actor), unlessEmpty(h.logged)
	e.TokensRevoked = h.Revoked != before.Revoked
	if names, known := s.changedColumns(before, h); known {
		e.AllColumns = false
		e.Columns = append(e.Columns, names...)
	}
	return e.encode()
}

func unlessEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// changedColumns names the columns of the current table of h that are not the same, or not there, in the
// current table of before, in their order. Without h.remade it may name too many: the other columns of a
// segment with a changed column. It returns false if there is more to say: if rows were added or removed, if
// columns were removed or moved, or if too many have changed.
func (s *Service) changedColumns(before, h *head) (names []string, known bool) {
	if before.tableOf(before.current()).equal(h.tableOf(h.current())) {
		return nil, true
	}
	old, err := s.contentOf(before)
	if err != nil {
		return nil, false
	}
	now, err := s.contentOf(h)
	if err != nil || !now.comparable(old) {
		return nil, false
	}
	c := comparison{old: old, now: now, remade: h.remade, segments: map[[2]int]bool{}}
	if !c.compareMarks() {
		return nil, false
	}
	size := 0
	for i := range now.fields {
		if c.same(i) {
			continue
		}
		name := now.fields[i].Name
		names = append(names, name)
		if size += len(name); len(names) > maxEventColumns || size > maxEventNames {
			return nil, false
		}
	}
	return names, true
}

// content is what makes up the current table of a head.
type content struct {
	version *record.Version
	fields  []arrow.Field
	// position has the columns by their names, nil until it is needed.
	position map[string]int
	slots    []slot
	groups   []record.RowGroup
}

func (s *Service) contentOf(h *head) (*content, error) {
	ver := h.current()
	schema, err := s.schema(h, ver)
	if err != nil {
		return nil, err
	}
	m, err := h.manifest(ver)
	if err != nil {
		return nil, err
	}
	return &content{version: ver, fields: schema.Fields(), slots: m.slots(), groups: m.Groups}, nil
}

// find returns the position of a column, which most often is where it is in another table.
func (c *content) find(name string, likely int) (at int, ok bool) {
	if likely < len(c.fields) && c.fields[likely].Name == name {
		return likely, true
	}
	if c.position == nil {
		c.position = make(map[string]int, len(c.fields))
		for i, f := range c.fields {
			c.position[f.Name] = i
		}
	}
	at, ok = c.position[name]
	return at, ok
}

// comparable reports whether the rows of c are those of old, as far as their number says, and whether its
// columns are those of old in their order, with new ones among them.
func (c *content) comparable(old *content) bool {
	sameRows := func(a, b record.RowGroup) bool { return a.Rows == b.Rows }
	if !slices.EqualFunc(c.groups, old.groups, sameRows) {
		return false
	}
	next := 0
	for _, f := range c.fields {
		if next < len(old.fields) && old.fields[next].Name == f.Name {
			next++
		}
	}
	return next == len(old.fields)
}

// comparison compares the columns of two tables.
type comparison struct {
	old, now *content
	// remade is that of the head.
	remade map[string]bool
	// segments says for pairs of segments, by their positions in a row group, whether they are the same in
	// all row groups.
	segments map[[2]int]bool
	// marked has the columns whose marks may have changed.
	marked map[string]bool
}

// compareMarks finds the columns whose marks may have changed. It returns false for versions of releases
// that did not count them.
func (c *comparison) compareMarks() bool {
	old, now := c.old.version, c.now.version
	if old.Marks == nil && now.Marks == nil || old.Marks != nil && now.Marks != nil && old.Marks.Hash == now.Marks.Hash {
		return true
	}
	c.marked = map[string]bool{}
	for _, t := range []*content{c.old, c.now} {
		if t.version.Marks != nil && len(t.version.MarkCounts) == 0 {
			return false
		}
		for _, counted := range t.version.MarkCounts {
			c.marked[t.fields[counted.Column].Name] = true
		}
	}
	return true
}

// same reports whether the column at i of the table now is in the old one as it is.
func (c *comparison) same(i int) bool {
	field := c.now.fields[i]
	at, had := c.old.find(field.Name, i)
	if !had || c.marked[field.Name] || !field.Equal(c.old.fields[at]) {
		return false
	}
	isKept := c.remade != nil && !c.remade[field.Name]
	return isKept || c.now.slots[i].field == c.old.slots[at].field && c.sameSegments(c.old.slots[at].segment, c.now.slots[i].segment)
}

func (c *comparison) sameSegments(old, now int) bool {
	pair := [2]int{old, now}
	same, known := c.segments[pair]
	if !known {
		same = slices.EqualFunc(c.old.groups, c.now.groups, func(a, b record.RowGroup) bool {
			return a.Segments[old].Hash == b.Segments[now].Hash
		})
		c.segments[pair] = same
	}
	return same
}

// remadeColumns returns the names of the columns of f that are not in the table from which f was loaded as they are. It
// returns nil on a store without live updates.
func (s *Service) remadeColumns(h *head, base *record.Version, f *frame.Frame) map[string]bool {
	if !s.store.Capabilities().LiveUpdates {
		return nil
	}
	schema, err := s.schema(h, base)
	if err != nil {
		return nil
	}
	remade := map[string]bool{}
	for _, col := range f.Columns {
		if col.Origin < 0 || schema.Field(col.Origin).Name != col.Field.Name || !isInPlace(col) {
			remade[col.Field.Name] = true
		}
	}
	return remade
}

// isInPlace reports whether each chunk of a column is the one that is stored at its place.
func isInPlace(col *frame.Column) bool {
	for g, chunk := range col.Chunks {
		if !chunk.Stored || chunk.Group != g {
			return false
		}
	}
	return true
}
