package frame

import (
	"errors"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/internal/gather"
)

// Span is a range of rows: From to To, excluding To.
type Span struct{ From, To int }

// Concat returns the rows of parts in order. There must be at least one part, and all parts must
// have the same type. Different dictionaries are unified; if the type of their indices is too narrow
// for that, the error is [codec.ErrMismatch].
func Concat(parts []arrow.Array) (arrow.Array, error) {
	runs := make([]gather.Run, len(parts))
	for i, p := range parts {
		runs[i] = gather.Run{Source: i, To: p.Len()}
	}
	return rows(parts, runs)
}

// KeepRows returns the rows of arr in keep. The spans must be ascending and disjoint.
func KeepRows(arr arrow.Array, keep []Span) (arrow.Array, error) {
	runs := make([]gather.Run, len(keep))
	for i, s := range keep {
		runs[i] = gather.Run{From: s.From, To: s.To}
	}
	return rows([]arrow.Array{arr}, runs)
}

// takeRows returns the rows of arr at places.
func takeRows(arr arrow.Array, places []gather.Place) (arrow.Array, error) {
	taker, err := gather.NewTaker([]arrow.Array{arr})
	if err != nil {
		return nil, mismatch(err)
	}
	data, err := taker.Take(places)
	return data, mismatch(err)
}

// ReplaceRows returns arr with other values in the rows at, one value for each row. The rows must be
// ascending and unique, and values must have the type of arr.
func ReplaceRows(arr arrow.Array, at []int, values arrow.Array) (arrow.Array, error) {
	if values.Len() != len(at) {
		return nil, codec.Errorf(codec.ErrMismatch, "%d values for %d rows", values.Len(), len(at))
	}
	runs := make([]gather.Run, 0, 2*len(at)+1)
	done := 0
	for i, row := range at {
		if row < done || row >= arr.Len() {
			return nil, codec.Errorf(codec.ErrMismatch, "row %d is not in ascending order below %d", row, arr.Len())
		}
		if row > done {
			runs = append(runs, gather.Run{From: done, To: row})
		}
		if last := len(runs) - 1; last >= 0 && runs[last].Source == 1 && row == done {
			runs[last].To = i + 1
		} else {
			runs = append(runs, gather.Run{Source: 1, From: i, To: i + 1})
		}
		done = row + 1
	}
	runs = append(runs, gather.Run{From: done, To: arr.Len()})
	return rows([]arrow.Array{arr, values}, runs)
}

// Compact returns a copy of arr without the memory that its rows do not use: its offset is 0, its
// buffers keep no larger array alive, and a dictionary larger than arr is reduced to the values in
// use.
func Compact(arr arrow.Array) arrow.Array {
	out, err := rows([]arrow.Array{arr}, []gather.Run{{To: arr.Len()}})
	if err != nil {
		return arr
	}
	return out
}

// MakeNulls returns n missing values of type dt.
func MakeNulls(dt arrow.DataType, n int) arrow.Array { return gather.Nulls(dt, n) }

// RawBytes returns the number of bytes that the rows of arr take in buffers, children and dictionary.
// It does not count the parts that no row uses, so it is the same for a slice and for a copy of it.
func RawBytes(arr arrow.Array) int64 {
	if trimmed, err := gather.Trim(arr); err == nil {
		arr = trimmed
	}
	return int64(arr.Data().SizeInBytes())
}

func rows(sources []arrow.Array, runs []gather.Run) (arrow.Array, error) {
	out, err := gather.Rows(sources, runs)
	return out, mismatch(err)
}

// mismatch returns the error of gather as one of codec, if it is one about the values.
func mismatch(err error) error {
	if errors.Is(err, gather.ErrOverflow) || errors.Is(err, arrow.ErrType) {
		return &codec.Error{Kind: codec.ErrMismatch, Detail: err.Error()}
	}
	return err
}
