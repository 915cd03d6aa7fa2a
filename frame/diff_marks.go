package frame

// compareMarks adds the cells of which only one is missing on purpose.
func (c *tableComparison) compareMarks() error {
	if c.SameMarks {
		return nil
	}
	if err := c.loadMarks(); err != nil {
		return err
	}
	for i, pair := range c.Columns {
		was := c.before.Marks[c.before.Columns[pair.Before].Field.Name]
		is := c.after.Marks[c.after.Columns[pair.After].Field.Name]
		if len(was) == 0 && len(is) == 0 {
			continue
		}
		marked, err := c.markedBefore(was)
		if err != nil {
			return err
		}
		for _, r := range c.now {
			if err := c.after.Ended(); err != nil {
				return err
			}
			var rows bitmap
			if rows, is = c.changedMarks(r, marked, is); rows == nil {
				continue
			}
			if err := c.add(i, r.group, rows); err != nil {
				return err
			}
		}
	}
	return nil
}

// loadMarks loads the marks of the tables.
func (c *tableComparison) loadMarks() error {
	load := c.LoadMarks
	c.LoadMarks = nil
	if load == nil {
		return nil
	}
	return load()
}

// markedBefore returns a bit for each row before that is marked.
func (c *tableComparison) markedBefore(rows []int64) (bitmap, error) {
	if err := c.after.reserve(c.Rows.before / 8); err != nil {
		return nil, err
	}
	marked := newBitmap(int(c.Rows.before))
	for _, row := range rows {
		marked.set(int(row))
	}
	return marked, nil
}

// changedMarks returns the rows of a row group after, numbered within it, that are marked on one side only. is are
// the marked rows after, ascending, from this row group on; left are those of later ones.
func (c *tableComparison) changedMarks(r groupRange, marked bitmap, is []int64) (rows bitmap, left []int64) {
	for row := r.from; row < r.to; row++ {
		now := len(is) > 0 && is[0] == int64(row)
		if now {
			is = is[1:]
		}
		from := c.Rows.from(int64(row))
		if from < 0 || marked.has(int(from)) == now {
			continue
		}
		if rows == nil {
			rows = newBitmap(r.to - r.from)
		}
		rows.set(row - r.from)
	}
	return rows, is
}
