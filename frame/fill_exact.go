package frame

import (
	"math/big"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// isExact reports whether the column holds integers, decimals, dates or times, whose sums and
// differences are computed as integers: no float64 keeps all of them.
func (p *filling) isExact() bool {
	id := valuesOf(p.col.Field.Type).ID()
	return arrow.IsInteger(id) || arrow.IsDecimal(id) || isTicking(valuesOf(p.col.Field.Type))
}

// eachInteger calls visit with the values that are present and their rows.
func (p *filling) eachInteger(visit func(row int64, v *big.Int)) {
	for _, r := range p.f.groupRanges() {
		data := p.col.Chunks[r.group].Data
		missing, value := scalar.Missing(data), scalar.Integers(data)
		for row := range r.to - r.from {
			if !missing(row) {
				visit(int64(r.from+row), value(row))
			}
		}
	}
}

func (p *filling) exactMean() error {
	total := new(big.Int)
	p.eachInteger(func(_ int64, v *big.Int) { total.Add(total, v) })
	return p.withQuotient(total, big.NewInt(p.present))
}

func (p *filling) exactMedian() error {
	all := make([]*big.Int, 0, p.present)
	p.eachInteger(func(_ int64, v *big.Int) { all = append(all, v) })
	slices.SortFunc(all, (*big.Int).Cmp)
	middle := len(all) / 2
	if len(all)%2 == 1 {
		return p.withQuotient(all[middle], big.NewInt(1))
	}
	return p.withQuotient(new(big.Int).Add(all[middle-1], all[middle]), big.NewInt(2))
}

func (p *filling) withQuotient(v, by *big.Int) error {
	value, err := p.quotient(v, by)
	if err != nil {
		return err
	}
	values, err := p.fromIntegers([]*big.Int{value})
	if err != nil {
		return err
	}
	return p.with(values)
}

// quotient divides. Dates and times are rounded to their unit, half of it to the even one; numbers
// have to come out even.
func (p *filling) quotient(v, by *big.Int) (*big.Int, error) {
	quotient, rest := new(big.Int).DivMod(v, by, new(big.Int))
	if rest.Sign() == 0 {
		return quotient, nil
	}
	dt := valuesOf(p.col.Field.Type)
	if !isTicking(dt) {
		return nil, codec.Errorf(codec.ErrMismatch, "the %s of column %.100q has more digits than %s keeps; cast the column to float64 first", p.op.Method, p.col.Field.Name, scalar.DType(dt))
	}
	half := rest.Lsh(rest, 1).Cmp(by)
	if half > 0 || half == 0 && quotient.Bit(0) == 1 {
		quotient.Add(quotient, big.NewInt(1))
	}
	return quotient, nil
}

func (p *filling) fromIntegers(values []*big.Int) (arrow.Array, error) {
	return scalar.FromIntegers(values, valuesOf(p.col.Field.Type), p.f.Limits)
}

// exactLinear is linear for integers.
func (p *filling) exactLinear() error {
	var at []int64
	var values []*big.Int
	var before *big.Int
	var err error
	next, from := 0, int64(0)
	p.eachInteger(func(here int64, v *big.Int) {
		for ; next < len(p.holes) && p.holes[next] < here && err == nil; next++ {
			if before == nil {
				continue
			}
			step := new(big.Int).Sub(v, before)
			step.Mul(step, big.NewInt(p.holes[next]-from))
			step.Add(step, new(big.Int).Mul(before, big.NewInt(here-from)))
			var between *big.Int
			if between, err = p.quotient(step, big.NewInt(here-from)); err == nil {
				at, values = append(at, p.holes[next]), append(values, between)
			}
		}
		before, from = v, here
	})
	if err != nil {
		return err
	}
	for ; next < len(p.holes); next++ {
		at, values = append(at, p.holes[next]), append(values, before)
	}
	if len(at) == 0 {
		return nil
	}
	made, err := p.fromIntegers(values)
	if err != nil {
		return err
	}
	return p.put(at, made)
}
