package xlsx

import (
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// table is a table under construction.
type table struct {
	book    *workbook
	parts   []*part
	changed []int64
	samples [][]codec.Sample
}

// refuseHeaders is the error of strict reading about a header that is not taken as it is.
func (t *table) refuseHeaders() error {
	for _, p := range t.parts {
		if !t.book.opt.Strict {
			break
		}
		if p.header.titles {
			return p.sheet.malformed("has rows above the header in row %d, which strict=true refuses: leave them out with header_row=%d", p.sheet.top+p.header.first+1, p.sheet.top+p.header.first+1)
		}
		if err := p.sheet.refuseRenamed(p.header); err != nil {
			return err
		}
	}
	return nil
}

// describeHeaders notes in a receipt where the names of the columns come from.
func describeHeaders(receipt *codec.Receipt, parts []*part, names []string) {
	seen := map[string]bool{}
	for i, p := range parts {
		if p.sheet.rows == 0 {
			continue
		}
		if receipt.Header.Source == "" {
			receipt.Header.Source = p.header.source
			if p.header.source != codec.HeaderAbsent {
				receipt.Header.Line = p.sheet.top + p.header.first + 1
			}
		}
		if p.header.titles {
			receipt.Notes = append(receipt.Notes, fmt.Sprintf("The rows above row %d of the sheet %s are not part of the table.", p.sheet.top+p.header.first+1, codec.Quoted(p.sheet.name)))
		}
		if p.header.groups {
			receipt.Notes = codec.AddNote(receipt.Notes, "Row %d of the sheet %s names groups of columns: its names are joined with those of the row below.", p.sheet.top+p.header.first+1, codec.Quoted(p.sheet.name))
		}
		if p.sheet.footer != "" {
			receipt.Notes = codec.AddNote(receipt.Notes, "%s", p.sheet.footer)
		}
		for _, r := range p.header.renamed {
			if seen[r.Name] {
				continue
			}
			seen[r.Name] = true
			if i > 0 {
				r.Column = slices.Index(names, r.Name)
			}
			receipt.Renamed = append(receipt.Renamed, r)
		}
	}
}

// column returns the arrays of a column, one for each row group, and its type.
func (t *table) column(i int, name string) (chunks []arrow.Array, dt arrow.DataType, err error) {
	var kinds kinds
	for _, p := range t.parts {
		p.each(p.position(name), func(_ int, kind kind, word uint64) { kinds.add(p.sheet, kind, word) })
	}
	want := t.book.opt.Wanted(name)
	dt = kinds.dataType(want)
	changes := changesOf(&kinds, dt, want)
	b := array.NewBuilder(t.book.mem, dt)
	defer b.Release()
	for _, p := range t.parts {
		p.each(p.position(name), func(row int, kind kind, word uint64) {
			if change := changes[kind]; change != "" && (change != codec.Coerced || p.sheet.loses(kind, word)) {
				t.changed[i]++
				if codec.CountSamples(t.samples[i], change) < codec.MaxSamples {
					t.samples[i] = codec.AddSample(t.samples[i], p.sheet.sample(change, row, kind, word))
				}
				if err == nil && t.book.opt.Strict {
					err = p.sheet.refuse(change, cellRef(p.sheet.top+row, p.position(name)), kind, word, fmt.Sprintf("column %s is read as %s", codec.Quoted(name), scalar.DType(dt)))
				}
			}
			if kind == kindEmpty || kind == kindError || kind == kindFormula {
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

// changesOf returns how the cells of each kind change in a column of such cells that is read as dt and then
// becomes want. Of the kinds that are [codec.Coerced], only the cells that [sheet.loses] names change.
func changesOf(of *kinds, dt, want arrow.DataType) (changes [kindCount]codec.SampleKind) {
	if dt.ID() == arrow.STRING && (want == nil || scalar.IsText(want)) {
		for kind := range changes {
			changes[kind] = codec.Respelled
		}
		changes[kindEmpty], changes[kindText] = "", ""
	} else {
		changes[kindDate] = codec.Coerced
	}
	if dt.ID() == arrow.FLOAT64 {
		changes[kindDigits] = codec.Coerced
		if of.big {
			changes[kindInteger] = codec.Coerced
		}
	}
	changes[kindError], changes[kindFormula] = codec.ToMissing, codec.ToMissing
	return changes
}

// loses reports whether a column of float64 loses digits of a number, or a column of dates a day that the
// calendar does not have.
func (s *sheet) loses(kind kind, word uint64) bool {
	switch kind {
	case kindDigits:
		return true
	case kindInteger:
		return !floatKeeps(int64(word))
	case kindDate:
		return s.noDay(word) != ""
	}
	return false
}

// noDay returns the date of a serial number that Excel has and the calendar has not: 1900-02-29, because
// Excel takes 1900 for a leap year, and the day before 1900-01-01. For others it returns "".
func (s *sheet) noDay(word uint64) string {
	const leapDay = 60
	if s.book.since1904 {
		return ""
	}
	switch math.Floor(math.Float64frombits(word)) {
	case 0:
		return "1900-01-00"
	case leapDay:
		return "1900-02-29"
	}
	return ""
}

// displayed is a cell about as a program displays it.
func (s *sheet) displayed(kind kind, word uint64) string {
	switch kind {
	case kindBool:
		if word == 1 {
			return "TRUE"
		}
		return "FALSE"
	case kindFormula:
		return "=" + string(s.book.texts.get(int(word)))
	case kindDate:
		if day := s.noDay(word); day != "" {
			v := math.Float64frombits(word)
			if v == math.Trunc(v) {
				return day
			}
			spelled := s.spell(nil, kind, word)
			return day + string(spelled[len(day):])
		}
	}
	return string(s.spell(nil, kind, word))
}

// sample is a cell in a row of the sheet that changes.
func (s *sheet) sample(change codec.SampleKind, row int, kind kind, word uint64) codec.Sample {
	sample := codec.Sample{Kind: change, Line: int64(s.top + row + 1), Before: s.displayed(kind, word)}
	switch {
	case change == codec.ToMissing:
	case change == codec.Coerced && kind != kindDate:
		sample.After = string(scalar.AppendFloat(nil, s.float(kind, word), 64))
	default:
		sample.After = string(s.spell(nil, kind, word))
	}
	return sample
}

// refuse is the error of strict reading about a cell that changes, because of what reason says.
func (s *sheet) refuse(change codec.SampleKind, cell string, kind kind, word uint64, reason string) error {
	shown := codec.Quoted(s.displayed(kind, word))
	switch {
	case kind == kindFormula:
		return s.malformed("has a formula %s in cell %s without a stored value, which would be missing, which strict=true refuses: save the workbook with a program that computes formulas", shown, cell)
	case change == codec.ToMissing:
		return s.malformed("has a cell %s with %s, which would be missing, which strict=true refuses", cell, shown)
	}
	return s.malformed("has a cell %s with %s that would not be given back as it is, which strict=true refuses: %s", cell, shown, reason)
}
