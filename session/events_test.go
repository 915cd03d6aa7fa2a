package session

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgeframe/frame"
	"edgeframe/kv"
	"edgeframe/kv/memory"
)

// telling is an engine with live updates: it keeps what it has told.
type telling struct {
	kv.Driver
	told []string
}

func (d *telling) Info() kv.Info {
	info := d.Driver.Info()
	info.Capabilities.LiveUpdates = true
	return info
}

func (d *telling) Commit(ctx context.Context, c kv.Commit) ([][]byte, error) {
	if err := d.Driver.Set(ctx, c.Put, c.TTL); err != nil {
		return nil, err
	}
	if err := d.Driver.Touch(ctx, c.Touch, c.TTL); err != nil {
		return nil, err
	}
	err := d.CompareAndSwap(ctx, c.Swap, c.Old, c.SwapTTL)
	if err != nil {
		return nil, &kv.Conflict{}
	}
	if c.Event != nil {
		d.told = append(d.told, string(c.Event()))
	}
	return nil, d.Driver.Delete(ctx, c.Drop)
}

func newTelling(t *testing.T, adjust ...func(*Options)) (*harness, *telling) {
	var d *telling
	h := newHarness(t, append([]func(*Options){func(o *Options) {
		d = &telling{Driver: memory.New()}
		o.Store = kv.New(d, "")
	}}, adjust...)...)
	return h, d
}

// since returns the events since the last call. They must be revisions of sess, the last one its present one.
func (d *telling) since(t *testing.T, sess *Session) (events []revisionEvent) {
	t.Helper()
	for _, text := range d.told {
		var e revisionEvent
		if err := json.Unmarshal([]byte(text), &e); err != nil || e.Type != "revision" {
			t.Fatalf("event %s: %v", text, err)
		}
		events = append(events, e)
	}
	d.told = nil
	if n := len(events); n == 0 || events[n-1].Revision != sess.Revision.String() || events[n-1].Version != sess.Current.ID || events[n-1].TotalRows != sess.Current.Rows {
		t.Fatalf("events %+v, the session is at revision %s, version %d with %d rows", events, sess.Revision, sess.Current.ID, sess.Current.Rows)
	}
	return events
}

// change is what an event says has changed.
type eventChange struct {
	Summary string
	Columns []string
	All     bool
}

func changeOf(e revisionEvent) eventChange {
	c := eventChange{Columns: e.Columns, All: e.AllColumns}
	if e.Summary != nil {
		c.Summary = *e.Summary
	}
	return c
}

func TestAnEventSaysWhatACommitHasChanged(t *testing.T) {
	ctx := context.Background()
	h, told := newTelling(t)
	sess := h.create(10, 4)
	if len(told.told) > 0 {
		t.Errorf("a new session has nobody to tell, and told %q", told.told)
	}
	everyColumn := []string{"column_1", "column_2", "column_3", "column_4"}
	none := []string{}
	name := "u.csv"
	for _, step := range []struct {
		claim  string
		change func() (*Session, error)
		want   eventChange
	}{
		{
			"an edit names the columns that it changes, also if they share a segment with others",
			edits(h, sess, `{"op":"set_values","column":"column_2","rows":[3],"value":7.5}`),
			eventChange{"set 1 cell of column_2", []string{"column_2"}, false},
		},
		{"undo cannot tell the columns of a segment apart", func() (*Session, error) { return h.Undo(ctx, of(sess)) }, eventChange{"Undo: version 1 is current", everyColumn, false}},
		{"redo", func() (*Session, error) { return h.Redo(ctx, of(sess)) }, eventChange{"Redo: version 2 is current", everyColumn, false}},
		{"a snapshot changes no column", func() (*Session, error) { return h.Snapshot(ctx, of(sess)) }, eventChange{"Snapshot", none, false}},
		{"a restore of the same table", func() (*Session, error) { return h.Restore(ctx, of(sess), 2) }, eventChange{"Restore version 2", none, false}},
		{
			"a new column is named",
			edits(h, sess, `{"op":"compute","column":"twice","expression":"column_2 * 2"}`),
			eventChange{"computed twice as column_2 * 2", []string{"twice"}, false},
		},
		{"a column that is gone cannot be named", edits(h, sess, `{"op":"drop_columns","columns":["twice"]}`), eventChange{"dropped twice", none, true}},
		{"a name that is gone neither", edits(h, sess, `{"op":"rename_columns","columns":{"column_4":"last"}}`), eventChange{"renamed column_4 to last", none, true}},
		{"rows that are gone", edits(h, sess, `{"op":"delete_rows","rows":[0]}`), eventChange{"deleted 1 row", none, true}},
		{"rows in another order", edits(h, sess, `{"op":"sort","by":[{"column":"column_2"}]}`), eventChange{"sorted by column_2", []string{"column_1", "column_2", "column_3", "last"}, false}},
		{"an edit that changes nothing", edits(h, sess, `{"op":"sort","by":[{"column":"column_2"}]}`), eventChange{"", none, false}},
		{"a file name", func() (*Session, error) { return h.UpdateInfo(ctx, of(sess), &name, nil) }, eventChange{"", none, false}},
		{"a TTL", func() (*Session, error) { return h.Touch(ctx, of(sess).Ref, nil, MinTTL) }, eventChange{"", none, false}},
		{"an entry of the log", func() (*Session, error) { return h.note(sess, "checked <twice>"), nil }, eventChange{"checked <twice>", none, false}},
	} {
		next := h.must(step.change())
		events := told.since(t, next)
		if len(events) != 1 {
			t.Fatalf("%s: %d events", step.claim, len(events))
		}
		if diff := cmp.Diff(step.want, changeOf(events[0])); diff != "" {
			t.Errorf("%s: %s", step.claim, diff)
		}
	}
}

// edits returns a function that edits a session.
func edits(h *harness, sess *Session, ops ...string) func() (*Session, error) {
	return func() (*Session, error) { return h.edit(sess, ops...), nil }
}

func TestAnEventNamesTheColumnsWhoseMarksChange(t *testing.T) {
	h, told := newTelling(t)
	sess := h.create(200, 3)
	var rows []int64
	column := h.table(sess, 0).RowGroups[0].Column(1)
	for i := range column.Len() {
		if column.IsNull(i) {
			rows = append(rows, int64(i))
		}
	}
	marked := h.must(h.SetMarks(context.Background(), of(sess), frame.Marks{"column_2": rows}, false))
	if got := changeOf(told.since(t, marked)[0]); !slices.Equal(got.Columns, []string{"column_2"}) || got.All {
		t.Errorf("marks of column_2: %+v", got)
	}
	undone := h.must(h.Undo(context.Background(), of(sess)))
	if got := changeOf(told.since(t, undone)[0]); !slices.Equal(got.Columns, []string{"column_2"}) || got.All {
		t.Errorf("marks of column_2 undone: %+v", got)
	}
}

func TestAnEventOfManyColumnsNamesNone(t *testing.T) {
	h, told := newTelling(t)
	sess := h.create(9, 3*maxEventColumns)
	everything := h.edit(sess, `{"op":"sort","by":[{"column":"column_1"}]}`)
	if got := changeOf(told.since(t, everything)[0]); !got.All || len(got.Columns) > 0 {
		t.Errorf("%d columns, all %t", len(got.Columns), got.All)
	}
	long := strings.Repeat("x", 1000)
	ops := []string{}
	for _, name := range "abcde" {
		ops = append(ops, `{"op":"compute","column":"`+string(name)+long+`","expression":"1"}`)
	}
	named := h.edit(sess, ops...)
	if got := changeOf(told.since(t, named)[0]); !got.All || len(got.Columns) > 0 {
		t.Errorf("%d columns with long names, all %t", len(got.Columns), got.All)
	}
}

func TestAnEventNamesWhoHasMadeTheCommitAndRevocations(t *testing.T) {
	h, told := newTelling(t)
	sess := h.create(3, 1)
	asAda := WithCaller(context.Background(), Caller{Actor: "ada", Token: true, Salted: true})
	for range 2 {
		if e := told.since(t, h.must(h.Snapshot(asAda, of(sess))))[0]; e.Actor == nil || *e.Actor != "ada" || e.TokensRevoked {
			t.Errorf("a snapshot by ada: %+v", e)
		}
	}
	if e := told.since(t, h.must(h.Undo(context.Background(), of(sess))))[0]; e.Actor != nil {
		t.Errorf("an undo by nobody that is known: %+v", e)
	}
	if e := told.since(t, h.must(h.RevokeTokens(context.Background(), Ref{ID: sess.ID}, nil)))[0]; !e.TokensRevoked || e.Actor != nil || e.Summary != nil {
		t.Errorf("a revocation: %+v", e)
	}
}

func TestAccessesTellNothing(t *testing.T) {
	h, told := newTelling(t)
	sess := h.create(3, 1)
	h.pass(DefaultTTL / 2)
	if _, err := h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing); err != nil {
		t.Fatal(err)
	}
	h.must(h.Touch(context.Background(), Ref{ID: sess.ID}, nil, 0))
	if len(told.told) > 0 {
		t.Errorf("told %q", told.told)
	}
}

func TestTheEndOfOneStateIsToldWithTheSwap(t *testing.T) {
	h, told := newTelling(t)
	sess := h.create(3, 1)
	if err := h.Delete(context.Background(), Ref{ID: sess.ID}, func(*Session) bool { return true }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(told.told, []string{`{"type":"deleted"}`}) {
		t.Errorf("told %q", told.told)
	}
}

// A change that has lost against another one is worked out for the new head, and so is its event.
func TestTheEventOfARepeatedAttemptIsThatOfTheHeadThatItReplaces(t *testing.T) {
	h, told := newTelling(t)
	sess := h.create(10, 3)
	c := of(sess)
	c.Pre = before(func() { h.note(sess, "in between") })
	edited, _, err := h.Edit(context.Background(), c, operations(t, `{"op":"set_values","column":"column_3","rows":[0],"value":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	events := told.since(t, edited)
	if len(events) != 2 {
		t.Fatalf("%d events", len(events))
	}
	if got := changeOf(events[1]); !slices.Equal(got.Columns, []string{"column_3"}) || got.All {
		t.Errorf("the event of the edit that has lost once: %+v", got)
	}
}

func TestTheEventOfTheStateThatAFollowerFinds(t *testing.T) {
	h, _ := newTelling(t)
	sess := h.create(3, 1)
	want := `{"type":"revision","revision":"` + sess.Revision.String() + `","version":1,"total_rows":3,"actor":null,"summary":null,"columns":[],"all_columns":true}`
	if got := string(sess.Event()); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// deaf is an engine without live updates. It keeps the events that it is given nevertheless.
type deaf struct{ telling }

func (d *deaf) Info() kv.Info {
	info := d.Driver.Info()
	info.Capabilities.LiveUpdates = false
	return info
}

func TestAStoreThatTellsNothingIsGivenNoEvent(t *testing.T) {
	d := &deaf{telling: telling{Driver: memory.New()}}
	h := newHarness(t, func(o *Options) { o.Store = kv.New(d, "") })
	edited := h.edit(h.create(3, 2), `{"op":"drop_columns","columns":["column_1"]}`)
	h.must(h.Undo(context.Background(), of(edited)))
	if len(d.told) > 0 || edited.head.remade != nil {
		t.Errorf("told %q, and the columns %v were compared", d.told, edited.head.remade)
	}
}

func TestAnEventIsReadAgain(t *testing.T) {
	text := []byte(`{"type":"revision","revision":"7-50d8527759f6d4c6","version":4,"total_rows":3,"actor":"ada","summary":"s","columns":["a"],"all_columns":false,"tokens_revoked":true}`)
	e, err := ParseEvent(text)
	if err != nil || e.Type != "revision" || e.Revision.String() != "7-50d8527759f6d4c6" || !e.TokensRevoked {
		t.Errorf("%+v, %v", e, err)
	}
	want := `{"type":"revision","revision":"7-50d8527759f6d4c6","version":4,"total_rows":3,"actor":null,"summary":null,"columns":[],"all_columns":true}`
	if got := string(e.Present()); got != want {
		t.Errorf("as the present state: %s", got)
	}
	if e, err := ParseEvent(deletedEvent); err != nil || e.Type != "deleted" {
		t.Errorf("%+v, %v", e, err)
	}
	for _, damaged := range []string{"", "{", `{"type":"revision"}`, `{"type":"revision","revision":"7"}`} {
		if _, err := ParseEvent([]byte(damaged)); err == nil {
			t.Errorf("%q is read", damaged)
		}
	}
}
