package metamorphic

import (
	"errors"
	"fmt"
	"slices"

	"edgeframe/codec"
	"edgeframe/frame"
	"edgeframe/kv"
	"edgeframe/session"
)

// read makes a step that reads a part of a table.
func (w *world) read(s Step) error {
	c, svc := w.clients[s.Session], w.services[s.At]
	if s.Back > 0 && len(c.opened) > 0 {
		return w.readOld(s, c.opened[max(0, len(c.opened)-s.Back)])
	}
	sel := session.Selection{Columns: s.Columns, Offset: s.Offset, Limit: s.Limit, Version: s.Version}
	if s.Limit == 0 {
		sel.Limit = -1
	}
	v, err := openFor(w.ctx, svc, w.ref(s), sel)
	if done, err := w.opened(s, err); done || err != nil {
		return err
	}
	of := w.model.sessions[s.Session].find(s.Version)
	if s.Called != "" {
		of = w.model.sessions[s.Session].named(s.Called)
		if sel.Version, err = v.Resolve(session.VersionRef{Name: s.Called}); of == nil {
			return w.checkError(s, err, session.ErrVersionNotFound)
		}
		if err != nil {
			return err
		}
		w.count("read by name")
	}
	data, err := svc.Read(w.ctx, v, sel)
	if of == nil {
		return w.checkError(s, err, session.ErrVersionNotFound)
	}
	columns, want := of.table.positions(s.Columns)
	if err := w.checkError(s, err, want); err != nil || want != nil {
		return err
	}
	w.count("read")
	from := min(int(s.Offset), len(of.table.rows))
	to := len(of.table.rows)
	if s.Limit > 0 {
		to = min(to, from+int(s.Limit))
	}
	got, err := whole(data)
	return errors.Join(err, differs("version", data.Version.ID, of.id), checkTable(got, of.table, selection{columns, from, to}))
}

// whole returns data as a table, and closes them.
func whole(data *session.Data) (*codec.Table, error) {
	defer data.Close()
	return codec.Collect(data)
}

// opened compares the error of opening a session, and notes the access. It reports whether
// the step ends there.
func (w *world) opened(s Step, err error) (done bool, failure error) {
	// A step that makes a revision is refused for the same reasons as one that reads.
	_, want := w.model.after(Step{Do: "touch", Session: s.Session, After: s.After}, 0)
	if want == nil {
		w.model.access(s.Session)
	}
	return want != nil, w.checkError(s, err, want)
}

// readOld reads with a session as it was opened some time ago. The data are of the revision
// that they say, which is that of the session or a newer one.
func (w *world) readOld(s Step, v *session.Session) error {
	c := w.clients[s.Session]
	data, err := w.services[s.At].Read(w.ctx, v, session.Selection{Limit: -1})
	if errors.Is(err, session.ErrSessionNotFound) && w.model.sessions[s.Session] == nil {
		return nil
	}
	if err != nil {
		return err
	}
	w.count("read old")
	t := c.tables[data.Session.Revision.Revision]
	if t == nil || data.Session != v && data.Session.Revision.Revision < v.Revision.Revision {
		return fmt.Errorf("a session of revision %s was read as that of revision %s", v.Revision, data.Session.Revision)
	}
	got, err := whole(data)
	return errors.Join(err, checkTable(got, t, t.whole()))
}

func (w *world) dryRun(s Step) error {
	p, err := dryRun(w.ctx, w.services[s.At], w.condition(s), s)
	as := s
	as.Do = "edit"
	next, want := w.model.after(as, w.clients[s.Session].newest().Revision)
	if want != session.ErrSessionNotFound && want != session.ErrStaleRead && want != session.ErrConflict {
		w.model.access(s.Session)
	}
	if err := w.checkError(s, err, want); err != nil || want != nil {
		return err
	}
	w.count("dry_run")
	t := next.table()
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	rows := len(w.model.sessions[s.Session].table().rows)
	return differs("dry run", p, preview{int64(rows), int64(len(t.rows)), names})
}

func (w *world) describe(s Step) error {
	svc := w.services[s.At]
	v, err := open(w.ctx, svc, w.ref(s), 0)
	if done, err := w.opened(s, err); done || err != nil {
		return err
	}
	st, err := svc.Statistics(w.ctx, v, s.Version)
	of := w.model.sessions[s.Session].find(s.Version)
	if of == nil {
		return w.checkError(s, err, session.ErrVersionNotFound)
	}
	if err != nil {
		return err
	}
	w.count("describe")
	return errors.Join(differs("version", st.Version.ID, of.id), checkDescription(st.JSON, of.table))
}

// observe compares everything that can be seen of the session of a slot at an instance.
func (w *world) observe(slot, at int) error {
	w.turn++
	c, svc := w.clients[slot], w.services[at]
	v, err := open(w.ctx, svc, session.Ref{ID: c.id, After: c.newest()}, w.turn)
	s := w.model.sessions[slot]
	if s == nil {
		return errors.Join(checkKind(err, session.ErrSessionNotFound), w.checkCount(svc))
	}
	if err != nil {
		return err
	}
	w.model.access(slot)
	if err := w.model.checkSession(v, s); err != nil {
		return err
	}
	if err := c.saw(v, s); err != nil {
		return err
	}
	for _, ver := range s.versions {
		data, err := svc.Read(w.ctx, v, session.Selection{Limit: -1, Version: ver.id})
		if err != nil {
			return fmt.Errorf("version %d: %w", ver.id, err)
		}
		got, err := whole(data)
		if err := errors.Join(err, checkTable(got, ver.table, ver.table.whole()), checkGroups(got, ver.table)); err != nil {
			return fmt.Errorf("version %d: %w", ver.id, err)
		}
	}
	return errors.Join(w.checkAround(svc, v, s), w.checkDiff(svc, v, s), w.checkHistory(svc, v, s), w.checkCount(svc))
}

// checkAround compares schema, marks and audit log.
func (w *world) checkAround(svc *session.Service, v *session.Session, s *state) error {
	schema, missing, schemaErr := svc.Schema(v)
	_, counts, countsErr := svc.MarkCounts(w.ctx, v)
	marks, marksErr := w.marks(svc, v)
	log, auditErr := w.log(svc, v)
	if err := errors.Join(schemaErr, countsErr, marksErr, auditErr); err != nil {
		return err
	}
	empty := &codec.Table{Schema: schema}
	t := s.table()
	return errors.Join(
		checkTable(empty, t, selection{columns: t.whole().columns}),
		differs("missing values", missing, t.missing()),
		differs("marks", marks, t.marks()),
		differs("numbers of marks", counts, t.markCounts()),
		checkAudit(log, s),
	)
}

// pageSize is how many marks or entries of the audit log a page has. Which it is changes, so that
// pages end everywhere.
func (w *world) pageSize() int64 { return int64(1 + w.turn%5) }

// marks reads all marks page by page.
func (w *world) marks(svc *session.Service, v *session.Session) (frame.Marks, error) {
	marks := frame.Marks{}
	for offset := int64(0); ; {
		page, err := svc.Marks(w.ctx, v, session.Selection{Offset: offset, Limit: w.pageSize()})
		if err != nil {
			return nil, err
		}
		for _, c := range page.Columns {
			marks[c.Column] = append(marks[c.Column], c.Rows...)
		}
		if offset += page.Returned; offset >= page.Total || page.Returned == 0 {
			return marks, differs("pages of marks", offset, page.Total)
		}
	}
}

// log reads the audit log page by page.
func (w *world) log(svc *session.Service, v *session.Session) (*session.AuditLog, error) {
	var all []session.AuditEntry
	newest := w.turn%2 == 0
	for {
		log, err := svc.Audit(w.ctx, v, session.AuditSelection{Offset: int64(len(all)), Limit: w.pageSize(), NewestFirst: newest})
		if err != nil {
			return nil, err
		}
		all = append(all, log.Entries...)
		if int64(len(all)) >= log.Total || len(log.Entries) == 0 {
			log.Entries = all
			if newest {
				slices.Reverse(all)
			}
			return log, differs("pages of the log", int64(len(all)), log.Total)
		}
	}
}

// checkCount compares the number of sessions, where the store counts exactly.
func (w *world) checkCount(svc *session.Service) error {
	if w.on.eventual {
		return nil
	}
	n, err := svc.Count(w.ctx)
	return errors.Join(err, differs("count", n, kv.Count{N: int64(w.model.count()), Exact: true}))
}
