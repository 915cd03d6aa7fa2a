package metamorphic

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"edgeframe/frame"
	"edgeframe/kv"
	"edgeframe/session"
)

// slots is the number of sessions of a sequence.
const slots = 2

// model is what the service has to do, in plain values.
type model struct {
	now time.Time
	// most is the number of previous versions that are kept.
	most int
	// eventual says that instances may note accesses without one another.
	eventual bool
	sessions [slots]*state
	// orphans are when sessions end whose creation was not answered, so that nobody knows them.
	orphans []time.Time
}

// state is the model of a session. The zero revision is that of no commit.
type state struct {
	filename          string
	metadata          map[string]any
	created, accessed time.Time
	ttl               time.Duration
	// expires is when the session ends. It may be as early as ends on a store where instances
	// note accesses without one another; elsewhere the two are equal.
	ends, expires time.Time
	revision      uint64
	versions      []version
	current       int
	next          uint32
	audit         []auditEntry
	initialRows   int64
}

type version struct {
	id         uint32
	time       time.Time
	summary    string
	rowsBefore int64
	table      *table
	// name keeps the version. aside says that undo and redo pass it by.
	name  string
	aside bool
}

type auditEntry struct {
	time time.Time
	text string
}

func (s *state) clone() *state {
	if s == nil {
		return nil
	}
	c := *s
	c.versions, c.audit, c.metadata = slices.Clone(s.versions), slices.Clone(s.audit), maps.Clone(s.metadata)
	return &c
}

func (s *state) table() *table { return s.versions[s.current].table }

// find returns the version with that id, the current one for 0, or nil.
func (s *state) find(id uint32) *version {
	if id == 0 {
		return &s.versions[s.current]
	}
	for i := range s.versions {
		if s.versions[i].id == id {
			return &s.versions[i]
		}
	}
	return nil
}

// named returns the version with that name, or nil.
func (s *state) named(name string) *version {
	for i := range s.versions {
		if s.versions[i].name == name {
			return &s.versions[i]
		}
	}
	return nil
}

// beside returns where undo, if by is -1, or redo, if it is 1, goes to.
func (s *state) beside(by int) (at int, ok bool) {
	for at = s.current + by; at >= 0 && at < len(s.versions); at += by {
		if !s.versions[at].aside {
			return at, true
		}
	}
	return 0, false
}

// interval is how long an access may go unnoted.
func (m *model) interval(ttl time.Duration) time.Duration {
	if m.eventual {
		return ttl / 10
	}
	return min(ttl/10, time.Minute)
}

// hold extends a session to be held until its TTL and the longest unnoted time have passed.
func (m *model) hold(s *state) {
	s.accessed = m.now
	s.expires = m.now.Add(s.ttl + m.interval(s.ttl))
	s.ends = s.expires
	if m.eventual {
		s.ends = m.now.Add(s.ttl)
	}
}

// access is what a read does to a session. An instance that has not noted an access for the
// interval does so; the model knows only the latest one of all instances.
func (m *model) access(slot int) {
	s := m.sessions[slot]
	if s != nil && (m.eventual || m.now.Sub(s.accessed) >= m.interval(s.ttl)) {
		m.hold(s)
	}
}

// advance moves the clock. Sessions that have ended by then are gone.
func (m *model) advance(d time.Duration) {
	m.now = m.now.Add(d)
	for i, s := range m.sessions {
		if s != nil && !m.now.Before(s.expires) {
			m.sessions[i] = nil
		}
	}
	m.orphans = slices.DeleteFunc(m.orphans, func(end time.Time) bool { return !m.now.Before(end) })
}

// uncertain reports whether a session may have ended or not.
func (m *model) uncertain(slot int) bool {
	s := m.sessions[slot]
	return s != nil && !m.now.Before(s.ends)
}

// count is the number of sessions in the store.
func (m *model) count() int {
	n := len(m.orphans)
	for _, s := range m.sessions {
		if s != nil {
			n++
		}
	}
	return n
}

// do applies a step, or returns the kind of error with which it is refused. A step with
// Match "current" was begun when the session had the revision matched.
func (m *model) do(step Step, matched uint64) error {
	next, err := m.after(step, matched)
	if err == nil {
		m.put(step, next)
	}
	return err
}

// put makes next the session of a step. A session whose slot a new one takes stays in the
// store.
func (m *model) put(step Step, next *state) {
	if was := m.sessions[step.Session]; was != nil && step.Do == "create" {
		m.orphans = append(m.orphans, was.expires)
	}
	m.sessions[step.Session] = next
}

// after returns the session after a step.
func (m *model) after(step Step, matched uint64) (*state, error) {
	if step.invalid() {
		return nil, session.ErrInvalidParameter
	}
	if step.Do == "create" {
		return m.create(step), nil
	}
	s := m.sessions[step.Session].clone()
	switch {
	case s == nil:
		return nil, session.ErrSessionNotFound
	case step.After == "future":
		return nil, session.ErrStaleRead
	case step.After == "forged":
		return nil, session.ErrConflict
	case step.Match == "current" && s.revision != matched, step.Match == "old":
		return nil, session.ErrPreconditionFailed
	}
	switch step.Do {
	case "delete":
		return nil, nil
	case "touch":
		if step.Seconds != 0 {
			s.ttl = time.Duration(step.Seconds) * time.Second
			s.revision++
		}
		m.hold(s)
		return s, nil
	}
	if err := m.commit(s, step); err != nil {
		return nil, err
	}
	s.revision++
	m.hold(s)
	return s, nil
}

// invalid reports whether a step is refused whatever the session is.
func (s Step) invalid() bool {
	ttl := (s.Do == "create" || s.Do == "touch") && (s.Seconds < 0 || s.Seconds > int64(session.MaxTTL/time.Second))
	return ttl || s.Do == "audit" && s.Summary == "" || s.Do == "name" && strings.HasPrefix(s.Name, "@")
}

func (m *model) create(step Step) *state {
	s := &state{filename: step.Name, metadata: map[string]any{}, created: m.now, ttl: session.DefaultTTL, next: 1, revision: 1}
	if step.Seconds != 0 {
		s.ttl = time.Duration(step.Seconds) * time.Second
	}
	t := newTable(step.Table)
	s.initialRows = int64(len(t.rows))
	m.push(s, t, "Session created", "")
	s.audit[0].text = fmt.Sprintf("Session created. Original file: '%s'. Initial rows: %d", step.Name, len(t.rows))
	m.hold(s)
	return s
}

// commit changes s as a step that makes a revision does.
func (m *model) commit(s *state, step Step) (err error) {
	current := s.table()
	next := current
	fallback := ""
	switch step.Do {
	case "undo", "redo":
		return m.move(s, step.Do)
	case "audit":
		s.audit = append(s.audit, auditEntry{m.now, step.Summary})
		return nil
	case "info":
		return s.info(step)
	case "name":
		return m.name(s, step)
	case "edit":
		fallback = "Edit"
		next, err = current.edit(step.Ops)
	case "append":
		fallback = fmt.Sprintf("Append %d rows", step.Table.Rows)
		next, err = current.append(newTable(step.Table))
	case "replace":
		fallback = "Replace data"
		next = newTable(step.Table)
		next.takeMarks(current)
		next.takeOrigins(current)
	case "mark":
		fallback = "Mark intentionally missing cells"
		next, err = current.mark(step.Marks, step.Merge)
	case "snapshot":
		fallback = "Snapshot"
	case "restore":
		fallback = fmt.Sprintf("Restore version %d", step.Version)
		v := s.find(step.Version)
		if step.Version == 0 || v == nil {
			return session.ErrVersionNotFound
		}
		next = v.table
	default:
		panic("no such step: " + step.String())
	}
	keepsVersion := step.Do == "edit" || step.Do == "mark" // if the table and its marks stay as they are
	if err == nil && !(keepsVersion && next.equal(current)) {
		m.push(s, next, fallback, step.Summary)
	}
	return err
}

// push makes a version current. What could be redone is gone, and so are the oldest versions
// beyond those that are kept.
func (m *model) push(s *state, t *table, fallback, summary string) {
	if summary == "" {
		summary = fallback
	}
	v := version{id: s.next, time: m.now, summary: summary, rowsBefore: int64(len(t.rows)), table: t}
	if len(s.versions) > 0 {
		v.rowsBefore = int64(len(s.table().rows))
		s.versions = s.kept(m.most)
	}
	s.versions = append(s.versions, v)
	s.current = len(s.versions) - 1
	s.next++
	s.audit = append(s.audit, auditEntry{m.now, summary})
}

// kept returns the versions that stay when one is made: the newest most up to the current one, and those with a name.
func (s *state) kept(most int) (versions []version) {
	unnamed := 0
	for i, v := range slices.Backward(s.versions) {
		undone := i > s.current
		if v.name == "" && (undone || v.aside || unnamed == most) {
			continue
		}
		if v.name == "" {
			unnamed++
		}
		v.aside = v.aside || undone
		versions = append(versions, v)
	}
	slices.Reverse(versions)
	return versions
}

// name gives a version a name, or takes it from it.
func (m *model) name(s *state, step Step) error {
	v := s.find(step.Version)
	switch {
	case v == nil:
		return session.ErrVersionNotFound
	case v.name == step.Name:
		return nil
	case step.Name == "":
		s.audit = append(s.audit, auditEntry{m.now, fmt.Sprintf("Version %d is not called '%s' any more", v.id, v.name)})
	case s.named(step.Name) != nil:
		return session.ErrNameTaken
	default:
		s.audit = append(s.audit, auditEntry{m.now, fmt.Sprintf("Version %d is called '%s'", v.id, step.Name)})
	}
	v.name = step.Name
	return nil
}

// move is undo and redo.
func (m *model) move(s *state, name string) error {
	by, none, title := 1, session.ErrNothingToRedo, "Redo"
	if name == "undo" {
		by, none, title = -1, session.ErrNothingToUndo, "Undo"
	}
	to, ok := s.beside(by)
	if !ok {
		return none
	}
	s.current = to
	s.audit = append(s.audit, auditEntry{m.now, fmt.Sprintf("%s: version %d is current", title, s.versions[to].id)})
	return nil
}

// info changes the name and the metadata.
func (s *state) info(step Step) error {
	var patch any
	if step.Metadata != nil {
		if err := json.Unmarshal(step.Metadata, &patch); err != nil {
			return session.ErrInvalidParameter
		}
		members, ok := patch.(map[string]any)
		if !ok {
			return session.ErrInvalidParameter
		}
		for name, value := range members {
			if value == nil {
				delete(s.metadata, name)
			} else {
				s.metadata[name] = value
			}
		}
	}
	if step.Name != "" {
		s.filename = step.Name
	}
	return nil
}

// mark returns t with other marks: in the columns given if they are merged, else in all.
func (t *table) mark(marks map[string][]int64, merge bool) (*table, error) {
	t = t.clone()
	for name, rows := range marks {
		at := t.position(name)
		if at < 0 {
			return nil, frame.ErrColumnNotFound
		}
		for _, r := range rows {
			if r < 0 || r >= int64(len(t.rows)) {
				return nil, frame.ErrInvalidOperation
			}
		}
	}
	for i, c := range t.columns {
		rows, given := marks[c.name]
		if merge && !given {
			continue
		}
		for r := range t.rows {
			t.rows[r].cells[i].marked = slices.Contains(rows, int64(r))
		}
	}
	return t, nil
}

// lost is the kind of error of a call whose request or answer was lost.
var lost = kv.ErrUnavailable
