package record

import (
	"fmt"

	"github.com/tinylib/msgp/msgp"
)

//go:generate go tool msgp -file=step.go -io=false -tests=false -o=step_gen.go

// StepKind is the kind of a step. The numbers are stored.
type StepKind uint8

// The kinds of steps.
const (
	// StepUnknown is the step of a version of a release that kept no steps.
	StepUnknown StepKind = iota
	StepCreate
	StepEdit
	StepMarks
	StepAppend
	StepUpsert
	StepReplace
	StepSnapshot
	StepRestore
	// StepMerged stands for several steps whose versions are not kept.
	StepMerged
)

// String returns the name of k.
func (k StepKind) String() string {
	names := [...]string{"unknown", "create", "edit", "marks", "append", "upsert", "replace", "snapshot", "restore", "merged"}
	if int(k) >= len(names) {
		return names[StepUnknown]
	}
	return names[k]
}

// Step says how a version was made. What the version itself says is in the step only if the version is not kept
// any more.
//
//msgp:limit arrays:1000000 maps:1000
type Step struct {
	Version uint32 `msg:"v"`
	// Parent is the version whose table the step has changed, or has taken over: of a restore, the one that was
	// restored. It is 0 if there is none, and if it is not known.
	Parent uint32   `msg:"p,omitempty"`
	Kind   StepKind `msg:"k,omitempty"`
	// Operations are those of an edit as they were sent: a JSON array, as it is or as a Snappy block. Long refers
	// to a segment with longer ones, or, of a merged step, with the steps that it stands for.
	Operations []byte      `msg:"ops,omitempty,zerocopy"`
	Long       *SegmentRef `msg:"long,omitempty"`
	// Rows is the row map, and Map refers to a segment with a longer one. If there is neither, each row is where
	// it was, unless Lost says that this is not known.
	Rows []byte      `msg:"rows,omitempty,zerocopy"`
	Map  *SegmentRef `msg:"map,omitempty"`
	Lost bool        `msg:"lost,omitempty"`
	// Key has the columns by which an upsert, or a replace, has found its rows.
	Key []string `msg:"key,omitempty"`

	// Time is in Unix milliseconds. Source is the document about the file that the step has read, if any, packed
	// like those of a head.
	Time    int64  `msg:"t,omitempty"`
	Summary string `msg:"sum,omitempty"`
	Actor   string `msg:"by,omitempty"`
	Source  []byte `msg:"src,omitempty,zerocopy"`

	// More has, for a merged step, the segments that are the Long of the steps that it stands for.
	More []SegmentRef `msg:"more,omitempty"`
	// Count is the number of steps that a merged step stands for.
	Count int `msg:"n,omitempty"`
}

// StoredStep is a step with its stored form. Neither may be changed: heads share them, so that a commit encodes the
// steps that it makes and no others.
//
//msgp:ignore StoredStep
type StoredStep struct {
	*Step
	raw []byte
}

// NewStoredStep returns a step with its stored form.
func NewStoredStep(st Step) (StoredStep, error) {
	raw, err := st.MarshalMsg(nil)
	return StoredStep{&st, raw}, err
}

// ReadStoredStep reads what [StoredStep.Stored] returned, of which it keeps parts.
func ReadStoredStep(b []byte) (StoredStep, error) {
	st := new(Step)
	rest, err := unmarshal(st, b)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes follow a step", len(rest))
	}
	return StoredStep{st, b}, err
}

// Stored returns the stored form of st.
func (st StoredStep) Stored() []byte { return st.raw }

// maxSteps is the largest number of steps that is read.
const maxSteps = 20_000

// EncodeSteps returns the stored form of steps, which is an array of MessagePack. Those of list keep no other bytes
// in memory any more.
func EncodeSteps(list []StoredStep) []byte {
	if len(list) == 0 {
		return nil
	}
	size := msgp.ArrayHeaderSize
	for i := range list {
		size += len(list[i].raw)
	}
	b := msgp.AppendArrayHeader(make([]byte, 0, size), uint32(len(list)))
	for i := range list {
		from := len(b)
		b = append(b, list[i].raw...)
		list[i].raw = b[from:len(b):len(b)]
	}
	return b
}

// DecodeSteps reads the stored form of steps. Those that it returns are in the order of their versions, and come
// after their parents.
func DecodeSteps(b []byte) ([]StoredStep, error) {
	if len(b) == 0 {
		return nil, nil
	}
	n, b, err := msgp.ReadArrayHeaderBytes(b)
	if err != nil {
		return nil, err
	}
	if n > maxSteps || int(n) > len(b) {
		return nil, fmt.Errorf("%d steps in %d bytes", n, len(b))
	}
	steps, list, last := make([]Step, n), make([]StoredStep, n), uint32(0)
	for i := range steps {
		st := &steps[i]
		rest, err := unmarshal(st, b)
		if err != nil {
			return nil, err
		}
		list[i] = StoredStep{st, b[: len(b)-len(rest) : len(b)-len(rest)]}
		if st.Version <= last || st.Parent >= st.Version {
			return nil, fmt.Errorf("step %d with the parent %d comes after step %d", st.Version, st.Parent, last)
		}
		b, last = rest, st.Version
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("%d bytes follow them", len(b))
	}
	return list, nil
}

// Segments calls each for the segments to which a step refers.
func (st *Step) Segments(each func(SegmentRef)) {
	for _, r := range []*SegmentRef{st.Long, st.Map} {
		if r != nil {
			each(*r)
		}
	}
	for _, r := range st.More {
		each(r)
	}
}

// HasPartsOf reports whether a step has the very references of another one: the steps come from the same list.
func (st *Step) HasPartsOf(other *Step) bool {
	return st.Long == other.Long && st.Map == other.Map && len(st.More) == len(other.More)
}
