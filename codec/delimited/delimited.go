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
	in, err := d.open(data, opt, mem)
	if err != nil {
		return nil, err
	}
	r, err := newTextReader(in.scan, in.head.names, opt, in.options.NullValues, in.dialect, mem, d.sizes)
	if err != nil {
		return nil, err
	}
	table, err := r.read()
	if err != nil {
		return nil, err
	}
	if table, err = r.dropSpares(table, in.head); err != nil {
		return nil, err
	}
	if opt.Strict {
		if err := in.head.refuse(in.at); err != nil {
			return nil, err
		}
		if table.Receipt.Changed != nil {
			return nil, r.refuseSpellings(table)
		}
	}
	table.Receipt.Encoding, table.Receipt.Confidence = in.encoding, in.confidence
	table.Receipt.Delimiter, table.Receipt.Quote = in.dialect.delimiter, in.quote
	r.describe(&table.Receipt, in.head, in.at)
	if in.footer.lines > 0 {
		table.Receipt.Notes = append(table.Receipt.Notes, in.footer.note())
	}
	return table, nil
}

// input is a text whose dialect and names are known.
type input struct {
	options  Options
	dialect  *dialect
	encoding string
	// confidence is that of the guess of the encoding, in percent.
	confidence int
	// quote encloses fields in the input; 0 means that quotes mean nothing.
	quote byte
	at    place
	// footer are the lines that are left out.
	footer footer
	// scan is at the first line of data.
	scan textScanner
	head *header
}

// open reads what comes before the data.
func (d driver) open(data []byte, opt codec.ReadOptions, mem *codec.Budget) (*input, error) {
	own, err := codec.OptionsOf[Options](opt.Options)
	if err != nil {
		return nil, err
	}
	// The options are checked before the text is looked at.
	if _, err := newDialect(own); err != nil {
		return nil, err
	}
	in := &input{options: own}
	text, encoding, confidence, err := decodeText(data, own.Encoding, mem)
	if err == nil && opt.Strict {
		err = refuseGuess(encoding, confidence)
	}
	if err != nil {
		return nil, err
	}
	if text, in.footer, err = cutFooter(trimMarks(text), own.SkipFooter); err != nil {
		return nil, err
	}
	in.encoding, in.confidence = encoding, confidence
	if in.dialect, in.at, err = locate(text, own, d.read); err != nil {
		return nil, err
	}
	if own.Quote == 0 && !own.NoQuotes && own.Escape == 0 {
		if s := in.dialect.scanner(text); s.quotesAreText(in.at.start) {
			in.dialect.quote = 0
		}
	}
	in.quote = in.dialect.quote
	if in.dialect.escape != 0 {
		if text, err = in.dialect.unescape(text, in.at.start, mem); err != nil {
			return nil, err
		}
	}
	in.scan = in.dialect.scanner(text)
	if in.head, err = in.scan.readHeader(in.at.start, own, opt.Limits); err != nil {
		return nil, err
	}
	return in, scalar.CheckDTypes(opt.DTypes, in.head.names)
}
