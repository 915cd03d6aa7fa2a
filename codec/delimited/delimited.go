// Package delimited reads and writes CSV and TSV: their dialects, encodings and the inference of
// types.
//
// It promises that inference loses nothing: a column gets the narrowest type that keeps all of its
// values, and cells that would be written with another spelling are counted. It knows no other
// format.
package delimited

import (
	"math"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// The formats of this package.
var (
	CSV = &codec.Format{
		Name:       "csv",
		MediaTypes: []string{"text/csv", "application/csv", "text/comma-separated-values"},
		Extensions: []string{".csv"},
		Input:      "the delimited text",
		Reading:    reading,
		Driver:     driver{written: ',', sizes: defaultSizes},
	}
	TSV = &codec.Format{
		Name:       "tsv",
		MediaTypes: []string{"text/tab-separated-values"},
		Extensions: []string{".tsv", ".tab"},
		Input:      "the delimited text",
		Reading:    reading,
		Driver:     driver{written: '\t', read: '\t', sizes: defaultSizes},
	}
)

// driver reads and writes text with one delimiter between fields.
type driver struct {
	// written is the delimiter of what is written. read is the default of what is read; 0 means that
	// it is detected.
	written, read byte
	sizes         textSizes
}

// Sniff implements [codec.Driver].
func (d driver) Sniff(data []byte) bool {
	found, ok := looksDelimited(data)
	return ok && (found == '\t') == (d.written == '\t')
}

// maxTextBytes keeps positions in the input below the flag of a [textSpan] and the offsets
// of a column of text within an int32.
const maxTextBytes = math.MaxInt32

// Decode implements [codec.Driver]. Each column gets the narrowest type that keeps all of its
// values:
//
//   - A field that spells a missing value is missing. If the spelling is quoted or has blanks
//     around it, the field is missing only if the column is not text, so that text can contain
//     "" and "NA".
//   - Blanks around other values are part of them only if the column is text.
//   - Text keeps its spelling. Mixed columns are text, except integers among floats.
//   - A column in which everything is missing has the null type.
func (d driver) Decode(data []byte, opt codec.ReadOptions, mem *codec.Budget) (*codec.Table, error) {
	own, err := codec.OptionsOf[Options](opt.Options)
	if err != nil {
		return nil, err
	}
	if own.Delimiter == 0 {
		own.Delimiter = d.read
	}
	dialect, err := newDialect(own)
	if err != nil {
		return nil, err
	}
	text, encoding, confidence, err := decodeText(data, own.Encoding, mem)
	if err == nil && opt.Strict {
		err = refuseGuess(encoding, confidence)
	}
	if err != nil {
		return nil, err
	}
	if dialect.delimiter == 0 {
		if dialect.delimiter, err = dialect.detectDelimiter(text); err != nil {
			return nil, err
		}
	}
	s := textScanner{data: text, delimiter: dialect.delimiter, comment: dialect.comment, widthOf: "the header"}
	names, err := s.readNames(own, opt.Limits)
	if err != nil {
		return nil, err
	}
	if err := scalar.CheckDTypes(opt.DTypes, names); err != nil {
		return nil, err
	}
	r, err := newTextReader(s, names, opt, own.NullValues, dialect, mem, d.sizes)
	if err != nil {
		return nil, err
	}
	table, err := r.read()
	if err != nil {
		return nil, err
	}
	table.Receipt.Encoding, table.Receipt.Delimiter, table.Receipt.Quote = encoding, dialect.delimiter, '"'
	table.Receipt.Confidence = confidence
	if opt.Strict && table.Receipt.Changed != nil {
		return nil, r.refuseSpellings(table)
	}
	return table, nil
}
