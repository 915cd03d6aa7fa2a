//go:build linux

package attack

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

const (
	csvType    = "text/csv"
	streamType = "application/vnd.apache.arrow.stream"
	// columns and batchRows are the shape of a batch, which takes 31 MB in memory.
	columns   = 50
	batchRows = 100_000
	// shift is how many rows later than the one before a batch begins in the rows of all. The server
	// stores equal row groups of a session once, so they must differ.
	shift = 997
)

// manyRows is a table of five types, of which stream makes batches.
func manyRows() arrow.Record {
	const rows = batchRows + 14*shift
	random := rand.New(rand.NewPCG(1, 2))
	fields := make([]arrow.Field, columns)
	arrays := make([]arrow.Array, columns)
	cities := make([]string, 50)
	for i := range cities {
		cities[i] = "city_" + strconv.Itoa(i)
	}
	for c := range columns {
		var values array.Builder
		var next func()
		switch c % 5 {
		case 0:
			b := array.NewInt64Builder(memory.DefaultAllocator)
			values, next = b, func() { b.Append(random.Int64N(100_000_000)) }
		case 1:
			b := array.NewFloat64Builder(memory.DefaultAllocator)
			values, next = b, func() { b.Append(float64(random.Int64N(1_000_000_000)) / 1e5) }
		case 2:
			b := array.NewStringBuilder(memory.DefaultAllocator)
			values, next = b, func() { b.Append(cities[random.IntN(len(cities))]) }
		case 3:
			b := array.NewBooleanBuilder(memory.DefaultAllocator)
			values, next = b, func() { b.Append(random.IntN(2) == 0) }
		case 4:
			b := array.NewDate32Builder(memory.DefaultAllocator)
			values, next = b, func() { b.Append(arrow.Date32(19_000 + random.IntN(700))) }
		}
		for range rows {
			next()
		}
		arrays[c] = values.NewArray()
		fields[c] = arrow.Field{Name: fmt.Sprintf("c%d", c), Type: arrays[c].DataType()}
	}
	return array.NewRecord(arrow.NewSchema(fields, nil), arrays, rows)
}

// stream writes n batches as an Arrow stream.
func stream(rows arrow.Record, n int) io.Reader {
	r, w := io.Pipe()
	go func() {
		out := ipc.NewWriter(w, ipc.WithSchema(rows.Schema()))
		for batch := range int64(n) {
			if err := out.Write(rows.NewSlice(batch*shift, batch*shift+batchRows)); err != nil {
				w.CloseWithError(err)
				return
			}
		}
		w.CloseWithError(out.Close())
	}()
	return r
}

// bomb is an Arrow stream of 26 KB with 30,000,000 equal integers.
func bomb() ([]byte, error) {
	const rows = 30_000_000
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}}, nil)
	data := array.NewData(arrow.PrimitiveTypes.Int64, rows, []*memory.Buffer{nil, memory.NewBufferBytes(make([]byte, 8*rows))}, nil, 0, 0)
	var file bytes.Buffer
	w := ipc.NewWriter(&file, ipc.WithSchema(schema), ipc.WithZstd())
	if err := w.Write(array.NewRecord(schema, []arrow.Array{array.NewInt64Data(data)}, rows)); err != nil {
		return nil, err
	}
	err := w.Close()
	return file.Bytes(), err
}

// csvFile is a CSV file of at least so many bytes, with the columns of batch.
func csvFile(size int) []byte {
	random := rand.New(rand.NewPCG(3, 4))
	file := make([]byte, 0, size+1000)
	for c := range columns {
		file = fmt.Appendf(file, "c%d,", c)
	}
	for len(file) < size {
		file[len(file)-1] = '\n'
		for c := range columns {
			n := random.Uint64()
			switch c % 5 {
			case 0:
				file = strconv.AppendUint(file, n%100_000_000, 10)
			case 1:
				file = strconv.AppendFloat(file, float64(n%1_000_000_000)/1e5, 'f', 5, 64)
			case 2:
				file = strconv.AppendUint(append(file, "city_"...), n%50, 10)
			case 3:
				file = strconv.AppendBool(file, n%2 == 0)
			case 4:
				file = strconv.AppendUint(append(file, "2024-05-"...), 10+n%20, 10)
			}
			file = append(file, ',')
		}
	}
	file[len(file)-1] = '\n'
	return file
}

// repeated is begin, then item and as many times "," and item as fit into size bytes, and end.
func repeated(begin, item, end string, size int) []byte {
	n := (size - len(begin) - len(item) - len(end)) / (len(item) + 1)
	document := make([]byte, 0, size)
	document = append(append(document, begin...), item...)
	for range n {
		document = append(append(document, ','), item...)
	}
	return append(document, end...)
}

// numbers is begin, the numbers below n with commas between, and end.
func numbers(begin string, n int, end string) []byte {
	document := append(make([]byte, 0, 8*n+100), begin...)
	for i := range n {
		if i > 0 {
			document = append(document, ',')
		}
		document = strconv.AppendInt(document, int64(i), 10)
	}
	return append(document, end...)
}
