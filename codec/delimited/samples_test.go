package delimited

import (
	"fmt"
	"strings"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

func TestSamplesShowTheFirstChangedCells(t *testing.T) {
	many := strings.Repeat("1,x\n", 500)
	for _, tt := range []struct {
		name, input string
		opt         codec.ReadOptions
		want        string
	}{
		{"numbers and missing values", "a,b\n1.50,NA\n2.5,x\nNA,\n-.5,n/a\n", codec.ReadOptions{}, "[[{respelled 2 1.50 1.5} {to_missing 4 NA } {respelled 5 -.5 -0.5}] [{to_missing 2 NA } {to_missing 5 n/a }]]"},
		{"three of each kind", "a\n1.0\n1.00\n1.000\n1.10\n1.20\nNA\nNA\nNA\nnull\n", codec.ReadOptions{}, "[[{respelled 3 1.00 1.0} {respelled 4 1.000 1.0} {respelled 5 1.10 1.1} {to_missing 10 null }]]"},
		{"integers that become floats late", "a,b\nNA,x\n7,x\n8,x\n" + many + "2.5,x\n", codec.ReadOptions{}, "[[{to_missing 2 NA } {respelled 3 7 7.0} {respelled 4 8 8.0} {respelled 5 1 1.0}] []]"},
		{"a column that becomes text late", "a,b\n1.50,x\nNA,x\n" + many + "z,x\n", codec.ReadOptions{}, "[[{to_missing 3 NA }] []]"},
		{"a column of missing values", "a,b\nNA,1\nnull,2\n", codec.ReadOptions{}, "[[{to_missing 2 NA } {to_missing 3 null }] []]"},
		{"blanks before a missing cell of text", "a,b\n ,1\n ,1\n ,1\nNA,1\nx,1\n", codec.ReadOptions{}, "[[{to_missing 5 NA }] []]"},
		{"late cells", "a,b\n" + many + "NA,x\n" + many + " 5,NA\n", codec.ReadOptions{}, "[[{to_missing 502 NA } {respelled 1003  5 5}] [{to_missing 1003 NA }]]"},
		{"lines in quotes", "a,b\n\"x\ny\",1\nz,2.50\n", codec.ReadOptions{}, "[[] [{respelled 3 1 1.0} {respelled 4 2.50 2.5}]]"},
		{"a dialect", "a;b\n1.234,50;x\n-;y\n", codec.ReadOptions{Options: Options{Decimal: ',', Thousands: '.', NullValues: []string{"-"}}}, "[[{respelled 2 1.234,50 1234.5} {to_missing 3 - }] []]"},
		{"a dtype", "id,n\n007,1\n8,2\nNA,3\n009,4\n", codec.ReadOptions{DTypes: codectest.DTypes(t, "id=int32")}, "[[{respelled 2 007 7} {to_missing 4 NA } {respelled 5 009 9}] []]"},
		{"a dtype of text", "id,n\n007,1\nNA,3\n", codec.ReadOptions{DTypes: codectest.DTypes(t, "id=large_utf8")}, "[[{to_missing 3 NA }] []]"},
		{"bools and times", "a,b\nTrue,2026-01-18 10:30:00\nfalse,2026-01-18T10:30:00\n", codec.ReadOptions{}, "[[{respelled 2 True true}] [{respelled 2 2026-01-18 10:30:00 2026-01-18T10:30:00}]]"},
		{"nothing", "a,b\n1,x\n", codec.ReadOptions{}, "[]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, sizes := range []textSizes{defaultSizes, {groupRows: 7, windowFields: 4, windowRows: 2}, {groupRows: 1, windowFields: 1, windowRows: 1}} {
				table, err := sized(sizes).Decode([]byte(tt.input), tt.opt)
				if err != nil {
					t.Fatal(err)
				}
				if got := fmt.Sprint(table.Receipt.Samples); got != tt.want {
					t.Errorf("the samples are\n%s\nwant\n%s", got, tt.want)
				}
			}
		})
	}
}
