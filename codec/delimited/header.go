package delimited

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// header has the names of the columns.
type header struct {
	// given are the names that the text has, names those of the table.
	given, names []string
	renamed      []codec.Renamed
	// line is the line of the names.
	line int
	// extra says that lines of data have one field more than the header, which is empty.
	extra bool
	// rowNames says that the first column has no name, because it has the names of rows.
	rowNames bool
}

// readHeader reads the names in the line that the table begins with and moves the scanner to the first line
// of data. It stops at the limit of columns.
func (s *textScanner) readHeader(begin int, opt Options, limits codec.Limits) (*header, error) {
	start := s.skipBlankLines(begin)
	if start == len(s.data) {
		return nil, codec.Errorf(codec.ErrMalformed, "the text is empty: expected a header line with the names of the columns")
	}
	h := &header{}
	var scratch []byte
	next, err := s.record(start, func(field textSpan) bool {
		name := field.content(s.data, &scratch)
		if len(trimBlanks(name)) == 0 {
			name = nil // blanks are no name
		}
		h.given = append(h.given, string(name))
		return len(h.given) <= limits.Columns
	})
	if err != nil {
		return nil, err
	}
	h.line = s.line(start)
	if len(h.given) > limits.Columns {
		return nil, codec.Errorf(codec.ErrTooLarge, "line %d has more than %s: that is the most that is accepted", h.line, codec.Plural(limits.Columns, "column"))
	}
	s.width, s.pos, s.short.fill = len(h.given), next, opt.FillShort
	if opt.NoHeader {
		s.widthOf, s.pos = "the first line", start
		if s.width == 1 {
			s.pos = begin // blank lines are missing values
		}
		for i := range h.given {
			h.names = append(h.names, fmt.Sprintf("column_%d", i+1))
		}
		return h, nil
	}
	if h.extra = len(h.given) < limits.Columns && s.hasExtraField(); h.extra {
		h.given = append(h.given, "")
		s.width++
	} else if below := *s; len(h.given) < limits.Columns && below.hasRowNames(start, opt) {
		h.nameRows()
		s.width, s.widthOf = s.width+1, fmt.Sprintf("line %d", s.line(s.skipBlankLines(s.pos)))
	}
	s.short.spare = h.given[s.width-1] == "" && s.width > 1
	h.names, h.renamed = codec.NameColumns(h.given)
	return h, nil
}

// hasExtraField reports whether the first lines of data have one field more than the header, which is
// empty: they end in a delimiter.
func (s *textScanner) hasExtraField() bool {
	lines := 0
	for pos := s.skipBlankLines(s.pos); pos < len(s.data) && pos < s.pos+sampleBytes && lines < sampleRows; lines++ {
		fields, last := 0, textSpan{}
		next, err := s.record(pos, func(span textSpan) bool {
			fields, last = fields+1, span
			return fields <= s.width+1
		})
		if err != nil || fields != s.width+1 || last.quoted() || last.start != last.end {
			return false
		}
		pos = s.skipBlankLines(next)
	}
	return lines > 0
}

// dropSpares removes the last columns of a table if they have neither a name nor a value: they come from
// delimiters at the ends of lines. It returns an error if lines lack the field of a column that stays.
func (r *textReader) dropSpares(t *codec.Table, h *header) (*codec.Table, error) {
	keep := len(h.given)
	for keep > 1 && h.given[keep-1] == "" && r.columns[keep-1].isEmpty() {
		keep--
	}
	if short := &r.scan.short; keep == len(h.given) {
		switch {
		case h.extra:
			return nil, r.refuseExtra()
		case short.spared.count > 0 && !short.fill:
			return nil, r.scan.uneven(short.spared.first)
		case short.spared.count > 0:
			short.filled.count += short.spared.count
			if short.filled.first == 0 || short.spared.first < short.filled.first {
				short.filled.first = short.spared.first
			}
		}
		return t, nil
	}
	columns := make([]int, keep)
	for i := range columns {
		columns[i] = i
	}
	out := &codec.Table{Schema: codec.SelectFields(t.Schema, columns), Receipt: t.Receipt}
	for _, group := range t.RowGroups {
		out.RowGroups = append(out.RowGroups, codec.NewRecord(out.Schema, group.Columns()[:keep], uint32(group.NumRows())))
	}
	if out.Receipt.Changed != nil {
		out.Receipt.Changed = out.Receipt.Changed[:keep]
		out.Receipt.Samples = out.Receipt.Samples[:keep]
	}
	for n := len(h.renamed); n > 0 && h.renamed[n-1].Column >= keep; n-- {
		h.renamed = h.renamed[:n-1]
	}
	if len(h.renamed) == 0 {
		h.renamed = nil
	}
	h.given, h.names, r.columns = h.given[:keep], h.names[:keep], r.columns[:keep]
	return out, nil
}

// isEmpty reports whether all fields of the column are empty and not quoted.
func (c *textColumn) isEmpty() bool {
	return c.want == nil && c.kind == cellNull && !c.soft && c.changed == 0
}

// refuseExtra is the error about the first line of data with more values than the header has names.
func (r *textReader) refuseExtra() error {
	last := r.scan.width - 1
	for pos := r.scan.skipBlankLines(r.start); pos < len(r.scan.data); {
		fields, empty := 0, true
		next, err := r.scan.record(pos, func(span textSpan) bool {
			if fields == last {
				empty = !span.quoted() && span.start == span.end
			}
			fields++
			return true
		})
		if err != nil {
			return err
		}
		if fields > last && !empty {
			return r.scan.unevenFields(pos, fields, last)
		}
		pos = r.scan.skipBlankLines(next)
	}
	return nil
}

// assumed reports whether the names look like data: some of them look like values, as do the cells below,
// and no column has values that look otherwise than its name.
func (r *textReader) assumed(h *header) bool {
	found, column := false, 0
	var scratch []byte
	start := r.scan.skipBlankLines(r.start)
	if r.rows == 0 || start == len(r.scan.data) {
		return false
	}
	// That the line can be cut is known from reading it.
	_, _ = r.scan.record(start, func(span textSpan) bool {
		if column == len(h.given) {
			return false
		}
		name, dt := trimBlanks([]byte(h.given[column])), r.columns[column].dataType()
		below := trimBlanks(span.content(r.scan.data, &scratch))
		column++
		switch typed := !scalar.IsText(dt) && dt.ID() != arrow.NULL; {
		case r.nulls.Has(name):
		case !r.dialect.looksLikeValue(name):
			found = found && !typed
			return !typed
		case typed || !isYear(name) && r.dialect.looksLikeValue(below):
			found = true
		}
		return true
	})
	return found
}

// refuse returns the error of strict reading about lines that are left out and columns that are renamed.
func (h *header) refuse(at place) error {
	if at.titled {
		return codec.Errorf(codec.ErrMalformed, "the lines before line %d would be lost, which strict=true refuses; with header_row=%d they are left out", h.line, h.line)
	}
	return codec.RefuseRenamed(h.renamed, fmt.Sprintf("line %d", h.line))
}

// describe puts into the receipt where the names come from, and which lines are other than they seem.
func (r *textReader) describe(receipt *codec.Receipt, h *header, at place) {
	receipt.Renamed = h.renamed
	receipt.Header = codec.Header{Source: at.source, Line: h.line}
	switch at.source {
	case codec.HeaderAbsent:
		receipt.Header.Line = 0
	case "":
		receipt.Header.Source = codec.HeaderFound
		if r.assumed(h) {
			receipt.Header.Source = codec.HeaderAssumed
		}
	}
	if at.titled {
		receipt.Notes = append(receipt.Notes, fmt.Sprintf("the table begins on line %d; the lines before it are not part of it", h.line))
	}
	if h.rowNames {
		receipt.Notes = append(receipt.Notes, rowNamesNote)
	}
	if filled := r.scan.short.filled; filled.count > 0 {
		receipt.Notes = append(receipt.Notes, filled.note(&r.scan))
	}
}
