package xlsx

import (
	"archive/zip"
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// Format is the workbook of Excel 2007 and later.
var Format = &codec.Format{
	Name: "xlsx",
	MediaTypes: []string{
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		"application/vnd.ms-excel.sheet.macroenabled.12",
	},
	Extensions: []string{".xlsx", ".xlsm"},
	Input:      "the workbook",
	Reading:    reading,
	Retype:     scalar.ApplyDTypes,
	Driver:     driver{},
}

type driver struct{}

// Sniff implements [codec.Driver].
func (driver) Sniff(data []byte) bool { return looksXLSX(data) }

// Encode implements [codec.Driver].
func (driver) Encode(w io.Writer, src codec.Source, _ codec.WriteOptions) error {
	return encodeXLSX(w, scalar.SpellUUIDs(src))
}

// looksXLSX reports whether data is a zip file with a workbook in it.
func looksXLSX(data []byte) bool {
	if !bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return false
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return false
	}
	return slices.ContainsFunc(z.File, func(f *zip.File) bool { return strings.EqualFold(f.Name, "xl/workbook.xml") })
}

// Decode implements [codec.Driver]. It reads the sheets of a workbook (ECMA-376, "Office Open XML") that
// opt names, one below the other, or the only one that has cells.
//
//   - The numbers of a column are int64 if all are whole and below 2^53, otherwise float64. Numbers
//     that their format displays as a date are date32, or timestamp[us] if any has a time of day;
//     as a time of day, time64[us]; as elapsed hours, duration[us]. Times are in whole milliseconds.
//   - Text stays text, also if it looks like a number. Columns of several kinds are text, formatted as
//     in CSV. Formulas have the values that the program that saved the file computed.
//   - Cells with errors such as #DIV/0! are missing.
func (driver) Decode(data []byte, opt codec.ReadOptions, mem *codec.Budget) (*codec.Table, error) {
	own, err := codec.OptionsOf[Options](opt.Options)
	if err != nil {
		return nil, err
	}
	w, err := openXLSX(data, opt, own, mem)
	if err != nil {
		return nil, err
	}
	chosen, err := w.choose(own.Sheets)
	if err != nil {
		return nil, err
	}
	var parts []*part
	for _, ref := range chosen {
		part, err := w.part(ref)
		if err != nil {
			return nil, err
		}
		if part.sheet.rows > 0 || own.Sheets != nil {
			parts = append(parts, part)
		}
	}
	switch {
	case len(parts) == 0:
		return nil, codec.Errorf(codec.ErrMalformed, "the workbook has no sheet with cells: expected a header with the names of the columns")
	case own.Sheets == nil && len(parts) > 1:
		return nil, w.choice(parts)
	}
	return w.table(parts)
}

// choose returns the named sheets, or all if names is nil.
func (w *workbook) choose(names []string) ([]sheetRef, error) {
	if names == nil {
		return w.sheets, nil
	}
	var chosen []sheetRef
	for i, name := range names {
		at := slices.IndexFunc(w.sheets, func(s sheetRef) bool { return s.name == name })
		if at < 0 {
			return nil, codec.Errorf(codec.ErrMalformed, "the workbook has no sheet %s: its sheets are %s", codec.Quoted(name), w.sheetNames())
		}
		if slices.Contains(names[:i], name) {
			return nil, codec.Errorf(codec.ErrMalformed, "the sheet %s is named twice: each can be read once", codec.Quoted(name))
		}
		chosen = append(chosen, w.sheets[at])
	}
	return chosen, nil
}

func (w *workbook) sheetNames() string {
	const most = 10
	var names []string
	for _, s := range w.sheets[:min(len(w.sheets), most)] {
		names = append(names, codec.Quoted(s.name))
	}
	if len(w.sheets) > most {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// part is a sheet as a part of a table.
type part struct {
	sheet  *sheet
	header *header
	// columns has the position of each column in the sheet, by name.
	columns map[string]int
}

func (w *workbook) part(ref sheetRef) (*part, error) {
	s, err := w.readSheet(ref)
	if err != nil {
		return nil, err
	}
	p := &part{sheet: s, header: &header{}, columns: map[string]int{}}
	if s.rows == 0 {
		return p, nil
	}
	if p.header, err = s.header(w.own, w.opt.Limits); err != nil {
		return nil, err
	}
	for i, name := range p.header.names {
		p.columns[name] = p.header.columns[i]
	}
	return p, nil
}

// rows is the number of rows of data.
func (p *part) rows() int { return p.sheet.rows - p.header.rows }

// each calls visit for every row of data of a column; -1 is a column that the sheet does not have.
// The rows are counted from the first row of the sheet with cells.
func (p *part) each(column int, visit func(row int, kind kind, word uint64)) {
	for row := p.header.rows; row < p.sheet.rows; row++ {
		if column < 0 || row >= len(p.sheet.columns[column].kinds) {
			visit(row, kindEmpty, 0)
			continue
		}
		c := &p.sheet.columns[column]
		visit(row, p.sheet.kind(c.kinds[row], c.words[row]), c.words[row])
	}
}

// choice returns the error that describes the sheets from which to choose.
func (w *workbook) choice(parts []*part) error {
	choice := &codec.SheetChoice{}
	w.opt.Strict = false
	for _, p := range parts {
		table, err := w.table([]*part{p})
		if err != nil {
			return err
		}
		sheet := codec.Sheet{Name: p.sheet.name, Rows: int64(p.rows()), Columns: p.header.names, Preview: &codec.Table{Schema: table.Schema}}
		for i, g := range table.RowGroups {
			if i == 0 {
				sheet.Preview.RowGroups = []arrow.Record{g.NewSlice(0, min(g.NumRows(), codec.PreviewRows))}
			}
			for _, c := range g.Columns() {
				sheet.Missing += int64(scalar.CountMissing(c))
			}
		}
		choice.Sheets = append(choice.Sheets, sheet)
	}
	return choice
}

// table joins parts one below the other, by the names of their columns.
func (w *workbook) table(parts []*part) (*codec.Table, error) {
	var names []string
	known := map[string]bool{}
	for _, p := range parts {
		for _, name := range p.header.names {
			if !known[name] {
				known[name] = true
				names = append(names, name)
			}
		}
	}
	if len(names) > w.opt.Limits.Columns {
		return nil, codec.Errorf(codec.ErrTooLarge, "the sheets have %d columns together: at most %d are accepted", len(names), w.opt.Limits.Columns)
	}
	receipts, err := receiptsOf(parts, names)
	if err != nil {
		return nil, err
	}
	t := &table{book: w, parts: parts, changed: make([]int64, len(names))}
	fields := make([]arrow.Field, len(names))
	columns := make([][]arrow.Array, len(names))
	for i, name := range names {
		var err error
		if columns[i], fields[i].Type, err = t.column(i, name); err != nil {
			return nil, err
		}
		fields[i].Name, fields[i].Nullable = name, true
	}
	out := &codec.Table{Schema: arrow.NewSchema(fields, nil), Receipt: codec.Receipt{Changed: t.changed, Sheets: receipts}}
	for g := 0; len(columns) > 0 && g < len(columns[0]); g++ {
		arrays := make([]arrow.Array, len(columns))
		for i := range columns {
			arrays[i] = columns[i][g]
		}
		out.RowGroups = append(out.RowGroups, array.NewRecord(out.Schema, arrays, int64(arrays[0].Len())))
	}
	return out, nil
}

// maxAbsent is how many bytes the receipts of the sheets of a table may take for the names of absent
// columns. Sheets without a common column would otherwise take the square of their number.
const maxAbsent = 8 << 20

// nameBytes is what a name takes besides its characters.
const nameBytes = 16

// receiptsOf returns the receipts of parts of a table with columns of those names.
func receiptsOf(parts []*part, names []string) (receipts []codec.SheetReceipt, err error) {
	left := maxAbsent
	for _, p := range parts {
		r := codec.SheetReceipt{Name: p.sheet.name, Rows: int64(p.rows())}
		for _, name := range names {
			if _, ok := p.columns[name]; ok {
				continue
			}
			r.Absent = append(r.Absent, name)
			if left -= nameBytes + len(name); left < 0 {
				return nil, codec.Errorf(codec.ErrTooLarge, "the sheets have too few columns in common: the names of those that each lacks take more than %d bytes; read fewer sheets at once", maxAbsent)
			}
		}
		receipts = append(receipts, r)
	}
	return receipts, nil
}

// table is a table under construction.
type table struct {
	book    *workbook
	parts   []*part
	changed []int64
}

// column returns the arrays of a column, one for each row group, and its type.
func (t *table) column(i int, name string) (chunks []arrow.Array, dt arrow.DataType, err error) {
	var kinds kinds
	for _, p := range t.parts {
		p.each(p.position(name), func(_ int, kind kind, word uint64) { kinds.add(kind, word) })
	}
	dt = kinds.dataType()
	text := kinds.value() == kindText
	b := array.NewBuilder(t.book.mem, dt)
	defer b.Release()
	for _, p := range t.parts {
		p.each(p.position(name), func(row int, kind kind, word uint64) {
			if kind == kindError || text && kind != kindText && kind != kindEmpty {
				t.changed[i]++
				if err == nil && t.book.opt.Strict {
					err = p.sheet.malformed("has a cell %s that would not be given back as it is, which strict=true refuses: column %s is read as %s", cellRef(p.sheet.top+row, p.position(name)), codec.Quoted(name), scalar.DType(dt))
				}
			}
			if kind == kindEmpty || kind == kindError {
				b.AppendNull()
			} else {
				p.sheet.append(b, kind, word)
			}
			if b.Len() == codec.RowGroupRows {
				chunks = append(chunks, b.NewArray())
			}
		})
	}
	if b.Len() > 0 {
		chunks = append(chunks, b.NewArray())
	}
	return chunks, dt, err
}

// position is the position of a column in the sheet, -1 if the sheet does not have it.
func (p *part) position(name string) int {
	if at, ok := p.columns[name]; ok {
		return at
	}
	return -1
}
