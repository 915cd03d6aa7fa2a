package frame

import (
	"cmp"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/internal/gather"
)

// Take returns the given rows of some columns, in the order of rows, in row groups of at most
// [codec.RowGroupRows]. It loads the row groups that have any of them, in batches.
func (f *Frame) Take(columns []int, rows []int64) (*codec.Table, error) {
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = f.Columns[c].Field
	}
	arrays, err := f.take(columns, rows, false)
	if err != nil {
		return nil, err
	}
	return tableOf(arrow.NewSchema(fields, &f.Metadata), arrays, len(rows)), nil
}

// tableOf returns a table. arrays has for each row group of codec.RowGroupRows the columns.
func tableOf(schema *arrow.Schema, arrays [][]arrow.Array, rows int) *codec.Table {
	t := &codec.Table{Schema: schema}
	for g, columns := range arrays {
		n := min(rows-g*codec.RowGroupRows, codec.RowGroupRows)
		t.RowGroups = append(t.RowGroups, array.NewRecord(schema, columns, int64(n)))
	}
	return t
}

// takenRow is the place of a row among those to take.
type takenRow struct {
	row int64
	at  int
}

// take returns rows of columns, in row groups. A row of -1 has no values. plain says that the values of
// dictionaries are returned without them.
func (f *Frame) take(columns []int, at []int64, plain bool) ([][]arrow.Array, error) {
	// What is taken of a row group is in the order of its rows; places has then where a row is to go.
	taken := make([]takenRow, 0, len(at))
	for i, row := range at {
		if row >= 0 {
			taken = append(taken, takenRow{row, i})
		}
	}
	slices.SortFunc(taken, func(a, b takenRow) int { return cmp.Or(cmp.Compare(a.row, b.row), a.at-b.at) })
	parts := make([][]arrow.Array, len(f.Rows))
	first := make([]int, len(f.Rows)+1)
	var groups []groupRange
	next := 0
	for _, r := range f.groupRanges() {
		first[r.group] = next
		for next < len(taken) && taken[next].row < int64(r.to) {
			next++
		}
		if next > first[r.group] {
			groups = append(groups, r)
		}
	}
	first[len(f.Rows)] = next
	err := f.scan(columns, groups, func(r groupRange, arrays []arrow.Array) error {
		var runs []gather.Run
		for _, t := range taken[first[r.group]:first[r.group+1]] {
			runs = appendRun(runs, 0, int(t.row)-r.from)
		}
		for _, arr := range arrays {
			part, err := rows([]arrow.Array{arr}, runs)
			if err == nil && plain {
				part, err = withoutDictionary(part)
			}
			if err != nil {
				return err
			}
			parts[r.group] = append(parts[r.group], part)
		}
		return nil
	}, func(r groupRange) error {
		bytes := int64(0)
		for _, part := range parts[r.group] {
			bytes += RawBytes(part)
		}
		return f.reserve(2 * bytes)
	})
	if err != nil {
		return nil, err
	}
	t := taking{rows: at, taken: taken, groups: groups, first: first, parts: parts}
	return t.arrange(f, columns, plain)
}

// taking are the rows that were taken of each row group.
type taking struct {
	// rows are those that were asked for, taken the same without -1, ascending.
	rows  []int64
	taken []takenRow
	// groups are the row groups that have any of them: taken from first of the group to that of the next one.
	groups []groupRange
	first  []int
	// parts has for each row group what was taken of each column.
	parts [][]arrow.Array
}

// place is a row of what was taken of one of the groups; a source beyond them is a missing value.
type takenPlace struct{ source, row int32 }

// arrange puts the rows in the order in which they were asked for.
func (t *taking) arrange(f *Frame, columns []int, plain bool) ([][]arrow.Array, error) {
	places := make([]takenPlace, len(t.rows))
	for i := range places {
		places[i].source = int32(len(t.groups))
	}
	for source, r := range t.groups {
		from := t.first[r.group]
		for i, taken := range t.taken[from:t.first[r.group+1]] {
			places[taken.at] = takenPlace{int32(source), int32(i)}
		}
	}
	var out [][]arrow.Array
	for from := 0; from < len(places); from += codec.RowGroupRows {
		if err := f.Ended(); err != nil {
			return nil, err
		}
		used, runs := t.runs(places[from:min(from+codec.RowGroupRows, len(places))])
		group := make([]arrow.Array, len(columns))
		for i, c := range columns {
			sources := make([]arrow.Array, len(used))
			for at, source := range used {
				if source < len(t.groups) {
					sources[at] = t.parts[t.groups[source].group][i]
					continue
				}
				dt := f.Columns[c].Field.Type
				if dict, ok := dt.(*arrow.DictionaryType); ok && plain {
					dt = dict.ValueType
				}
				sources[at] = MakeNulls(dt, 1)
			}
			var err error
			if group[i], err = rows(sources, runs); err != nil {
				return nil, err
			}
		}
		out = append(out, group)
	}
	return out, nil
}

// runs returns the sources of places and the runs of them.
func (t *taking) runs(places []takenPlace) (used []int, runs []gather.Run) {
	number := make([]int, len(t.groups)+1)
	for _, p := range places {
		if number[p.source] == 0 {
			used = append(used, int(p.source))
			number[p.source] = len(used)
		}
		if int(p.source) == len(t.groups) {
			runs = append(runs, gather.Run{Source: number[p.source] - 1, To: 1})
		} else {
			runs = appendRun(runs, number[p.source]-1, int(p.row))
		}
	}
	return used, runs
}

// withoutDictionary returns the values of a dictionary array as an array of its values. Other arrays stay as
// they are.
func withoutDictionary(arr arrow.Array) (arrow.Array, error) {
	dict, ok := arr.(*array.Dictionary)
	if !ok {
		return arr, nil
	}
	var runs []gather.Run
	for row := range dict.Len() {
		if dict.IsNull(row) {
			runs = append(runs, gather.Run{Source: 1, To: 1})
		} else {
			runs = appendRun(runs, 0, dict.GetValueIndex(row))
		}
	}
	return rows([]arrow.Array{dict.Dictionary(), MakeNulls(dict.Dictionary().DataType(), 1)}, runs)
}
