//go:build !js

package edge_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/formats/formatstest"
)

// distinct is a table of about so many bytes whose values are all different.
func distinct(bytes, columns int, dt arrow.DataType) *codec.Table {
	random := rand.New(rand.NewPCG(1, 2))
	width := 8
	fields := make([]arrow.Field, columns)
	for i := range fields {
		fields[i] = arrow.Field{Name: fmt.Sprintf("c%d", i), Type: dt}
	}
	if dt.ID() == arrow.STRING {
		width = 4 + 12
	}
	t := &codec.Table{Schema: arrow.NewSchema(fields, nil)}
	for left := bytes / width / columns; left > 0; left -= codec.RowGroupRows {
		b := array.NewRecordBuilder(memory.DefaultAllocator, t.Schema)
		for range min(left, codec.RowGroupRows) {
			for c := range columns {
				switch b := b.Field(c).(type) {
				case *array.Float64Builder:
					b.Append(random.Float64())
				case *array.StringBuilder:
					b.Append(fmt.Sprintf("%012d", random.IntN(1e12)))
				}
			}
		}
		t.RowGroups = append(t.RowGroups, b.NewRecord())
	}
	return t
}

func TestTheLargestTablesAreDescribedInAnIsolate(t *testing.T) {
	w := start(t)
	w.client.Timeout = 3 * time.Minute
	const bytes = 45 << 20
	for name, table := range map[string]*codec.Table{
		"20 columns of all sorts": codectest.Generate(365_000, 20, 1),
		"8 of numbers":            distinct(bytes, 8, arrow.PrimitiveTypes.Float64),
		"8 of text":               distinct(bytes, 8, arrow.BinaryTypes.String),
	} {
		status, location, body := w.post("application/vnd.apache.arrow.stream", formatstest.ArrowStream(table))
		if status != http.StatusCreated {
			t.Fatalf("%s: %d %.200s", name, status, body)
		}
		began := time.Now()
		status, _, body = w.get(location + "/describe")
		if want := fmt.Sprintf(`"rows":%d,`, table.NumRows()); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %.300s", name, status, body)
		}
		t.Logf("%s: %s, %.230s", name, time.Since(began), body)
	}
	if strings.Contains(w.Logs(), "the instance has ended") {
		t.Error("an instance has ended")
	}
}
