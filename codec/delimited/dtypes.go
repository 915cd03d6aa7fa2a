package delimited

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// wanted reads the cells of a column that has a dtype.
type wanted struct {
	dt arrow.DataType
	// builder makes the values. It is nil if dt is a type of text: then the column is read as text, which
	// is converted at the end.
	builder *scalar.Builder
	// format reads dates and times; nil unless they are in a format that was named.
	format  *scalar.TimeFormat
	dialect *dialect
	// numeric says that cells are numbers, and that the dialect has another decimal point or separates
	// thousands.
	numeric bool
	// plain is the kind whose plain cells have the type dt, or cellNull. words is where they are read into.
	plain cellKind
	words []uint64
	// most is the length of the longest cell that can fit.
	most    int
	scratch []byte
	// misfit is the first cell that does not fit.
	misfit *misfit
}

// misfit is a cell that does not fit the type of its column.
type misfit struct {
	// row is counted from the first row of data, pos is where the cell begins in the input.
	row, pos int
	cell     string
}

// newWanted returns nil for a column without a dtype.
func newWanted(dt arrow.DataType, format string, d *dialect, mem *codec.Budget) (*wanted, error) {
	if dt == nil {
		return nil, nil
	}
	w := &wanted{dt: dt, dialect: d, numeric: isNumeric(dt) && !d.plainNumbers(), most: maxNumberBytes}
	if scalar.IsText(dt) {
		return w, nil
	}
	if arrow.IsBaseBinary(dt.ID()) {
		w.most = maxTextBytes
	}
	var err error
	if format != "" {
		if w.format, err = scalar.ParseTimeFormat(format, dt); err != nil {
			return nil, err
		}
	}
	if w.format == nil {
		w.plain = plainKindOf(dt)
	}
	w.builder, err = scalar.NewBuilder(dt, mem)
	return w, err
}

// plainKindOf returns the kind of cells that has a plainParser and this type, or cellNull.
func plainKindOf(dt arrow.DataType) cellKind {
	for kind, parse := range plainParsers {
		if parse != nil && arrow.TypeEqual(cellTypes[kind], dt) {
			return cellKind(kind)
		}
	}
	return cellNull
}

// dataType is the type that the column gets in the table.
func (c *textColumn) dataType() arrow.DataType {
	if c.want != nil {
		return c.want.dt
	}
	return c.kind.dataType()
}

// field is the field of the column in the table. Of the types that a dtype can have, only that of a column of
// UUIDs, to which rows are appended, is binary of a fixed size.
func (c *textColumn) field(name string) arrow.Field {
	f := arrow.Field{Name: name, Type: c.dataType(), Nullable: true}
	if f.Type.ID() == arrow.FIXED_SIZE_BINARY {
		f.Metadata = scalar.WithUUID(f.Metadata)
	}
	return f
}

// append appends a cell without surrounding blanks.
func (w *wanted) append(cell []byte) scalar.Fit {
	if len(cell) > w.most {
		return scalar.NoFit
	}
	if w.format != nil {
		return w.builder.AppendFormatted(cell, w.format)
	}
	if !w.numeric {
		return w.builder.AppendText(cell)
	}
	if _, ok := scalar.ParseNotFinite(cell); ok {
		return w.builder.AppendText(cell)
	}
	plain, ok := w.dialect.appendPlain(w.scratch[:0], cell)
	w.scratch = plain
	if !ok {
		return scalar.NoFit
	}
	return w.builder.AppendText(plain)
}

// plainRun is how many plain cells are appended at once.
const plainRun = 64

// appendPlain appends the plain cells from row on, up to plainRun, and returns how many there are.
func (w *wanted) appendPlain(in textCells, row int) int {
	parse := in.plain[w.plain]
	if parse == nil {
		return 0
	}
	w.words = parse(w.words[:0], in.data, in.spans[row:min(row+plainRun, len(in.spans))])
	w.builder.AppendWords(w.words)
	return len(w.words)
}

// addWanted appends cells to the builder. Once a cell does not fit, further cells are ignored. A cell that
// spells a missing value is missing, whether it is quoted or not.
func (c *textColumn) addWanted(in textCells, firstRow int) {
	w := c.want
	if w.misfit != nil {
		return
	}
	if c.chunk.rows == 0 {
		w.builder.Reserve(in.rows)
	}
	for row := 0; row < len(in.spans); row++ {
		if row += w.appendPlain(in, row); row == len(in.spans) {
			break
		}
		span := in.spans[row]
		b := span.content(in.data, &c.scratch)
		cell := trimBlanks(b)
		if in.nulls.Has(cell) {
			w.builder.AppendNull()
			if !in.writesMissing(b) {
				c.changed++
			}
			continue
		}
		fit := w.append(cell)
		if fit == scalar.NoFit {
			w.misfit = &misfit{row: firstRow + row, pos: int(span.start &^ spanFlag), cell: codec.Shorten(string(b))}
			return
		}
		if fit == scalar.Respelled || len(cell) < len(b) {
			c.changed++
			c.respelled++
		}
	}
	c.chunk.rows += len(in.spans)
}

// firstMisfit is the error about a cell that does not fit, nil if all cells fit. If there are several, it
// is about the first row group that has one, and there about the first column.
func (r *textReader) firstMisfit() error {
	var first *misfit
	column := 0
	for i := range r.columns {
		if w := r.columns[i].want; w != nil && w.misfit != nil {
			if first == nil || w.misfit.row/r.sizes.groupRows < first.row/r.sizes.groupRows {
				first, column = w.misfit, i
			}
		}
	}
	if first == nil {
		return nil
	}
	return codec.Errorf(codec.ErrMismatch, "line %d, column %s: %s does not fit %s",
		r.scan.line(first.pos), codec.Quoted(r.names[column]), codec.Quoted(first.cell), scalar.DType(r.columns[column].want.dt))
}

// converted gives a column that was read as text the type of text that its dtype says.
func (r *textReader) converted(c *textColumn, arr arrow.Array) (arrow.Array, error) {
	if c.want == nil || c.want.builder != nil {
		return arr, nil
	}
	return scalar.Convert(arr.(*array.String), c.want.dt, r.limits)
}
