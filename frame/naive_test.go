package frame

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// naiveTypes are types with some of their values as JSON, those at the ends among them.
var naiveTypes = []struct {
	dtype  string
	values []string
}{
	{"int64", []string{"null", "0", "-1", "9223372036854775807", "-9223372036854775808"}},
	{"uint64", []string{"null", "0", "18446744073709551615", "9223372036854775808"}},
	{"int8", []string{"null", "-128", "127", "0"}},
	{"float64", []string{"null", "0.0", "-0.0", "1e300", "-5e-324"}},
	{"float16", []string{"null", "-0.0", "0.0", "1.5", "-2"}},
	{"bool", []string{"null", "true", "false"}},
	{"utf8", []string{"null", `""`, `"a"`, `"a\u0000"`, `"aaaaaaaa"`, `"aaaaaaaab"`, `"longer than fifteen 1"`, `"longer than fifteen 2"`}},
	{"date32", []string{"null", `"1969-12-31"`, `"1970-01-01"`, `"0001-01-01"`}},
	{"timestamp[s]", []string{"null", `"1969-12-31T23:59:59"`, `"9999-12-31T23:59:59"`}},
	{"decimal(20, 3)", []string{"null", "-1.500", "0.000", "12345678901234567.891"}},
	{"dictionary", []string{"null", `"x"`, `"y"`, `"longer than fifteen"`}},
	{"null", []string{"null"}},
}

// naiveTable returns a table of slices of arrays with random values of all naiveTypes, and a dictionary that has some
// values twice and lacks others.
func naiveTable(t *testing.T, r *rand.Rand, sizes []int) *codec.Table {
	fields := []arrow.Field{{Name: "odd dictionary", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint8, ValueType: arrow.PrimitiveTypes.Float64}, Nullable: true}}
	for _, of := range naiveTypes {
		fields = append(fields, arrow.Field{Name: of.dtype, Type: values(t, of.dtype, "[]").DataType(), Nullable: true})
	}
	table := &codec.Table{Schema: arrow.NewSchema(fields, nil)}
	for _, rows := range sizes {
		columns := []arrow.Array{oddDictionary(fields[0].Type, r, rows+4)}
		for _, of := range naiveTypes {
			some := make([]string, rows+4)
			for i := range some {
				some[i] = of.values[r.IntN(len(of.values))]
			}
			columns = append(columns, values(t, of.dtype, "["+strings.Join(some, ",")+"]"))
		}
		for i, c := range columns {
			columns[i] = array.NewSlice(c, 3, int64(rows+3))
		}
		table.RowGroups = append(table.RowGroups, array.NewRecord(table.Schema, columns, int64(rows)))
	}
	return table
}

func oddDictionary(dt arrow.DataType, r *rand.Rand, rows int) arrow.Array {
	known := array.NewFloat64Builder(memory.DefaultAllocator)
	known.AppendValues([]float64{0, math.Copysign(0, -1), math.NaN(), 1.5, 1.5, 7}, []bool{true, true, true, true, true, false})
	indices := array.NewUint8Builder(memory.DefaultAllocator)
	for range rows {
		if at := r.IntN(7); at < 6 {
			indices.Append(uint8(at))
		} else {
			indices.AppendNull()
		}
	}
	return array.NewDictionaryArray(dt, indices.NewArray(), known.NewArray())
}

// naiveKeys returns for each row of a column its key, after a sign that says whether there is a value.
func naiveKeys(table *codec.Table, column int) (keys []string) {
	for _, g := range table.RowGroups {
		arr := g.Column(column)
		missing, key := scalar.Missing(arr), scalar.Keys(arr)
		for row := range arr.Len() {
			if missing(row) {
				keys = append(keys, "-")
			} else {
				keys = append(keys, string(key([]byte("+"), row)))
			}
		}
	}
	return keys
}

// naiveOrder compares keys as sort does.
func naiveOrder(a, b string, descending bool) int {
	switch {
	case a == b:
		return 0
	case a == "-":
		return 1
	case b == "-":
		return -1
	case descending:
		return strings.Compare(b, a)
	}
	return strings.Compare(a, b)
}

// spelledRows returns all rows of a table as text.
func spelledRows(t *testing.T, b *base) (rows []string) {
	for g, n := range b.Rows {
		texts := make([]string, n)
		for i := range b.Columns {
			if err := b.LoadAll([]int{i}, []int{g}); err != nil {
				t.Fatal(err)
			}
			spell := scalar.JSON(b.Columns[i].Chunks[g].Data)
			for row := range texts {
				texts[row] += string(spell(nil, row)) + " "
			}
		}
		rows = append(rows, texts...)
	}
	return rows
}

// TestOperationsDoWhatNaiveCodeDoes compares operations on two columns of random types with code that looks at one row
// after the other, whatever the number of processors is.
func TestOperationsDoWhatNaiveCodeDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for _, sizes := range [][]int{{1, 64, 7}, {63, 65, 1024}, {digestedRows + 1, 1}, {1 << homeBits, 1<<homeBits + 1, 9}} {
		table := naiveTable(t, r, sizes)
		before := spelledRows(t, asStored(table))
		for range 4 {
			a, b := r.IntN(len(naiveTypes)+1), r.IntN(len(naiveTypes)+1)
			down := r.IntN(2) == 0
			for operation, rows := range naiveResults(table, a, b, down) {
				want := make([]string, len(rows))
				for i, row := range rows {
					want[i] = before[row]
				}
				for _, processors := range []int{1, 8} {
					old := runtime.GOMAXPROCS(processors)
					after := asStored(table)
					after.apply(t, operation)
					if got := spelledRows(t, after); !slices.Equal(got, want) {
						t.Errorf("row groups of %d, %d processors: after %s there are %d rows, want %d others", sizes, processors, operation, len(got), len(want))
					}
					runtime.GOMAXPROCS(old)
				}
			}
		}
		describesNaively(t, table)
	}
}

// naiveResults returns for operations on two columns which rows there are after them.
func naiveResults(table *codec.Table, a, b int, down bool) map[string][]int {
	one, other, both := naiveKeys(table, a), naiveKeys(table, b), []string(nil)
	count, last := map[string]int{}, map[string]int{}
	var sorted, first, latest, single, whole, some []int
	for row := range one {
		key := fmt.Sprintf("%q %q", one[row], other[row])
		both = append(both, key)
		if sorted = append(sorted, row); count[key] == 0 {
			first = append(first, row)
		}
		count[key]++
		last[key] = row
		if one[row] != "-" && other[row] != "-" {
			whole = append(whole, row)
		}
		if one[row] != "-" || other[row] != "-" {
			some = append(some, row)
		}
	}
	for row, key := range both {
		if last[key] == row {
			latest = append(latest, row)
		}
		if count[key] == 1 {
			single = append(single, row)
		}
	}
	slices.SortStableFunc(sorted, func(x, y int) int {
		return cmp.Or(naiveOrder(one[x], one[y], down), naiveOrder(other[x], other[y], false))
	})
	x, y := table.Schema.Field(a).Name, table.Schema.Field(b).Name
	results := map[string][]int{
		fmt.Sprintf(`[{"op":"drop_duplicates","columns":[%q,%q]}]`, x, y):               first,
		fmt.Sprintf(`[{"op":"drop_duplicates","columns":[%q,%q],"keep":"last"}]`, x, y): latest,
		fmt.Sprintf(`[{"op":"drop_duplicates","columns":[%q,%q],"keep":"none"}]`, x, y): single,
		fmt.Sprintf(`[{"op":"drop_missing","columns":[%q,%q]}]`, x, y):                  whole,
		fmt.Sprintf(`[{"op":"drop_missing","columns":[%q,%q],"how":"all"}]`, x, y):      some,
	}
	if a != b { // a column may be named once
		results[fmt.Sprintf(`[{"op":"sort","by":[{"column":%q,"descending":%v},{"column":%q}]}]`, x, down, y)] = sorted
	}
	return results
}

// describesNaively compares counts of a description.
func describesNaively(t *testing.T, table *codec.Table) {
	t.Helper()
	got, texts := describe(t, table, nil, codec.Limits{}), []string(nil)
	for i, c := range got.Columns {
		different, missing := map[string]bool{}, int64(0)
		for row, key := range naiveKeys(table, i) {
			if i == 0 {
				texts = append(texts, "")
			}
			texts[row] += fmt.Sprintf("%q ", key)
			if key == "-" {
				missing++
			} else {
				different[key] = true
			}
		}
		if c.Missing != missing || c.Unique != int64(len(different)) {
			t.Errorf("column %s: %d missing and %d different values, want %d and %d", c.Name, c.Missing, c.Unique, missing, len(different))
		}
	}
	slices.Sort(texts)
	if want := int64(len(texts) - countRuns(texts)); *got.DuplicateRows != want {
		t.Errorf("%d rows are duplicates, want %d", *got.DuplicateRows, want)
	}
}
