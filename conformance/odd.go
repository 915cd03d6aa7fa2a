//go:build !js

package conformance

import (
	"os"
	"path/filepath"
	"strings"

	"edgeframe/internal/testenv"
)

// oddFile is a file of columns as few programs write it, of which the first column is compared.
type oddFile struct {
	name, dtype, first, last string
	rows                     int
	// notes are parts of the notes in the receipt.
	notes []string
}

// columnarFile reads a file of testdata/columnar. The tests of codec/parquet and codec/arrowipc make these
// files byte by byte, as Hadoop, Hive, Spark, GeoParquet and newer versions of Arrow do.
func columnarFile(name string) []byte {
	b, err := os.ReadFile(filepath.Join(testenv.Root(), "conformance", "testdata", "columnar", name))
	must(err)
	return b
}

func checkOddFiles(c *client) {
	for _, tt := range []oddFile{
		{"pair-without-value.parquet", "int32", "5", "5", 1, nil},
		{"gzip-two-members.parquet", "int64", "1234567", "1234567", 3000, nil},
		{"lz4-hadoop.parquet", "int64", "1234567", "1234567", 3000, nil},
		{"lz4-hadoop-two-blocks.parquet", "int64", "1234567", "1234567", 3000, nil},
		{"lz4-hadoop-two-parts.parquet", "int64", "1234567", "1234567", 3000, nil},
		{"lz4-unframed.parquet", "int64", "1234567", "1234567", 3000, nil},
		{"lz4-frame.parquet", "int64", "1234567", "1234567", 3000, nil},
		{"map-without-values.parquet", "list<key: int32>", "[7,8]", "[7,8]", 1, []string{"list of its keys"}},
		{"decimal-without-bytes.parquet", "decimal(4, 2)", `"1.00"`, `"0.00"`, 2, []string{"decimals of no bytes"}},
		{"fewer-rows-in-footer.parquet", "int32", "1", "2", 2, []string{"its row groups have 2"}},
		{"geometry.parquet", "binary", `"d2ti"`, `"d2ti"`, 1, []string{"GEOMETRY", "WKB"}},
		{"geography.parquet", "binary", `"d2ti"`, `"d2ti"`, 1, []string{"GEOGRAPHY", "WKB"}},
		{"decimal32.arrows", "decimal(9, 2)", `"1.00"`, `"9999999.99"`, 4, []string{"decimal32", "decimal128 of the same precision and scale"}},
		{"decimal64.arrows", "decimal(9, 2)", `"1.00"`, `"9999999.99"`, 4, []string{"decimal64", "decimal128 of the same precision and scale"}},
	} {
		c.run(tt.name, tt.check)
	}
}

func (tt oddFile) check(c *client) {
	body, mediaType := form(tt.name, "", columnarFile(tt.name))
	s := c.upload(mediaType, body)
	column := s.made.Columns[0]
	rows := strings.Split(s.cells("column="+column, "limit=10000"), "\n")
	first, last := rows[0], rows[len(rows)-1]
	if s.made.DTypes[column] != tt.dtype || len(rows) != tt.rows || first != "["+tt.first+"]" || last != "["+tt.last+"]" {
		c.Errorf("%d rows of %s from %s to %s, want %+v", len(rows), s.made.DTypes[column], first, last, tt)
	}
	notes := strings.Join(s.made.Upload.Notes, "; ")
	if tt.notes == nil && notes != "" {
		c.Errorf("the notes are %q", notes)
	}
	for _, part := range tt.notes {
		if !strings.Contains(notes, part) {
			c.Errorf("the notes are %q, which lack %q", notes, part)
		}
	}
}
