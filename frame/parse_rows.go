package frame

import "edgeframe/codec"

// maxRowNames is the largest number of columns that new rows, or the cells of an operation, may name.
const maxRowNames = codec.DefaultMaxColumns

// newRows are rows as an operation gives them: their values, column by column.
type newRows struct {
	n       int
	columns []*newValues
	byName  map[string]*newValues
}

// newValues are the values that new rows have in a column.
type newValues struct {
	column string
	// rows are the new rows that have a value in the column, ascending, and values is the list of these
	// values. They are complete when all rows have been read.
	rows   []int32
	values []byte

	readRows   pieces[int32]
	readValues pieces[byte]
}

// add adds the value of a new row.
func (v *newValues) add(row int, raw []byte) {
	separator := byte(',')
	if len(v.readRows.full) == 0 && len(v.readRows.last) == 0 {
		separator = '['
	}
	v.readRows.add(int32(row))
	v.readValues.add(separator)
	v.readValues.add(raw...)
}

// finish completes v.
func (v *newValues) finish() {
	v.readValues.add(']')
	v.rows, v.values = v.readRows.all(), v.readValues.all()
	v.readRows, v.readValues = pieces[int32]{}, pieces[byte]{}
}

// pointer is where the operation has the value at i.
func (v *newValues) pointer(i int) string {
	return memberPointer(element("/rows", int(v.rows[i])), v.column)
}

// rowsOrObjects reads a list of rows of the table, or of new rows. Which of them an operation takes is known
// once its name has been read.
func (p *parser) rowsOrObjects(m *members, field string) error {
	m.rows, m.inserted, m.rowsKind = nil, nil, ""
	if null, err := p.null(); null || err != nil {
		return err
	}
	if p.dec.PeekKind() != '[' {
		return p.mismatch(field, takesList)
	}
	var list pieces[int64]
	err := p.elements(func() error {
		if kind := p.dec.PeekKind(); kind != '{' {
			if m.rowsKind == "" {
				m.rowsKind = nameOfKind(kind)
			}
			return p.listedRow(field, &list)
		}
		if m.inserted == nil {
			m.inserted = &newRows{byName: map[string]*newValues{}}
		}
		return p.newRow(m.inserted)
	})
	m.rows = list.all()
	if m.inserted != nil {
		for _, v := range m.inserted.columns {
			v.finish()
		}
	}
	return err
}

// newRow reads a new row.
func (p *parser) newRow(rows *newRows) error {
	if err := p.countRow(); err != nil {
		return err
	}
	err := p.object(func(name string) error {
		raw, err := p.plain()
		if err != nil {
			return err
		}
		v := rows.byName[name]
		if v == nil {
			if len(rows.columns) == maxRowNames {
				return codec.Errorf(ErrInvalidOperation, "rows has more than %d names, which are more than a table has columns", maxRowNames)
			}
			v = &newValues{column: name}
			rows.byName[name] = v
			rows.columns = append(rows.columns, v)
		}
		v.add(rows.n, raw)
		return nil
	})
	rows.n++
	return err
}
