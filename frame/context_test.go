package frame

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

// countdown is a context that is canceled when it has been looked at so often.
type countdown struct {
	context.Context
	looks, most atomic.Int64
}

func after(t testing.TB, most int64) *countdown {
	c := &countdown{Context: t.Context()}
	c.most.Store(most)
	return c
}

func (c *countdown) Err() error {
	if c.looks.Add(1) > c.most.Load() {
		return context.Canceled
	}
	return nil
}

// manyGroups is a table of so many row groups of 1,000 rows.
func manyGroups(t testing.TB, groups int) *base {
	t.Helper()
	of := codectest.Generate(groups*1000, 5, 1)
	columns := make([][]arrow.Array, groups)
	for c := range of.Schema.NumFields() {
		var all []arrow.Array
		for _, rec := range of.RowGroups {
			all = append(all, rec.Column(c))
		}
		whole, err := Concat(all)
		if err != nil {
			t.Fatal(err)
		}
		for g := range groups {
			columns[g] = append(columns[g], slice(whole, g*1000, (g+1)*1000))
		}
	}
	cut := &codec.Table{Schema: of.Schema}
	for _, arrays := range columns {
		cut.RowGroups = append(cut.RowGroups, array.NewRecord(of.Schema, arrays, 1000))
	}
	return asStored(cut)
}

// An operation on a table of many row groups looks at its context for each, and when that is canceled
// it does not go on to many more.
func TestOperationsEndWithTheirContext(t *testing.T) {
	const groups = 20
	whole := manyGroups(t, groups)
	names := make([]string, len(whole.Columns))
	for i, c := range whole.Columns {
		names[i] = c.Field.Name
	}
	rows := make([]int64, groups)
	for g := range rows {
		rows[g] = int64(g * 1000)
	}
	number := names[0]
	for name, ops := range map[string]string{
		"filter":           `{"op":"filter","where":{"or":[{"column":"` + number + `","cmp":"is_null"},{"column":"` + names[1] + `","cmp":"not_null"}]}}`,
		"filter by a list": `{"op":"filter","where":{"column":"` + number + `","cmp":"in","value":[` + strings.Repeat("1,", 200_000) + `2]}}`,
		"sort":             `{"op":"sort","by":[{"column":"` + names[1] + `","descending":true},{"column":"` + number + `"}]}`,
		"drop_duplicates":  `{"op":"drop_duplicates","columns":["` + number + `"]}`,
		"drop_missing":     `{"op":"drop_missing"}`,
		"delete_rows":      `{"op":"delete_rows","rows":` + spellRows(rows) + `}`,
		"set_values":       `{"op":"set_values","column":"` + number + `","rows":` + spellRows(rows) + `,"value":null}`,
		"add_column":       `{"op":"add_column","column":"new","dtype":"int8"}`,
		"cast":             `{"op":"cast","column":"` + number + `","dtype":"utf8"}`,
		"fill mean":        `{"op":"fill_missing","columns":["` + names[1] + `"],"method":"mean"}`,
		"fill ffill":       `{"op":"fill_missing","columns":["` + number + `"],"method":"ffill"}`,
		"fill mode":        `{"op":"fill_missing","columns":["` + number + `"],"method":"mode"}`,
	} {
		t.Run(name, func(t *testing.T) {
			parsed, err := parse(t, "["+ops+"]")
			if err != nil {
				t.Fatal(err)
			}
			run := func(ctx context.Context) error {
				f := whole.Clone()
				f.Context = ctx
				_, err := Apply(f, parsed)
				return err
			}
			free := after(t, math.MaxInt64)
			if err := run(free); err != nil {
				t.Fatal(err)
			}
			looks := free.looks.Load()
			if looks < groups {
				t.Errorf("the context was looked at %d times for %d row groups", looks, groups)
			}
			ending := after(t, looks/2)
			if err := run(ending); !errors.Is(err, context.Canceled) {
				t.Errorf("the error is %v", err)
			}
			if more := ending.looks.Load() - looks/2; more > 4 {
				t.Errorf("the context was looked at %d times after it was canceled", more)
			}
		})
	}
}

func TestPreviewsAppendsAndDescriptionsEndWithTheirContext(t *testing.T) {
	const groups = 20
	whole := manyGroups(t, groups)
	for name, run := range map[string]func(ctx context.Context) error{
		"dry run": func(ctx context.Context) error {
			ops, err := parse(t, fmt.Sprintf(`[{"op":"set_values","column":%q,"rows":[0,5000],"value":null}]`, whole.Columns[0].Field.Name))
			if err != nil {
				return err
			}
			f := whole.Clone()
			f.Context = ctx
			_, err = DryRun(whole.Clone(), f, ops, PreviewOptions{})
			return err
		},
		"append": func(ctx context.Context) error {
			f := whole.Clone()
			f.Context = ctx
			return Append(f, codectest.Generate(50_000, 5, 2))
		},
		"describe": func(ctx context.Context) error {
			if err := whole.LoadColumns([]int{0, 1, 2}); err != nil {
				return err
			}
			d := NewDescriber(whole.Schema(), whole.Rows, nil, codec.Limits{})
			d.Context = ctx
			var arrays [][]arrow.Array
			for _, c := range whole.Columns[:3] {
				var chunks []arrow.Array
				for _, chunk := range c.Chunks {
					chunks = append(chunks, chunk.Data)
				}
				arrays = append(arrays, chunks)
			}
			return d.Add([]int{0, 1, 2}, arrays)
		},
	} {
		t.Run(name, func(t *testing.T) {
			free := after(t, math.MaxInt64)
			if err := run(free); err != nil {
				t.Fatal(err)
			}
			looks := free.looks.Load()
			if looks < 5 {
				t.Errorf("the context was looked at %d times", looks)
			}
			ending := after(t, looks/2)
			if err := run(ending); !errors.Is(err, context.Canceled) {
				t.Errorf("the error is %v", err)
			}
			// Columns may be described at the same time.
			if more := ending.looks.Load() - looks/2; more > 8 {
				t.Errorf("the context was looked at %d times after it was canceled", more)
			}
		})
	}
}

func TestTheContextIsLookedAtBetweenConditions(t *testing.T) {
	const conditions = 100
	whole := manyGroups(t, 3)
	part := fmt.Sprintf(`{"column":%q,"cmp":"contains","value":"no such text"}`, whole.Columns[2].Field.Name)
	ops, err := parse(t, `[{"op":"filter","where":{"or":[`+strings.Repeat(part+",", conditions-1)+part+`]}}]`)
	if err != nil {
		t.Fatal(err)
	}
	ctx := after(t, math.MaxInt64)
	whole.Context = ctx
	if _, err := Apply(whole.Frame, ops); err != nil {
		t.Fatal(err)
	}
	if looks := ctx.looks.Load(); looks < 3*conditions {
		t.Errorf("the context was looked at %d times for %d conditions in each of 3 row groups", looks, conditions)
	}
}

func TestTheCauseOfTheEndIsKept(t *testing.T) {
	cause := errors.New("the server stops")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	b := sample(t)
	b.Context = ctx
	ops, err := parse(t, `[{"op":"drop_missing"}]`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(b.Frame, ops); !errors.Is(err, cause) {
		t.Error(err)
	}
}

func TestTheValueWithARankIsFound(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, sortedAtOnce, sortedAtOnce + 1, 100_001} {
		for _, distinct := range []int64{1, 2, 1000, math.MaxInt64} {
			values := make([]int64, n)
			for i := range values {
				values[i] = random.Int64N(distinct) - distinct/2
			}
			want := slices.Sorted(slices.Values(values))
			lower, upper, err := middleOf(t.Context(), slices.Clone(values), cmp.Compare)
			if err != nil || lower != want[max(n/2-1, 0)] || upper != want[n/2] {
				t.Errorf("the middle of %d is %d, %d, %v; want %d, %d", n, lower, upper, err, want[max(n/2-1, 0)], want[n/2])
			}
			rank := random.IntN(n)
			if err := nth(t.Context(), values, rank, cmp.Compare); err != nil || values[rank] != want[rank] {
				t.Errorf("the value with the rank %d of %d is %d, %v; want %d", rank, n, values[rank], err, want[rank])
			}
			if slices.Max(values[:rank+1]) != values[rank] || slices.Min(values[rank:]) != values[rank] {
				t.Errorf("values of %d are on the wrong side of the rank %d", n, rank)
			}
		}
	}
	if _, _, err := middleOf(after(t, 1), random.Perm(3*sortedAtOnce), cmp.Compare); !errors.Is(err, context.Canceled) {
		t.Errorf("finding the middle of what nobody waits for: %v", err)
	}
}
