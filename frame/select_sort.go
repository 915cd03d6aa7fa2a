package frame

// sorted returns the rows of s sorted by columns.
func (f *Frame) sorted(s *Selection, columns []int, by []SortKey) (*Selection, error) {
	if err := f.LoadColumns(columns); err != nil {
		return nil, err
	}
	keys := make([]sortKeys, len(columns))
	for i, c := range columns {
		var err error
		if keys[i], err = f.sortKeys(c, by[i].Descending); err != nil {
			return nil, err
		}
	}
	order := make([]int, s.n)
	for i := range order {
		order[i] = int(s.row(i))
	}
	if err := f.sortOrder(order, keys); err != nil {
		return nil, err
	}
	rows := make([]uint32, s.n)
	for i, row := range order {
		rows[i] = uint32(row)
	}
	return &Selection{rows: rows, n: s.n}, nil
}
