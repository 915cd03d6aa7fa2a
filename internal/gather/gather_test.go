package gather_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec/codectest"
	"edgeframe/internal/gather"
)

// columns returns the arrays of every type, those of one type under its name.
func columns() map[string][]arrow.Array {
	t := codectest.AllTypes()
	out := map[string][]arrow.Array{}
	for i, f := range t.Schema.Fields() {
		for _, g := range t.RowGroups {
			out[f.Name] = append(out[f.Name], g.Column(i))
		}
	}
	return out
}

func TestRowsOfEveryTypeAreThoseOfTheRuns(t *testing.T) {
	runs := [][]gather.Run{
		{{Source: 0, To: 11}},
		{{Source: 0, From: 2, To: 9}, {Source: 1, From: 0, To: 1}, {Source: 2, From: 5, To: 17}},
		{{Source: 2, From: 16, To: 17}, {Source: 0, From: 3, To: 3}, {Source: 0, From: 0, To: 1}, {Source: 2, From: 4, To: 6}},
		{{Source: 0, From: 0, To: 4}, {Source: 0, From: 4, To: 8}, {Source: 0, From: 9, To: 11}},
		{{Source: 1, From: 1, To: 1}},
		{},
	}
	for name, sources := range columns() {
		for _, r := range runs {
			t.Run(fmt.Sprint(name, r), func(t *testing.T) {
				got, err := gather.Rows(sources, r)
				if err != nil {
					t.Fatal(err)
				}
				checkRuns(t, got, sources, r)
			})
		}
	}
}

func checkRuns(t *testing.T, got arrow.Array, sources []arrow.Array, runs []gather.Run) {
	t.Helper()
	at := int64(0)
	for _, r := range runs {
		n := int64(r.To - r.From)
		want := array.NewSlice(sources[r.Source], int64(r.From), int64(r.To))
		if err := codectest.EqualArrays(want, array.NewSlice(got, at, at+n)); err != nil {
			t.Errorf("rows %d to %d of source %d: %v", r.From, r.To, r.Source, err)
		}
		at += n
	}
	if int64(got.Len()) != at {
		t.Errorf("%d rows instead of %d", got.Len(), at)
	}
}

func TestTrimmedRowsHaveTheSameBuffersWhateverTheyWereCutFrom(t *testing.T) {
	for name, sources := range columns() {
		t.Run(name, func(t *testing.T) {
			runs := []gather.Run{{Source: 2, From: 3, To: 14}}
			alone, err := gather.Rows(sources, runs)
			if err != nil {
				t.Fatal(err)
			}
			cut, err := gather.Trim(array.NewSlice(sources[2], 3, 14))
			if err != nil {
				t.Fatal(err)
			}
			trimmed, err := gather.Trim(alone)
			if err != nil {
				t.Fatal(err)
			}
			checkSameBuffers(t, trimmed.Data(), cut.Data())
		})
	}
}

func checkSameBuffers(t *testing.T, a, b arrow.ArrayData) {
	t.Helper()
	if a.Len() != b.Len() || a.NullN() != b.NullN() || a.Offset() != 0 || b.Offset() != 0 || len(a.Buffers()) != len(b.Buffers()) {
		t.Fatalf("%s: length, missing values, offset or number of buffers differ", a.DataType())
	}
	for i := range a.Buffers() {
		x, y := a.Buffers()[i], b.Buffers()[i]
		if (x == nil) != (y == nil) || x != nil && !bytes.Equal(x.Bytes(), y.Bytes()) {
			t.Fatalf("%s: buffer %d differs", a.DataType(), i)
		}
	}
	for i := range a.Children() {
		checkSameBuffers(t, a.Children()[i], b.Children()[i])
	}
	if a.DataType().ID() == arrow.DICTIONARY {
		checkSameBuffers(t, a.Dictionary(), b.Dictionary())
	}
}

func TestUnifiedPartsShareTheirDictionaries(t *testing.T) {
	for name, parts := range columns() {
		if !strings.Contains(name, "dictionary") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			// A part without rows has the dictionaries of the others nevertheless.
			parts := append(parts, array.NewSlice(parts[0], 0, 0))
			got, err := gather.Unify(parts)
			if err != nil {
				t.Fatal(err)
			}
			want := dictionaries(got[0].Data())
			for i, part := range got {
				if err := codectest.EqualArrays(parts[i], part); err != nil {
					t.Error(err)
				}
				for j, d := range dictionaries(part.Data()) {
					if d != want[j] {
						t.Errorf("part %d has another dictionary than part 0", i)
					}
				}
			}
		})
	}
}

// unified returns a Unifier of parts.
func unified(t *testing.T, parts []arrow.Array) *gather.Unifier {
	t.Helper()
	u := new(gather.Unifier)
	for _, p := range parts {
		if err := u.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	if ok, err := u.Finish(); !ok || err != nil {
		t.Fatalf("%v, %v", ok, err)
	}
	return u
}

func TestAUnifierGivesPartsTheDictionariesOfUnify(t *testing.T) {
	word := func(values []string, indices ...int) arrow.Array {
		return dictionaryArray(arrow.PrimitiveTypes.Int8, values, indices...)
	}
	for name, parts := range map[string][]arrow.Array{
		"different": {word([]string{"b", "a"}, 0, 1, -1), word([]string{"c", "a"}, 1, 0, 0), word([]string{"a"}, 0, 0)},
		"equal":     {word([]string{"b", "a", "b"}, 0, 1, -1), word([]string{"b", "a", "b"}, 2, 2)},
		"slices":    {array.NewSlice(word([]string{"b", "a"}, 0, 1, 1, -1, 0), 1, 4), array.NewSlice(word([]string{"x"}, 0), 0, 0), word([]string{"b", "c"}, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			want, err := gather.Unify(parts)
			if err != nil {
				t.Fatal(err)
			}
			u := unified(t, parts)
			for i, p := range parts {
				got, err := u.Map(p)
				if err != nil {
					t.Fatal(err)
				}
				checkSameBuffers(t, want[i].Data(), got.Data())
			}
		})
	}
}

func TestAUnifierDeclinesWhatItCannotUnify(t *testing.T) {
	index := dictionaryArray(arrow.PrimitiveTypes.Int8, []string{"a"}, 0, 0, 0)
	text := array.NewStringBuilder(memory.DefaultAllocator)
	text.AppendValues([]string{"a", ""}, []bool{true, false})
	missing := array.NewDictionaryArray(index.DataType(), index.(*array.Dictionary).Indices(), text.NewArray())
	for name, parts := range map[string][]arrow.Array{
		"more values than rows": {dictionaryArray(arrow.PrimitiveTypes.Int8, []string{"a", "b", "c"}, 2)},
		"no rows":               {dictionaryArray(arrow.PrimitiveTypes.Int8, nil)},
		"a missing value":       {missing},
	} {
		var u gather.Unifier
		for _, p := range parts {
			if err := u.Add(p); err != nil {
				t.Fatal(err)
			}
		}
		if ok, err := u.Finish(); ok || err != nil {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
	many := func(prefix string) arrow.Array {
		values, indices := make([]string, 100), make([]int, 100)
		for i := range values {
			values[i], indices[i] = fmt.Sprint(prefix, i), i
		}
		return dictionaryArray(arrow.PrimitiveTypes.Int8, values, indices...)
	}
	var u gather.Unifier
	for _, part := range []arrow.Array{many("a"), many("b")} {
		if err := u.Add(part); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := u.Finish(); !errors.Is(err, gather.ErrOverflow) {
		t.Errorf("the error is %v", err)
	}
}

func dictionaries(data arrow.ArrayData) (out []arrow.ArrayData) {
	if data.DataType().ID() == arrow.DICTIONARY {
		return []arrow.ArrayData{data.Dictionary()}
	}
	for _, c := range data.Children() {
		out = append(out, dictionaries(c)...)
	}
	return out
}

func TestNullsOfEveryTypeAreMissing(t *testing.T) {
	for name, sources := range columns() {
		for _, n := range []int{0, 1, 9} {
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				got := gather.Nulls(sources[0].DataType(), n)
				if got.Len() != n {
					t.Fatalf("%d values instead of %d", got.Len(), n)
				}
				// They can be gathered like any others.
				parts := []arrow.Array{got, sources[0]}
				both, err := gather.Rows(parts, []gather.Run{{Source: 1, To: 2}, {Source: 0, To: n}})
				if err != nil {
					t.Fatal(err)
				}
				for i := range n {
					if s := both.ValueStr(2 + i); s != array.NullValueStr && s != "null" {
						t.Errorf("value %d is %s", i, s)
					}
				}
			})
		}
	}
}

func TestADictionaryLargerThanTheRowsKeepsOnlyTheValuesInUse(t *testing.T) {
	source := dictionaryArray(arrow.PrimitiveTypes.Int8, []string{"a", "b", "c", "d", "e"}, 4, -1, 1, 4, 0)
	got, err := gather.Rows([]arrow.Array{source}, []gather.Run{{From: 0, To: 4}})
	if err != nil {
		t.Fatal(err)
	}
	checkDictionary(t, got, []string{"b", "e"}, []string{"e", "(null)", "b", "e"})
}

func TestDictionariesAreUnifiedInOrderOfAppearance(t *testing.T) {
	sources := []arrow.Array{
		dictionaryArray(arrow.PrimitiveTypes.Uint16, []string{"b", "a"}, 0, 1),
		dictionaryArray(arrow.PrimitiveTypes.Uint16, []string{"c", "a"}, -1, 1, 0),
	}
	got, err := gather.Rows(sources, []gather.Run{{Source: 0, To: 2}, {Source: 1, To: 3}})
	if err != nil {
		t.Fatal(err)
	}
	checkDictionary(t, got, []string{"b", "a", "c"}, []string{"b", "a", "(null)", "a", "c"})
}

func checkDictionary(t *testing.T, arr arrow.Array, dictionary, values []string) {
	t.Helper()
	d := arr.(*array.Dictionary).Dictionary().(*array.String)
	var got []string
	for i := range d.Len() {
		got = append(got, d.Value(i))
	}
	if fmt.Sprint(got) != fmt.Sprint(dictionary) {
		t.Errorf("the dictionary is %q instead of %q", got, dictionary)
	}
	got = nil
	for i := range arr.Len() {
		got = append(got, arr.ValueStr(i))
	}
	if fmt.Sprint(got) != fmt.Sprint(values) {
		t.Errorf("the values are %q instead of %q", got, values)
	}
}

func TestADictionaryThatOutgrowsItsIndicesIsRefused(t *testing.T) {
	many := func(prefix string) []string {
		out := make([]string, 100)
		for i := range out {
			out[i] = fmt.Sprint(prefix, i)
		}
		return out
	}
	indices := make([]int, 100)
	for i := range indices {
		indices[i] = i
	}
	sources := []arrow.Array{
		dictionaryArray(arrow.PrimitiveTypes.Int8, many("a"), indices...),
		dictionaryArray(arrow.PrimitiveTypes.Int8, many("b"), indices...),
	}
	_, err := gather.Rows(sources, []gather.Run{{Source: 0, To: 100}, {Source: 1, To: 100}})
	if !errors.Is(err, gather.ErrOverflow) {
		t.Errorf("the error is %v", err)
	}
}

// dictionaryArray returns an array with the given indices; -1 is a missing value whose
// index points nowhere.
func dictionaryArray(index arrow.DataType, values []string, indices ...int) arrow.Array {
	dt := &arrow.DictionaryType{IndexType: index, ValueType: arrow.BinaryTypes.String}
	text := array.NewStringBuilder(memory.DefaultAllocator)
	text.AppendValues(values, nil)
	width := index.(arrow.FixedWidthDataType).Bytes()
	cells := make([]byte, len(indices)*width)
	validity := make([]byte, (len(indices)+7)/8)
	nulls := 0
	for i, at := range indices {
		if at < 0 {
			at = 99
			nulls++
		} else {
			validity[i/8] |= 1 << (i % 8)
		}
		cells[i*width] = byte(at)
	}
	buffers := []*memory.Buffer{memory.NewBufferBytes(validity), memory.NewBufferBytes(cells)}
	data := array.NewDataWithDictionary(dt, len(indices), buffers, nulls, 0, text.NewArray().Data().(*array.Data))
	return array.MakeFromData(data)
}

func TestListViewsThatShareElementsStayAsTheyAre(t *testing.T) {
	numbers := array.NewInt32Builder(memory.DefaultAllocator)
	numbers.AppendValues([]int32{7, 8, 9, 10, 11}, nil)
	buffer := func(v ...int32) *memory.Buffer { return memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(v)) }
	data := array.NewData(arrow.ListViewOf(arrow.PrimitiveTypes.Int32), 4,
		[]*memory.Buffer{nil, buffer(2, 1, 0, 1), buffer(2, 3, 0, 1)},
		[]arrow.ArrayData{numbers.NewArray().Data()}, 0, 0)
	source := array.MakeFromData(data)
	runs := []gather.Run{{From: 1, To: 4}, {From: 0, To: 1}}
	got, err := gather.Rows([]arrow.Array{source}, runs)
	if err != nil {
		t.Fatal(err)
	}
	checkRuns(t, got, []arrow.Array{source, source}, runs)
	if n := got.(*array.ListView).ListValues().Len(); n != 3 {
		t.Errorf("%d elements were kept for lists that use 3", n)
	}
}

func TestLongViewsThatShareBytesDoNotGrow(t *testing.T) {
	long := strings.Repeat("0123456789", 10)
	b := array.NewStringViewBuilder(memory.DefaultAllocator)
	b.Append(long)
	one := b.NewArray()
	header := one.Data().Buffers()[1].Bytes()
	headers := memory.NewBufferBytes(bytes.Repeat(header[:arrow.ViewHeaderSizeBytes], 1000))
	buffers := append([]*memory.Buffer{nil, headers}, one.Data().Buffers()[2:]...)
	source := array.MakeFromData(array.NewData(arrow.BinaryTypes.StringView, 1000, buffers, nil, 0, 0))
	got, err := gather.Rows([]arrow.Array{source}, []gather.Run{{To: 400}, {From: 500, To: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	if s := got.(*array.StringView).Value(899); s != long {
		t.Errorf("the last value is %q", s)
	}
	if has, most := got.Data().SizeInBytes(), source.Data().SizeInBytes(); has > most {
		t.Errorf("%d bytes became %d", most, has)
	}
}

func TestRunsOutsideOfTheirSourceAndOtherTypesAreRefused(t *testing.T) {
	a, b := gather.Nulls(arrow.PrimitiveTypes.Int8, 3), gather.Nulls(arrow.PrimitiveTypes.Int16, 3)
	for _, run := range []gather.Run{{From: -1, To: 1}, {From: 2, To: 1}, {From: 0, To: 4}} {
		if _, err := gather.Rows([]arrow.Array{a}, []gather.Run{run}); !errors.Is(err, arrow.ErrIndex) {
			t.Errorf("run %v: the error is %v", run, err)
		}
	}
	if _, err := gather.Rows([]arrow.Array{a, b}, []gather.Run{{To: 1}}); !errors.Is(err, arrow.ErrType) {
		t.Errorf("the error for two types is %v", err)
	}
}
