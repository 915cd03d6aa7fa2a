package api

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf16"

	"github.com/apache/arrow/go/v17/arrow"
)

// maxDTypesHeader is the length of the longest Edgeframe-Dtypes, in bytes. Many programs refuse longer
// headers.
const maxDTypesHeader = 8 << 10

// typedFormats are the formats whose files say the types of the columns; pages of JSON have a member for them.
var typedFormats = map[string]bool{"json": true, "arrow": true, "arrow_file": true, "parquet": true}

// setDTypes sets the header with the types of the columns, for answers that do not have them, if it is not too
// long.
func setDTypes(h http.Header, format string, schema *arrow.Schema) {
	// A column takes six bytes at least: its quotes, a colon and a comma.
	if typedFormats[format] || 6*schema.NumFields() > maxDTypesHeader {
		return
	}
	if text := asciiJSON(encodeJSON(dtypes(schema))); len(text) <= maxDTypesHeader {
		h.Set(headerDTypes, text)
	}
}

// asciiJSON escapes the characters of a JSON text that headers cannot have.
func asciiJSON(doc []byte) string {
	var b strings.Builder
	for _, c := range string(doc) {
		switch {
		case c < 0x7f:
			b.WriteRune(c)
		case c < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			high, low := utf16.EncodeRune(c)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		}
	}
	return b.String()
}
