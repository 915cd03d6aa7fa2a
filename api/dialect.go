package api

import (
	"mime"
	"net/url"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/delimited"
	"edgeframe/codec/scalar"
)

// separators are the characters in numbers that a request may name, by the names it may use.
var separators = map[string]byte{
	",": ',', ".": '.', " ": ' ', "'": '\'', "_": '_',
	"comma": ',', "point": '.', "space": ' ', "apostrophe": '\'', "underscore": '_',
}

// dialect reads how delimited text is written, and the types that columns shall have.
func dialect(q url.Values, opt *codec.ReadOptions) (err error) {
	if opt.Delimiter, err = delimiter(q); err != nil {
		return err
	}
	if q.Has("encoding") {
		if opt.Encoding, err = delimited.ParseEncoding(q.Get("encoding")); err != nil {
			return badParameter("encoding=%s is not accepted; it must be one of %s", codec.Shorten(q.Get("encoding")), delimited.EncodingNames)
		}
	}
	if q.Has("decimal") {
		if opt.Decimal = separators[q.Get("decimal")]; opt.Decimal != '.' && opt.Decimal != ',' {
			return badParameter("decimal=%s is not accepted; it must be point or comma, or the character itself", codec.Shorten(q.Get("decimal")))
		}
	}
	if q.Has("thousands") {
		if opt.Thousands = separators[q.Get("thousands")]; opt.Thousands == 0 {
			return badParameter("thousands=%s is not accepted; it must be comma, point, space, apostrophe or underscore, or the character itself", codec.Shorten(q.Get("thousands")))
		}
	}
	if c := q.Get("comment"); q.Has("comment") {
		if len(c) != 1 {
			return badParameter("comment=%s is not accepted; it must be one ASCII punctuation character", codec.Shorten(c))
		}
		opt.Comment = c[0]
	}
	if err := delimited.CheckDialect(*opt); err != nil {
		return badParameter("%v", err)
	}
	opt.DTypes, err = wantedTypes(q["dtype"])
	return err
}

// wantedTypes reads column:type, as often as it is given. Names of columns may have colons, types
// may too (in time zones): the first colon behind which there is a type separates them, so
// that the longest type counts.
func wantedTypes(given []string) (map[string]arrow.DataType, error) {
	if len(given) == 0 {
		return nil, nil
	}
	out := make(map[string]arrow.DataType, len(given))
	for _, text := range given {
		column, dtype := "", arrow.DataType(nil)
		err := error(badParameter("dtype=%s is not accepted; it must be column:type, such as id:utf8", codec.Shorten(text)))
		for i := strings.IndexByte(text, ':'); i >= 0 && dtype == nil; {
			column = text[:i]
			if dtype, err = scalar.ParseDType(text[i+1:]); err != nil {
				err = badParameter("dtype=%s is not accepted; %v", codec.Shorten(text), err)
			}
			next := strings.IndexByte(text[i+1:], ':')
			if next < 0 {
				break
			}
			i += 1 + next
		}
		if err != nil {
			return nil, err
		}
		if _, twice := out[column]; twice {
			return nil, badParameter("dtype is given twice for the column %q; give it once", codec.Shorten(column))
		}
		out[column] = dtype
	}
	return out, nil
}

// charset is the encoding that a content type names, "" if it names none or one that is not
// known.
func charset(contentType string) string {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["charset"] == "" {
		return ""
	}
	name, _ := delimited.ParseEncoding(params["charset"])
	return name
}
