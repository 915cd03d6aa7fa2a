package frame

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// ErrInvalidQuery is the kind of errors about a read query that is malformed or does not fit its table.
var ErrInvalidQuery = errors.New("invalid query")

// Query is what a read asks of a table. The zero value, with Limit -1, asks for all rows and columns in
// their order. [ReadQuery], [ParseWhere] and [ParseSort] make its parts, and [Query.Check] says whether
// they go together.
type Query struct {
	// Columns are those to answer with, nil for all.
	Columns []string
	// Where is the condition that rows have to meet, nil for none.
	Where *Condition
	// Sort is the order of the rows, or that of the groups, by the names of the columns of the answer.
	Sort []SortKey
	// Offset and Limit say which rows, groups or distinct values to answer with, after they have been put in
	// order. A limit of -1 was not given.
	Offset, Limit int64
	// Version is the number of a version, 0 for the current one.
	Version uint32
	// At most one of these is given. The answer is then not rows of the table.
	Group     *Grouping
	Histogram *HistogramQuery
	Distinct  *DistinctQuery
}

// Grouping asks for one row for each combination of the values of some columns. Without any columns all
// rows are one group.
type Grouping struct {
	By         []string
	Aggregates []Aggregate
}

// Aggregate is a column of a grouped answer.
type Aggregate struct {
	// Column is what Fn looks at. Only count does without: it then counts rows.
	Column, Fn string
	// As is the name of the column in the answer; by default it is Fn, followed by _ and Column if that is
	// given.
	As string
}

// name is the name of the column in the answer.
func (a *Aggregate) name() string {
	switch {
	case a.As != "":
		return a.As
	case a.Column == "":
		return a.Fn
	}
	return a.Fn + "_" + a.Column
}

// HistogramQuery asks how the values of a column of numbers or times are distributed. Bins is from 1 to
// [MaxBins]; 0 means [DefaultBins].
type HistogramQuery struct {
	Column string
	Bins   int
}

// DistinctQuery asks for the values of a column, the most frequent first. Limit is from 1 to [MaxDistinct];
// 0 means [DefaultDistinct]. Search, unless empty, leaves out values in whose spelling it does not occur,
// whatever the case of the letters.
type DistinctQuery struct {
	Column string
	Limit  int
	Search string
}

// The limits of queries.
const (
	DefaultBins     = 10
	MaxBins         = 1000
	DefaultDistinct = 100
	MaxDistinct     = 10_000
	// MaxSearchBytes is the length of the longest Search.
	MaxSearchBytes = 1024
	// MaxAggregates is the largest number of aggregates of a grouping.
	MaxAggregates = 1000
)

// invalid returns an error about a query. pointer is where in the query it is.
func invalid(pointer, expected, format string, args ...any) error {
	return faulty(ErrInvalidQuery, Fault{Pointer: pointer, Row: -1, Expected: expected}, format, args...)
}

// inQuery makes errors of what queries have in common with operations ones about a query.
func inQuery(err error) error {
	if e, ok := errors.AsType[*codec.Error](err); ok && e.Kind == ErrInvalidOperation {
		return &codec.Error{Kind: ErrInvalidQuery, Err: e.Err, Detail: e.Detail}
	}
	return err
}

// grouped reports whether the answer to q is not rows of the table.
func (q *Query) grouped() bool { return q.Group != nil || q.Histogram != nil || q.Distinct != nil }

// Check returns an error unless the parts of q go together. It needs no table.
func (q *Query) Check() error {
	forms := 0
	for _, has := range []bool{q.Group != nil, q.Histogram != nil, q.Distinct != nil} {
		if has {
			forms++
		}
	}
	switch {
	case forms > 1:
		return invalid("", "one of group, histogram and distinct", "group, histogram and distinct exclude each other; give one of them")
	case forms > 0 && q.Columns != nil:
		return invalid("/columns", "no columns", "columns does not go with group, histogram or distinct, which name their own columns")
	case (q.Histogram != nil || q.Distinct != nil) && q.Sort != nil:
		return invalid("/sort", "no sort", "sort does not go with histogram or distinct, which have an order of their own")
	case (q.Histogram != nil || q.Distinct != nil) && (q.Offset != 0 || q.Limit >= 0):
		return invalid("", "no offset and no limit", "offset and limit do not go with histogram or distinct; histogram has \"bins\" and distinct a \"limit\" of its own")
	case q.Where != nil:
		return inQuery(q.Where.check())
	}
	return nil
}

// SelectionKey returns a canonical text of the condition and of the order of rows: queries with equal texts
// select the same rows of one table in the same order. It has at most 128 bytes.
func (q *Query) SelectionKey() string {
	text := q.Where.appendText(nil)
	if !q.grouped() {
		for _, key := range q.Sort {
			text = append(text, "+-"[btoi(key.Descending)])
			text = scalar.AppendQuoted(text, key.Column)
		}
	}
	const longest = 128
	if len(text) <= longest {
		return string(text)
	}
	digest := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(digest[:])
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// appendText appends a text that only conditions have that hold for the same rows.
func (c *Condition) appendText(dst []byte) []byte {
	if c == nil {
		return append(dst, '.')
	}
	list := func(name string, parts []*Condition) {
		if parts == nil {
			return
		}
		dst = append(dst, name...)
		for _, part := range parts {
			dst = part.appendText(dst)
		}
		dst = append(dst, ')')
	}
	list("and(", c.And)
	list("or(", c.Or)
	if c.Not != nil {
		list("not(", []*Condition{c.Not})
	}
	if c.Column != nil {
		dst = scalar.AppendQuoted(append(dst, '('), *c.Column)
		dst = scalar.AppendQuoted(dst, c.Cmp)
		if c.IgnoreCase {
			dst = append(dst, '~')
		}
		dst = append(append(dst, c.Value.raw...), ')')
	}
	return dst
}

// readNumber reads a whole number from least to most.
func (p *parser) readNumber(name, pointer string, least, most int64) (int64, error) {
	raw, err := p.dec.ReadValue()
	if err != nil {
		return 0, err
	}
	n, parsed := strconv.ParseInt(string(raw), 10, 64)
	if parsed != nil || n < least || n > most {
		takes := fmt.Sprintf("a whole number from %d to %d", least, most)
		if most == math.MaxInt64 {
			takes = fmt.Sprintf("a whole number from %d", least)
		}
		return 0, faulty(ErrInvalidQuery, Fault{Pointer: pointer, Row: -1, Value: append([]byte(nil), raw...), Expected: takes},
			"%s is %s; it must be %s", name, codec.Shorten(string(raw)), takes)
	}
	return n, nil
}
