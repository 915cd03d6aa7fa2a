package delimited

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

// hostileBytes is the length of one line, largestBytes that of those that stand for the others.
const (
	hostileBytes = 8_000_000
	largestBytes = 200_000_000
)

// hostileLine is head, then a part as often as it fits into so many bytes, and tail.
func hostileLine(size int, head, part, tail string) []byte {
	return slices.Concat([]byte(head), bytes.Repeat([]byte(part), size/len(part)), []byte(tail))
}

func TestALineWithoutEndIsReadOrRefusedInBoundedMemory(t *testing.T) {
	const mega = 1_000_000
	european := codec.ReadOptions{Options: Options{Decimal: ',', Thousands: '.', Delimiter: ';'}}
	typed := func(dtype string) codec.ReadOptions {
		return codec.ReadOptions{DTypes: codectest.DTypes(t, "a="+dtype)}
	}
	for _, test := range []struct {
		name             string
		head, part, tail string
		opt              codec.ReadOptions
		// kind is the error; nil if the text is read.
		kind error
		says string
		// most is how much may be allocated altogether for the largest line, in megabytes.
		most uint64
	}{
		{"one field of text", "a,b\n1,", "x", "\n", codec.ReadOptions{}, nil, "", 210},
		{"one field without a line end", "a\n", "x", "", codec.ReadOptions{}, nil, "", 210},
		{"one quoted field", "a,b\n1,\"", "x\n", "\"\n", codec.ReadOptions{}, nil, "", 210},
		{"one field of doubled quotes", "a,b\n1,\"", `""`, "\"\n", codec.ReadOptions{}, nil, "", 610},
		{"one field of digits", "a\n", "1", "\n", codec.ReadOptions{}, nil, "", 210},
		{"one field of digits of a dialect", "a;b\n", "111.", "111;1\n", european, nil, "", 210},
		{"one field of blanks", "a,b\n1,", " ", "\n", codec.ReadOptions{}, nil, "", 210},
		{"one field that is too large", "a,b\n1,", "x", "\n", codec.ReadOptions{Limits: codec.Limits{Bytes: 4 * mega}}, codec.ErrTooLarge, "4000000 bytes", 150},
		{"one name", "", "x", "\n1\n", codec.ReadOptions{}, nil, "", 210},
		{"one name that is too large", "", "x", "\n1\n", codec.ReadOptions{Limits: codec.Limits{Bytes: 4 * mega}}, codec.ErrTooLarge, "4000000 bytes", 210},
		{"delimiters in the header", "a", ",b", "\n1\n", codec.ReadOptions{}, codec.ErrTooLarge, "line 1 has more than 10000 columns", 2},
		{"delimiters in a row", "a,b\n1,2\n", ",", "\n", codec.ReadOptions{}, codec.ErrMalformed, "fields, the header has 2", 4},
		{"delimiters in a row without a header", "", ";", "\n", codec.ReadOptions{Options: Options{NoHeader: true}}, codec.ErrTooLarge, "more than 10000 columns", 2},
		{"a quote that is never closed", "a,b\n1,\"", "x,", "", codec.ReadOptions{}, codec.ErrMalformed, "the quote that opens a field on line 2 is never closed", 4},
		{"a quote in the header that is never closed", "a,\"", "x,", "", codec.ReadOptions{}, codec.ErrMalformed, "the quote that opens a field on line 1 is never closed", 4},
		{"a quote that is never closed but doubled", "a,b\n1,\"", `""`, "", codec.ReadOptions{}, codec.ErrMalformed, "the quote that opens a field on line 2 is never closed", 4},
		{"a comment", "a,b\n#", "x\"", "\n1,2\n", codec.ReadOptions{Options: Options{Comment: '#'}}, nil, "", 4},
		{"nothing but a comment", "#", ",", "", codec.ReadOptions{Options: Options{Comment: '#'}}, codec.ErrMalformed, "the text is empty", 1},
		{"blanks", "", " ", "", codec.ReadOptions{}, codec.ErrMalformed, "the text is empty", 1},
		{"a number with blanks that strict reading refuses", "a,b\n1,2\n1,", " ", "3\n", codec.ReadOptions{Strict: true}, codec.ErrMalformed, `line 3, column "b"`, 4},
		{"digits as an integer", "a\n", "1", "\n", typed("int64"), codec.ErrMismatch, `line 2, column "a"`, 210},
		{"digits as a decimal", "a\n", "1", "\n", typed("decimal(10, 2)"), codec.ErrMismatch, `line 2, column "a"`, 210},
		{"text as a date", "a\n", "x", "\n", typed("date32"), codec.ErrMismatch, `line 2, column "a"`, 210},
		{"bytes of windows-1252", "a\n", "\xe9", "\n", codec.ReadOptions{Limits: codec.Limits{Bytes: 12 * mega}, Options: Options{Encoding: "windows-1252"}}, codec.ErrTooLarge, "12000000 bytes", 1},
		{"UTF-16", "\xff\xfea\x00\n\x00", "x\x00", "\n\x00", codec.ReadOptions{}, nil, "", 410},
		{"a NUL at the end", "a\n", "x", "\x00", codec.ReadOptions{}, codec.ErrMalformed, "line 2 has a NUL byte", 1},
		{"a bad byte at the end", "a\né", "x", "\xff", codec.ReadOptions{}, codec.ErrMalformed, "line 2 has the byte 0xff", 1},
	} {
		sizes := []int{hostileBytes}
		switch test.name {
		case "a quote that is never closed":
			sizes = append(sizes, largestBytes)
		}
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s, %d bytes", test.name, size), func(t *testing.T) {
				data := hostileLine(size, test.head, test.part, test.tail)
				// What is allocated however long the line is.
				const always = 8
				most := test.most*uint64(size)/largestBytes + always
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				start := time.Now()
				table, err := CSV.Decode(data, test.opt)
				took := time.Since(start)
				runtime.ReadMemStats(&after)
				allocated := (after.TotalAlloc - before.TotalAlloc) / mega
				t.Logf("%v, %d MB allocated", took.Round(time.Millisecond), allocated)
				if allocated > most {
					t.Errorf("%d MB were allocated, want at most %d", allocated, most)
				}
				switch {
				case test.kind == nil && (err != nil || table.NumRows() != 1):
					t.Errorf("the text is read as %v, %v", table, err)
				case test.kind != nil && (!errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.says)):
					t.Errorf("the error is %.300v, want %v with %q", err, test.kind, test.says)
				case err != nil && len(err.Error()) > 500:
					t.Errorf("the error has %d bytes", len(err.Error()))
				}
			})
		}
	}
}
