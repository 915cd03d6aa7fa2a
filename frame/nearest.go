package frame

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// noColumn is [NoColumn] for a column that f does not have.
func (f *Frame) noColumn(name, pointer string) error {
	return NoColumn(name, f.nearest(name), pointer)
}

// NoColumn is the error about a column that a table does not have. It proposes near, the nearest name, unless that is
// empty. pointer is where the name is in the operation or the query.
func NoColumn(name, near, pointer string) error {
	shown := codec.Quoted(name)
	fault := Fault{Pointer: pointer, Column: name, Row: -1, Value: scalar.AppendQuoted(nil, name), Expected: "the name of a column"}
	if near == "" {
		return faulty(ErrColumnNotFound, fault, "there is no column %s in this table", shown)
	}
	fault.Expected = near
	return faulty(ErrColumnNotFound, fault, "there is no column %s in this table; did you mean %q?", shown, near)
}

// The bounds of the search for a near name.
const (
	mostNearBytes   = 64
	mostNearColumns = 10_000
)

// nearest is [Nearest] among the columns of f.
func (f *Frame) nearest(name string) string {
	if len(f.Columns) > mostNearColumns {
		return ""
	}
	names := make([]string, len(f.Columns))
	for i, c := range f.Columns {
		names[i] = c.Field.Name
	}
	return Nearest(name, names)
}

// Nearest returns the one of names that differs from a name in case, blanks, underscores and hyphens only or, if
// there is none, in the fewest letters, at most a third of them; "" if there is none, or if there are very many.
func Nearest(name string, names []string) (near string) {
	if len(name) > mostNearBytes || len(names) > mostNearColumns {
		return ""
	}
	plain := plainName(name)
	least := 1 + (len([]rune(plain))+1)/3
	for _, other := range names {
		if len(other) > mostNearBytes {
			continue
		}
		if d := editDistance(plain, plainName(other), least); d < least {
			near, least = other, d
		}
	}
	return near
}

// plainName returns the letters and digits of a name, in lower case.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// editDistance is how many letters of a have to be inserted, removed, replaced or exchanged with their
// neighbour to make it b (the optimal string alignment distance), at most most.
func editDistance(a, b string, most int) int {
	x, y := []rune(a), []rune(b)
	if max(len(x)-len(y), len(y)-len(x)) >= most {
		return most
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := range x {
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(last[len(y)], most)
}

// element is the pointer to an element of a list.
func element(list string, i int) string { return list + "/" + strconv.Itoa(i) }

// memberPointer is the pointer to a member of an object.
func memberPointer(object, name string) string {
	return object + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// outside is the error about a row that the table does not have.
func outside(row, rows int64, pointer string) error {
	expected := "the table has no rows"
	if rows > 0 {
		expected = fmt.Sprintf("its rows are 0 to %d", rows-1)
	}
	return faulty(ErrInvalidOperation, Fault{Pointer: pointer, Row: -1, Value: strconv.AppendInt(nil, row, 10), Expected: expected},
		"row %d is not in the table; %s", row, expected)
}
