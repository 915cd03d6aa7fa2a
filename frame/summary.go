package frame

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"edgeframe/codec"
)

// maxSummary is the length from which a summary leaves out what else was done, in bytes.
const maxSummary = 200

// Summarize says in a few words what operations did, for the history of a table: "set 1 cell of price",
// "dropped 2 duplicate rows; sorted by a, b".
func Summarize(ops []Operation, effects []Effect) string {
	var b strings.Builder
	for i, op := range ops {
		if b.Len() > maxSummary {
			fmt.Fprintf(&b, "; %s more", codec.Plural(len(ops)-i, "operation"))
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(op.did(effects[i]))
	}
	return b.String()
}

// count returns a number and a noun.
func count(n int64, noun string) string { return codec.Plural(int(n), noun) }

// joined returns the first few of some texts.
func joined(texts []string) string {
	const most = 3
	if more := len(texts) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(texts[:most], ", "), more)
	}
	return strings.Join(texts, ", ")
}

// listed returns the first few of some names.
func listed(names []string) string {
	shown := make([]string, len(names))
	for i, name := range names {
		shown[i] = shownName(name)
	}
	return joined(shown)
}

// shownName returns a name as it stands in a summary.
func shownName(name string) string {
	const most = 40
	name = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, name), "")
	if runes := []rune(name); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return name
}

// ofColumns appends the names of columns to a text, if there are some.
func ofColumns(text, preposition string, names []string) string {
	if len(names) == 0 {
		return text
	}
	return text + " " + preposition + " " + listed(names)
}

func (op *setValues) did(e Effect) string {
	return "set " + count(e.Cells, "cell") + " of " + shownName(op.Column)
}

func (op *addColumn) did(Effect) string     { return "added the column " + shownName(op.Column) }
func (op *dropColumns) did(Effect) string   { return "dropped " + listed(op.Columns) }
func (op *selectColumns) did(Effect) string { return "kept only " + listed(op.Columns) }

func (op *renameColumns) did(Effect) string {
	var renamed []string
	for _, old := range slices.Sorted(maps.Keys(op.Columns)) {
		renamed = append(renamed, shownName(old)+" to "+shownName(op.Columns[old]))
	}
	return "renamed " + joined(renamed)
}

func (op *deleteRows) did(e Effect) string { return "deleted " + count(e.Rows, "row") }

func (op *cast) did(e Effect) string {
	text := fmt.Sprintf("cast %s to %s", shownName(op.Column), shownName(op.DType))
	if e.Coerced > 0 {
		text += ", " + count(e.Coerced, "value") + " became missing"
	}
	return text
}

func (op *fillMissing) did(e Effect) string {
	return ofColumns("filled "+count(e.Cells, "missing cell"), "of", op.Columns) + " (" + op.Method + ")"
}

func (op *dropMissing) did(e Effect) string {
	return ofColumns("dropped "+count(e.Rows, "row")+" with missing values", "in", op.Columns)
}

func (op *dropDuplicates) did(e Effect) string {
	return ofColumns("dropped "+count(e.Rows, "duplicate row"), "by", op.Columns)
}

func (op *sortRows) did(Effect) string {
	var by []string
	for _, one := range op.By {
		name := shownName(one.Column)
		if one.Descending {
			name += " descending"
		}
		by = append(by, name)
	}
	return "sorted by " + joined(by)
}

func (op *filter) did(e Effect) string {
	return ofColumns("filtered out "+count(e.Rows, "row"), "by", slices.Compact(slices.Sorted(slices.Values(op.Where.columns(nil)))))
}
