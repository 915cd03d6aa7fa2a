package session

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"sync"

	"edgeframe/frame"
	"edgeframe/kv"
	"edgeframe/session/record"
)

// The head says how each kept version was made, and how those were made that they come from. These steps are a
// tree: each has a parent. They stay when the versions that they made are dropped, as long as a kept version comes from
// them, and move into segments when there are many.
//
// A step needs no call of the store of its own, as far as that is possible: what is short is in the head, and
// what is long is stored together with the segments of the table.

const (
	// MaxOperations is the length of the longest operations that are kept with a version, in bytes of JSON.
	MaxOperations = 1 << 20
	// maxHeadOperations is the length of the longest ones in the head as they are stored, and allHeadOperations
	// that of all together. Beyond it the longest are of shortPart bytes.
	maxHeadOperations, allHeadOperations = 1 << 10, 8 << 10
	// shortPart is the length of row maps and operations that are always in the head, in bytes.
	shortPart = 512
	// maxPacking is more than how many times smaller packing makes anything.
	maxPacking = 32
	// maxRowMap is the length of the longest row map that is kept, in bytes.
	maxRowMap = 16 << 20
)

// step is a step that a change makes, before it has a place.
type step struct {
	record.Step
	// summary is what the version is called.
	summary string
	// operations are those of an edit, as they were sent.
	operations []byte
	// rows says where the rows of the table were, unless that is lost.
	rows frame.RowMap
}

func newStep(kind record.StepKind, summary string, key []string) step {
	return step{Step: record.Step{Kind: kind, Key: key}, summary: summary}
}

// setRows notes where the rows were, if that is known.
func (made *step) setRows(rows frame.RowMap, known bool) { made.rows, made.Lost = rows, !known }

// past has the steps of a head, which are decoded when they are first needed.
type past struct {
	once  sync.Once
	steps []record.StoredStep
	err   error
}

// steps returns the steps of h, which nobody may change.
func (h *head) steps() ([]record.StoredStep, error) {
	p := h.past
	if p == nil {
		p = new(past)
	}
	p.once.Do(func() { p.steps, p.err = record.DecodeSteps(h.Steps) })
	if p.err != nil {
		return nil, damaged(h.ID, p.err)
	}
	return p.steps, nil
}

// setSteps makes list the steps of h.
func (h *head) setSteps(list []record.StoredStep) {
	h.Steps = record.EncodeSteps(list)
	h.past = &past{steps: list}
	h.past.once.Do(func() {})
}

// findStep returns the position of the step of a version in list, and whether it is there.
func findStep(list []record.Step, version uint32) (at int, found bool) {
	return slices.BinarySearchFunc(list, version, func(st record.Step, v uint32) int { return cmp.Compare(st.Version, v) })
}

// storedSteps returns a list with the steps of h, with one for each kept version: those of releases that kept no
// steps are unknown. Each kept version of theirs was made when the one before was current.
func (h *head) storedSteps() ([]record.StoredStep, error) {
	list, err := h.steps()
	if err != nil {
		return nil, err
	}
	all := append(make([]record.StoredStep, 0, len(list)+1), list...)
	for i := range h.Versions {
		at, found := findStored(all, h.Versions[i].ID)
		if found {
			continue
		}
		unknown := record.Step{Version: h.Versions[i].ID, Kind: record.StepUnknown, Lost: true}
		if i > 0 {
			unknown.Parent = h.Versions[i-1].ID
		}
		st, err := record.NewStoredStep(unknown)
		if err != nil {
			return nil, err
		}
		all = slices.Insert(all, at, st)
	}
	return all, nil
}

// allSteps returns copies of the steps that storedSteps returns.
func (h *head) allSteps() ([]record.Step, error) {
	list, err := h.storedSteps()
	steps := make([]record.Step, len(list))
	for i := range list {
		steps[i] = *list[i].Step
	}
	return steps, err
}

// findStored is findStep for stored steps.
func findStored(list []record.StoredStep, version uint32) (at int, found bool) {
	return slices.BinarySearchFunc(list, version, func(st record.StoredStep, v uint32) int { return cmp.Compare(st.Version, v) })
}

// isKept reports whether h has a version.
func (h *head) isKept(version uint32) bool { return h.version(version) != nil }

// pushStep adds the step that has made the current version of h. before is the head without that version. items
// are the segments of the version, some of which out has.
func (s *Service) pushStep(h, before *head, made step, out *sealer, items []kv.Item) error {
	list, err := before.storedSteps()
	if err != nil {
		return err
	}
	st := made.Step
	st.Version = h.current().ID
	if st.Parent == 0 {
		st.Parent = before.current().ID
	}
	if len(h.Versions) == 1 && made.rows != nil {
		// The version before is not kept, so nobody asks where its rows went.
		made.rows, st.Lost = nil, true
	}
	if err := s.storeParts(h, &st, made, list, out, items); err != nil {
		return err
	}
	last, err := record.NewStoredStep(st)
	if err != nil {
		return err
	}
	if list, err = h.prune(append(list, last), before); err != nil {
		return err
	}
	if list, err = s.fold(h, list, out); err != nil {
		return err
	}
	h.setSteps(list)
	return nil
}

// storeParts stores the operations and the row map of a step: in it, or in a segment.
func (s *Service) storeParts(h *head, st *record.Step, made step, list []record.StoredStep, out *sealer, items []kv.Item) (err error) {
	operations, rows := 0, 0
	for i := range list {
		operations += len(list[i].Operations)
		rows += len(list[i].Rows)
	}
	items = slices.Concat(items, out.items)
	// alone reports whether a segment would take a call of the store for itself, but there is room in the head. What
	// is in a step stays in the head for long, so there is no more room for that in a cold change than in others.
	alone := func(bytes int) bool {
		return rows+bytes <= s.opt.InlineBytes && h.travels(out.born, items, rows+bytes, s.opt.InlineBytes)
	}
	if n := len(made.operations); n > 0 && n <= MaxOperations {
		if least := n / maxPacking; least <= maxHeadOperations || alone(least) {
			packed := pack(made.operations)
			short := len(packed) <= shortPart || len(packed) <= maxHeadOperations && operations+len(packed) <= allHeadOperations
			if short || alone(len(packed)) {
				st.Operations = packed
			}
		}
		if st.Operations == nil {
			// A segment is compressed as a whole.
			if st.Long, err = out.sealPart("operations", made.operations); err != nil {
				return err
			}
		}
	}
	if made.rows == nil {
		return nil
	}
	switch packed := made.rows.AppendBinary(nil); {
	case len(packed) > maxRowMap:
		st.Lost = true
	case len(packed) <= shortPart || alone(len(packed)):
		st.Rows = packed
	default:
		st.Map, err = out.sealPart("rows", packed)
	}
	return err
}

// prune returns the steps that kept versions of h come from. Those whose versions h has not any more, but the head
// before had, get what the version said.
func (h *head) prune(list []record.StoredStep, before *head) (pruned []record.StoredStep, err error) {
	// kept has for each step how many kept versions come from it.
	kept := make([]int, len(list))
	for i := len(list) - 1; i >= 0; i-- {
		if h.isKept(list[i].Version) {
			kept[i]++
		}
		if at, found := findStored(list[:i], list[i].Parent); found {
			kept[at] += kept[i]
		}
	}
	pruned = list[:0]
	for i, st := range list {
		if kept[i] == 0 {
			continue
		}
		ver := before.version(st.Version)
		explained := ver != nil && !h.isKept(st.Version)
		// If no kept version is beyond it, nobody asks any more where the rows were.
		forgotten := kept[i] == len(h.Versions) && (st.Rows != nil || st.Map != nil)
		if explained || forgotten {
			next := *st.Step
			if explained {
				before.explain(&next, ver)
			}
			if forgotten {
				next.Rows, next.Map, next.Lost = nil, nil, true
			}
			if st, err = record.NewStoredStep(next); err != nil {
				return nil, err
			}
		}
		pruned = append(pruned, st)
	}
	return pruned, nil
}

// explain makes a step say what its version says, which is going to be dropped.
func (h *head) explain(st *record.Step, ver *record.Version) {
	st.Time, st.Summary, st.Actor = ver.Time, ver.Summary, ver.Actor
	if ver.Source > 0 && ver.SourceVersion == ver.ID {
		st.Source = h.Sources[ver.Source-1]
	}
}

// droppedParts returns the segments of the steps of h that after lacks. There are none if its steps cannot be read.
func (h *head) droppedParts(after *head) (dropped []record.SegmentRef) {
	if bytes.Equal(h.Steps, after.Steps) {
		return nil
	}
	old, err := h.steps()
	if err != nil {
		return nil
	}
	now, err := after.steps()
	if err != nil {
		return nil
	}
	var changed map[record.SegmentRef]bool
	for i := range old {
		if at, found := findStored(now, old[i].Version); found && old[i].HasPartsOf(now[at].Step) {
			continue
		}
		old[i].Segments(func(r record.SegmentRef) {
			if changed == nil {
				changed = map[record.SegmentRef]bool{}
			}
			changed[r] = true
		})
	}
	if changed == nil {
		return nil
	}
	for i := range now {
		now[i].Segments(func(r record.SegmentRef) { delete(changed, r) })
	}
	return slices.Collect(maps.Keys(changed))
}
