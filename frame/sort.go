package frame

import (
	"bytes"
	"cmp"
	"slices"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
	"edgeframe/internal/gather"
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
	if rows := f.NumRows(); rows > f.Limits.Bytes/int64(sortedBytes*(len(columns)+1)) {
		return codec.Errorf(codec.ErrTooLarge, "sorting %d rows by %d columns takes more than the %d bytes of memory that a table may have", rows, len(columns), f.Limits.Bytes)
	}
	if err := f.reserveSort(columns); err != nil {
		return err
	}
	keys := make([]sortKeys, len(columns))
	for i, c := range columns {
		if keys[i], err = f.sortKeys(c, op.By[i].Descending); err != nil {
			return err
		}
	}
	order := make([]int, f.NumRows())
	for i := range order {
		order[i] = i
	}
	if err := f.sortOrder(order, keys); err != nil {
		return err
	}
	return f.reorder(order)
}

// reserveSort reserves memory for sorting by loaded columns: for the order, for the runs of rows that are moved, and
// for the keys.
func (f *Frame) reserveSort(columns []int) error {
	rows := f.NumRows()
	bytes := rows * (8 + int64(unsafe.Sizeof(gather.Run{})))
	for _, c := range columns {
		bytes += rows * (wordBytes + 1)
		if !fitsWord(f.Columns[c].Field.Type) {
			bytes += rows*int64(unsafe.Sizeof([]byte{})) + int64(f.keyBytes(c))
		}
	}
	return f.within(bytes)
}

// keyBytes is about how many bytes the keys of a loaded column of texts have.
func (f *Frame) keyBytes(column int) (bytes int) {
	for _, chunk := range f.Columns[column].Chunks {
		bytes += int(RawBytes(chunk.Data))
	}
	return bytes
}

// sortOrder sorts rows by keys.
func (f *Frame) sortOrder(order []int, keys []sortKeys) (err error) {
	compared := 0
	// The position as the last key makes the sort stable. When the work has been given up, all rows are
	// equal: that ends the sort soon.
	slices.SortFunc(order, func(a, b int) int {
		if compared++; compared%pauseRows == 0 && err == nil {
			err = f.Ended()
		}
		if err != nil {
			return 0
		}
		for i := range keys {
			if c := keys[i].compare(a, b); c != 0 {
				return c
			}
		}
		return cmp.Compare(a, b)
	})
	return err
}

// sortedBytes is about the memory for a row: once for each key and once for its position.
const sortedBytes = 40

// sortKeys are the values of a column in a form that is compared fast.
type sortKeys struct {
	descending bool
	// words has a number for each row that sorts as its value: the whole value if texts is nil,
	// otherwise the first eight bytes of its key in texts.
	words []uint64
	texts [][]byte
	// missing has for each row whether its value is missing.
	missing []bool
}

func (k *sortKeys) compare(a, b int) int {
	if k.missing[a] || k.missing[b] {
		return compareBools(k.missing[a], k.missing[b])
	}
	if k.descending {
		a, b = b, a
	}
	if k.words[a] != k.words[b] || k.texts == nil {
		return cmp.Compare(k.words[a], k.words[b])
	}
	return bytes.Compare(k.texts[a], k.texts[b])
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// wordBytes is the size of a word of sortKeys.
const wordBytes = 8

// sortKeys returns the keys of a loaded column.
func (f *Frame) sortKeys(column int, descending bool) (sortKeys, error) {
	words, rows := fitsWord(f.Columns[column].Field.Type), int(f.NumRows())
	k := sortKeys{descending: descending, words: make([]uint64, 0, rows), missing: make([]bool, 0, rows)}
	var arena []byte
	if !words {
		k.texts, arena = make([][]byte, 0, rows), make([]byte, 0, f.keyBytes(column))
	}
	for _, chunk := range f.Columns[column].Chunks {
		if err := f.Ended(); err != nil {
			return k, err
		}
		missing, key := scalar.Missing(chunk.Data), scalar.Keys(chunk.Data)
		for row := range chunk.Data.Len() {
			start := len(arena)
			k.missing = append(k.missing, missing(row))
			if !missing(row) {
				arena = key(arena, row)
			}
			text := arena[start:len(arena):len(arena)]
			k.words = append(k.words, firstWord(text))
			if words {
				arena = arena[:start]
			} else {
				k.texts = append(k.texts, text)
			}
		}
		if int64(len(arena)) > f.Limits.Bytes {
			return k, codec.Errorf(codec.ErrTooLarge, "sorting by column %.100q takes more than the %d bytes of memory that a table may have", f.Columns[column].Field.Name, f.Limits.Bytes)
		}
	}
	return k, nil
}

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
func (f *Frame) reorder(order []int) error {
	moved := 0
	for i, from := range order {
		if i != from {
			moved++
		}
	}
	if moved == 0 {
		return nil
	}
	ranges := f.groupRanges()
	var changed []groupRange
	needed := map[int]bool{}
	home := groupOf(ranges)
	for _, r := range ranges {
		if isIdentity(order[r.from:r.to], r.from) {
			continue
		}
		changed = append(changed, r)
		for _, from := range order[r.from:r.to] {
			needed[home(from)] = true
		}
	}
	if err := f.moveRows(order, changed, ranges, needed); err != nil {
		return err
	}
	f.Marks.reorder(order)
	f.effect.Rows += int64(moved)
	return f.move(func() RowMap { return permuted(order) })
}

func isIdentity(order []int, from int) bool {
	for i, row := range order {
		if row != from+i {
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

// moveRows rewrites the changed row groups. needed has the row groups that their rows come from.
func (f *Frame) moveRows(order []int, changed, ranges []groupRange, needed map[int]bool) error {
	var groups []int
	source := make([]int, len(ranges))
	for g := range ranges {
		if needed[g] {
			source[g] = len(groups)
			groups = append(groups, g)
		}
	}
	columns, _ := f.indexesOrAll(nil)
	if err := f.LoadAll(columns, groups); err != nil {
		return err
	}
	home := groupOf(ranges)
	if err := f.reserveMoved(groups); err != nil {
		return err
	}
	runs := make([][]gather.Run, len(changed))
	for i, r := range changed {
		runs[i] = make([]gather.Run, 0, r.to-r.from)
		for _, row := range order[r.from:r.to] {
			g := home(row)
			runs[i] = appendRun(runs[i], source[g], row-ranges[g].from)
		}
	}
	for _, c := range f.Columns {
		sources := make([]arrow.Array, len(groups))
		for i, g := range groups {
			sources[i] = c.Chunks[g].Data
			if err := f.rewrite(sources[i]); err != nil {
				return err
			}
		}
		for i, r := range changed {
			if err := f.Ended(); err != nil {
				return err
			}
			data, err := rows(sources, runs[i])
			if err != nil {
				return err
			}
			c.Chunks[r.group] = Chunk{Data: data}
		}
	}
	return nil
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
func (m Marks) reorder(order []int) {
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
