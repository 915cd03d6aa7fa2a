package arrowipc

import (
	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
)

// NameFields returns a schema in which columns without a name, or with one that is taken, have names of their
// own, see [codec.NameColumns]. In strict reading that is an error.
func NameFields(schema *arrow.Schema, strict bool) (*arrow.Schema, []codec.Renamed, error) {
	fields := schema.Fields()
	given := make([]string, len(fields))
	for i, f := range fields {
		given[i] = f.Name
	}
	names, renamed := codec.NameColumns(given)
	if renamed == nil {
		return schema, nil, nil
	}
	if strict {
		return nil, nil, codec.RefuseRenamed(renamed, "the list of the columns")
	}
	for i, name := range names {
		fields[i].Name = name
	}
	metadata := schema.Metadata()
	return arrow.NewSchema(fields, &metadata), renamed, nil
}
