package frame

import (
	"cmp"
	"math"
	"slices"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
	"edgeframe/internal/gather"
	"edgeframe/internal/parallel"
)

// sortRows sorts the rows by columns, as DataFrame.sort_values(kind="stable") of pandas does: rows
// with equal values keep their order, and missing values come last in both directions. Text is
// sorted by code points.
type sortRows struct{ By []SortKey }

// SortKey is a column by which rows are sorted.
type SortKey struct {
	Column     string
	Descending bool
	// at is the pointer to the name of the column in a query.
	at string
}

func (op *sortRows) columns() []string {
	names := make([]string, len(op.By))
	for i, by := range op.By {
		names[i] = by.Column
	}
	return names
}

func (op *sortRows) needs(f *Frame) []place { return f.wholeColumns(op.columns()) }

func (op *sortRows) apply(f *Frame) error {
	if len(op.By) == 0 {
		return codec.Errorf(ErrInvalidOperation, "by is empty; give at least one {\"column\", \"descending\"}")
	}
	columns, err := f.indexesAt(op.columns(), "/by", "/column")
	if err != nil {
		return err
	}
	for _, c := range columns {
		if field := f.Columns[c].Field; !scalar.Ordered(field.Type) {
			return codec.Errorf(ErrInvalidOperation, "column %.100q cannot be sorted by: %s values have no order", field.Name, scalar.DType(field.Type))
		}
	}
	if err := f.LoadColumns(columns); err != nil {
		return err
	}
	if rows := f.NumRows(); rows > min(f.Limits.Bytes/int64(sortedBytes*(len(columns)+1)), math.MaxUint32) {
		return codec.Errorf(codec.ErrTooLarge, "sorting %d rows by %d columns takes more than the %d bytes of memory that a table may have", rows, len(columns), f.Limits.Bytes)
	}
	// What the sort takes is less than what was reserved for the edit.
	within := *f
	within.Reserve = f.Within
	sorted, err := within.sorted(&Selection{n: f.NumRows()}, columns, op.By)
	if err != nil {
		return err
	}
	return f.reorder(sorted.rows)
}

// sortedBytes is about the memory for a row: once for each key and once for its position.
const sortedBytes = 40

// wordBytes is the size of a word of [orderKey].
const wordBytes = 8

// fitsWord reports whether the keys of a type all have at most eight bytes and one length.
func fitsWord(dt arrow.DataType) bool {
	if d, ok := dt.(*arrow.DictionaryType); ok {
		dt = d.ValueType
	}
	switch id := dt.ID(); id {
	case arrow.BOOL, arrow.DATE32, arrow.DATE64, arrow.TIME32, arrow.TIME64, arrow.TIMESTAMP, arrow.DURATION, arrow.NULL:
		return true
	default:
		return arrow.IsInteger(id) || arrow.IsFloating(id)
	}
}

// firstWord is the first eight bytes of a key as a number, with zeros after its end.
func firstWord(key []byte) (word uint64) {
	for i := range wordBytes {
		word <<= 8
		if i < len(key) {
			word |= uint64(key[i])
		}
	}
	return word
}

// reorder moves the row at order[i] to i. Row groups keep their sizes, and those in which no row
// moves keep their chunks.
func (f *Frame) reorder(order []uint32) error {
	moved := 0
	for i, from := range order {
		if uint32(i) != from {
			moved++
		}
	}
	if moved == 0 {
		return nil
	}
	if err := f.moveRows(order); err != nil {
		return err
	}
	f.Marks.reorder(order)
	f.effect.Rows += int64(moved)
	return f.move(func() RowMap { return permuted(order) })
}

func isIdentity(order []uint32, from int) bool {
	for i, row := range order {
		if int(row) != from+i {
			return false
		}
	}
	return true
}

// groupOf returns a function that returns the row group of a row.
func groupOf(ranges []groupRange) func(row int) int {
	return func(row int) int {
		g, found := slices.BinarySearchFunc(ranges, row, func(r groupRange, row int) int { return cmp.Compare(r.from, row) })
		if !found {
			g--
		}
		return g
	}
}

// movedGroup is a row group that is rewritten, with the places of its new rows.
type movedGroup struct {
	groupRange
	places []gather.Place
}

// moveRows rewrites the row groups in which rows move: column by column, all of them at the same time.
func (f *Frame) moveRows(order []uint32) error {
	changed, groups, err := f.movedGroups(order)
	if err != nil {
		return err
	}
	columns, _ := f.indexesOrAll(nil)
	if err := f.LoadAll(columns, groups); err != nil {
		return err
	}
	if err := f.reserveMoved(groups); err != nil {
		return err
	}
	for _, c := range f.Columns {
		sources := make([]arrow.Array, len(groups))
		for i, g := range groups {
			sources[i] = c.Chunks[g].Data
			if err := f.rewrite(sources[i]); err != nil {
				return err
			}
		}
		taker, err := gather.NewTaker(sources)
		if err != nil {
			return mismatch(err)
		}
		err = parallel.Do(len(changed), func(i int) error {
			if err := f.Ended(); err != nil {
				return err
			}
			data, err := taker.Take(changed[i].places)
			c.Chunks[changed[i].group] = Chunk{Data: data}
			return mismatch(err)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// movedGroups returns the row groups in which rows move, and those from which they come, which the places count.
func (f *Frame) movedGroups(order []uint32) (changed []movedGroup, groups []int, err error) {
	if err := f.within(int64(len(order)) * int64(unsafe.Sizeof(gather.Place{}))); err != nil {
		return nil, nil, err
	}
	ranges := f.groupRanges()
	for _, r := range ranges {
		if !isIdentity(order[r.from:r.to], r.from) {
			changed = append(changed, movedGroup{groupRange: r})
		}
	}
	home := newHomes(ranges)
	err = parallel.Do(len(changed), func(i int) error {
		m := &changed[i]
		m.places = make([]gather.Place, m.to-m.from)
		for at, row := range order[m.from:m.to] {
			g := home.of(row)
			m.places[at] = gather.Place{Source: uint32(g), Row: row - uint32(ranges[g].from)}
		}
		return f.Ended()
	})
	// Rows move only among the row groups in which some do.
	source := make([]uint32, len(ranges))
	for i, m := range changed {
		source[m.group] = uint32(i)
		groups = append(groups, m.group)
	}
	for _, m := range changed {
		for at := range m.places {
			m.places[at].Source = source[m.places[at].Source]
		}
	}
	return changed, groups, err
}

// homes tells the row groups of rows.
type homes struct {
	ranges []groupRange
	// first has for each block of rows the row group of its first one.
	first []int32
}

// homeBits is the number of bits of a row within a block.
const homeBits = 10

func newHomes(ranges []groupRange) homes {
	h := homes{ranges: ranges}
	for g, r := range ranges {
		for len(h.first)<<homeBits < r.to {
			h.first = append(h.first, int32(g))
		}
	}
	return h
}

func (h homes) of(row uint32) int {
	g := int(h.first[row>>homeBits])
	for int(row) >= h.ranges[g].to {
		g++
	}
	return g
}

// reserveMoved reserves memory for the rows of loaded row groups, which are copied column by column. The old rows
// of a column are given up when it is done, so only the largest column counts.
func (f *Frame) reserveMoved(groups []int) error {
	most := int64(0)
	for _, c := range f.Columns {
		bytes := int64(0)
		for _, g := range groups {
			bytes += RawBytes(c.Chunks[g].Data)
		}
		most = max(most, bytes)
	}
	return f.within(most)
}

// appendRun adds a row of a source to runs. If it follows the last run, that is extended.
func appendRun(runs []gather.Run, source, row int) []gather.Run {
	if last := len(runs) - 1; last >= 0 && runs[last].Source == source && runs[last].To == row {
		runs[last].To++
		return runs
	}
	return append(runs, gather.Run{Source: source, From: row, To: row + 1})
}

// reorder moves the marks of the row at order[i] to i.
func (m Marks) reorder(order []uint32) {
	if len(m) == 0 {
		return
	}
	at := make([]int64, len(order))
	for i, from := range order {
		at[from] = int64(i)
	}
	for name, rows := range m {
		moved := make([]int64, len(rows))
		for i, r := range rows {
			moved[i] = at[r]
		}
		slices.Sort(moved)
		m[name] = moved
	}
}
