package layout_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/internal/layout"
	"edgeframe/codec/scalar"
)

func TestArraysOfEveryTypeAreValid(t *testing.T) {
	for _, rec := range codectest.AllTypes().RowGroups {
		rec, err := layout.TrimRecord(rec)
		if err != nil {
			t.Fatal(err)
		}
		for i, column := range rec.Columns() {
			if err := layout.Validate(column.Data()); err != nil {
				t.Errorf("%s: %v", rec.ColumnName(i), err)
			}
		}
	}
}

// TestWhatIsValidCanBeRead damages buffers at random. Reading an array that is accepted must not
// leave its buffers, which would panic.
func TestWhatIsValidCanBeRead(t *testing.T) {
	rec, err := layout.TrimRecord(codectest.AllTypes().RowGroups[0])
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	accepted, refused := 0, 0
	for i, column := range rec.Columns() {
		for range 200 {
			damaged := damage(random, column.Data())
			if layout.Validate(damaged) != nil {
				refused++
				continue
			}
			accepted++
			readAll(t, rec.ColumnName(i), damaged)
		}
	}
	if accepted < 1000 || refused < 1000 {
		t.Errorf("%d arrays were accepted and %d refused: the test has become weak", accepted, refused)
	}
}

// damage returns a copy of data in which a byte of some buffers is changed, or some are cut.
func damage(random *rand.Rand, data arrow.ArrayData) *array.Data {
	buffers := make([]*memory.Buffer, len(data.Buffers()))
	for i, b := range data.Buffers() {
		if b == nil {
			continue
		}
		content := bytes.Clone(b.Bytes())
		// The number of missing values has to stay that of the bitmap.
		if i > 0 && len(content) > 0 && random.IntN(2) == 0 {
			if random.IntN(4) == 0 {
				content = content[:random.IntN(len(content))]
			} else {
				content[random.IntN(len(content))] = byte(random.Uint32())
			}
		}
		buffers[i] = memory.NewBufferBytes(content)
	}
	children := make([]arrow.ArrayData, len(data.Children()))
	for i, child := range data.Children() {
		children[i] = damage(random, child)
	}
	if data.DataType().ID() == arrow.DICTIONARY {
		return array.NewDataWithDictionary(data.DataType(), data.Len(), buffers, data.NullN(), 0, data.Dictionary().(*array.Data))
	}
	return array.NewData(data.DataType(), data.Len(), buffers, children, data.NullN(), 0)
}

func readAll(t *testing.T, name string, data arrow.ArrayData) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s: an array that is accepted cannot be read: %v", name, p)
		}
	}()
	arr := array.MakeFromData(data)
	spell := scalar.JSON(arr)
	for row := range arr.Len() {
		spell(nil, row)
	}
}

func TestNullsAreCountedInTheBitmap(t *testing.T) {
	bitmap := []byte{0b1010_1010, 0b1111_1101}
	for _, c := range []struct {
		n, claimed, want int
		fails            bool
	}{
		{n: 8, claimed: 4, want: 4},
		{n: 8, claimed: 1, want: 4},
		{n: 10, claimed: 5, want: 5},
		{n: 8, claimed: 0, want: 0},
		{n: 100, claimed: 0, want: 0},
		{n: 17, claimed: 1, fails: true},
	} {
		got, err := layout.CountNulls(bitmap, c.n, c.claimed)
		if got != c.want || c.fails != errors.Is(err, codec.ErrMalformed) {
			t.Errorf("%d of %d claimed: %d, the error is %v", c.claimed, c.n, got, err)
		}
	}
}

func TestBuffersAfterValidityAreThoseOfTheLayout(t *testing.T) {
	for _, f := range codectest.AllTypes().Schema.Fields() {
		want := len(f.Type.Layout().Buffers)
		switch f.Type.(type) {
		case arrow.UnionType:
			// The layout of arrow-go leaves out the bitmap, which its arrays have as nil.
		case *arrow.RunEndEncodedType:
			want = 0
		default:
			want--
		}
		if got := layout.BuffersAfterValidity(f.Type); got != want {
			t.Errorf("%s: %d buffers instead of %d", f.Name, got, want)
		}
	}
}

func TestAlignedDataIsCopiedOnlyIfItHasToBe(t *testing.T) {
	storage := arrow.GetBytes(make([]uint64, 4))
	copy(storage, "0123456789abcdef")
	for from := range 9 {
		data := storage[from : from+7]
		mem := codec.NewBudget(100)
		got := layout.Aligned(data, mem)
		if !bytes.Equal(got, data) || uintptr(unsafe.Pointer(&got[0]))%8 != 0 {
			t.Errorf("from byte %d: %q at %p", from, got, &got[0])
		}
		copied := &got[0] != &data[0]
		if copied != (from%8 != 0) || (mem.Used() == 7) != copied {
			t.Errorf("from byte %d: copied is %t, %d bytes are charged", from, copied, mem.Used())
		}
	}
}

func TestACopyIsChargedBeforeItIsMade(t *testing.T) {
	var err error
	func() {
		defer codec.Guard(&err, codec.ErrMalformed, "the data")
		layout.Aligned(arrow.GetBytes(make([]uint64, 4))[1:], codec.NewBudget(10))
	}()
	if !errors.Is(err, codec.ErrTooLarge) {
		t.Errorf("the error is %v", err)
	}
}

func TestTheErrorOfAColumnIsReturned(t *testing.T) {
	rec := codectest.Generate(10, 3, 1).RowGroups[0]
	failure := errors.New("no")
	calls := 0
	got, err := layout.MapColumns(rec, 10, func(i int) (arrow.Array, error) {
		calls++
		if i == 1 {
			return nil, failure
		}
		return rec.Column(i), nil
	})
	if got != nil || err != failure || calls != 2 {
		t.Errorf("%v, %v after %d calls", got, err, calls)
	}
}

func TestTrimmedRecordsAreEqualWhateverTheyWereCutFrom(t *testing.T) {
	whole := codectest.Generate(100, 5, 1).RowGroups[0]
	trimmed := func(rec arrow.Record) arrow.Record {
		out, err := layout.TrimRecord(rec)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	a, b := trimmed(whole.NewSlice(37, 60)), trimmed(whole.NewSlice(30, 90).NewSlice(7, 30))
	if !array.RecordEqual(a, b) || !array.RecordEqual(a, whole.NewSlice(37, 60)) {
		t.Fatal("the rows differ")
	}
	for i := range a.Columns() {
		for k, buffer := range a.Column(i).Data().Buffers() {
			other := b.Column(i).Data().Buffers()[k]
			if buffer != nil && !bytes.Equal(buffer.Bytes(), other.Bytes()) {
				t.Errorf("column %d, buffer %d: %x and %x", i, k, buffer.Bytes(), other.Bytes())
			}
		}
	}
}
