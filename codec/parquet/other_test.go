//go:build !js

package parquet_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"edgeframe/codec"
	"edgeframe/codec/formats/formatstest"
	"edgeframe/codec/scalar"
)

// otherRow is a row in the encodings and types that parquet-go writes and this package does not.
type otherRow struct {
	Plain    int64              `parquet:"plain,plain"`
	Delta    int64              `parquet:"delta,delta"`
	Delta32  int32              `parquet:"delta32,delta"`
	Dict     int32              `parquet:"dict,dict"`
	DictText string             `parquet:"dict_text,dict"`
	Split    float64            `parquet:"split,split"`
	Split32  float32            `parquet:"split32,split"`
	Optional *int64             `parquet:"optional,optional"`
	Text     string             `parquet:"text,plain"`
	Lengths  string             `parquet:"lengths"`
	Prefixes string             `parquet:"prefixes,delta"`
	Flag     bool               `parquet:"flag"`
	Day      int32              `parquet:"day,date"`
	Time     int64              `parquet:"time,timestamp(microsecond)"`
	Decimal  int64              `parquet:"decimal,decimal(2:12)"`
	UUID     [16]byte           `parquet:"uuid,uuid"`
	Enum     string             `parquet:"enum,enum"`
	Small    int8               `parquet:"small"`
	List     []string           `parquet:"list,list"`
	Repeated []int32            `parquet:"repeated"`
	Map      map[string]float64 `parquet:"map"`
	Group    struct {
		A *string  `parquet:"a,optional"`
		B []uint16 `parquet:"b,list"`
	} `parquet:"group"`
}

func otherRows(n int) []otherRow {
	rows := make([]otherRow, n)
	for i := range rows {
		r := &rows[i]
		r.Plain, r.Delta, r.Delta32 = int64(i)*1_000_003, int64(i*i)*37-5000, int32(-i*i)
		r.Dict, r.DictText = int32(i%7), fmt.Sprint("value ", i%5)
		r.Split, r.Split32 = float64(i)/8, float32(i)/4
		if i%3 > 0 {
			v := int64(i) << (i % 40)
			r.Optional = &v
			a := fmt.Sprint("ä", i)
			r.Group.A = &a
		}
		r.Text, r.Lengths, r.Prefixes = fmt.Sprint("text ", i), fmt.Sprint("l", i*i), fmt.Sprint("prefix ", i/10, i)
		r.Flag, r.Day, r.Time, r.Decimal = i%3 == 0, int32(i), int64(i)*1_000_000, int64(i*7)
		r.UUID[15], r.Enum, r.Small = byte(i), "RED", int8(i%100-50)
		for k := range i % 4 {
			r.List = append(r.List, fmt.Sprint(k))
			r.Repeated = append(r.Repeated, int32(i+k))
			r.Group.B = append(r.Group.B, uint16(k))
		}
		if i%2 == 0 {
			r.Map = map[string]float64{"half": float64(i) / 2}
		}
	}
	return rows
}

func writeOther(t testing.TB, rows []otherRow, options ...parquet.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[otherRow](&b, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestATableKeepsItsValuesWhileOtherFilesAreRead(t *testing.T) {
	rows, others := otherRows(600), otherRows(1200)[600:]
	for version := 1; version <= 2; version++ {
		options := []parquet.WriterOption{parquet.Compression(&parquet.Snappy), parquet.DataPageVersion(version)}
		first, err := decodeParquet(writeOther(t, rows, options...), codec.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		want := jsonRows(t, first)
		// Pages of the same sizes use the memory of the first file's pages again.
		for range 4 {
			if _, err := decodeParquet(writeOther(t, others, options...), codec.Limits{}); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want, jsonRows(t, first)); diff != "" {
			t.Errorf("version %d: the first table has changed: %s", version, diff)
		}
	}
}

func TestEveryEncodingAndCompressionOfParquetIsRead(t *testing.T) {
	rows := otherRows(1500)
	var want []map[string]any
	for name, c := range map[string]compress.Codec{
		"uncompressed": &parquet.Uncompressed, "snappy": &parquet.Snappy, "gzip": &parquet.Gzip,
		"zstd": &parquet.Zstd, "lz4_raw": &parquet.Lz4Raw, "brotli": &parquet.Brotli,
	} {
		for version := 1; version <= 2; version++ {
			data := writeOther(t, rows, parquet.Compression(c), parquet.DataPageVersion(version), parquet.PageBufferSize(900), parquet.MaxRowsPerRowGroup(700))
			table, err := decodeParquet(data, codec.Limits{})
			if err != nil {
				t.Fatalf("%s, version %d: %v", name, version, err)
			}
			got := jsonRows(t, table)
			if want == nil {
				want = got
				checkOther(t, table, got, rows)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, version %d: %.500s", name, version, diff)
			}
		}
	}
}

// TestRowGroupsOfParquetAreCut has row groups, pages and rows that start at different places.
func TestRowGroupsOfParquetAreCut(t *testing.T) {
	rows := otherRows(codec.RowGroupRows + 1000)
	for version := 1; version <= 2; version++ {
		data := writeOther(t, rows, parquet.DataPageVersion(version), parquet.PageBufferSize(50_000), parquet.MaxRowsPerRowGroup(codec.RowGroupRows+500))
		table, err := decodeParquet(data, codec.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		checkOther(t, table, jsonRows(t, table), rows)
		if n := table.RowGroups[1].NumRows(); n != 500 {
			t.Errorf("a row group of %d rows", n)
		}
	}
}

func jsonRows(t testing.TB, table *codec.Table) []map[string]any {
	t.Helper()
	var rows []map[string]any
	d := json.NewDecoder(bytes.NewReader(formatstest.Encode(t, "json", table)))
	d.UseNumber()
	if err := d.Decode(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

func checkOther(t *testing.T, table *codec.Table, got []map[string]any, rows []otherRow) {
	t.Helper()
	if len(got) != len(rows) || len(table.RowGroups) != 3 {
		t.Fatalf("%d rows in %d row groups", len(got), len(table.RowGroups))
	}
	types := map[string]string{
		"plain": "int64", "delta32": "int32", "split32": "float32", "text": "utf8", "enum": "utf8", "day": "date32", "flag": "bool",
		"time": "timestamp[us, tz=UTC]", "decimal": "decimal(12, 2)", "uuid": "fixed_size_binary[16]",
	}
	for name, want := range types {
		f, _ := table.Schema.FieldsByName(name)
		if s := scalar.DType(f[0].Type); s != want {
			t.Errorf("%s has type %s instead of %s", name, s, want)
		}
	}
	for i, r := range rows {
		want := map[string]any{
			"plain": r.Plain, "delta": r.Delta, "delta32": r.Delta32, "dict": r.Dict, "dict_text": r.DictText, "split": r.Split, "split32": r.Split32,
			"optional": r.Optional, "text": r.Text, "lengths": r.Lengths, "prefixes": r.Prefixes, "flag": r.Flag, "enum": r.Enum, "small": r.Small,
			"group": r.Group.A, "list": r.List, "repeated": r.Repeated, "b": r.Group.B,
		}
		group := got[i]["group"].(map[string]any)
		got[i]["b"] = group["b"]
		for name, v := range want {
			have := got[i][name]
			if name == "group" {
				have = group["a"]
			}
			a, _ := json.Marshal(v)
			b, _ := json.Marshal(have)
			var x, y any
			if errors.Join(json.Unmarshal(a, &x), json.Unmarshal(b, &y)) != nil || x != nil && !cmp.Equal(x, y) {
				t.Fatalf("row %d, %s: %s instead of %s", i, name, b, a)
			}
		}
		delete(got[i], "b")
	}
}

func TestParquetGoReadsWhatIsWritten(t *testing.T) {
	table, err := decodeParquet(writeOther(t, otherRows(300)), codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	data := formatstest.Encode(t, "parquet", table)
	got, err := parquet.Read[otherRow](bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	want := otherRows(300)
	for i := range want {
		// These are written as lists with a group around them, and as bytes.
		want[i].Repeated, got[i].Repeated, want[i].Decimal, got[i].Decimal = nil, nil, 0, 0
		// Lists may be empty in one and nil in the other.
		a, _ := json.Marshal(want[i])
		b, _ := json.Marshal(got[i])
		normal := func(s []byte) string {
			return string(bytes.ReplaceAll(bytes.ReplaceAll(s, []byte("[]"), []byte("null")), []byte("{}"), []byte("null")))
		}
		if normal(a) != normal(b) {
			t.Fatalf("row %d: %s instead of %s", i, b, a)
		}
	}
}

func TestUUIDsInsideOfOtherValuesStayUUIDs(t *testing.T) {
	type row struct {
		Tags [][16]byte          `parquet:"tags,list" parquet-element:",uuid"`
		Map  map[string][16]byte `parquet:"map" parquet-value:",uuid"`
	}
	sixteen := &arrow.FixedSizeBinaryType{ByteWidth: 16}
	element := arrow.Field{Name: "element", Type: sixteen}
	bare := arrow.NewSchema([]arrow.Field{
		{Name: "tags", Type: arrow.ListOfField(element)}, {Name: "map", Type: arrow.MapOf(arrow.BinaryTypes.String, sixteen)},
	}, nil)
	var hint bytes.Buffer
	w := ipc.NewWriter(&hint, ipc.WithSchema(bare))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, options := range map[string][]parquet.WriterOption{
		"by Parquet alone":                          nil,
		"with an Arrow schema that does not say it": {parquet.KeyValueMetadata("ARROW:schema", base64.StdEncoding.EncodeToString(hint.Bytes()))},
	} {
		t.Run(name, func(t *testing.T) {
			var file bytes.Buffer
			w := parquet.NewGenericWriter[row](&file, options...)
			_, err := w.Write([]row{{[][16]byte{{15: 1}}, map[string][16]byte{"k": {15: 2}}}})
			if err := errors.Join(err, w.Close()); err != nil {
				t.Fatal(err)
			}
			first, err := decodeParquet(file.Bytes(), codec.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			again, err := decodeParquet(formatstest.Encode(t, "parquet", first), codec.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			for _, table := range []*codec.Table{first, again} {
				want := `["00000000-0000-0000-0000-000000000001"] [{"key":"k","value":"00000000-0000-0000-0000-000000000002"}]`
				if got := string(scalar.JSON(table.RowGroups[0].Column(0))(nil, 0)) + " " + string(scalar.JSON(table.RowGroups[0].Column(1))(nil, 0)); got != want {
					t.Errorf("%s instead of %s", got, want)
				}
			}
		})
	}
}
