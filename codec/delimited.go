package codec

import (
	"bytes"
	"math"
	"unicode/utf8"
)

var csvFormat = &Format{
	Name:       "csv",
	MediaTypes: []string{"text/csv", "application/csv", "text/comma-separated-values"},
	Extensions: []string{".csv"},
	Sniff:      func(data []byte) bool { d, ok := looksDelimited(data); return ok && d != '\t' },
	Decode:     func(data []byte, opt ReadOptions) (*Table, error) { return decodeDelimited(data, opt, defaultSizes) },
	Encode:     delimitedEncoder(','),
}

var tsvFormat = &Format{
	Name:       "tsv",
	MediaTypes: []string{"text/tab-separated-values"},
	Extensions: []string{".tsv", ".tab"},
	Sniff:      func(data []byte) bool { d, ok := looksDelimited(data); return ok && d == '\t' },
	Decode: func(data []byte, opt ReadOptions) (*Table, error) {
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
func decodeDelimited(data []byte, opt ReadOptions, sizes textSizes) (table *Table, err error) {
	defer guard(&err, ErrMalformed, "the delimited text")
	opt.Limits = opt.Limits.WithDefaults()
	if data, err = checkText(data); err != nil {
		return nil, err
	}
	s := textScanner{data: data, delimiter: opt.Delimiter, widthOf: "the header"}
	switch {
	case opt.Delimiter == 0:
		s.delimiter = detectDelimiter(data)
	case opt.Delimiter >= utf8.RuneSelf || bytes.IndexByte([]byte("\"\r\n\x00"), opt.Delimiter) >= 0:
		return nil, Errorf(ErrUnsupported, "the delimiter %q is not usable: one ASCII character other than a quote or a line end is wanted", opt.Delimiter)
	}
	names, err := s.readNames(opt)
	if err != nil {
		return nil, err
	}
	r := newTextReader(s, names, opt, sizes)
	if table, err = r.read(); err != nil {
		return nil, err
	}
	if opt.Strict {
		if err := r.checkSpellings(table); err != nil {
			return nil, err
		}
	}
	return table, nil
}

// checkText returns data without its byte order mark, or refuses what is not UTF-8 text.
func checkText(data []byte) ([]byte, error) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, Errorf(ErrMalformed, "the text is UTF-16: UTF-8 is accepted")
	}
	data = bytes.TrimPrefix(data, byteOrderMark)
	if len(data) > maxTextBytes {
		return nil, Errorf(ErrTooLarge, "the text has %d bytes: at most %d are accepted", len(data), maxTextBytes)
	}
	at := textScanner{data: data}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return nil, Errorf(ErrMalformed, "line %d has a NUL byte: UTF-8 text without NUL bytes is accepted", at.line(i))
	}
	if !utf8.Valid(data) {
		i := firstInvalid(data)
		return nil, Errorf(ErrMalformed, "line %d has the byte 0x%02x, which is not valid UTF-8 there: UTF-8 text is accepted", at.line(i), data[i])
	}
	return data, nil
}

// firstInvalid is the index of the first byte that is not part of valid UTF-8.
func firstInvalid(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(data)
}
