//go:build linux

package attack

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/internal/testenv"
)

const (
	gigabyteBatches = 1024
	gigabyteColumns = 8
	gigabyteRows    = 16_384
	gigabyte        = gigabyteBatches * gigabyteColumns * gigabyteRows * 8
	// sendingBytes is how much more than when it is idle a server may take while it sends a table of any size, with the
	// caches that it has by default.
	sendingBytes = 64 << 20
)

// gigabyteStream is an Arrow stream of a GiB. In no two batches are two columns equal, so all of it is stored, but
// within a batch most values of a column are equal, so that it takes little room there: more than the caches have.
func gigabyteStream() io.Reader {
	r, w := io.Pipe()
	fields, columns := make([]arrow.Field, gigabyteColumns), make([]arrow.Array, gigabyteColumns)
	values := make([][]int64, gigabyteColumns)
	for c := range fields {
		fields[c] = arrow.Field{Name: string(rune('a' + c)), Type: arrow.PrimitiveTypes.Int64}
		values[c] = make([]int64, gigabyteRows)
		data := array.NewData(fields[c].Type, gigabyteRows, []*memory.Buffer{nil, memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(values[c]))}, nil, 0, 0)
		columns[c] = array.NewInt64Data(data)
	}
	schema := arrow.NewSchema(fields, nil)
	rec := array.NewRecord(schema, columns, gigabyteRows)
	go func() {
		out := ipc.NewWriter(w, ipc.WithSchema(schema))
		for batch := range int64(gigabyteBatches) {
			for c := range values {
				for row := range values[c] {
					values[c][row] = gigabyteValue(batch, c, row)
				}
			}
			if err := out.Write(rec); err != nil {
				w.CloseWithError(err)
				return
			}
		}
		w.CloseWithError(out.Close())
	}()
	return r
}

// gigabyteValue is a value of the stream.
func gigabyteValue(batch int64, column, row int) int64 {
	value := 10_000_000 + batch*gigabyteColumns + int64(column)
	if row%8 == 0 {
		value += int64(row)
	}
	return value
}

// readGigabyte reads an answer with the table and returns its size. Of an Arrow stream it compares some values.
func readGigabyte(t *testing.T, body io.Reader, format string) int64 {
	t.Helper()
	if format != "arrow" {
		bytes, err := io.Copy(io.Discard, body)
		if err != nil {
			t.Errorf("%s: after %d bytes: %v", format, bytes, err)
		}
		return bytes
	}
	groups, err := ipc.NewReader(body)
	if err != nil {
		t.Fatal(err)
	}
	batch := int64(0)
	for ; groups.Next(); batch++ {
		for c, column := range groups.Record().Columns() {
			for _, row := range []int{0, 1, 8, gigabyteRows - 1} {
				if got, want := column.(*array.Int64).Value(row), gigabyteValue(batch, c, row); got != want {
					t.Fatalf("row %d of column %d in row group %d is %d, not %d", row, c, batch, got, want)
				}
			}
		}
	}
	if groups.Err() != nil || batch != gigabyteBatches {
		t.Errorf("%d row groups, %v", batch, groups.Err())
	}
	return batch * gigabyte / gigabyteBatches
}

func TestATableOfAGigabyteGoesOutInLittleMemory(t *testing.T) {
	env := []string{"STORAGE_DIR=" + t.TempDir(), "MAX_DATAFRAME_SIZE_MB=1200"}
	w := &world{t: t, server: testenv.StartPlainServer(t, env...)}
	id := w.create(streamType, gigabyteStream())
	// The first start after the upload reads the log of the store, which leaves garbage. An idle server has none.
	for range 2 {
		if code := w.server.Stop(); code != 0 {
			t.Fatalf("exit code %d:\n%s", code, w.server.Logs())
		}
		w.server = testenv.StartPlainServer(t, env...)
	}
	read := func(parameters, format string) (bytes int64) {
		t.Helper()
		answer, err := http.Get(w.server.URL + download(id, parameters).path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d", parameters, answer.StatusCode)
		}
		return readGigabyte(t, answer.Body, format)
	}
	read("limit=1", "json")
	idle := w.server.Resident()
	for _, format := range []string{"arrow", "csv"} {
		most, done, watched := int64(0), make(chan struct{}), make(chan struct{})
		go func() {
			defer close(watched)
			for {
				most = max(most, w.server.Resident())
				select {
				case <-done:
					return
				case <-time.After(5 * time.Millisecond):
				}
			}
		}()
		begin := time.Now()
		bytes := read("format="+format, format)
		close(done)
		<-watched
		t.Logf("%s: %d MB in %.1f s, %d MB more than the %d MB of an idle server", format, bytes>>20, time.Since(begin).Seconds(), (most-idle)>>20, idle>>20)
		if bytes < gigabyte {
			t.Errorf("%s: only %d bytes", format, bytes)
		}
		if most-idle > sendingBytes {
			t.Errorf("%s: the server takes %d MB more than the %d MB when it is idle", format, (most-idle)>>20, idle>>20)
		}
	}
}
