package scalar

import (
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
)

// ParseDTypes parses the values of the parameter dtype, each of which is column:type; the type of dates and times
// may have a format. A name, a time zone and a format may contain colons: the first colon that is followed by a
// type separates the two, so the longest possible type counts.
func ParseDTypes(given []string) (types map[string]arrow.DataType, formats map[string]string, err error) {
	if len(given) == 0 {
		return nil, nil, nil
	}
	types, formats = make(map[string]arrow.DataType, len(given)), map[string]string{}
	for _, text := range given {
		column, dtype, format, err := parseColumnDType(text)
		if err != nil {
			return nil, nil, err
		}
		if _, twice := types[column]; twice {
			return nil, nil, fmt.Errorf("dtype is given twice for the column %q; give it once", codec.Shorten(column))
		}
		types[column] = dtype
		if format != "" {
			formats[column] = format
		}
	}
	return types, formats, nil
}

// parseColumnDType parses one value of dtype.
func parseColumnDType(text string) (column string, dtype arrow.DataType, format string, err error) {
	err = fmt.Errorf("dtype=%s is not accepted; it must be column:type, such as id:utf8", codec.Shorten(text))
	for i := strings.IndexByte(text, ':'); i >= 0; {
		dtype, format, err = ParseFormattedDType(text[i+1:])
		if err == nil {
			return text[:i], dtype, format, nil
		}
		wrong := errors.Is(err, ErrTimeFormat)
		err = fmt.Errorf("dtype=%s is not accepted; %w", codec.Shorten(text), err)
		next := strings.IndexByte(text[i+1:], ':')
		if next < 0 || wrong {
			break
		}
		i += 1 + next
	}
	return "", nil, "", err
}
