package delimited

import (
	"fmt"

	"edgeframe/codec"
)

// readNames reads the first line and moves the scanner to the first line of data. It stops at the
// limit of columns.
func (s *textScanner) readNames(opt Options, limits codec.Limits) ([]string, error) {
	start := s.skipBlankLines(0)
	if start == len(s.data) {
		return nil, codec.Errorf(codec.ErrMalformed, "the text is empty: expected a header line with the names of the columns")
	}
	var (
		names   []string
		scratch []byte
	)
	next, err := s.record(start, func(field textSpan) bool {
		names = append(names, string(field.content(s.data, &scratch)))
		return len(names) <= limits.Columns
	})
	if err != nil {
		return nil, err
	}
	if len(names) > limits.Columns {
		return nil, codec.Errorf(codec.ErrTooLarge, "line %d has more than %s: that is the most that is accepted", s.line(start), codec.Plural(limits.Columns, "column"))
	}
	s.width, s.pos = len(names), next
	if opt.NoHeader {
		return s.numberColumns(names, start), nil
	}
	return names, s.checkNames(names, start)
}

// numberColumns names the columns of a table whose data begins at start.
func (s *textScanner) numberColumns(names []string, start int) []string {
	s.widthOf, s.pos = "the first line", start
	if s.width == 1 {
		s.pos = 0 // blank lines are missing values
	}
	for i := range names {
		names[i] = fmt.Sprintf("column_%d", i+1)
	}
	return names
}

func (s *textScanner) checkNames(names []string, start int) error {
	seen := make(map[string]int, len(names))
	for i, name := range names {
		if name == "" {
			return codec.Errorf(codec.ErrMalformed, "column %d has no name on line %d: every column needs one", i+1, s.line(start))
		}
		if first, ok := seen[name]; ok {
			return codec.Errorf(codec.ErrMalformed, "the columns %d and %d are both named %s on line %d: names must differ", first, i+1, codec.Quoted(name), s.line(start))
		}
		seen[name] = i + 1
	}
	return nil
}
