//go:build !js

package conformance

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
)

// columnarTests send Parquet and Arrow as other programs write it.
var columnarTests = []test{
	{"Arrow types behind plain numbers of a Parquet file come back", func(c *client) {
		type row struct {
			At   *int64 `parquet:"at,optional"`
			Time *int32 `parquet:"time,optional"`
			Day  *int64 `parquet:"day,optional"`
		}
		at, time, day := int64(1_000_000_000), int32(3600), int64(86_400_000)
		var hint bytes.Buffer
		w := ipc.NewWriter(&hint, ipc.WithSchema(arrow.NewSchema([]arrow.Field{
			{Name: "at", Type: &arrow.TimestampType{Unit: arrow.Second}, Nullable: true},
			{Name: "time", Type: arrow.FixedWidthTypes.Time32s, Nullable: true},
			{Name: "day", Type: arrow.FixedWidthTypes.Date64, Nullable: true},
		}, nil)))
		if err := w.Close(); err != nil {
			c.Fatal(err)
		}
		file := parquetOf(c, []row{{&at, &time, &day}, {}}, parquet.KeyValueMetadata("ARROW:schema", base64.StdEncoding.EncodeToString(hint.Bytes())))
		s := c.upload(parquetType, file)
		if diff := cmp.Diff(map[string]string{"at": "timestamp[s]", "time": "time32[s]", "day": "date64"}, s.made.DTypes); diff != "" {
			c.Error(diff)
		}
		if got, want := s.cells(), `["2001-09-09T01:46:40","01:00:00","1970-01-02"]`+"\n[null,null,null]"; got != want {
			c.Errorf("%s instead of %s", got, want)
		}
	}},
	{"INT96 beyond nanoseconds is timestamp[us], and beyond that the row is named", func(c *client) {
		type row struct {
			T deprecated.Int96 `parquet:"t"`
		}
		day := func(days int) row {
			return row{deprecated.Int96{2: uint32(2_440_588 + days)}}
		}
		s := c.upload(parquetType, parquetOf(c, []row{day(0), day(2_932_896)}))
		if got := s.made.DTypes["t"] + s.cells(); got != "timestamp[us]"+`["1970-01-01T00:00:00"]`+"\n"+`["9999-12-31T00:00:00"]` {
			c.Errorf("%s", got)
		}
		// Spark writes 290000-12-31T01:00:00+02:00 with a Julian day of -105,862,232.
		spark := c.upload(parquetType, parquetOf(c, []row{day(0), {deprecated.Int96{0xc7b96000, 0xffffe26e, 0xf9b0aba8}}}))
		if got := spark.made.DTypes["t"] + spark.cells(); got != "timestamp[us]"+`["1970-01-01T00:00:00"]`+"\n"+`["290000-12-30T23:00:00"]` {
			c.Errorf("%s", got)
		}
		beyond := parquetOf(c, []row{day(0), day(1 << 30)})
		a := c.do("POST", "/api/v1/sessions", beyond, "Content-Type: "+parquetType)
		a.refused(http.StatusUnprocessableEntity, "schema_mismatch", `"t"`, "row 1")
		if strings.Contains(string(a.body), "damaged") {
			c.Errorf("%s", a.body)
		}
	}},
	{"UUIDs of Parquet and Arrow are spelled as UUIDs, found by them and written as UUIDs", func(c *client) {
		const first, second = "550e8400-e29b-41d4-a716-446655440000", "00000000-0000-0000-0000-000000000001"
		type row struct {
			ID [16]byte `parquet:"id,uuid"`
			N  int32    `parquet:"n"`
		}
		id := [16]byte{0x55, 0x0e, 0x84, 0, 0xe2, 0x9b, 0x41, 0xd4, 0xa7, 0x16, 0x44, 0x66, 0x55, 0x44, 0, 0}
		uploaded := c.upload(parquetType, parquetOf(c, []row{{id, 1}, {[16]byte{15: 1}, 2}}))
		for _, s := range []*sess{uploaded, c.upload(streamType, uploaded.get("/data", "format=arrow").body)} {
			if got, want := s.cells(), `["`+first+`",1]`+"\n"+`["`+second+`",2]`; got != want {
				c.Errorf("%s instead of %s", got, want)
			}
			if got, want := s.csvText(), "id,n\n"+first+",1\n"+second+",2\n"; got != want {
				c.Errorf("%s instead of %s", got, want)
			}
			file, err := parquet.OpenFile(bytes.NewReader(s.get("/data", "format=parquet").body), int64(len(s.get("/data", "format=parquet").body)))
			if err != nil {
				c.Fatal(err)
			}
			if got := file.Schema().Fields()[0].Type().LogicalType().String(); got != "UUID" {
				c.Errorf("the type in Parquet is %s", got)
			}
			s.edit(op{"op": "filter", "where": map[string]any{"column": "id", "cmp": "eq", "value": second}})
			if got, want := s.cells(), `["`+second+`",2]`; got != want {
				c.Errorf("%s instead of %s", got, want)
			}
			s.edit(op{"op": "set_values", "column": "id", "rows": []int{0}, "value": first})
			if got, want := s.cells(), `["`+first+`",2]`; got != want {
				c.Errorf("%s instead of %s", got, want)
			}
		}
	}},
	{"columns of Arrow without a name of their own get one, unless strict=true", func(c *client) {
		twins := arrowStream(twinsRecord())
		s := c.upload(streamType, twins)
		if got := strings.Join(s.made.Columns, " "); !strings.HasSuffix(got, ".1") {
			c.Errorf("the columns are %s", got)
		}
		if diff := cmp.Diff(map[string]string{"a.1": "a"}, s.made.Upload.Renamed); diff != "" {
			c.Error(diff)
		}
		c.do("POST", "/api/v1/sessions?strict=true", twins, "Content-Type: "+streamType).refused(http.StatusUnprocessableEntity, "malformed_input", "strict=true")
	}},
	{"an Arrow stream may end without its marker", func(c *client) {
		marker := []byte{0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0}
		stream := bytes.TrimSuffix(arrowStream(peopleRecord()), marker)
		c.upload(streamType, stream).isPeople()
		c.stream(stream, -1).isPeople()
		c.do("POST", "/api/v1/sessions", stream[:len(stream)-8], "Content-Type: "+streamType).refused(http.StatusUnprocessableEntity, "malformed_input", "ends early")
	}},
	{"a damaged file of columns is refused without the words of a library", func(c *client) {
		stream := arrowStream(peopleRecord())
		file := c.upload(streamType, stream).get("/data", "format=parquet").body
		for name, of := range map[string][]byte{streamType: stream, parquetType: file} {
			for at := 8; at < len(of); at += 1 + len(of)/20 {
				damaged := bytes.Clone(of)
				damaged[at] ^= 0x81
				a := c.do("POST", "/api/v1/sessions", damaged, "Content-Type: "+name)
				for _, words := range []string{"arrow/", "runtime error", "thrift", "FIELD<", "snappy:"} {
					if a.status >= http.StatusInternalServerError || bytes.Contains(a.body, []byte(words)) {
						c.Errorf("byte %d: status %d: %s", at, a.status, a.body)
					}
				}
			}
		}
	}},
	{"files of columns that few programs write so are read, with a note where they are kept otherwise", checkOddFiles},
	{"names of the entries of a map come back as Arrow", func(c *client) {
		b := array.NewMapBuilder(memory.DefaultAllocator, arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32, false)
		b.Append(true)
		b.KeyBuilder().(*array.StringBuilder).Append("x")
		b.ItemBuilder().(*array.Int32Builder).Append(1)
		maps := b.NewArray()
		stream := arrowStream(array.NewRecord(arrow.NewSchema([]arrow.Field{{Name: "m", Type: maps.DataType(), Nullable: true}}, nil), []arrow.Array{maps}, 1))
		// A name of the same length takes its place.
		named := bytes.Replace(stream, []byte("entries\x00"), []byte("twinset\x00"), 1)
		if bytes.Equal(named, stream) {
			c.Fatal("the schema has no name for the entries")
		}
		s := c.upload(streamType, named)
		for _, format := range []string{"arrow", "arrow_file"} {
			if got := s.get("/data", "format="+format).body; !bytes.Contains(got, []byte("twinset\x00")) || bytes.Contains(got, []byte("edgeframe")) {
				c.Errorf("%s has other names", format)
			}
		}
	}},
}

// parquetOf is a Parquet file as parquet-go writes it.
func parquetOf[T any](c *client, rows []T, options ...parquet.WriterOption) []byte {
	c.Helper()
	var file bytes.Buffer
	w := parquet.NewGenericWriter[T](&file, options...)
	if _, err := w.Write(rows); err != nil {
		c.Fatal(err)
	}
	if err := w.Close(); err != nil {
		c.Fatal(err)
	}
	return file.Bytes()
}
