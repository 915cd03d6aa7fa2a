package record

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"testing"
)

// sampleHead has every field set.
func sampleHead() *Head {
	h := headWithoutSources()
	h.Sources = [][]byte{[]byte(`{"filename":"données.csv","format":"csv"}`)}
	for i := range h.Versions {
		h.Versions[i].Source, h.Versions[i].SourceVersion = 1, 1
	}
	return h
}

// headWithSteps has every field set.
func headWithSteps() *Head {
	h := sampleHead()
	h.Steps = EncodeSteps(stored(sampleSteps()))
	h.Moments = []Moment{{Time: 1768732200000, Version: 1}, {Time: 1768732260000}}
	h.Versions[0].Name, h.Versions[0].Aside = "raw", true
	return h
}

// stored returns steps with their stored forms.
func stored(list []Step) []StoredStep {
	all := make([]StoredStep, len(list))
	for i, st := range list {
		var err error
		if all[i], err = NewStoredStep(st); err != nil {
			panic(err)
		}
	}
	return all
}

// sampleSteps have every field set.
func sampleSteps() []Step {
	ref := SegmentRef{Hash: [16]byte{1, 2, 3}, Born: 7, Stored: 1234, Raw: 5678}
	return []Step{
		{Version: 1, Kind: StepMerged, Long: &ref, Lost: true, More: []SegmentRef{ref}, Count: 300},
		{Version: 2, Parent: 1, Kind: StepUpsert, Rows: []byte{1}, Key: []string{"id"}, Time: 1768732200000, Summary: "Upsert", Actor: "ann", Source: []byte("{}")},
		{Version: 3, Parent: 1, Kind: StepEdit, Operations: []byte("[]"), Map: &ref},
	}
}

func TestStepsAreReadAsTheyWere(t *testing.T) {
	b := EncodeSteps(stored(sampleSteps()))
	if got, err := DecodeSteps(b); err != nil || !reflect.DeepEqual(got, stored(sampleSteps())) {
		t.Errorf("read\n%+v, %v\nwant\n%+v", got, err, sampleSteps())
	}
	// Where tables of 32 KiB travel with the head, row maps of that size do.
	long := stored([]Step{{Version: 1, Kind: StepEdit, Rows: bytes.Repeat([]byte{1}, 32<<10)}})
	if got, err := DecodeSteps(EncodeSteps(long)); err != nil || !reflect.DeepEqual(got, long) {
		t.Errorf("a row map of 32 KiB is not read: %v", err)
	}
	for name, damage := range map[string]func([]Step){
		"order":      func(list []Step) { list[0], list[1] = list[1], list[0] },
		"twice":      func(list []Step) { list[2].Version = 2 },
		"own parent": func(list []Step) { list[1].Parent = 2 },
		"version 0":  func(list []Step) { list[0].Version = 0 },
	} {
		list := sampleSteps()
		damage(list)
		if _, err := DecodeSteps(EncodeSteps(stored(list))); err == nil {
			t.Errorf("%s: steps that do not fit together are read", name)
		}
	}
	if _, err := DecodeSteps(append(b, 0)); err == nil {
		t.Error("steps with a byte behind them are read")
	}
}

// FuzzSteps: steps that are read fit together, and are written back as they are.
func FuzzSteps(f *testing.F) {
	f.Add(EncodeSteps(stored(sampleSteps())))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := DecodeSteps(b)
		if err != nil {
			return
		}
		known := map[uint32]bool{}
		for _, st := range list {
			if known[st.Version] || st.Parent >= st.Version {
				t.Fatalf("step %d with the parent %d is read", st.Version, st.Parent)
			}
			known[st.Version] = true
		}
		// What is written is what was read, as it was, and what its steps are.
		again := make([]Step, len(list))
		for i, st := range list {
			again[i] = *st.Step
		}
		once, err := DecodeSteps(EncodeSteps(stored(again)))
		if err != nil {
			t.Fatal(err)
		}
		kept, twice := EncodeSteps(list), EncodeSteps(stored(again))
		if written := EncodeSteps(once); !bytes.Equal(written, twice) {
			t.Errorf("written back\n%q, want\n%q", written, twice)
		}
		if _, err := DecodeSteps(kept); err != nil {
			t.Errorf("kept as\n%q: %v", kept, err)
		}
	})
}

// headWithoutSources has every field set that heads had before they kept sources.
func headWithoutSources() *Head {
	ref := SegmentRef{Hash: [16]byte{1, 2, 3}, Born: 7, Stored: 1234, Raw: 5678}
	return &Head{
		ID:          "123e4567-e89b-42d3-a456-426614174000",
		Filename:    "données.csv",
		Created:     1768732200000,
		Accessed:    1768732260000,
		Expires:     1768735920000,
		TTL:         3600000,
		Lease:       1768739520000,
		Commits:     [][]byte{{1, 1, 1, 1, 1, 1, 1, 1}, {2, 2, 2, 2, 2, 2, 2, 2}},
		Current:     1,
		NextVersion: 3,
		Versions: []Version{
			{ID: 1, Time: 1768732200000, Summary: "Session created", RowsBefore: 10, Rows: 10, Commit: []byte{9}, StoredBytes: 1234, RawBytes: 5678, NewBytes: 1234, Segments: 1, Columns: 2, Method: "arrow", Compression: "snappy"},
			{ID: 2, Time: 1768732260000, Summary: "Edit", RowsBefore: 10, Rows: 10, Commit: []byte{8}, StoredBytes: 1234, RawBytes: 5678, NewBytes: 99, Segments: 1, Columns: 1, Method: "msgpack", Compression: "none", Schema: 1, Manifest: 1, Marks: &ref, MarkCounts: []MarkCount{{Column: 0, Marks: 300}}},
		},
		Schemas:     [][]byte{{42}, {43}},
		Manifests:   [][]byte{sampleManifest(Manifest{Layout: [][]int{{0, 1}}, Groups: []RowGroup{{Rows: 10, Segments: []SegmentRef{ref}, Missing: []int{0, 3}}}}), sampleManifest(Manifest{Layout: [][]int{{0, -1}}, Groups: []RowGroup{{Rows: 10, Segments: []SegmentRef{ref}, Missing: []int{0}}}})},
		Metadata:    []byte(`{"study":"A"}`),
		Audit:       []AuditEntry{{Time: 1768732200000, Text: "Session created."}},
		AuditChunks: []SegmentRef{ref},
		InitialRows: 10,
		Revision:    Token{Revision: 2, Commit: [8]byte{2, 2, 2, 2, 2, 2, 2, 2}},
	}
}

func sampleManifest(m Manifest) []byte {
	raw, err := m.MarshalMsg(nil)
	if err != nil {
		panic(err)
	}
	return raw
}

// A head that format 1 wrote stays readable for good.
func TestRecordOfFormat1IsRead(t *testing.T) {
	uncounted := headWithoutSources()
	uncounted.Versions[1].MarkCounts = nil
	for file, want := range map[string]*Head{"head-v1.bin": uncounted, "head-v1-mark-counts.bin": headWithoutSources(), "head-v1-sources.bin": sampleHead(), "head-v1-steps.bin": headWithSteps()} {
		data, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeHead(data)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s is read as\n%+v\nwant\n%+v", file, got, want)
		}
		if again, err := want.Encode(); err != nil || !bytes.Equal(again, data) {
			t.Errorf("%s is written as\n%q, %v\nwant\n%q", file, again, err, data)
		}
	}
}

func TestPositionsOutOfRangeAreRejected(t *testing.T) {
	for name, damage := range map[string]func(*Head){
		"current":    func(h *Head) { h.Current = 2 },
		"schema":     func(h *Head) { h.Versions[0].Schema = 2 },
		"manifest":   func(h *Head) { h.Versions[0].Manifest = -1 },
		"source":     func(h *Head) { h.Versions[1].Source = 2 },
		"mark count": func(h *Head) { h.Versions[1].MarkCounts[0].Column = 1 },
	} {
		h := sampleHead()
		damage(h)
		b, err := h.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeHead(b); err == nil {
			t.Errorf("%s: a position that is out of range is read", name)
		}
	}
}

func TestRecordRoundTrip(t *testing.T) {
	b, err := headWithSteps().Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeHead(b)
	if err != nil {
		t.Fatal(err)
	}
	if want := headWithSteps(); !reflect.DeepEqual(got, want) {
		t.Errorf("read\n%+v\nwant\n%+v", got, want)
	}
	b[formatAt]++
	if _, err := DecodeHead(b); err == nil {
		t.Error("a record of an unknown format is read")
	}
}

// A record is read in the memory that its bytes need, whatever it claims: about 3,000,000 elements in a few bytes.
func TestARecordTakesNoMemoryForWhatItClaimsToHave(t *testing.T) {
	claim := func(member string) []byte {
		b := append([]byte{0x81, 0xa0 | byte(len(member))}, member...)
		return append(b, 0xdd, 0, 0x30, 0, 0)
	}
	for name, read := range map[string]func() error{
		"head": func() error {
			b := append(make([]byte, bodyAt), claim("versions")...)
			b[formatAt] = headFormat
			setChecksum(b)
			_, err := DecodeHead(b)
			return err
		},
		"manifest": func() error { _, err := DecodeManifest(claim("groups"), 1); return err },
		"steps":    func() error { _, err := DecodeSteps(append([]byte{0x91}, claim("more")...)); return err },
		"step":     func() error { _, err := ReadStoredStep(claim("more")); return err },
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := read()
		runtime.ReadMemStats(&after)
		if taken := after.TotalAlloc - before.TotalAlloc; err == nil || taken > 1<<20 {
			t.Errorf("%s: %d bytes allocated, error %v", name, taken, err)
		}
	}
}

func FuzzHead(f *testing.F) {
	good, err := headWithSteps().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good[bodyAt:])
	f.Add([]byte{0xdd, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, body []byte) {
		// Without a valid checksum the fuzzer would get no further.
		b := make([]byte, bodyAt, bodyAt+len(body))
		b[formatAt] = headFormat
		b = append(b, body...)
		setChecksum(b)
		h, err := DecodeHead(b)
		if err != nil {
			return
		}
		for i := range h.Versions {
			_, _ = DecodeManifest(h.Manifests[h.Versions[i].Manifest], h.Versions[i].Columns)
		}
		again, err := h.Encode()
		if err != nil {
			t.Fatal(err)
		}
		h2, err := DecodeHead(again)
		if err != nil {
			t.Fatal(err)
		}
		// Bytes are compared, because an empty list may be read as nil.
		if once, err := h2.Encode(); err != nil || !bytes.Equal(once, again) {
			t.Errorf("written back\n%q, %v\nwant\n%q", once, err, again)
		}
	})
}

func TestAChangedCloneLeavesTheHeadAsItIs(t *testing.T) {
	full := func() *Head {
		h := headWithSegments()
		h.Steps, h.Moments = headWithSteps().Steps, headWithSteps().Moments
		h.Repeats = bytes.Repeat([]byte{7}, 32)
		return h
	}
	h := full()
	// Behind each list is room for more, with what another copy may put there.
	lists := reflect.ValueOf(h).Elem()
	whole := []string{"Made", "Metadata", "Steps"}
	eachList := func(v reflect.Value, do func(name string, list reflect.Value)) {
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; v.Field(i).Kind() == reflect.Slice && !slices.Contains(whole, name) {
				do(name, v.Field(i))
			}
		}
	}
	eachList(lists, func(name string, list reflect.Value) {
		if list.Len() == 0 {
			t.Errorf("%s has no elements", name)
		}
		room := reflect.MakeSlice(list.Type(), list.Len(), list.Len()+1)
		reflect.Copy(room, list)
		list.Set(room)
	})
	clone := h.Clone()
	if !reflect.DeepEqual(clone, h) {
		t.Errorf("the clone is %+v, want %+v", clone, h)
	}
	// Each list gets an element more. Whoever changes one makes a new list, and documents and ids are replaced as a
	// whole.
	eachList(reflect.ValueOf(clone).Elem(), func(name string, list reflect.Value) {
		one := reflect.New(list.Type().Elem()).Elem()
		one.Set(list.Index(0))
		reflect.Append(list, one)
	})
	if want := full(); !reflect.DeepEqual(h, want) {
		t.Errorf("the head is %+v, want %+v", h, want)
	}
	eachList(lists, func(name string, list reflect.Value) {
		if behind := list.Slice(0, list.Len()+1).Index(list.Len()); !behind.IsZero() {
			t.Errorf("%s: %v was added behind the list of the head", name, behind)
		}
	})
}
