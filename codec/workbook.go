package codec

import (
	"fmt"
)

// Sheet describes a sheet of a workbook that has cells.
type Sheet struct {
	Name string
	// Rows is the number of rows below the header.
	Rows int64
	// Columns are the names of the columns.
	Columns []string
	// Preview is the first rows, at most [PreviewRows].
	Preview *Table
	// Missing is the number of cells of the rows that are empty.
	Missing int64
}

// PreviewRows is how many rows the preview of a sheet has at most.
const PreviewRows = 5

// Score ranks sheets by how much of a table they are: rows × columns × the share of cells that
// are filled.
func (s *Sheet) Score() float64 {
	return float64(s.Rows*int64(len(s.Columns)) - s.Missing)
}

// SheetChoice is the error of reading a workbook of which several sheets have cells, when
// [ReadOptions] names none.
type SheetChoice struct {
	// Sheets are those that have cells, in the order of the workbook.
	Sheets []Sheet
}

func (c *SheetChoice) Error() string {
	const most = 10
	names := ""
	for i, s := range c.Sheets[:min(len(c.Sheets), most)] {
		if i > 0 {
			names += ", "
		}
		names += Quoted(s.Name)
	}
	if len(c.Sheets) > most {
		names += ", …"
	}
	return fmt.Sprintf("the workbook has %d sheets with cells: choose among %s with sheet_name", len(c.Sheets), names)
}

// Unwrap makes the error one of kind [ErrMalformed].
func (c *SheetChoice) Unwrap() error { return ErrMalformed }

// Suggested is the index of the sheet with the highest score, the first of several.
func (c *SheetChoice) Suggested() int {
	best := 0
	for i := range c.Sheets {
		if c.Sheets[i].Score() > c.Sheets[best].Score() {
			best = i
		}
	}
	return best
}
