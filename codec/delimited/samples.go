package delimited

import (
	"slices"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// changedCell is a field that may be written with another spelling.
type changedCell struct {
	row  int
	span textSpan
}

// changedCells are the first changed fields of a column. They are looked for while the column is read, and
// only in windows with changed cells, so that the input is not read again for a few samples.
type changedCells struct {
	respelled, missing []changedCell
	// integers are the first of a column of integers, which change if it becomes one of floats.
	integers []changedCell
	// before are the counts of the column before the current window; windows counts those that were looked
	// through in a column with a dtype.
	before  struct{ missing, respelled int64 }
	windows int
}

// mostWindows is how many windows of a column with a dtype are looked through for samples.
const mostWindows = 8

func enough(cells []changedCell) bool { return len(cells) >= codec.MaxSamples }

// add looks for samples in a window that c has read, whose first row is row.
func (s *changedCells) add(c *textColumn, row int, in textCells) {
	missing := c.changed - c.respelled - c.intoFloats
	lookMissing := missing > s.before.missing && !enough(s.missing)
	lookRespelled := c.respelled > s.before.respelled && !enough(s.respelled)
	s.before.missing, s.before.respelled = missing, c.respelled
	if c.kind == cellInt && !enough(s.integers) || lookMissing || lookRespelled {
		s.look(c, row, in, lookMissing, lookRespelled)
	}
}

func (s *changedCells) look(c *textColumn, row int, in textCells, lookMissing, lookRespelled bool) {
	lookIntegers := c.kind == cellInt && !enough(s.integers)
	for i, span := range in.spans {
		if !lookMissing && !lookRespelled && !lookIntegers {
			return
		}
		cell := changedCell{row + i, span}
		b := span.content(in.data, &c.scratch)
		trimmed := trimBlanks(b)
		isMissing := in.nulls.Has(trimmed)
		if c.kind == cellText {
			// Blanks are part of a text.
			isMissing = in.nulls.Has(b)
		}
		switch {
		case isMissing && lookMissing && !in.writesMissing(b) && !(c.kind == cellText && span.quoted()):
			s.missing = appendLater(s.missing, cell)
			lookMissing = !enough(s.missing)
		case isMissing:
		case lookRespelled && c.kind != cellText && isRespelled(in.parsers[c.kind], b, trimmed):
			s.respelled = appendLater(s.respelled, cell)
			lookRespelled = !enough(s.respelled)
		case lookIntegers && len(b) == len(trimmed):
			s.integers = appendLater(s.integers, cell)
			lookIntegers = !enough(s.integers)
		}
	}
}

// appendLater appends a cell unless it is there: a window may be looked through again after its column has
// become one of floats.
func appendLater(cells []changedCell, cell changedCell) []changedCell {
	if n := len(cells); n > 0 && cells[n-1].row >= cell.row {
		return cells
	}
	return append(cells, cell)
}

func isRespelled(parse cellParser, b, trimmed []byte) bool {
	_, fit := parse(trimmed)
	return fit == scalar.Respelled || fit == scalar.Same && len(trimmed) < len(b)
}

// addWanted looks for samples in a window of a column with a dtype.
func (s *changedCells) addWanted(w *wanted, row int, in textCells, mem *codec.Budget) {
	if s.windows >= mostWindows || enough(s.missing) && enough(s.respelled) || w.misfit != nil {
		return
	}
	s.windows++
	// The values are made a second time, to see which of them change.
	own := mem.Sub()
	defer own.ReleaseAll()
	probe := *w
	probe.scratch = nil
	var err error
	if probe.builder, err = scalar.NewBuilder(w.dt, own); err != nil {
		return
	}
	var scratch []byte
	for i, span := range in.spans {
		b := span.content(in.data, &scratch)
		cell := trimBlanks(b)
		into := &s.respelled
		if in.nulls.Has(cell) {
			if into = &s.missing; in.writesMissing(b) {
				continue
			}
		} else if enough(s.respelled) || probe.append(cell) != scalar.Respelled && len(cell) == len(b) {
			continue
		}
		if !enough(*into) {
			*into = append(*into, changedCell{row + i, span})
		}
	}
}

// samples returns the receipt's samples of a table. They have the spellings of the cells before and after.
func (r *textReader) samples(t *codec.Table) [][]codec.Sample {
	type place struct {
		column, pos int
		cell        changedCell
	}
	var places []place
	for i := range r.columns {
		c := &r.columns[i]
		cells := slices.Concat(c.seen.respelled, c.seen.missing)
		if c.kind == cellFloat && c.want == nil {
			cells = append(cells, c.seen.integers...)
		}
		slices.SortFunc(cells, func(a, b changedCell) int { return a.row - b.row })
		cells = slices.CompactFunc(cells, func(a, b changedCell) bool { return a.row == b.row })
		for _, cell := range cells {
			places = append(places, place{i, int(cell.span.start &^ spanFlag), cell})
		}
	}
	const bytesEach = 400
	r.mem.Take(int64(len(places)) * bytesEach)
	slices.SortFunc(places, func(a, b place) int { return a.pos - b.pos })
	out := make([][]codec.Sample, len(r.columns))
	line, counted := 1, 0
	var scratch, spelled []byte
	for _, p := range places {
		// The line is counted from the place before, so that the text is read once.
		between := textScanner{data: r.scan.data[counted:]}
		line, counted = line+between.line(p.pos-counted)-1, p.pos
		values := t.RowGroups[p.cell.row/r.sizes.groupRows].Column(p.column)
		at := p.cell.row % r.sizes.groupRows
		kind := codec.Respelled
		if spelled = spelled[:0]; scalar.NullChecker(values)(at) {
			kind = codec.ToMissing
		} else {
			spelled = scalar.Text(values)(spelled, at)
		}
		before := p.cell.span.content(r.scan.data, &scratch)
		if !r.dialect.spells(before, spelled, values.DataType()) {
			out[p.column] = codec.AddSample(out[p.column], codec.Sample{Kind: kind, Line: int64(line), Before: beginning(before), After: beginning(spelled)})
		}
	}
	return out
}

// beginning returns more of a spelling than a sample shows, so that a long one is not copied.
func beginning(b []byte) string {
	const most = 256
	return string(b[:min(len(b), most)])
}
