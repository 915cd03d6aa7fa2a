package metamorphic

import (
	"fmt"
	"time"

	"edgeframe/frame"
	"edgeframe/session"
)

// ref is the session of a step with the revision that the step names. On an eventually
// consistent store a client that names an older one than the newest may be shown older state,
// so there it names the newest.
func (w *world) ref(s Step) session.Ref {
	c := w.clients[s.Session]
	ref := session.Ref{ID: c.id}
	switch s.After {
	case "old":
		ref.After = c.old()
	case "newest":
		ref.After = c.newest()
	case "future":
		ref.After = c.newest()
		ref.After.Revision = w.revision(s.Session) + 1
	case "forged":
		ref.After = c.newest()
		ref.After.Commit[0]++
		return ref
	}
	if w.on.eventual && s.After != "future" {
		ref.After = c.newest()
	}
	return ref
}

// revision is the revision of the session of a slot, 0 if there is none.
func (w *world) revision(slot int) uint64 {
	if s := w.model.sessions[slot]; s != nil {
		return s.revision
	}
	return 0
}

// condition is the session of a step with its precondition.
func (w *world) condition(s Step) session.Change {
	c := w.clients[s.Session]
	change := session.Change{Ref: w.ref(s)}
	var want session.Token
	switch s.Match {
	case "":
		return change
	case "current":
		want = c.newest()
	case "old":
		want = c.old()
	}
	change.Pre = func(v *session.Session) bool { return v.Revision == want }
	return change
}

// change makes a step that changes a session, with what is lost and what comes between.
func (w *world) change(s Step) error {
	matched := w.clients[s.Session].newest().Revision
	done := s
	if w.on.tamper != nil {
		done = w.on.tamper(s)
	}
	if s.Do == "delete" || s.Race != nil && s.Race.Do == "delete" {
		// What a location that does not see the deletion shows is not the model's to say.
		defer w.refresh()
	}
	var raced error
	var late *outcome
	w.faults = faults{lose: s.Lose}
	switch {
	case s.Race == nil:
	case s.Late:
		w.faults.after = func() {
			late, raced = w.written(s, matched)
			if raced == nil {
				raced = w.race(s)
			}
		}
	default:
		w.faults.before = func() { raced = w.race(s) }
	}
	v, err := call(w.ctx, w.services[s.At], w.condition(s), done)
	fired := w.faults.fired
	w.faults = faults{}
	switch {
	case raced != nil:
		return fmt.Errorf("what came between, %s: %w", s.Race, raced)
	case late != nil:
		return late.check(w.model, v, err)
	}
	return w.expect(s, matched, fired, v, err)
}

// outcome is what a step has to return that has written the head, whatever comes after it.
type outcome struct{ next *state }

// written applies a step to the model whose call has written the head and not returned yet.
func (w *world) written(s Step, matched uint64) (*outcome, error) {
	next, want := w.model.after(s, matched)
	if want != nil {
		return nil, fmt.Errorf("the call wrote, although the model returns %w", want)
	}
	w.model.put(s, next)
	return &outcome{next.clone()}, nil
}

func (o *outcome) check(m *model, v *session.Session, err error) error {
	if err != nil || o.next == nil {
		return checkKind(err, nil)
	}
	return m.checkSession(v, o.next)
}

// race makes the step that comes between. Before the write, a store with compare-and-swap lets
// it win; on one without, the instance knows that another commit of its own is on the way.
func (w *world) race(s Step) error {
	r := *s.Race
	r.Session = s.Session
	if w.on.eventual {
		r.At = s.At
	}
	matched := w.clients[s.Session].newest().Revision
	outer := w.faults
	w.faults = faults{}
	v, err := call(w.ctx, w.services[r.At], w.condition(r), r)
	w.faults = outer
	w.count(map[bool]string{false: "race", true: "late race"}[s.Late])
	if r.Do == "delete" || s.Do == "delete" {
		// The other step has stored segments of which the deletion does not know. They expire.
		w.clients[s.Session].lossy = true
	}
	if !w.on.eventual || s.Late {
		return w.expect(r, matched, "", v, err)
	}
	_, want := w.model.after(r, matched)
	switch {
	case want != nil:
	case r.Do == "touch" && r.Seconds == 0:
		w.model.access(r.Session)
	default:
		want = session.ErrConflict
	}
	return w.checkError(r, err, want)
}

// expect compares what a call has returned with the model, and applies the step to the model.
func (w *world) expect(s Step, matched uint64, fired string, v *session.Session, err error) error {
	next, want := w.model.after(s, matched)
	if fired != "" {
		w.count("lost " + fired)
		w.clients[s.Session].lossy = true
	}
	switch {
	// A lost request may have been one that could not succeed, from a head that another step or the other
	// service has replaced: the refusal would have come at the next try.
	case want != nil && fired != "" && fired != "request":
		return fmt.Errorf("the call wrote, although the model returns %w", want)
	case fired == "request", fired == "segments":
		return checkKind(err, lost)
	case fired == "answer":
		w.orphan(s)
		if s.Do != "create" {
			w.model.sessions[s.Session] = next
		}
		return checkKind(err, lost)
	}
	if err := w.checkError(s, err, want); err != nil || want != nil {
		return err
	}
	w.count(s.Do)
	w.model.put(s, next)
	switch s.Do {
	case "create":
		w.clients[s.Session] = newClient(v.ID)
		w.clients[s.Session].lossy = fired != ""
	case "delete":
		return w.checkLeft(s.Session)
	}
	w.clients[s.Session].knows(v.Revision)
	return w.model.checkSession(v, next)
}

// orphan notes a head that nobody knows of after the answer to a step was lost: that of a new
// session, or of one that was ended before it could be deleted.
func (w *world) orphan(s Step) {
	ttl := session.DefaultTTL
	switch was := w.model.sessions[s.Session]; {
	case s.Do == "create":
		if s.Seconds != 0 {
			ttl = time.Duration(s.Seconds) * time.Second
		}
	case s.Do == "delete" && s.Match != "":
		ttl = was.ttl
	default:
		return
	}
	w.model.orphans = append(w.model.orphans, w.model.now.Add(ttl+w.model.interval(ttl)))
}

// checkError compares the error of a call with its kind in the model.
func (w *world) checkError(s Step, err, want error) error {
	if want != nil {
		w.count(want.Error())
	}
	got := kindOf(err)
	// A location that is behind cannot tell a forged revision from one that is still to come.
	forged := w.on.eventual && s.After == "forged" && want == session.ErrConflict && got == session.ErrStaleRead
	// Marks that are wrong in several columns are refused for any of them.
	wrong := func(kind error) bool { return kind == frame.ErrColumnNotFound || kind == frame.ErrInvalidOperation }
	if forged || s.Do == "mark" && wrong(got) && wrong(want) {
		return nil
	}
	return checkKind(err, want)
}

// checkLeft makes sure that nothing is left of a session that was deleted, where the store
// deletes at once and nothing was lost.
func (w *world) checkLeft(slot int) error {
	c := w.clients[slot]
	if w.on.eventual || c.lossy {
		return nil
	}
	if keys := w.engine.left(c.id); len(keys) > 0 {
		return fmt.Errorf("the deleted session leaves %q", keys)
	}
	return nil
}
