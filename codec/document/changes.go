package document

import (
	"math"
	"slices"
	"sort"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/float16"
	"github.com/tinylib/msgp/msgp"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// A document is changed where the table would not give back the value: where a value that is not text becomes
// text, where a float has other digits than the number, and where NaN becomes a missing value. How a value is
// spelled does not count: 1.50 and 15e-1 are the number 1.5.

// language is how a format spells its values.
type language interface {
	// isText reports whether a value is text.
	isText(raw []byte) bool
	// appendJSON appends a value as JSON, and appendText the text that a textual column has of it.
	appendJSON(dst, raw []byte) []byte
	appendText(dst, raw []byte) []byte
}

type jsonCells struct{}

func (jsonCells) isText(raw []byte) bool { return raw[0] == '"' }

func (jsonCells) appendJSON(dst, raw []byte) []byte { return append(dst, raw...) }

func (jsonCells) appendText(dst, raw []byte) []byte {
	return scalar.AppendJSONText(dst, literalsToNull(raw))
}

type msgpackCells struct{}

func (msgpackCells) isText(raw []byte) bool { return msgpackType(raw) == msgp.StrType }

func (msgpackCells) appendJSON(dst, raw []byte) []byte {
	dst, _ = appendMsgpackJSON(dst, raw)
	return dst
}

func (msgpackCells) appendText(dst, raw []byte) []byte { return appendMsgpackText(dst, raw) }

// change is a value, or a part of one, that the table does not give back.
type change struct {
	kind codec.SampleKind
	// row is the row of the table, value the place in the input.
	row   uint32
	value cell
	// after is the number that the table has instead, if it has one.
	after []byte
}

// changeFinder finds the changes of one column.
type changeFinder struct {
	t    *dynTable
	lang language
	// want is the type that the column shall have, nil if none is given, and for what is in lists and
	// objects.
	want    arrow.DataType
	scratch []byte
	use     func(change) error
}

// finish returns the table with its receipt. Columns without a name of their own get one. Strict reading
// rejects these and all changes.
func (t *dynTable) finish(opt codec.ReadOptions, lang language) (*codec.Table, error) {
	names, renamed := codec.NameColumns(t.fields.names())
	if opt.Strict {
		if err := codec.RefuseRenamed(renamed, "the list of columns"); err != nil {
			return nil, err
		}
	}
	for i, c := range t.fields.columns {
		c.name = names[i]
	}
	table := t.table(opt)
	table.Receipt.Renamed = renamed
	for _, note := range []string{t.from, t.note} {
		if note != "" {
			table.Receipt.Notes = codec.AddNote(table.Receipt.Notes, "%s", note)
		}
	}
	changed, samples, any := make([]int64, len(names)), make([][]codec.Sample, len(names)), false
	for i, c := range t.fields.columns {
		n, some, err := t.changes(c, opt, lang)
		if err != nil {
			return nil, err
		}
		changed[i], samples[i], any = n, some, any || n > 0
	}
	if any {
		table.Receipt.Changed, table.Receipt.Samples = changed, samples
	}
	return table, nil
}

// changes returns how many values of a column change, and the first of them. Strict reading rejects them.
func (t *dynTable) changes(c *dynColumn, opt codec.ReadOptions, lang language) (n int64, samples []codec.Sample, err error) {
	nested := c.elem != nil || len(c.fields.columns) > 0
	var rows []uint32 // of a nested column, in which a value can have several changes
	find := changeFinder{t: t, lang: lang, want: opt.Wanted(c.name), use: func(ch change) error {
		if opt.Strict {
			return t.refuse(c, ch, lang)
		}
		if codec.CountSamples(samples, ch.kind) < codec.MaxSamples {
			samples = codec.AddSample(samples, t.sample(ch, lang))
		}
		if nested {
			rows = codec.AppendBudgeted(t.mem, rows, ch.row, 4)
		}
		n++
		return nil
	}}
	if err := find.in(c, func(row uint32) uint32 { return row }); err != nil {
		return 0, nil, err
	}
	if nested {
		slices.Sort(rows)
		n = int64(len(slices.Compact(rows)))
	}
	return n, samples, nil
}

// in finds the changes of column c. tableRow returns the row of the table to which a row of c belongs.
func (f *changeFinder) in(c *dynColumn, tableRow func(row uint32) uint32) error {
	for _, value := range c.lost {
		if err := f.use(change{codec.ToMissing, tableRow(value.row), value, nil}); err != nil {
			return err
		}
	}
	switch {
	case c.kinds == 0 || c.kinds == kindString:
		return nil
	case f.becomesText(c):
		return f.notText(c, tableRow)
	}
	switch c.kinds {
	case kindList:
		f.want = nil
		return f.in(c.elem, func(row uint32) uint32 {
			list := sort.Search(len(c.ends), func(i int) bool { return c.ends[i] > row })
			return tableRow(c.cells[list].row)
		})
	case kindObject:
		f.want = nil
		for _, member := range c.fields.columns {
			if err := f.in(member, tableRow); err != nil {
				return err
			}
		}
		return nil
	}
	return f.rounded(c, tableRow)
}

// becomesText reports whether the values of a column become text: because a parameter asks for a type of text or, if it
// asks for none, because no other type has all of them.
func (f *changeFinder) becomesText(c *dynColumn) bool {
	if f.want != nil {
		return scalar.IsText(f.want)
	}
	return c.unified() == nil
}

// notText finds the values that are not text.
func (f *changeFinder) notText(c *dynColumn, tableRow func(row uint32) uint32) error {
	for _, value := range c.cells {
		if f.lang.isText(f.t.data[value.start:value.end]) {
			continue
		}
		if err := f.use(change{codec.Respelled, tableRow(value.row), value, nil}); err != nil {
			return err
		}
	}
	return nil
}

// rounded finds the numbers that become floats with other digits.
func (f *changeFinder) rounded(c *dynColumn, tableRow func(row uint32) uint32) error {
	has := c.dataType()
	becomes := has
	if f.want != nil {
		becomes = f.want
	}
	if !arrow.IsFloating(becomes.ID()) || arrow.TypeEqual(has, becomes) && c.kinds&kindRespelled == 0 {
		return nil
	}
	var after []byte
	for _, value := range c.cells {
		f.scratch = f.lang.appendJSON(f.scratch[:0], f.t.data[value.start:value.end])
		if after = appendAs(after[:0], f.scratch, becomes); scalar.SameDigits(f.scratch, after) {
			continue
		}
		if err := f.use(change{codec.Coerced, tableRow(value.row), value, after}); err != nil {
			return err
		}
	}
	return nil
}

// appendAs appends a number as a type of floats spells it. It appends the number itself if the type does not
// have it.
func appendAs(dst, number []byte, dt arrow.DataType) []byte {
	v, err := strconv.ParseFloat(string(number), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return append(dst, number...)
	}
	if dt.ID() == arrow.FLOAT64 {
		return scalar.AppendFloat(dst, v, 64)
	}
	v = float64(float32(v))
	if dt.ID() == arrow.FLOAT16 {
		v = float64(float16.New(float32(v)).Float32())
	}
	return scalar.AppendFloat(dst, v, 32)
}

// refuse returns the error of strict reading about a change in column c.
func (t *dynTable) refuse(c *dynColumn, ch change, lang language) error {
	s := t.sample(ch, lang)
	place, before := "row", codec.Shorten(s.Before)
	if t.inLines {
		place = "line"
	}
	switch ch.kind {
	case codec.ToMissing:
		return codec.Errorf(codec.ErrMalformed, "%s %d, column %s: %s is not JSON and would become a missing value, which strict=true refuses; null is accepted", place, s.Line, codec.Quoted(c.name), before)
	case codec.Coerced:
		return codec.Errorf(codec.ErrMalformed, "%s %d, column %s: %s would be given back as %s, which strict=true refuses; a string keeps all digits", place, s.Line, codec.Quoted(c.name), before, s.After)
	}
	return codec.Errorf(codec.ErrMalformed, "%s %d, column %s: the value %s is not text but would be given back as text, which strict=true refuses", place, s.Line, codec.Quoted(c.name), before)
}

// sample describes a change. Both spellings are JSON.
func (t *dynTable) sample(ch change, lang language) codec.Sample {
	size := 8 * int64(ch.value.end-ch.value.start) // more than the spellings take
	t.mem.Take(size)
	defer t.mem.Release(size)
	raw := t.data[ch.value.start:ch.value.end]
	s := codec.Sample{Kind: ch.kind, Line: t.lineOf(ch.row), Before: string(lang.appendJSON(nil, raw)), After: string(ch.after)}
	if ch.kind == codec.Respelled {
		s.After = string(scalar.AppendQuoted(nil, string(lang.appendText(nil, raw))))
	}
	return s
}

// lineOf is the line of a row if the input has lines, and otherwise its number, counted from 1.
func (t *dynTable) lineOf(row uint32) int64 {
	return int64(row) + 1 + int64(sort.Search(len(t.blank), func(i int) bool { return t.blank[i] > row }))
}
