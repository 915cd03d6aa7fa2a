package xlsx

import (
	"bytes"
	"io"
	"slices"

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

// looksXLSX reports whether data is a zip file with a workbook in it, or a workbook of a format about
// which [Foreign] says what to do.
func looksXLSX(data []byte) bool {
	return bytes.HasPrefix(data, []byte("PK\x03\x04")) && hasPart(data, "xl/workbook.xml") || Foreign(data) != nil
}

// Decode implements [codec.Driver]. It reads the sheets of a workbook (ECMA-376, "Office Open XML") that
// opt names, one below the other. If it names none, it reads the only visible sheet that has cells, or the
// only hidden one if no visible sheet has cells.
//
//   - The numbers of a column are int64 if all are whole, decimals if some of these are beyond 64 bits, and
//     otherwise float64. Numbers that their format displays as a date are date32, or timestamp[us] if any
//     has a time of day; as a time of day, time64[us]; as elapsed hours, duration[us]. Times are in whole
//     milliseconds.
//   - Text stays text, also if it looks like a number. Columns of several kinds are text, formatted as
//     in CSV. So are columns of integers and fractions if a float64 would lose digits of an integer.
//   - Formulas have the values that the program that saved the file computed. Formulas without a value and
//     cells with errors such as #DIV/0! are missing.
func (driver) Decode(data []byte, opt codec.ReadOptions, mem *codec.Budget) (*codec.Table, error) {
	own, err := codec.OptionsOf[Options](opt.Options)
	if err != nil {
		return nil, err
	}
	w, err := openXLSX(data, opt, own, mem)
	if err != nil {
		return nil, err
	}
	if own.Sheets == nil {
		return w.onlySheet()
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
		parts = append(parts, part)
	}
	return w.table(parts)
}

// choose returns the named sheets.
func (w *workbook) choose(names []string) ([]sheetRef, error) {
	var chosen []sheetRef
	for i, name := range names {
		at := slices.IndexFunc(w.sheets, func(s sheetRef) bool { return s.name == name })
		if at < 0 {
			return nil, codec.Errorf(codec.ErrMalformed, "the workbook has no sheet %s: its sheets are %s", codec.Quoted(name), sheetNames(w.sheets))
		}
		if slices.Contains(names[:i], name) {
			return nil, codec.Errorf(codec.ErrMalformed, "the sheet %s is named twice: each can be read once", codec.Quoted(name))
		}
		chosen = append(chosen, w.sheets[at])
	}
	return chosen, nil
}

// part is a sheet as a part of a table.
type part struct {
	ref    sheetRef
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
	p := &part{ref: ref, sheet: s, header: &header{}, columns: map[string]int{}}
	if s.rows == 0 {
		return p, nil
	}
	if err := s.cutFooter(w.own.SkipFooter); err != nil {
		return nil, err
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
func (p *part) rows() int { return p.sheet.rows - p.header.data }

// each calls visit for every row of data of a column; -1 is a column that the sheet does not have.
// The rows are counted from the first row of the sheet with cells.
func (p *part) each(column int, visit func(row int, kind kind, word uint64)) {
	for row := p.header.data; row < p.sheet.rows; row++ {
		if column < 0 || row >= len(p.sheet.columns[column].kinds) {
			visit(row, kindEmpty, 0)
			continue
		}
		c := &p.sheet.columns[column]
		visit(row, p.sheet.kind(c.kinds[row], c.words[row]), c.words[row])
	}
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
	t := &table{book: w, parts: parts, changed: make([]int64, len(names)), samples: make([][]codec.Sample, len(names))}
	if err := t.refuseHeaders(); err != nil {
		return nil, err
	}
	fields := make([]arrow.Field, len(names))
	columns := make([][]arrow.Array, len(names))
	for i, name := range names {
		var err error
		if columns[i], fields[i].Type, err = t.column(i, name); err != nil {
			return nil, err
		}
		fields[i].Name, fields[i].Nullable = name, true
	}
	out := &codec.Table{Schema: arrow.NewSchema(fields, nil), Receipt: codec.Receipt{Changed: t.changed, Samples: t.samples, Sheets: receipts}}
	describeHeaders(&out.Receipt, parts, names)
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
		for row := p.header.first; row < p.header.data; row++ {
			r.HeaderRows = append(r.HeaderRows, p.sheet.top+row+1)
		}
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
