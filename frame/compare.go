package frame

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"math/big"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/document"
	"edgeframe/codec/scalar"
)

// predicate says for which cells a comparison holds.
type predicate struct {
	// missing says whether it holds for missing cells.
	missing bool
	// of returns whether it holds for the other cells of an array, row by row.
	of func(arr arrow.Array) func(row int) bool
}

// orders has, for each comparison by order, a function that says whether it holds. order is negative if
// the cell is less than the value, positive if it is greater.
var orders = map[string]func(order int) bool{
	"eq": func(order int) bool { return order == 0 },
	"ne": func(order int) bool { return order != 0 },
	"lt": func(order int) bool { return order < 0 },
	"le": func(order int) bool { return order <= 0 },
	"gt": func(order int) bool { return order > 0 },
	"ge": func(order int) bool { return order >= 0 },
}

func always(answer bool) func(arrow.Array) func(int) bool {
	return func(arrow.Array) func(int) bool { return func(int) bool { return answer } }
}

// predicate returns the predicate of a comparison with the cells of a column.
func (f *Frame) predicate(column int, c *condition) (predicate, error) {
	field := f.Columns[column].Field
	null := c.Cmp == "is_null"
	switch {
	case null || c.Cmp == "not_null":
		if c.Value != nil {
			return predicate{}, codec.Errorf(ErrInvalidOperation, "%s takes no value", c.Cmp)
		}
		return predicate{missing: null, of: always(!null)}, nil
	case c.Cmp == "in":
		return f.oneOf(field, c.Value)
	case c.Cmp == "contains":
		return contains(field, c.Value)
	}
	holds := orders[c.Cmp]
	switch {
	case holds == nil:
		return predicate{}, codec.Errorf(ErrInvalidOperation, "cmp is %.100q; it must be eq, ne, lt, le, gt, ge, in, contains, is_null or not_null", c.Cmp)
	case isNull(c.Value):
		return predicate{}, codec.Errorf(ErrInvalidOperation, "%s needs a value that is not null; is_null and not_null ask for missing cells", c.Cmp)
	case c.Cmp != "eq" && c.Cmp != "ne" && !scalar.Ordered(field.Type):
		return predicate{}, codec.Errorf(ErrInvalidOperation, "column %.100q cannot be compared with %s: %s values have no order", field.Name, c.Cmp, scalar.DType(field.Type))
	}
	at, err := f.position(field, c.Value)
	return predicate{missing: c.Cmp == "ne", of: func(arr arrow.Array) func(int) bool {
		order := at.compare(arr)
		return func(row int) bool { return holds(order(row)) }
	}}, err
}

// position is where a value lies among the values of a type.
type position struct {
	// key is the key of the value or, if the type does not have it, of the greatest value below it.
	key []byte
	// tick is that value itself for types that [scalar.Ticks] knows, number for floats.
	tick     int64
	number   float64
	isNumber bool
	// between says that the type does not have the value.
	between bool
	// outside is -1 if all values of the type are greater, 1 if all are less.
	outside int
}

// compare returns how the cells of an array compare with the value.
func (p position) compare(arr arrow.Array) func(row int) int {
	tick := scalar.Ticks(arr)
	var order func(row int) int
	switch {
	case p.outside != 0:
		return func(int) int { return -p.outside }
	case p.isNumber:
		number := scalar.Numbers(arr)
		order = func(row int) int { return cmp.Compare(number(row), p.number) }
	case tick != nil:
		order = func(row int) int { return cmp.Compare(tick(row), p.tick) }
	default:
		key := scalar.Keys(arr)
		var scratch []byte
		order = func(row int) int {
			scratch = key(scratch[:0], row)
			return bytes.Compare(scratch, p.key)
		}
	}
	if !p.between {
		return order
	}
	return func(row int) int {
		if o := order(row); o != 0 {
			return o
		}
		return -1
	}
}

// position returns where a JSON value that is not null lies among the values of a column.
func (f *Frame) position(field arrow.Field, raw json.RawMessage) (position, error) {
	dt := valuesOf(field.Type)
	raw = bytes.TrimSpace(raw)
	id := dt.ID()
	numeric := arrow.IsInteger(id) || arrow.IsFloating(id) || arrow.IsDecimal(id)
	if numeric && (raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9') {
		return numberPosition(dt, string(raw), f.Limits)
	}
	return f.exactPosition(field.Name, dt, raw)
}

// exactPosition is the position of a value that must be one of the type.
func (f *Frame) exactPosition(name string, dt arrow.DataType, raw json.RawMessage) (position, error) {
	arr, err := document.Values(append(append([]byte{'['}, raw...), ']'), dt, f.Limits)
	if err != nil {
		return position{}, codec.Errorf(codec.ErrMismatch, "the value %s cannot be compared with column %.100q, which is %s", codec.Shorten(string(raw)), name, scalar.DType(dt))
	}
	p := position{key: scalar.Keys(arr)(nil, 0)}
	if tick := scalar.Ticks(arr); tick != nil {
		p.tick = tick(0)
	}
	return p, nil
}

// numberPosition is the position of a JSON number among integers, floats or decimals. Among floats it is
// the nearest float of their size, because numbers are rounded to that when they are read.
func numberPosition(dt arrow.DataType, raw string, limits codec.Limits) (position, error) {
	nearest, _ := strconv.ParseFloat(raw, 64)
	decimal, isDecimal := dt.(arrow.DecimalType)
	switch {
	case dt.ID() == arrow.FLOAT64:
		return position{number: nearest, isNumber: true}, nil
	case arrow.IsFloating(dt.ID()):
		return position{number: float64(float32(nearest)), isNumber: true}, nil
	case math.IsInf(nearest, 0):
		return position{outside: int(math.Copysign(1, nearest))}, nil
	}
	exact := new(big.Rat)
	// Unless the nearest float is zero or infinite, the exponent is small enough for exact arithmetic.
	if nearest != 0 {
		exact.SetString(raw)
	}
	scale := 0
	if isDecimal {
		scale = int(decimal.GetScale())
	}
	floor, between := floorAt(exact, scale)
	arr, err := scalar.FromIntegers([]*big.Int{floor}, dt, limits)
	if err != nil {
		return position{outside: exact.Sign() | 1}, nil
	}
	p := position{key: scalar.Keys(arr)(nil, 0), between: between}
	if tick := scalar.Ticks(arr); tick != nil {
		p.tick = tick(0)
	}
	return p, nil
}

// floorAt returns the greatest number that is not above x and has scale digits behind the point, without
// its point. below says that it is less than x.
func floorAt(x *big.Rat, scale int) (floor *big.Int, below bool) {
	power := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(scale, -scale))), nil))
	if scale < 0 {
		power.Inv(power)
	}
	shifted := new(big.Rat).Mul(x, power)
	return new(big.Int).Div(shifted.Num(), shifted.Denom()), !shifted.IsInt()
}

// oneOf is the predicate of being one of a list of values.
func (f *Frame) oneOf(field arrow.Field, raw json.RawMessage) (predicate, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil || list == nil {
		return predicate{}, codec.Errorf(ErrInvalidOperation, "in needs a value that is a list, for instance [1, 2]")
	}
	t := predicate{}
	keys := map[string]bool{}
	for _, element := range list {
		if isNull(element) {
			t.missing = true
			continue
		}
		p, err := f.position(field, element)
		if err != nil {
			return t, err
		}
		if p.isNumber {
			keys[string(scalar.FloatKey(p.number))] = true
		} else if p.outside == 0 && !p.between {
			keys[string(p.key)] = true
		}
	}
	t.of = func(arr arrow.Array) func(int) bool {
		key := scalar.Keys(arr)
		var scratch []byte
		return func(row int) bool {
			scratch = key(scratch[:0], row)
			return keys[string(scratch)]
		}
	}
	return t, nil
}

// contains is the predicate of having a given text in it.
func contains(field arrow.Field, raw json.RawMessage) (predicate, error) {
	switch valuesOf(field.Type).ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
	default:
		return predicate{}, codec.Errorf(ErrInvalidOperation, "contains is for text; column %.100q is %s", field.Name, scalar.DType(field.Type))
	}
	var part string
	if err := json.Unmarshal(raw, &part); err != nil || !isString(raw) {
		return predicate{}, codec.Errorf(ErrInvalidOperation, "contains needs a value that is text")
	}
	return predicate{of: func(arr arrow.Array) func(int) bool {
		spell := scalar.Text(arr)
		var scratch []byte
		return func(row int) bool {
			scratch = spell(scratch[:0], row)
			return bytes.Contains(scratch, []byte(part))
		}
	}}, nil
}
