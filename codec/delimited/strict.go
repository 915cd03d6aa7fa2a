package delimited

import (
	"sync"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// lostSpelling is a field that a table would write with another spelling.
type lostSpelling struct {
	row, column int
	// pos is where the field's content begins in the input.
	pos            int
	has, wouldHave []byte
}

// refuseSpellings reads the input again and returns an error with the first field that table,
// which was read from it, would write with another spelling. There must be such a field.
func (r *textReader) refuseSpellings(table *codec.Table) error {
	var (
		mu    sync.Mutex
		first *lostSpelling
	)
	err := r.eachWindow(len(r.columns), func(column, row int) {
		lost := r.findLost(table, column, row)
		if lost == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if first == nil || lost.row < first.row || lost.row == first.row && lost.column < first.column {
			first = lost
		}
	})
	if err != nil || first == nil {
		return err
	}
	return codec.Errorf(codec.ErrMalformed, "line %d, column %s: %s would be written back as %s, which strict=true refuses",
		r.scan.line(first.pos), codec.Quoted(r.names[first.column]), codec.QuotedBytes(first.has), codec.QuotedBytes(first.wouldHave))
}

// findLost compares the current window, which begins at row, with a column of table.
func (r *textReader) findLost(table *codec.Table, column, row int) *lostSpelling {
	values := table.RowGroups[row/r.sizes.groupRows].Column(column)
	isNull, spell, offset := scalar.NullChecker(values), scalar.FieldText(table.Schema.Field(column), values), row%r.sizes.groupRows
	var scratch, spelled []byte
	for i, span := range r.current.column(column) {
		spelled = spelled[:0]
		if !isNull(offset + i) {
			spelled = spell(spelled, offset+i)
		}
		if has := span.content(r.scan.data, &scratch); !r.dialect.spells(has, spelled, values.DataType()) {
			return &lostSpelling{row: row + i, column: column, pos: int(span.start &^ spanFlag), has: has, wouldHave: spelled}
		}
	}
	return nil
}
