package codec

import "fmt"

// Sheet describes a sheet of a workbook that has cells.
type Sheet struct {
	Name string
	// Hidden says that programs do not show the sheet.
	Hidden bool
	// Err is why the sheet cannot be read as a table, nil if it can. With an error there is nothing else.
	Err error
	// Rows is the number of rows below the header.
	Rows int64
	// Columns are the names of the columns.
	Columns []string
	// Preview has the first rows, at most [PreviewRows].
	Preview *Table
	// Missing is the number of empty cells in the rows below the header.
	Missing int64
}

// PreviewRows is the largest number of rows in the preview of a sheet.
const PreviewRows = 5

// Score ranks sheets by the size of their table: rows × columns × the share of filled cells.
func (s *Sheet) Score() float64 {
	return float64(s.Rows*int64(len(s.Columns)) - s.Missing)
}

// SheetChoice is the error of reading a workbook if several sheets have cells and the options do not
// say which of them to read.
type SheetChoice struct {
	// Sheets are the sheets that have cells, in the order of the workbook.
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

// Unwrap returns [ErrMalformed], the kind of the error.
func (c *SheetChoice) Unwrap() error { return ErrMalformed }

// Suggested returns the index of the sheet with the highest score, a hidden one only if no visible sheet
// can be read. Of several it is the first. It is -1 if no sheet can be read.
func (c *SheetChoice) Suggested() int {
	best := -1
	for i := range c.Sheets {
		if c.Sheets[i].Err == nil && (best < 0 || c.Sheets[i].better(&c.Sheets[best])) {
			best = i
		}
	}
	return best
}

// better reports whether to suggest s before t.
func (s *Sheet) better(t *Sheet) bool {
	if s.Hidden != t.Hidden {
		return t.Hidden
	}
	return s.Score() > t.Score()
}
