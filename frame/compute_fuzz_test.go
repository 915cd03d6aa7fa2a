package frame

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"edgeframe/codec"
)

// FuzzExpression computes a column: nothing panics, errors are for clients and have a pointer, and a column
// has a value of its type for each row.
func FuzzExpression(f *testing.F) {
	for _, tt := range computed {
		f.Add(tt.expression, "")
	}
	for _, tt := range computeRefusals {
		f.Add(tt.expression, "float32")
	}
	f.Add("s + 1", "date32[%d]")
	b := computeTable(f)
	b.Limits = codec.Limits{Bytes: 1 << 20}.WithDefaults()
	f.Fuzz(func(t *testing.T, expression, dtype string) {
		c := &base{Frame: b.Clone()}
		_, err := Apply(c.Frame, []Operation{{"compute", &compute{Column: "new", Expression: expression, DType: dtype}}})
		if err == nil {
			c.check(t)
			return
		}
		known := errors.Is(err, ErrInvalidOperation) || errors.Is(err, ErrColumnNotFound) || errors.Is(err, codec.ErrTooLarge) ||
			errors.Is(err, codec.ErrMismatch) || errors.Is(err, codec.ErrUnsupported)
		fault, ok := errors.AsType[*Fault](err)
		if !known || !errors.As(err, new(*codec.Error)) || ok && fault.Pointer == "" {
			t.Fatalf("%q: %T %v", expression, err, err)
		}
	})
}

// BenchmarkCompute computes a column of a million rows.
func BenchmarkCompute(b *testing.B) {
	table := benchTable(b)
	for _, expression := range []string{
		"a + 1", "f / a", "a * a % 7", "f > 0.5 && a < 500", "if_else(f > 0.5, a, -1)", "round(f * 100, 1)",
		"coalesce(holes, f)", "t + \"!\"", "upper(t)", "starts_with(t, \"city_1\")", "year(day)", "utf8(a)",
	} {
		b.Run(expression, func(b *testing.B) {
			op := []Operation{{"compute", &compute{Column: "new", Expression: expression}}}
			b.ReportAllocs()
			for b.Loop() {
				f := table.Clone()
				f.copied = 0
				if _, err := Apply(f, op); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// benchTable has a million rows in row groups of the usual size.
func benchTable(b *testing.B) *Frame {
	b.Helper()
	named := func(name, dtype string, cell func(r *rand.Rand) string) column {
		c := benchColumn(dtype, cell)
		c.name = name
		return c
	}
	group := stored(b,
		named("a", "int64", func(r *rand.Rand) string { return fmt.Sprint(r.IntN(1000)) }),
		named("f", "float64", func(r *rand.Rand) string { return fmt.Sprint(r.Float64()) }),
		named("holes", "float64", func(r *rand.Rand) string {
			if r.IntN(2) == 0 {
				return ""
			}
			return fmt.Sprint(r.Float64())
		}),
		named("t", "utf8", func(r *rand.Rand) string { return fmt.Sprintf("\"city_%d\"", r.IntN(50)) }),
		named("day", "date32", func(r *rand.Rand) string {
			return fmt.Sprintf("\"20%d-%02d-%02d\"", 10+r.IntN(16), 1+r.IntN(12), 1+r.IntN(28))
		}),
	)
	if err := group.LoadColumns([]int{0, 1, 2, 3, 4}); err != nil {
		b.Fatal(err)
	}
	f := group.Frame
	rows := f.Rows[0]
	for _, c := range f.Columns {
		chunk := c.Chunks[0]
		for n := rows; n < 1_000_000; n += rows {
			c.Chunks = append(c.Chunks, chunk)
		}
	}
	for n := rows; n < 1_000_000; n += rows {
		f.Rows = append(f.Rows, rows)
	}
	return f
}
