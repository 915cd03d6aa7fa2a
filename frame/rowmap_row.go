package frame

// Before returns which row of the other table a row was, -1 for a new one. Row must be one of the table.
func (m RowMap) Before(row int64) int64 {
	if m == nil {
		return row
	}
	for _, r := range m {
		if row < int64(r.Rows) {
			if r.From < 0 {
				return -1
			}
			return int64(r.From) + row
		}
		row -= int64(r.Rows)
	}
	return -1
}

// After returns which row of the table a row of the other one is, -1 if the table does not have it.
func (m RowMap) After(row int64) int64 {
	if m == nil {
		return row
	}
	next := int64(0)
	for _, r := range m {
		if from := int64(r.From); from >= 0 && from <= row && row < from+int64(r.Rows) {
			return next + row - from
		}
		next += int64(r.Rows)
	}
	return -1
}
