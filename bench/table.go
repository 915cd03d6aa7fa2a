//go:build !js

package main

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// sizes are the numbers of rows of the tables for the server. Each table has 50 columns.
var sizes = []int{1_000, 10_000, 100_000}

const columns = 50

var words = []string{"red", "green", "blue", "yellow", "orange", "violet", "black", "white"}

// dtypes are the types of the columns that generate makes, in turn.
var dtypes = []string{"int64", "float64", "utf8", "bool", "date32"}

// generate returns a CSV file of that size. The columns are, in turn, whole numbers, floats, text with
// few distinct values, booleans and dates. It is the same file every time.
func generate(rows, columns int) []byte { return generateGaps(rows, columns, -1) }

// generateGaps is generate for a file in which every tenth cell of one column is empty.
func generateGaps(rows, columns, gaps int) []byte {
	random := rand.New(rand.NewPCG(50, uint64(rows)))
	var b []byte
	for c := range columns {
		b = append(append(b, 'c'), strconv.Itoa(c)...)
		b = append(b, separator(c, columns))
	}
	first := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for row := range rows {
		for c := range columns {
			start := len(b)
			switch c % 5 {
			case 0:
				b = strconv.AppendInt(b, random.Int64N(1_000_000), 10)
			case 1:
				b = strconv.AppendFloat(b, random.NormFloat64()*100, 'f', 6, 64)
			case 2:
				b = append(b, words[random.IntN(len(words))]...)
			case 3:
				b = strconv.AppendBool(b, random.IntN(2) == 0)
			case 4:
				b = first.AddDate(0, 0, random.IntN(9000)).AppendFormat(b, time.DateOnly)
			}
			if c == gaps && row%10 == 0 {
				b = b[:start]
			}
			b = append(b, separator(c, columns))
		}
	}
	return b
}

func separator(column, columns int) byte {
	if column == columns-1 {
		return '\n'
	}
	return ','
}
