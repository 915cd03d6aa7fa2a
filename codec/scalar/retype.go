package scalar

import (
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

// ApplyDTypes converts the columns for which opt has a type, with [Convert]. If a value does not fit, the
// error is [codec.ErrMismatch] with the column and the row, counted from 1.
func ApplyDTypes(t *codec.Table, opt codec.ReadOptions) (*codec.Table, error) {
	if len(opt.DTypes) == 0 {
		return t, nil
	}
	fields := slices.Clone(t.Schema.Fields())
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
		if want := opt.DTypes[f.Name]; want != nil {
			fields[i].Type = want
		}
	}
	if err := CheckDTypes(opt.DTypes, names); err != nil {
		return nil, err
	}
	meta := t.Schema.Metadata()
	out := &codec.Table{Schema: arrow.NewSchema(fields, &meta), Receipt: t.Receipt}
	row := 0
	for _, group := range t.RowGroups {
		columns := slices.Clone(group.Columns())
		for i, arr := range columns {
			out, at, err := convert(arr, fields[i].Type, opt.Limits)
			if err != nil {
				return nil, codec.Errorf(codec.ErrMismatch, "row %d, column %s: %v", row+at+1, codec.Quoted(names[i]), err)
			}
			columns[i] = out
		}
		out.RowGroups = append(out.RowGroups, codec.NewRecord(out.Schema, columns, uint32(group.NumRows())))
		row += int(group.NumRows())
	}
	return out, nil
}
