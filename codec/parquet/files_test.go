//go:build !js

package parquet_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/formats"
	"edgeframe/codec/formats/formatstest"
	"edgeframe/codec/parquet"
	"edgeframe/internal/testenv"
)

// hyparquet reads a file with a program that shares no code with this one.
func hyparquet(t testing.TB, mode, path string, out any) {
	t.Helper()
	testenv.NodeModules(t)
	var stderr strings.Builder
	cmd := exec.Command("node", filepath.Join("testdata", "read.mjs"), mode, path)
	cmd.Stderr = &stderr
	printed, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, stderr.String())
	}
	if err := json.Unmarshal(printed, out); err != nil {
		t.Fatal(err)
	}
}

// columnSum is the sum of the numbers of a column, or for text a number that depends on every byte
// and its position.
type columnSum struct {
	Count, Nulls int64
	Sum          string
}

func columnSums(t *testing.T, table *codec.Table) map[string]columnSum {
	out := map[string]columnSum{}
	for i, f := range table.Schema.Fields() {
		c, sum := columnSum{}, new(big.Int)
		hash := uint32(0)
		for _, g := range table.RowGroups {
			column := g.Column(i)
			c.Count += int64(column.Len())
			c.Nulls += int64(column.NullN())
			part := int64(0)
			switch column := column.(type) {
			case *array.Int64:
				for _, v := range column.Int64Values() {
					part += v
				}
			case *array.Timestamp:
				for _, v := range column.TimestampValues() {
					sum.Add(sum, big.NewInt(int64(v)))
				}
			case array.StringLike:
				for k := range column.Len() {
					for _, b := range []byte(column.Value(k)) {
						hash = hash*31 + uint32(b)
					}
				}
			default:
				t.Fatalf("%T", column)
			}
			sum.Add(sum, big.NewInt(part))
		}
		if arrow.IsBinaryLike(f.Type.ID()) || arrow.IsLargeBinaryLike(f.Type.ID()) {
			sum.SetUint64(uint64(hash))
		}
		c.Sum = sum.String()
		out[f.Name] = c
	}
	return out
}

func TestFlights3MAddsUpAsInHyparquet(t *testing.T) {
	path := testenv.VegaFile(t, "flights-3m.parquet")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	table, err := decodeParquet(data, codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]columnSum
	hyparquet(t, "sums", path, &want)
	if diff := cmp.Diff(want, columnSums(t, table)); diff != "" {
		t.Error(diff)
	}
	for _, g := range table.RowGroups {
		if g.NumRows() > codec.RowGroupRows {
			t.Errorf("a row group of %d rows", g.NumRows())
		}
	}
	// Writing it keeps the values.
	again, err := decodeParquet(formatstest.Encode(t, "parquet", table), codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, columnSums(t, again)); diff != "" {
		t.Error(diff)
	}
}

// TestAParquetStreamHoldsOneRowGroup measures the live memory beside the file.
func TestAParquetStreamHoldsOneRowGroup(t *testing.T) {
	data, err := os.ReadFile(testenv.VegaFile(t, "flights-3m.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	alive := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := alive()
	s, err := parquet.Format.Open(data, codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	rows, most := int64(0), uint64(0)
	for i := 0; ; i++ {
		group, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		if group == nil {
			break
		}
		rows += group.NumRows()
		if i%20 == 0 {
			now := alive()
			most = max(most, now-min(before, now))
		}
		runtime.KeepAlive(group)
	}
	runtime.KeepAlive(data)
	t.Logf("%d bytes beside the file of %d", most, len(data))
	if rows != 3_000_000 || most > 32<<20 {
		t.Errorf("%d rows, %d bytes", rows, most)
	}
}

func TestHyparquetReadsWhatIsWrittenAsTheOriginal(t *testing.T) {
	dir := t.TempDir()
	original := writeOther(t, otherRows(500))
	table, err := decodeParquet(original, codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]map[string]any{}
	for name, data := range map[string][]byte{"original": original, "written": formatstest.Encode(t, "parquet", table)} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		var got []map[string]any
		hyparquet(t, "rows", path, &got)
		for _, row := range got {
			// hyparquet reads an empty list as missing if it has no group around it.
			if row["repeated"] == nil {
				row["repeated"] = []any{}
			}
		}
		rows[name] = got
	}
	if diff := cmp.Diff(rows["original"], rows["written"]); diff != "" || len(rows["written"]) != 500 {
		t.Errorf("%.3000s", diff)
	}
}

func TestWhatHyparquetWritesIsRead(t *testing.T) {
	path := filepath.Join("testdata", "hyparquet.parquet")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	table, err := decodeParquet(data, codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var want []map[string]any
	hyparquet(t, "rows", path, &want)
	got := jsonRows(t, table)
	if len(want) != 40 || len(got) != len(want) {
		t.Fatalf("%d rows instead of %d", len(got), len(want))
	}
	for i := range want {
		for _, name := range []string{"plain", "delta", "split", "flag", "dictionary", "lengths", "prefixes", "half"} {
			if a, b := want[i][name], got[i][name]; spelled(a) != spelled(b) {
				t.Errorf("row %d, %s: %v instead of %v", i, name, b, a)
			}
		}
	}
}

// spelled makes JSON numbers comparable: one program writes 1, the other 1.0.
func spelled(v any) string {
	if n, ok := v.(json.Number); ok {
		return strings.TrimSuffix(n.String(), ".0")
	}
	return fmt.Sprint(v)
}

func TestFilesOfVegaComeBackFromParquet(t *testing.T) {
	dir := filepath.Join(testenv.NodeModules(t), "vega-datasets", "data")
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, file := range files {
		format := formats.ByFilename(file.Name())
		if format == nil || format.Name == "parquet" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		want, err := format.Decode(data, codec.ReadOptions{})
		if err != nil {
			continue
		}
		var b strings.Builder
		if err := formats.ByName("parquet").Encode(&b, want, codec.WriteOptions{}); err != nil {
			// JSON may have objects without members.
			t.Logf("%s: %v", file.Name(), err)
			continue
		}
		got, err := decodeParquet([]byte(b.String()), codec.Limits{})
		if err != nil {
			t.Errorf("%s: %v", file.Name(), err)
			continue
		}
		if err := codectest.Equal(want, got); err != nil {
			t.Errorf("%s: %v", file.Name(), err)
		}
		kept++
	}
	t.Logf("%d files came back", kept)
	if kept < 40 {
		t.Errorf("only %d files came back", kept)
	}
}
