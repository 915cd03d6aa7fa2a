package xlsx

import (
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// candidate is a sheet that has cells, or that cannot be read because of err.
type candidate struct {
	ref  sheetRef
	part *part
	err  error
}

// onlySheet reads the only visible sheet with cells, or the only hidden one if no visible sheet has cells.
// Otherwise the error is a [*codec.SheetChoice], or says that no sheet has cells.
func (w *workbook) onlySheet() (*codec.Table, error) {
	visible, err := w.candidates(func(ref sheetRef) bool { return !ref.hidden })
	if err != nil {
		return nil, err
	}
	if len(visible) == 1 && visible[0].err == nil {
		return w.single(visible[0])
	}
	hidden, err := w.candidates(func(ref sheetRef) bool { return ref.hidden })
	if err != nil {
		return nil, err
	}
	all := append(visible, hidden...)
	switch len(all) {
	case 0:
		return nil, codec.Errorf(codec.ErrMalformed, "the workbook has no sheet with cells: expected a header with the names of the columns")
	case 1:
		return w.single(all[0])
	}
	return nil, w.choice(all)
}

// candidates returns those of some sheets that have cells or cannot be read.
func (w *workbook) candidates(among func(sheetRef) bool) ([]candidate, error) {
	var found []candidate
	for _, ref := range w.sheets {
		if !among(ref) {
			continue
		}
		part, err := w.part(ref)
		if err != nil && !errors.Is(err, codec.ErrMalformed) {
			return nil, err
		}
		if err != nil || part.sheet.rows > 0 {
			found = append(found, candidate{ref, part, err})
		}
	}
	return found, nil
}

// single reads the table of a sheet.
func (w *workbook) single(c candidate) (*codec.Table, error) {
	if c.err != nil {
		return nil, c.err
	}
	table, err := w.table([]*part{c.part})
	if err != nil {
		return nil, err
	}
	var hidden []sheetRef
	for _, ref := range w.sheets {
		if ref.hidden {
			hidden = append(hidden, ref)
		}
	}
	switch {
	case c.ref.hidden:
		table.Receipt.Notes = append(table.Receipt.Notes, "The sheet is hidden: no visible sheet has cells.")
	case len(hidden) > 0:
		table.Receipt.Notes = append(table.Receipt.Notes, fmt.Sprintf("The hidden sheets were left out; sheet_name reads them: %s.", sheetNames(hidden)))
	}
	return table, nil
}

// choice returns the error that describes the sheets from which to choose, in the order of the workbook.
func (w *workbook) choice(among []candidate) error {
	found := make(map[sheetRef]candidate, len(among))
	for _, c := range among {
		found[c.ref] = c
	}
	choice := &codec.SheetChoice{}
	w.opt.Strict = false
	for _, ref := range w.sheets {
		c, ok := found[ref]
		if !ok {
			continue
		}
		sheet, err := w.describe(c)
		if err != nil {
			return err
		}
		choice.Sheets = append(choice.Sheets, sheet)
	}
	return choice
}

func (w *workbook) describe(c candidate) (codec.Sheet, error) {
	sheet := codec.Sheet{Name: c.ref.name, Hidden: c.ref.hidden, Err: c.err}
	if c.err != nil {
		return sheet, nil
	}
	table, err := w.table([]*part{c.part})
	if err != nil {
		return sheet, err
	}
	sheet.Rows, sheet.Columns = int64(c.part.rows()), c.part.header.names
	sheet.Preview = &codec.Table{Schema: table.Schema}
	for i, g := range table.RowGroups {
		if i == 0 {
			sheet.Preview.RowGroups = []arrow.Record{g.NewSlice(0, min(g.NumRows(), codec.PreviewRows))}
		}
		for _, column := range g.Columns() {
			sheet.Missing += int64(scalar.CountMissing(column))
		}
	}
	return sheet, nil
}

// sheetNames lists names for a message.
func sheetNames(sheets []sheetRef) string {
	const most = 10
	var names []string
	for _, s := range sheets[:min(len(sheets), most)] {
		names = append(names, codec.Quoted(s.name))
	}
	if len(sheets) > most {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}
