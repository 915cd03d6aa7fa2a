package api

import (
	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// receipt returns the document that says how an uploaded file was understood: what was detected, and for
// each column its type, the number of missing values, and the number of cells that the conversion
// changed.
func receipt(format *codec.Format, of codec.Receipt, schema *arrow.Schema, missing []int64) object {
	doc := object{{"format", format.Name}}
	if of.Encoding != "" {
		doc = append(doc, member{"encoding", of.Encoding})
	}
	if of.Delimiter != 0 {
		doc = append(doc, member{"delimiter", string(rune(of.Delimiter))})
	}
	if of.Sheets != nil {
		doc = append(doc, member{"sheets", sheetReceipts(of.Sheets)})
	}
	return append(doc, member{"columns", columnReceipts(schema, missing, of.Changed)})
}

// missingValues counts the missing values in each column of an uploaded table. It is for tables that
// are only a part of the result, as in an append: for a whole table, the session has the counts.
func missingValues(t *codec.Table) []int64 {
	missing := make([]int64, t.Schema.NumFields())
	for _, g := range t.RowGroups {
		for i, column := range g.Columns() {
			missing[i] += int64(scalar.CountMissing(column))
		}
	}
	return missing
}

func columnReceipts(schema *arrow.Schema, missing, changed []int64) object {
	columns := make(object, schema.NumFields())
	for i, f := range schema.Fields() {
		var n int64
		if changed != nil {
			n = changed[i]
		}
		columns[i] = member{f.Name, object{{"dtype", scalar.DType(f.Type)}, {"missing", missing[i]}, {"changed", n}}}
	}
	return columns
}

func sheetReceipts(sheets []codec.SheetReceipt) []object {
	list := make([]object, len(sheets))
	for i, s := range sheets {
		absent := s.Absent
		if absent == nil {
			absent = []string{}
		}
		list[i] = object{{"name", s.Name}, {"rows", s.Rows}, {"absent_columns", absent}}
	}
	return list
}
