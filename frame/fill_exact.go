package frame

import (
	"cmp"
	"math/big"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// isExact reports whether the column holds integers, decimals, dates or times, whose sums and
// differences are computed as integers, because a float64 cannot represent all of them.
func (p *filling) isExact() bool {
	id := valuesOf(p.col.Field.Type).ID()
	return arrow.IsInteger(id) || arrow.IsDecimal(id) || isTicking(valuesOf(p.col.Field.Type))
}

// eachInteger calls visit with the values that are present, and their rows, until it returns an error. It
// reuses v.
func (p *filling) eachInteger(visit func(row int64, v *big.Int) error) error {
	var v big.Int
	for _, r := range p.f.groupRanges() {
		if err := p.f.Ended(); err != nil {
			return err
		}
		data := p.col.Chunks[r.group].Data
		missing, value := scalar.Missing(data), scalar.Integers(data)
		for row := range r.to - r.from {
			if !missing(row) {
				value(&v, row)
				if err := visit(int64(r.from+row), &v); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (p *filling) exactMean() error {
	total := new(big.Int)
	err := p.eachInteger(func(_ int64, v *big.Int) error {
		total.Add(total, v)
		return nil
	})
	if err != nil {
		return err
	}
	return p.withQuotient(total, big.NewInt(p.present))
}

func (p *filling) exactMedian() error {
	lower, upper, err := p.middle()
	if err != nil {
		return err
	}
	if p.present%2 == 1 {
		return p.withQuotient(upper, big.NewInt(1))
	}
	return p.withQuotient(lower.Add(lower, upper), big.NewInt(2))
}

// middle returns the two values in the middle of all, in order; the upper one is the middle of an odd
// number of values.
func (p *filling) middle() (lower, upper *big.Int, err error) {
	if scalar.Ticks(p.col.Chunks[0].Data) != nil {
		all := make([]int64, 0, p.present)
		err := p.eachInteger(func(_ int64, v *big.Int) error {
			all = append(all, v.Int64())
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
		low, high, err := middleOf(p.f.Context, all, cmp.Compare)
		return big.NewInt(low), big.NewInt(high), err
	}
	all := make([]*big.Int, 0, p.present)
	err = p.eachInteger(func(_ int64, v *big.Int) error {
		all = append(all, new(big.Int).Set(v))
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return middleOf(p.f.Context, all, (*big.Int).Cmp)
}

func (p *filling) withQuotient(v, by *big.Int) error {
	if err := p.divide(v, by); err != nil {
		return err
	}
	values, err := scalar.FromIntegers([]*big.Int{v}, valuesOf(p.col.Field.Type), p.f.Limits)
	if err != nil {
		return err
	}
	return p.with(values)
}

// divide divides v. Dates and times, and numbers if the operation says so, are rounded to their unit, half a
// unit to the even one; otherwise the quotient of numbers must be exact.
func (p *filling) divide(v, by *big.Int) error {
	rest := &p.rest
	v.DivMod(v, by, rest)
	if rest.Sign() == 0 {
		return nil
	}
	dt := valuesOf(p.col.Field.Type)
	if !isTicking(dt) && !p.op.Round {
		return faulty(codec.ErrMismatch, Fault{Column: p.col.Field.Name, Row: -1, Expected: `"as": "float64" or "round": true`},
			"the %s of column %.100q has more digits than %s keeps; give the operation \"as\": \"float64\" or \"round\": true, or cast the column to float64 first", p.op.Method, p.col.Field.Name, scalar.DType(dt))
	}
	half := rest.Lsh(rest, 1).Cmp(by)
	if half > 0 || half == 0 && v.Bit(0) == 1 {
		v.Add(v, big.NewInt(1))
	}
	return nil
}

// exactLinear is linear for integers.
func (p *filling) exactLinear() (err error) {
	defer codec.Guard(&err, codec.ErrMalformed, "the array of values")
	b, err := scalar.NewBuilder(valuesOf(p.col.Field.Type), codec.NewBudget(p.f.Limits.WithDefaults().Bytes))
	if err != nil {
		return err
	}
	b.Reserve(len(p.holes))
	at := make([]int64, 0, len(p.holes))
	// A value between two values of the type always fits.
	put := func(hole int64, v *big.Int) {
		b.AppendInteger(v)
		at = append(at, hole)
	}
	var before, between, distance, part big.Int
	next, from := 0, int64(-1)
	err = p.eachInteger(func(here int64, v *big.Int) error {
		for ; next < len(p.holes) && p.holes[next] < here; next++ {
			if from < 0 {
				continue
			}
			// ((v - before) · (hole - from) + before · (here - from)) / (here - from)
			between.Mul(between.Sub(v, &before), part.SetInt64(p.holes[next]-from))
			distance.SetInt64(here - from)
			between.Add(&between, part.Mul(&before, &distance))
			if err := p.divide(&between, &distance); err != nil {
				return err
			}
			put(p.holes[next], &between)
		}
		before.Set(v)
		from = here
		return nil
	})
	if err != nil {
		return err
	}
	for ; next < len(p.holes); next++ {
		put(p.holes[next], &before)
	}
	if len(at) == 0 {
		return nil
	}
	return p.put(at, b.Array())
}
