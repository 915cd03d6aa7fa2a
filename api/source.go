package api

import (
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/session"
)

// source returns the document about an uploaded file that is kept with the version that it makes: the
// file's name, the parameters by which it was read, the sheet and the receipt, in at most [session.MaxSource] bytes.
func source(filename string, parameters codec.Values, format *codec.Format, of codec.Receipt, schema *arrow.Schema, missing []int64) []byte {
	head := object{{"filename", clip(filename)}}
	switch given := parametersDocument(parameters); {
	case len(given) == 0:
	case len(encodeJSON(given)) <= maxSourceParameters:
		head = append(head, member{"parameters", given})
	default:
		head = append(head, member{"parameters_cut", true})
	}
	if len(of.Sheets) == 1 {
		head = append(head, member{"sheet", clip(of.Sheets[0].Name)})
	}
	full := encodeJSON(append(head, receipt(format, of, schema, missing)...))
	if len(full) <= session.MaxSource {
		return full
	}
	return encodeJSON(append(head, shortReceipt(format, of, schema, missing, session.MaxSource-len(encodeJSON(head)))...))
}

// maxSourceParameters is the length of the longest parameters that a source has, in bytes of JSON.
const maxSourceParameters = session.MaxSource / 2

// maxSourceName is the longest name of a file or a sheet that a source has as it is, in bytes.
const maxSourceName = 1024

func clip(name string) string {
	if len(name) > maxSourceName {
		return codec.Shorten(name)
	}
	return name
}

// source returns what describes the file in the session that is made of it.
func (up *upload) source(of func() codec.Receipt) session.SourceFunc {
	return func(schema *arrow.Schema, missing []int64) []byte {
		return source(up.filename, readingParameters(up), up.format, of(), schema, missing)
	}
}

// shortReceipt is the receipt in at most room bytes. Lists end where their share of the room ends. Columns
// with changed cells or other names come first, and samples are left out before columns are.
func shortReceipt(format *codec.Format, of codec.Receipt, schema *arrow.Schema, missing []int64, room int) object {
	doc := object{}
	for _, m := range receipt(format, of, schema, missing) {
		share := room / 4
		switch v := m.value.(type) {
		case object:
			if m.name == "columns" {
				// It is the last member, so the rest is for it.
				v = shortColumns(v, room-len(encodeJSON(doc))-len(`,"columns":,"cut":true`))
			} else {
				v = fitting(v, &share)
			}
			m.value = v
		case []object:
			m.value = fitting(v, &share)
		case []string:
			m.value = fitting(v, &share)
		}
		doc = append(doc, m)
	}
	return append(doc, member{"cut", true})
}

// shortColumns returns what fits in room bytes of the receipts of columns.
func shortColumns(columns object, room int) object {
	room -= len("{}")
	kept := make([]bool, len(columns))
	for _, notable := range []bool{true, false} {
		for i, c := range columns {
			if isNotable(c) == notable && take(memberOf(c, false), &room) {
				kept[i] = true
			}
		}
	}
	short := object{}
	for i, c := range columns {
		if !kept[i] {
			continue
		}
		bare, whole := memberOf(c, false), memberOf(c, true)
		if more := len(encodeJSON(whole)) - len(encodeJSON(bare)); more <= room {
			room -= more
			bare = whole
		}
		short = append(short, bare...)
	}
	return short
}

// isNotable reports whether the receipt of a column says more than its type and its missing values.
func isNotable(column member) bool {
	for _, m := range column.value.(object) {
		if m.name == "renamed_from" || m.name == "changed" && m.value != int64(0) {
			return true
		}
	}
	return false
}

// memberOf returns an object with the receipt of one column, with or without its samples.
func memberOf(column member, samples bool) object {
	doc := object{}
	for _, m := range column.value.(object) {
		if samples || m.name != "samples" {
			doc = append(doc, m)
		}
	}
	return object{{column.name, doc}}
}

// fitting returns the elements at the beginning of a list that fit in room bytes of JSON.
func fitting[S ~[]T, T any](list S, room *int) S {
	for i := range list {
		if !take(list[i:i+1], room) {
			return list[:i]
		}
	}
	return list
}

// take reports whether v, a list or object of one element, fits in room bytes of JSON, and takes them.
func take(v any, room *int) bool {
	n := len(encodeJSON(v)) - len("{}") + len(",")
	if n > *room {
		return false
	}
	*room -= n
	return true
}

// sourceDocument returns the document about the file that a version was made of. It is kept: edits do not change it,
// and the head has it compressed.
func (s *server) sourceDocument(of *session.Source) (compact, error) {
	key := "source " + strconv.FormatUint(uint64(of.Version), 10) + " " + of.Key()
	if kept, ok := s.encoded.parts.Get(key); ok {
		return compact(kept.members[0]), nil
	}
	document, err := of.Document()
	if err != nil {
		return nil, err
	}
	head := encodeJSON(object{{"version", of.Version}})
	source := append(append(head[:len(head)-1], ','), document[1:]...)
	s.encoded.keepParts(key, []members{source})
	return source, nil
}
