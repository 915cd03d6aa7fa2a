package api

import (
	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// receipt returns the document that says how an uploaded file was understood: what was detected or given,
// and for each column its type, the number of missing values, and the cells that the conversion changed.
func receipt(format *codec.Format, of codec.Receipt, schema *arrow.Schema, missing []int64) object {
	doc := object{{"format", format.Name}}
	if of.Compression != "" {
		doc = append(doc, member{"compression", of.Compression})
	}
	if of.Encoding != "" {
		doc = append(doc, member{"encoding", of.Encoding})
	}
	if of.Confidence > 0 {
		doc = append(doc, member{"encoding_confidence", of.Confidence})
	}
	if of.Delimiter != 0 {
		doc = append(doc, member{"delimiter", string(rune(of.Delimiter))}, member{"quote", quoteDocument(of.Quote)})
	}
	if of.Header.Source != "" {
		doc = append(doc, member{"header", of.Header.Source})
	}
	if of.Header.Line > 0 {
		doc = append(doc, member{"header_line", of.Header.Line})
	}
	if of.Renamed != nil {
		doc = append(doc, member{"renamed", renamedColumns(of.Renamed)})
	}
	if of.Sheets != nil {
		doc = append(doc, member{"sheets", sheetReceipts(of.Sheets)})
	}
	if of.Notes != nil {
		doc = append(doc, member{"notes", of.Notes})
	}
	return append(doc, member{"columns", columnReceipts(schema, missing, of)})
}

// quoteDocument is null if quotes mean nothing.
func quoteDocument(quote byte) any {
	if quote == 0 {
		return nil
	}
	return string(rune(quote))
}

// renamedColumns has what the file calls each renamed column, by its name in the table.
func renamedColumns(renamed []codec.Renamed) object {
	doc := make(object, len(renamed))
	for i, r := range renamed {
		doc[i] = member{r.Name, r.From}
	}
	return doc
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

func columnReceipts(schema *arrow.Schema, missing []int64, of codec.Receipt) object {
	columns := make(object, schema.NumFields())
	for i, f := range schema.Fields() {
		var n int64
		if of.Changed != nil {
			n = of.Changed[i]
		}
		doc := object{{"dtype", scalar.DType(f.Type)}, {"missing", missing[i]}, {"changed", n}}
		if of.Samples != nil && len(of.Samples[i]) > 0 {
			doc = append(doc, member{"samples", changeSamples(of.Samples[i])})
		}
		columns[i] = member{f.Name, doc}
	}
	for _, r := range of.Renamed {
		columns[r.Column].value = append(columns[r.Column].value.(object), member{"renamed_from", r.From})
	}
	return columns
}

func changeSamples(samples []codec.Sample) []object {
	list := make([]object, len(samples))
	for i, s := range samples {
		var after any
		if s.Kind != codec.ToMissing {
			after = s.After
		}
		list[i] = object{{"kind", s.Kind}, {"line", s.Line}, {"before", s.Before}, {"after", after}}
	}
	return list
}

func sheetReceipts(sheets []codec.SheetReceipt) []object {
	list := make([]object, len(sheets))
	for i, s := range sheets {
		absent := s.Absent
		if absent == nil {
			absent = []string{}
		}
		list[i] = object{{"name", s.Name}, {"rows", s.Rows}, {"absent_columns", absent}}
		if len(s.HeaderRows) > 0 {
			list[i] = append(list[i], member{"header_rows", s.HeaderRows})
		}
	}
	return list
}
