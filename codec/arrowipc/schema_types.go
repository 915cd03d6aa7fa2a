package arrowipc

import (
	"fmt"
	"math"
)

// Values of fieldTypeKind, the union Type in Arrow's Schema.fbs.
const (
	intKind           = 2
	floatKind         = 3
	decimalKind       = 7
	dateKind          = 8
	timeKind          = 9
	timestampKind     = 10
	intervalKind      = 11
	listKind          = 12
	structKind        = 13
	unionKind         = 14
	fixedListKind     = 16
	mapKind           = 17
	durationKind      = 18
	largeListKind     = 21
	runEndKind        = 22
	listViewKind      = 25
	largeListViewKind = 26
)

// Field numbers of the tables of types in Schema.fbs. Where a type has one of them, unit and bitWidth are in
// this order.
const (
	intBitWidth, floatPrecision, dateUnit, intervalUnit = 0, 0, 0, 0
	decimalPrecision, decimalScale, decimalBitWidth     = 0, 1, 2
	timeUnit, timeBitWidth                              = 0, 1
	timestampUnit, timestampTimezone, durationUnit      = 0, 1, 0
	unionMode, unionTypeIDs                             = 0, 1
	fixedListSize                                       = 0
	dictionaryIndexType                                 = 1
	fieldNullable                                       = 1
)

// invalidType says what is wrong with the type of a field that arrow-go would refuse with a sentence about
// itself, or panic; "" if nothing is.
func invalidType(f flatTable) string {
	kind, dt, children := f.u8(fieldTypeKind), f.table(fieldType), f.vector(fieldChildren, 4)
	if kind < 1 || kind > largeListViewKind {
		return fmt.Sprintf("a type of kind %d, which is not known", kind)
	}
	if !f.has(fieldType) {
		return "no type"
	}
	if f.has(fieldDictionary) {
		index := f.table(fieldDictionary).table(dictionaryIndexType)
		if !isIntWidth(index.i32Or(intBitWidth, 0)) {
			return fmt.Sprintf("a dictionary with indices of %d bits; 8, 16, 32 and 64 are known", index.i32Or(intBitWidth, 0))
		}
	}
	switch kind {
	case listKind, largeListKind, listViewKind, largeListViewKind, fixedListKind:
		if children.n != 1 {
			return fmt.Sprintf("lists with %d fields instead of one", children.n)
		}
		if n := dt.i32Or(fixedListSize, 0); kind == fixedListKind && n < 1 {
			return fmt.Sprintf("lists of %d elements each", n)
		}
	case mapKind:
		return invalidMap(children)
	case runEndKind:
		if children.n != 2 || children.table(0).u8(fieldTypeKind) != intKind {
			return "runs without a field of their ends and one of their values"
		}
		if end := children.table(0).table(fieldType).i32Or(intBitWidth, 0); end != 16 && end != 32 && end != 64 {
			return fmt.Sprintf("ends of runs of %d bits; 16, 32 and 64 are known", end)
		}
	case unionKind:
		return invalidUnion(dt, children.n)
	}
	return invalidNumber(kind, dt)
}

// invalidMap is invalidType for the children of a map.
func invalidMap(children flatVector) string {
	if children.n != 1 || children.table(0).u8(fieldTypeKind) != structKind || children.table(0).vector(fieldChildren, 4).n != 2 {
		return "a map without entries of a key and a value"
	}
	entries := children.table(0)
	if entries.u8(fieldNullable) != 0 || entries.vector(fieldChildren, 4).table(0).u8(fieldNullable) != 0 {
		return "a map whose entries or keys may be missing; declare them as not nullable"
	}
	return ""
}

// invalidUnion is invalidType for a union of n fields.
func invalidUnion(dt flatTable, n int) string {
	if mode := dt.i16(unionMode); mode < 0 || mode > 1 {
		return fmt.Sprintf("a union of mode %d; 0 and 1 are known", mode)
	}
	codes := dt.vector(unionTypeIDs, 4)
	if codes.n != 0 && codes.n != n || n > math.MaxInt8+1 {
		return fmt.Sprintf("a union of %d fields with %d type codes", n, codes.n)
	}
	for i := range codes.n {
		if code := codes.buf.i32(codes.at + 4*i); code < 0 || code > math.MaxInt8 {
			return fmt.Sprintf("a union with the type code %d; 0 to 127 are known", code)
		}
	}
	return ""
}

// invalidNumber is invalidType for numbers and times.
func invalidNumber(kind byte, dt flatTable) string {
	switch kind {
	case intKind:
		if bits := dt.i32Or(intBitWidth, 0); !isIntWidth(bits) {
			return fmt.Sprintf("integers of %d bits; 8, 16, 32 and 64 are known", bits)
		}
	case floatKind:
		if p := dt.i16(floatPrecision); p < 0 || p > 2 {
			return fmt.Sprintf("floats of precision %d; 0, 1 and 2 are known", p)
		}
	case decimalKind:
		if bits := dt.i32Or(decimalBitWidth, 128); bits != 32 && bits != 64 && bits != 128 && bits != 256 {
			return fmt.Sprintf("decimals of %d bits; 32, 64, 128 and 256 are known", bits)
		}
	case dateKind:
		if unit := dt.i16Or(dateUnit, 1); unit < 0 || unit > 1 {
			return fmt.Sprintf("dates of unit %d; 0 and 1 are known", unit)
		}
	case intervalKind:
		if unit := dt.i16(intervalUnit); unit < 0 || unit > 2 {
			return fmt.Sprintf("intervals of unit %d; 0, 1 and 2 are known", unit)
		}
	case timeKind:
		unit := dt.i16Or(timeUnit, 1)
		if bits := dt.i32Or(timeBitWidth, 32); bits != 32 && bits != 64 || unit < 0 || unit > 3 || (bits == 64) != (unit > 1) {
			return fmt.Sprintf("times of %d bits with unit %d; 32 bits with 0 or 1 and 64 bits with 2 or 3 are known", bits, unit)
		}
	case timestampKind, durationKind:
		unit := dt.i16(timestampUnit)
		if kind == durationKind {
			unit = dt.i16Or(durationUnit, 1)
		}
		if unit < 0 || unit > 3 {
			return fmt.Sprintf("times of unit %d; 0 to 3 are known", unit)
		}
	}
	return ""
}

func isIntWidth(bits int32) bool { return bits == 8 || bits == 16 || bits == 32 || bits == 64 }
