package frame

import (
	"bytes"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec/scalar"
)

// differ returns a function that reports whether the value in a row of before and that in a row of after, which are
// chunks of these columns, are different. All missing values are equal, also null and NaN, and 0 and -0 are.
// Values of different types are equal if JSON spells them alike, where 1 and 1.0 are alike. The function is for one
// goroutine.
func differ(was, is arrow.Field, before, after arrow.Array) func(b, a int) bool {
	var differs func(b, a int) bool
	if arrow.TypeEqual(valuesOf(was.Type), valuesOf(is.Type)) {
		differs = differByValue(before, after)
	} else {
		differs = differByText(withoutFraction(was, before), withoutFraction(is, after))
	}
	if scalar.CountMissing(before) == 0 && scalar.CountMissing(after) == 0 {
		return differs
	}
	lost, missing := scalar.Missing(before), scalar.Missing(after)
	return func(b, a int) bool {
		if lost(b) || missing(a) {
			return lost(b) != missing(a)
		}
		return differs(b, a)
	}
}

// differByValue is differ for values of one type that are not missing.
func differByValue(before, after arrow.Array) func(b, a int) bool {
	if old, now := scalar.Ticks(before), scalar.Ticks(after); old != nil && now != nil {
		return func(b, a int) bool { return old(b) != now(a) }
	}
	type texts interface{ Value(row int) string }
	if old, ok := before.(texts); ok && scalar.IsText(before.DataType()) {
		if now, ok := after.(texts); ok {
			return func(b, a int) bool { return old.Value(b) != now.Value(a) }
		}
	}
	return differByText(scalar.Keys(before), scalar.Keys(after))
}

// differByText is differ for values that are different if they are spelled differently.
func differByText(old, now func(dst []byte, row int) []byte) func(b, a int) bool {
	var was, is []byte
	return func(b, a int) bool {
		was, is = old(was[:0], b), now(is[:0], a)
		return !bytes.Equal(was, is)
	}
}

// withoutFraction spells values as JSON, whole floats like integers.
func withoutFraction(f arrow.Field, arr arrow.Array) func(dst []byte, row int) []byte {
	spell := scalar.FieldJSON(f, arr)
	if !arrow.IsFloating(valuesOf(f.Type).ID()) {
		return spell
	}
	return func(dst []byte, row int) []byte { return bytes.TrimSuffix(spell(dst, row), []byte(".0")) }
}

// changedCells returns the rows of a row group after, numbered within it, whose values differ from those before; nil
// if none does. chunk returns the chunk of the column in a row group before.
func changedCells(was, is arrow.Field, runs []alignedRun, chunk func(group int) arrow.Array, after arrow.Array) bitmap {
	var changed bitmap
	tests := map[int]func(b, a int) bool{}
	for _, run := range runs {
		differs := tests[run.group]
		if differs == nil {
			differs = differ(was, is, chunk(run.group), after)
			tests[run.group] = differs
		}
		for i := range run.n {
			if !differs(run.from+i, run.to+i) {
				continue
			}
			if changed == nil {
				changed = newBitmap(after.Len())
			}
			changed.set(run.to + i)
		}
	}
	return changed
}

// makeDictionaries makes the arrays of the dictionaries of arr. Otherwise Arrow makes them when they are first asked
// for, and several goroutines that read arr could not do so at once.
func makeDictionaries(arr arrow.Array) {
	switch arr := arr.(type) {
	case *array.Dictionary:
		makeDictionaries(arr.Dictionary())
	case array.ListLike:
		makeDictionaries(arr.ListValues())
	case *array.Struct:
		for i := range arr.NumField() {
			makeDictionaries(arr.Field(i))
		}
	case array.Union:
		for i := range arr.NumFields() {
			makeDictionaries(arr.Field(i))
		}
	case *array.RunEndEncoded:
		makeDictionaries(arr.Values())
	case array.ExtensionArray:
		makeDictionaries(arr.Storage())
	}
}
