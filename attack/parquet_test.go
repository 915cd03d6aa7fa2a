//go:build linux

package attack

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

const parquetType = "application/vnd.apache.parquet"

// unpackedRow takes 168 bytes in memory and about two in a file.
type unpackedRow struct {
	A int64  `parquet:"a,dict"`
	B int64  `parquet:"b,dict"`
	C int64  `parquet:"c,dict"`
	D int64  `parquet:"d,dict"`
	E int64  `parquet:"e,dict"`
	F int64  `parquet:"f,dict"`
	G int64  `parquet:"g,dict"`
	H int64  `parquet:"h,dict"`
	T string `parquet:"t,dict"`
}

// unpackedRows times the size of a row, and the offsets of the text, are 337 MB.
const unpackedRows = 1_960_000

// packed is a Parquet file of about 4 MB, of one row group, that unpacks to 337 MB.
func packed() ([]byte, error) {
	var file bytes.Buffer
	w := parquet.NewGenericWriter[unpackedRow](&file, parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(unpackedRows))
	rows := make([]unpackedRow, 10_000)
	for at := 0; at < unpackedRows; at += len(rows) {
		for i := range rows {
			n := int64(at + i)
			text := fmt.Sprintf("%04d %s", n/29%997, strings.Repeat("a text ", 14))
			rows[i] = unpackedRow{n / 7, n / 1000 % 90, n / 100 % 80, n / 50 % 70, n / 40 % 60, n / 30 % 50, n / 20 % 40, n / 10 % 30, text}
		}
		if _, err := w.Write(rows); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return file.Bytes(), err
}

// unpacked uploads the file twice and fetches each table.
func unpacked(ctx context.Context, w *world) []reply {
	file, err := packed()
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Logf("a file of %d bytes", len(file))
	replies := together(ctx, w.server.URL, 2, func(int) request {
		return request{method: "POST", path: sessions, contentType: parquetType, body: file}
	})
	for _, r := range slices.Clone(replies) {
		table := r.header.Get("Location")
		if table == "" {
			continue
		}
		for _, format := range []string{"parquet", "arrow", "csv"} {
			replies = append(replies, send(ctx, w.server.URL, request{method: "GET", path: table + "/data?format=" + format}))
		}
		replies = append(replies, send(ctx, w.server.URL, request{method: "DELETE", path: table}))
	}
	return replies
}
