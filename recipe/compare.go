package recipe

import (
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
	"edgeframe/frame"
)

// Differences are what sets the table of a new file apart from the one that the recipe was made of.
type Differences struct {
	// Missing are columns of the recipe that the file lacks, Added those that only the file has.
	Missing []Missing
	Added   []Column
	Retyped []Retyped
}

// Missing is a column that a file lacks. Nearest is the column of the file that has the most similar name and that the
// recipe does not know, "" if there is none.
type Missing struct{ Name, DType, Nearest string }

// Retyped is a column that has another type.
type Retyped struct{ Name, Was, Is string }

// mostNearest is the largest number of missing columns for which the nearest name is looked for.
const mostNearest = 100

// None reports whether there is no difference.
func (d *Differences) None() bool { return len(d.Missing)+len(d.Added)+len(d.Retyped) == 0 }

// Compare returns the differences between the columns of the recipe and those of a new file, in their orders. A recipe
// that says nothing about columns has none.
func (r *Recipe) Compare(schema *arrow.Schema) (d Differences) {
	if len(r.Import.Columns) == 0 {
		return d
	}
	was := make(map[string]bool, len(r.Import.Columns))
	for _, c := range r.Import.Columns {
		was[c.Name] = true
	}
	is := make(map[string]string, schema.NumFields())
	var further []string
	for _, f := range schema.Fields() {
		dtype := scalar.DType(f.Type)
		is[f.Name] = dtype
		if !was[f.Name] {
			d.Added = append(d.Added, Column{f.Name, dtype})
			further = append(further, f.Name)
		}
	}
	for _, c := range r.Import.Columns {
		switch dtype, there := is[c.Name]; {
		case !there:
			near := ""
			if len(d.Missing) < mostNearest {
				near = frame.Nearest(c.Name, further)
			}
			d.Missing = append(d.Missing, Missing{c.Name, c.DType, near})
		case dtype != c.DType && c.DType != "":
			d.Retyped = append(d.Retyped, Retyped{c.Name, c.DType, dtype})
		}
	}
	return d
}

// Given returns the reading parameters for a file of a format: those in given, and where they say nothing those of the
// recipe that the format takes. A dtype of a column takes precedence over that of the recipe for the same column.
// left are the names of the recipe's parameters that the format does not take.
func (r *Recipe) Given(given codec.Values, format *codec.Format) (parameters codec.Values, left []string) {
	parameters = codec.Values{}
	for name, values := range given {
		parameters[name] = values
	}
	for name, values := range r.Import.Parameters {
		switch {
		case name == "dtype":
			parameters[name] = mergeTypes(given[name], values)
		case name != "strict" && !slices.Contains(format.Reading.Names, name):
			left = append(left, name)
		case !given.Has(name):
			parameters[name] = values
		}
	}
	slices.Sort(left)
	return parameters, left
}

// mergeTypes returns given and those of further that are about other columns. Each is column:type.
func mergeTypes(given, further []string) []string {
	merged, typed := slices.Clone(given), make(map[string]bool, len(given))
	for _, text := range given {
		typed[typedColumn(text)] = true
	}
	for _, text := range further {
		if !typed[typedColumn(text)] {
			merged = append(merged, text)
		}
	}
	return merged
}

// typedColumn returns the column of a text column:type. A name, a time zone and a format of times may contain colons:
// the first colon that is followed by a type separates the two.
func typedColumn(text string) string {
	for i, c := range []byte(text) {
		if c != ':' {
			continue
		}
		if _, _, err := scalar.ParseFormattedDType(text[i+1:]); err == nil {
			return text[:i]
		}
	}
	return strings.TrimSuffix(text, ":")
}
