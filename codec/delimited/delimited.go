package delimited

import (
	"math"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

var CSV = &codec.Format{
	Name:       "csv",
	MediaTypes: []string{"text/csv", "application/csv", "text/comma-separated-values"},
	Extensions: []string{".csv"},
	Sniff:      func(data []byte) bool { d, ok := looksDelimited(data); return ok && d != '\t' },
	Decode: func(data []byte, opt codec.ReadOptions) (*codec.Table, error) {
		return decodeDelimited(data, opt, defaultSizes)
	},
	Encode: delimitedEncoder(','),
}

var TSV = &codec.Format{
	Name:       "tsv",
	MediaTypes: []string{"text/tab-separated-values"},
	Extensions: []string{".tsv", ".tab"},
	Sniff:      func(data []byte) bool { d, ok := looksDelimited(data); return ok && d == '\t' },
	Decode: func(data []byte, opt codec.ReadOptions) (*codec.Table, error) {
		if opt.Delimiter == 0 {
			opt.Delimiter = '\t'
		}
		return decodeDelimited(data, opt, defaultSizes)
	},
	Encode: delimitedEncoder('\t'),
}

// maxTextBytes keeps positions in the input below the flag of a [textSpan] and the offsets
// of a column of text within an int32.
const maxTextBytes = math.MaxInt32

// decodeDelimited reads delimited text. Each column gets the narrowest type that keeps all
// of its values, whatever sizes are:
//
//   - A field that spells a missing value is missing. Where such a spelling is quoted or has
//     blanks around it, it is missing only if the column is not text, so that in text even
//     "" and "NA" can be written.
//   - Blanks around other values are part of them only if the column is text.
//   - Text keeps its spelling. Mixed columns are text, except integers among floats.
//   - A column in which everything is missing has the null type.
func decodeDelimited(data []byte, opt codec.ReadOptions, sizes textSizes) (table *codec.Table, err error) {
	defer codec.Guard(&err, codec.ErrMalformed, "the delimited text")
	opt.Limits = opt.Limits.WithDefaults()
	d, err := newDialect(opt)
	if err != nil {
		return nil, err
	}
	mem := codec.NewBudget(opt.Limits.Bytes)
	text, encoding, err := decodeText(data, opt.Encoding, mem)
	if err != nil {
		return nil, err
	}
	if d.delimiter == 0 {
		if d.delimiter, err = d.detectDelimiter(text); err != nil {
			return nil, err
		}
	}
	s := textScanner{data: text, delimiter: d.delimiter, comment: d.comment, widthOf: "the header"}
	names, err := s.readNames(opt)
	if err != nil {
		return nil, err
	}
	if err := scalar.CheckDTypes(opt.DTypes, names); err != nil {
		return nil, err
	}
	r, err := newTextReader(s, names, opt, d, mem, sizes)
	if err != nil {
		return nil, err
	}
	if table, err = r.read(); err != nil {
		return nil, err
	}
	table.Receipt.Encoding, table.Receipt.Delimiter = encoding, d.delimiter
	if opt.Strict && table.Receipt.Changed != nil {
		return nil, r.refuseSpellings(table)
	}
	return table, nil
}
