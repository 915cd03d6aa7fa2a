package scalar

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
)

// CheckDTypes returns an error if a type is given for a column that does not exist.
func CheckDTypes(dtypes map[string]arrow.DataType, names []string) error {
	for name := range dtypes {
		if !slices.Contains(names, name) {
			const most = 10
			shown := make([]string, 0, most)
			for _, n := range names[:min(len(names), most)] {
				shown = append(shown, codec.Quoted(codec.Shorten(n)))
			}
			if len(names) > most {
				shown = append(shown, "…")
			}
			return codec.Errorf(codec.ErrMismatch, "there is no column %s to have a dtype: the columns are %s", codec.Quoted(codec.Shorten(name)), strings.Join(shown, ", "))
		}
	}
	return nil
}

// ApplyDTypes converts the columns for which opt has a type: text as the operation cast reads it, other
// values with [Convert]. Texts that the new type spells otherwise count as changed, and strict reading
// refuses them. If a value does not fit, the error is [codec.ErrMismatch] with the column and the row,
// counted from 1.
func ApplyDTypes(t *codec.Table, opt codec.ReadOptions) (*codec.Table, error) {
	if len(opt.DTypes)+len(opt.Into) == 0 {
		return t, nil
	}
	fields := slices.Clone(t.Schema.Fields())
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
		if want := opt.Wanted(f.Name); want != nil && (opt.DTypes[f.Name] != nil || !arrow.TypeEqual(decodedType(f.Type), want)) {
			fields[i].Type = want
			fields[i] = WithoutUUID(fields[i])
		}
	}
	if err := CheckDTypes(opt.DTypes, names); err != nil {
		return nil, err
	}
	meta := t.Schema.Metadata()
	out := &codec.Table{Schema: arrow.NewSchema(fields, &meta), Receipt: t.Receipt}
	groups := make([][]arrow.Array, len(t.RowGroups))
	for g, group := range t.RowGroups {
		groups[g] = slices.Clone(group.Columns())
	}
	for i := range fields {
		c := &retyped{column: i, name: names[i], want: fields[i].Type, opt: opt, receipt: &out.Receipt, columns: len(fields)}
		if err := c.read(t, groups); err != nil {
			return nil, err
		}
	}
	for g, group := range t.RowGroups {
		out.RowGroups = append(out.RowGroups, codec.NewRecord(out.Schema, groups[g], uint32(group.NumRows())))
	}
	return out, nil
}

// decodedType is the type of the values of an encoded type, or t itself for other types.
func decodedType(t arrow.DataType) arrow.DataType {
	switch t := t.(type) {
	case *arrow.DictionaryType:
		return decodedType(t.ValueType)
	case *arrow.RunEndEncodedType:
		return decodedType(t.Encoded())
	case arrow.ExtensionType:
		return decodedType(t.StorageType())
	}
	return t
}

// retyped is a column that gets another type.
type retyped struct {
	column, columns int
	name            string
	want            arrow.DataType
	opt             codec.ReadOptions
	receipt         *codec.Receipt
	// owned says that the lists of the receipt are ours.
	owned bool
}

// read converts the column in each of groups.
func (c *retyped) read(t *codec.Table, groups [][]arrow.Array) error {
	has := t.Schema.Field(c.column)
	if arrow.TypeEqual(has.Type, c.want) {
		return nil
	}
	cast, err := c.caster(has)
	if err != nil {
		return err
	}
	row := 0
	for g, columns := range groups {
		arr := columns[c.column]
		var failed int
		if cast == nil {
			groups[g][c.column], failed, err = convert(arr, IsUUID(has), c.want, c.opt.Limits)
		} else {
			groups[g][c.column], failed, err = c.cast(arr, cast, row)
		}
		if err != nil {
			return c.at(row+failed, err)
		}
		row += arr.Len()
	}
	return nil
}

// at adds the place to an error about a value. Rows are counted from 0, in the text from 1.
func (c *retyped) at(row int, err error) error {
	if m, ok := errors.AsType[*Misfit](err); ok {
		return codec.Errorf(codec.ErrMismatch, "row %d, column %s: %s does not fit %s", row+1, codec.Quoted(c.name), m.Shown(), DType(c.want))
	}
	if errors.Is(err, errStrict) || errors.Is(err, codec.ErrTooLarge) {
		return err
	}
	return codec.Errorf(codec.ErrMismatch, "row %d, column %s: %v", row+1, codec.Quoted(c.name), err)
}

// caster returns how values of the column are read as its new type; nil means with [Convert].
func (c *retyped) caster(field arrow.Field) (Caster, error) {
	has := field.Type
	if spec := c.opt.TimeFormats[c.name]; spec != "" {
		format, err := ParseTimeFormat(spec, c.want)
		if err != nil {
			return nil, err
		}
		return CastFormatted(has, format), nil
	}
	// Whoever names a type wants 1 to be true. Values that are appended have to be of the kind of the column.
	bits := c.opt.DTypes[c.name] != nil && (ValueType(has).ID() == arrow.BOOL || c.want.ID() == arrow.BOOL)
	if isNested(c.want) || IsText(c.want) || !IsText(has) && !bits {
		return nil, nil
	}
	return CastOf(field, c.want), nil
}

// errStrict is the cause of errors that only strict reading returns.
var errStrict = errors.New("changed value")

// cast converts the values of a row group whose first row is row from. It also returns the row of the value
// that does not fit.
func (c *retyped) cast(arr arrow.Array, cast Caster, from int) (out arrow.Array, failed int, err error) {
	text := IsText(arr.DataType())
	var changed []int
	out, err = Cast(arr, cast, c.want, c.opt.Limits, func(row int, fit Fit) error {
		switch {
		case fit == NoFit:
			failed = row
			return misfit(JSON(arr)(nil, row), row, c.want)
		case !text && !arrow.TypeEqual(ValueType(arr.DataType()), c.want):
			// A number is given back as a boolean or a time, or a boolean as a number.
			changed = append(changed, row)
		case text && fit == Respelled && !(isNumeric(c.want) && isPlain(Text(arr)(nil, row))):
			changed = append(changed, row)
		}
		return nil
	})
	if err != nil {
		return nil, failed, err
	}
	return out, 0, c.note(arr, out, changed, from)
}

// isPlain reports whether a text is a number as JSON spells them: such a value of a column of text may have
// been a number in the file, and 8 stays the same number as 8.00.
func isPlain(text []byte) bool {
	n, ok := ScanNumber(text)
	return ok && !n.Positive && len(n.Whole) > 0 && (n.Whole[0] != '0' || len(n.Whole) == 1) && n.Pointed == (len(n.Places) > 0)
}

// note notes changed rows in the receipt. Strict reading refuses the first.
func (c *retyped) note(before, after arrow.Array, rows []int, from int) error {
	if len(rows) == 0 {
		return nil
	}
	if c.opt.Strict {
		row := rows[0]
		return &codec.Error{Kind: codec.ErrMalformed, Err: errStrict, Detail: fmt.Sprintf("row %d, column %s: %s would be given back as %s, which strict=true refuses",
			from+row+1, codec.Quoted(c.name), codec.QuotedBytes(Text(before)(nil, row)), codec.QuotedBytes(text(after, true)(nil, row)))}
	}
	if !c.owned {
		c.owned = true
		c.receipt.Changed = grown(c.receipt.Changed, c.columns)
		c.receipt.Samples = grown(c.receipt.Samples, c.columns)
	}
	c.receipt.Changed[c.column] += int64(len(rows))
	// A table has binary values that are read from text only if they are UUIDs.
	was, is := Text(before), text(after, true)
	for _, row := range rows {
		samples := c.receipt.Samples[c.column]
		if codec.CountSamples(samples, codec.Respelled) >= codec.MaxSamples {
			break
		}
		c.receipt.Samples[c.column] = codec.AddSample(samples, codec.Sample{Kind: codec.Respelled, Line: int64(from + row + 1), Before: string(was(nil, row)), After: string(is(nil, row))})
	}
	return nil
}

// grown returns a copy of list with n elements.
func grown[T any](list []T, n int) []T {
	out := make([]T, n)
	copy(out, list)
	return out
}
