package frame

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// The columns of randomTable, and the values that conditions compare them with.
var conditionColumns = []struct {
	name, dtype string
	values      []string
}{
	{"i", "int16", []string{"-3", "-1", "0", "1", "2", "7"}},
	{"u", "uint64", []string{"0", "1", "2", "18446744073709551615"}},
	{"f", "float32", []string{"-1.5", "0.0", "0.5", "2.0", "1e30"}},
	{"m", "decimal(6, 2)", []string{`"-1.50"`, `"0.00"`, `"0.50"`, `"2.00"`}},
	{"s", "utf8", []string{`""`, `"a"`, `"ab"`, `"abcdefghi"`, `"abcdefghij"`, `"é"`}},
	{"c", "dictionary", []string{`"x"`, `"xy"`, `"z"`}},
	{"b", "bool", []string{"true", "false"}},
	{"d", "date32", []string{`"1969-12-31"`, `"1970-01-01"`, `"2026-01-01"`}},
}

// asked are values in conditions that no cell has, by type.
var asked = map[string][]string{
	"int16":         {"0.5", "-1e10", "70000", "1.0", "20e-1"},
	"uint64":        {"-1", "1.5", "1e30"},
	"float32":       {"0", "0.25", "1e400", "-1e400", "1e-60"},
	"decimal(6, 2)": {"0.5", "2", "0.005", "-100000", "1e-400"},
	"utf8":          {`"zz"`, `"\u0061"`}, "dictionary": {`"\u0078y"`}, "date32": {`"2026-01-01T00:00:00"`},
}

// model evaluates a condition on one row of a table that is spelled as the positions of its values, -1 for
// a missing one. Two values are compared by their positions, which are in the order of the values.
type model func(row map[string]int) bool

// randomCondition returns a condition and its model.
func randomCondition(r *rand.Rand, depth int) (text string, holds model) {
	if depth > 0 && r.IntN(3) > 0 {
		if r.IntN(4) == 0 {
			text, inner := randomCondition(r, depth-1)
			return `{"not":` + text + `}`, func(row map[string]int) bool { return !inner(row) }
		}
		parts := make([]string, 1+r.IntN(6))
		models := make([]model, len(parts))
		for i := range parts {
			parts[i], models[i] = randomCondition(r, depth-1)
		}
		if r.IntN(2) == 0 {
			return `{"and":[` + strings.Join(parts, ",") + `]}`, func(row map[string]int) bool {
				return !slices.ContainsFunc(models, func(m model) bool { return !m(row) })
			}
		}
		return `{"or":[` + strings.Join(parts, ",") + `]}`, func(row map[string]int) bool {
			return slices.ContainsFunc(models, func(m model) bool { return m(row) })
		}
	}
	c := conditionColumns[r.IntN(min(len(conditionColumns), 1+r.IntN(len(conditionColumns))))]
	at := r.IntN(len(c.values))
	text = fmt.Sprintf(`{"column":%q,"cmp":%%q,"value":%s}`, c.name, c.values[at])
	compare := func(cmp string, missing bool, holds func(cell int) bool) (string, model) {
		return fmt.Sprintf(text, cmp), func(row map[string]int) bool {
			if cell := row[c.name]; cell >= 0 {
				return holds(cell)
			}
			return missing
		}
	}
	switch r.IntN(8) {
	case 0:
		return compare("eq", false, func(cell int) bool { return cell == at })
	case 1:
		return compare("ne", true, func(cell int) bool { return cell != at })
	case 2:
		return compare("lt", false, func(cell int) bool {
			return c.dtype == "bool" && at == 0 && cell == 1 || c.dtype != "bool" && cell < at
		})
	case 3:
		return compare("le", false, func(cell int) bool {
			return cell == at || c.dtype == "bool" && at == 0 || c.dtype != "bool" && cell < at
		})
	case 4:
		return compare("gt", false, func(cell int) bool {
			return c.dtype == "bool" && at == 1 && cell == 0 || c.dtype != "bool" && cell > at
		})
	case 5:
		return compare("ge", false, func(cell int) bool {
			return cell == at || c.dtype == "bool" && at == 1 || c.dtype != "bool" && cell > at
		})
	case 6:
		text = fmt.Sprintf(`{"column":%q,"cmp":%%q}`, c.name)
		return compare("is_null", true, func(int) bool { return false })
	}
	var list []string
	in := map[int]bool{}
	null := r.IntN(3) == 0
	if null {
		list = append(list, "null")
	}
	for range r.IntN(4) {
		v := r.IntN(len(c.values))
		list, in[v] = append(list, c.values[v]), true
	}
	text = fmt.Sprintf(`{"column":%q,"cmp":%%q,"value":[%s]}`, c.name, strings.Join(list, ","))
	return compare("in", null, func(cell int) bool { return in[cell] })
}

func TestConditionsHoldForTheRowsOfAModel(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const rows, groups = 40, 3
	columns := make([]column, 0, len(conditionColumns)+1)
	model := make([]map[string]int, rows*groups)
	numbers := column{name: "row", dtype: "int32"}
	for row := range model {
		model[row] = map[string]int{}
	}
	for _, c := range conditionColumns {
		cells := column{name: c.name, dtype: c.dtype}
		for g := range groups {
			texts := make([]string, rows)
			for i := range texts {
				texts[i] = "null"
				at := r.IntN(len(c.values)+1) - 1
				if g == 1 {
					// In one row group nothing is missing.
					at = max(at, 0)
				}
				if model[g*rows+i][c.name] = at; at >= 0 {
					texts[i] = c.values[at]
				}
			}
			cells.groups = append(cells.groups, "["+strings.Join(texts, ",")+"]")
		}
		columns = append(columns, cells)
	}
	for g := range groups {
		text, _ := json.Marshal(intsFrom(g*rows, rows))
		numbers.groups = append(numbers.groups, string(text))
	}
	whole := stored(t, append(columns, numbers)...)
	for range 3000 {
		text, holds := randomCondition(r, 3)
		var want []int64
		for row, cells := range model {
			if !holds(cells) {
				want = append(want, int64(row))
			}
		}
		ops, err := parse(t, `[{"op":"filter","where":`+text+`}]`)
		if err != nil {
			t.Fatal(err)
		}
		f := whole.Clone()
		gone, err := f.failing(ops[0].operation.(*filter).Where)
		if err != nil || !slices.Equal(gone, want) {
			t.Fatalf("%s does not hold for %v, want %v: %v", text, gone, want, err)
		}
	}
}

func intsFrom(first, n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = first + i
	}
	return numbers
}

// A list holds for the cells for which one of its values holds.
func TestAListIsTheOrOfItsValues(t *testing.T) {
	var columns []column
	for _, c := range conditionColumns {
		values := []string{"null"}
		for i := range 8 {
			values = append(values, c.values[i%len(c.values)])
		}
		columns = append(columns, column{c.name, c.dtype, []string{"[" + strings.Join(values, ",") + "]"}})
	}
	b := stored(t, columns...)
	gone := func(where string) []int64 {
		ops, err := parse(t, `[{"op":"filter","where":`+where+`}]`)
		if err != nil {
			t.Fatal(err)
		}
		f := b.Clone()
		rows, err := f.failing(ops[0].operation.(*filter).Where)
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		return rows
	}
	for _, c := range conditionColumns {
		for _, value := range append(asked[c.dtype], c.values...) {
			one := gone(fmt.Sprintf(`{"column":%q,"cmp":"eq","value":%s}`, c.name, value))
			list := gone(fmt.Sprintf(`{"column":%q,"cmp":"in","value":[%s]}`, c.name, value))
			if !slices.Equal(one, list) {
				t.Errorf("%s %s: eq leaves out %v, in %v", c.dtype, value, one, list)
			}
		}
	}
}

func TestListsOfOtherTypesAreRefused(t *testing.T) {
	b := stored(t, column{"i", "int8", []string{`[1]`}}, column{"f", "float64", []string{`[1]`}}, column{"s", "utf8", []string{`["1"]`}}, column{"m", "decimal(5, 2)", []string{`["1"]`}})
	for _, tt := range []struct{ column, list, want string }{
		{"i", `[1,"one"]`, `the value "one" cannot be compared with column "i", which is int8`},
		{"i", `[true]`, `the value true cannot be compared`},
		{"f", `["1"]`, `the value "1" cannot be compared with column "f", which is float64`},
		{"s", `["1",1]`, `the value 1 cannot be compared with column "s", which is utf8`},
		{"m", `["1.234"]`, `the value "1.234" cannot be compared`},
		{"i", `1`, "in needs a value that is a list"},
		{"i", `null`, "in needs a value that is a list"},
	} {
		ops, err := parse(t, fmt.Sprintf(`[{"op":"filter","where":{"column":%q,"cmp":"in","value":%s}}]`, tt.column, tt.list))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Apply(b.Clone(), ops); !says(err, tt.want) {
			t.Errorf("%s in %s: %v", tt.column, tt.list, err)
		}
	}
}
