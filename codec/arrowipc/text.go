package arrowipc

import (
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/internal/layout"
)

// checkText returns an error unless all text in the next rows of a column is UTF-8, as Arrow
// requires. data is validated and measured.
func (r *reader) checkText(column string, data *array.Data) error {
	if r.trusted || r.plainText(data) {
		return nil
	}
	valid := textCheck(array.MakeFromData(data))
	if valid == nil {
		return nil
	}
	for i := range data.Len() {
		if !valid(i) {
			return codec.Errorf(codec.ErrMalformed, "column %q has text in row %d, counted from 0, that is not valid UTF-8: send UTF-8, or a column of type binary", column, r.rows+int64(i))
		}
	}
	return nil
}

// plainText reports whether all text in data, which is valid, is UTF-8, including text that no row
// refers to. It is fast. If it returns false, textCheck decides, because missing and unused values
// may have any bytes.
func (r *reader) plainText(data arrow.ArrayData) bool {
	v := layout.Of(data)
	switch data.DataType().(type) {
	case *arrow.StringType:
		return plainValues(r, arrow.GetData[int32](v.Buffer(1)), v)
	case *arrow.LargeStringType:
		return plainValues(r, arrow.GetData[int64](v.Buffer(1)), v)
	case *arrow.StringViewType:
		return r.plainViews(v)
	case *arrow.DictionaryType:
		return r.plainDictionary(data.(*array.Data).Dictionary())
	}
	for _, child := range data.Children() {
		if !r.plainText(child) {
			return false
		}
	}
	return true
}

// plainValues checks all values at once, and then that no value starts within a character.
func plainValues[T int32 | int64](r *reader, offsets []T, v layout.Array) bool {
	if v.Len == 0 {
		return true
	}
	end := offsets[v.Len]
	text := v.Buffer(2)[:end]
	if !r.scan(text[offsets[0]:]) {
		return false
	}
	for _, o := range offsets[:v.Len] {
		if o < end && !utf8.RuneStart(text[o]) {
			return false
		}
	}
	return true
}

func (r *reader) plainViews(v layout.Array) bool {
	values := array.MakeFromData(v.Data).(*array.StringView)
	for i := range v.Len {
		if v.Valid(i) && !r.scan([]byte(values.Value(i))) {
			return false
		}
	}
	return true
}

// plainDictionary is plainText for a dictionary. It keeps the result, because many batches can share
// the dictionary.
func (r *reader) plainDictionary(values arrow.ArrayData) bool {
	plain, ok := r.plain[values]
	if !ok {
		plain = r.plainText(values)
		r.plain[values] = plain
	}
	return plain
}

// scan reports whether text is UTF-8. It checks no more bytes than the limit in all, and returns
// false after that: arrays can share memory that no row refers to, which measure does not count.
func (r *reader) scan(text []byte) bool {
	r.scanned = codec.AddSizes(r.scanned, int64(len(text)))
	return r.scanned <= r.limits.Bytes && utf8.Valid(text)
}

// textCheck returns a function that reports whether all text in one value of arr is UTF-8; nil if
// arr has no text. The time for checking every value grows with the logical size of arr.
func textCheck(arr arrow.Array) func(i int) bool {
	check := valueCheck(arr)
	if check == nil {
		return nil
	}
	return func(i int) bool { return arr.IsNull(i) || check(i) }
}

// valueCheck is textCheck for values that are not missing.
func valueCheck(arr arrow.Array) func(i int) bool {
	switch arr := arr.(type) {
	case array.StringLike:
		return func(i int) bool { return utf8.ValidString(arr.Value(i)) }
	case *array.Dictionary:
		return checkAt(textCheck(arr.Dictionary()), arr.GetValueIndex)
	case *array.RunEndEncoded:
		return checkAt(textCheck(arr.Values()), arr.GetPhysicalIndex)
	case array.ListLike:
		return checkElements(textCheck(arr.ListValues()), arr.ValueOffsets)
	case *array.Struct:
		return checkMembers(arr)
	case array.Union:
		return checkMember(arr)
	}
	return nil
}

func checkAt(check func(i int) bool, at func(i int) int) func(i int) bool {
	if check == nil {
		return nil
	}
	return func(i int) bool { return check(at(i)) }
}

func checkElements(check func(i int) bool, offsets func(i int) (start, end int64)) func(i int) bool {
	if check == nil {
		return nil
	}
	return func(i int) bool {
		start, end := offsets(i)
		for j := start; j < end; j++ {
			if !check(int(j)) {
				return false
			}
		}
		return true
	}
}

func checkMembers(arr *array.Struct) func(i int) bool {
	var checks []func(i int) bool
	for k := range arr.NumField() {
		if check := textCheck(arr.Field(k)); check != nil {
			checks = append(checks, check)
		}
	}
	if checks == nil {
		return nil
	}
	return func(i int) bool {
		for _, check := range checks {
			if !check(i) {
				return false
			}
		}
		return true
	}
}

func checkMember(arr array.Union) func(i int) bool {
	checks := make([]func(i int) bool, arr.NumFields())
	for k := range checks {
		checks[k] = textCheck(arr.Field(k))
	}
	dense, _ := arr.(*array.DenseUnion)
	return func(i int) bool {
		check := checks[arr.ChildID(i)]
		if dense != nil {
			i = int(dense.ValueOffset(i))
		}
		return check == nil || check(i)
	}
}
