package parquet

import (
	"encoding/base64"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/arrowipc"
	"edgeframe/codec/scalar"
)

// arrowSchemaKey is the metadata key under which Arrow writers store the schema of the table, as an
// IPC message in base64.
const arrowSchemaKey = "ARROW:schema"

// arrowHint returns the Arrow schema of the writer, or nil if it is absent or damaged: the values can
// be read without it.
func arrowHint(pairs []pair, limits codec.Limits, take func(int64)) *arrow.Schema {
	for _, pair := range pairs {
		if pair.Key != arrowSchemaKey {
			continue
		}
		text := strings.TrimRight(pair.Value, "=")
		take(int64(len(text)))
		data, err := base64.RawStdEncoding.DecodeString(text)
		if err != nil {
			return nil
		}
		schema, err := arrowipc.DecodeSchemaMessage(data, limits)
		if err != nil {
			return nil
		}
		return schema
	}
	return nil
}

// arrowSchema returns the schema of the table whose columns are nodes, with the types of the hint
// wherever the values can have them.
func arrowSchema(nodes []*node, hint *arrow.Schema, pairs []pair) *arrow.Schema {
	if hint != nil && hint.NumFields() != len(nodes) {
		hint = nil
	}
	var keys, values []string
	known := map[string]bool{arrowSchemaKey: true}
	if hint != nil {
		m := hint.Metadata()
		keys, values = append(keys, m.Keys()...), append(values, m.Values()...)
		for _, key := range keys {
			known[key] = true
		}
	}
	for _, pair := range pairs {
		if !known[pair.Key] {
			keys, values = append(keys, pair.Key), append(values, pair.Value)
		}
	}
	fields := make([]arrow.Field, len(nodes))
	for i, n := range nodes {
		if hint != nil && hint.Field(i).Name == n.name {
			n.restore(hint.Field(i).Type)
			fields[i] = n.field()
			fields[i].Metadata = hint.Field(i).Metadata
			if n.uuid {
				fields[i].Metadata = scalar.WithUUID(fields[i].Metadata)
			}
		} else {
			fields[i] = n.field()
		}
	}
	metadata := arrow.NewMetadata(keys, values)
	return arrow.NewSchema(fields, &metadata)
}

// restore gives n and its children the types of hint wherever they fit.
func (n *node) restore(hint arrow.DataType) {
	if n.kind == kindLeaf {
		n.dt = restoredLeaf(n, hint)
		return
	}
	fields := hintFields(n, hint)
	if fields == nil {
		return
	}
	same := true
	for i, child := range n.children {
		child.restore(fields[i].Type)
		// Writers that have no type for UUIDs in Arrow may have one in Parquet.
		same = same && fields[i].Nullable == child.optional && (!child.uuid || scalar.IsUUID(fields[i])) && arrow.TypeEqual(child.dt, fields[i].Type, arrow.CheckMetadata())
	}
	if same {
		n.dt = hint
	} else {
		n.dt = n.plainType()
	}
}

// hintFields returns the fields of hint that correspond to the children of n, or nil.
func hintFields(n *node, hint arrow.DataType) []arrow.Field {
	switch hint := hint.(type) {
	case *arrow.MapType:
		if n.kind == kindMap {
			key := hint.KeyField()
			// Keys are never missing, even if the hint calls them nullable.
			key.Nullable = n.children[0].optional
			return []arrow.Field{key, hint.ItemField()}
		}
	case *arrow.StructType:
		if n.kind != kindStruct || hint.NumFields() != len(n.children) {
			return nil
		}
		for i, child := range n.children {
			if hint.Field(i).Name != child.name {
				return nil
			}
		}
		return hint.Fields()
	case arrow.ListLikeType:
		if n.kind == kindList {
			return hint.(arrow.NestedType).Fields()
		}
	}
	return nil
}

// restoredLeaf returns hint if the values of n can have that type; otherwise the type that Parquet
// gives them.
func restoredLeaf(n *node, hint arrow.DataType) arrow.DataType {
	if dict, ok := hint.(*arrow.DictionaryType); ok {
		values := restoredLeaf(n, dict.ValueType)
		if values.ID() == arrow.DICTIONARY || values.ID() == arrow.NULL || !arrow.TypeEqual(values, dict.ValueType) {
			return n.dt
		}
		return dict
	}
	if isPlainTime(n, hint) {
		return hint
	}
	fits := false
	switch hint := hint.(type) {
	case *arrow.StringType, *arrow.LargeStringType, *arrow.StringViewType:
		fits = n.dt.ID() == arrow.STRING
	case *arrow.BinaryType, *arrow.LargeBinaryType, *arrow.BinaryViewType:
		fits = n.dt.ID() == arrow.BINARY
	case *arrow.Date64Type:
		fits = n.dt.ID() == arrow.DATE32
	case *arrow.Time32Type:
		fits = n.dt.ID() == arrow.TIME32
	case *arrow.Decimal256Type:
		if d, ok := n.dt.(*arrow.Decimal128Type); ok {
			fits = d.Precision == hint.Precision && d.Scale == hint.Scale
		}
	case *arrow.TimestampType:
		return restoredTimestamp(n.dt, hint)
	}
	if fits {
		return hint
	}
	return n.dt
}

// isPlainTime reports whether the values of n, integers by Parquet alone, are those of the hint,
// a type of time, as Arrow stores them. So arrow-rs writes what has no counterpart in Parquet.
func isPlainTime(n *node, hint arrow.DataType) bool {
	if !n.integer {
		return false
	}
	switch hint.(type) {
	case *arrow.DurationType, *arrow.Date32Type, *arrow.Date64Type, *arrow.Time32Type, *arrow.Time64Type, *arrow.TimestampType:
		return hint.(arrow.FixedWidthDataType).Bytes() == n.width
	}
	return false
}

// restoredTimestamp restores time zones and seconds, which Parquet does not have.
func restoredTimestamp(dt arrow.DataType, hint *arrow.TimestampType) arrow.DataType {
	t, ok := dt.(*arrow.TimestampType)
	if !ok || (t.TimeZone == "") != (hint.TimeZone == "") {
		return dt
	}
	unit := t.Unit
	if hint.Unit == arrow.Second && unit == arrow.Millisecond {
		unit = arrow.Second
	}
	return &arrow.TimestampType{Unit: unit, TimeZone: hint.TimeZone}
}
