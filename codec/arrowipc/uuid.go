package arrowipc

import "github.com/apache/arrow/go/v17/arrow"

// The metadata of a field that holds UUIDs, a canonical extension type:
// https://arrow.apache.org/docs/format/CanonicalExtensions.html#uuid
const (
	extensionName     = "ARROW:extension:name"
	extensionMetadata = "ARROW:extension:metadata"
	uuidName          = "arrow.uuid"
)

// IsUUID reports whether the values of a field are UUIDs.
func IsUUID(f arrow.Field) bool {
	dt, ok := f.Type.(*arrow.FixedSizeBinaryType)
	name, _ := f.Metadata.GetValue(extensionName)
	return ok && dt.ByteWidth == 16 && name == uuidName
}

// UUIDMetadata returns the metadata of a field, with what says that its values are UUIDs. If it names another
// extension type already, it is returned unchanged.
func UUIDMetadata(m arrow.Metadata) arrow.Metadata {
	if m.FindKey(extensionName) >= 0 {
		return m
	}
	return arrow.NewMetadata(append(m.Keys()[:m.Len():m.Len()], extensionName, extensionMetadata), append(m.Values()[:m.Len():m.Len()], uuidName, ""))
}
