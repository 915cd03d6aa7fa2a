package document

import (
	"bytes"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// NDJSON has one JSON object on each line.
var NDJSON = &codec.Format{
	Name:       "ndjson",
	MediaTypes: []string{"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/json-lines"},
	Extensions: []string{".ndjson", ".jsonl"},
	Input:      "the NDJSON text",
	Reading:    inRecords,
	Writing:    inRecords,
	Retype:     scalar.ApplyDTypes,
	Driver:     ndjsonDriver{},
}

// looksNDJSON reports whether the first line is an object and the second begins like one.
func looksNDJSON(data []byte) bool {
	line, rest, found := bytes.Cut(trimJSON(data), []byte("\n"))
	rest = trimJSON(rest)
	if !found || len(rest) == 0 || rest[0] != '{' {
		return false
	}
	line = trimJSON(line)
	return len(line) > 0 && line[0] == '{' && jsontext.Value(line).IsValid()
}

type ndjsonDriver struct{}

// Sniff implements [codec.Driver].
func (ndjsonDriver) Sniff(data []byte) bool { return looksNDJSON(data) }

// Decode implements [codec.Driver]. It reads one object from each line that is not blank.
func (ndjsonDriver) Decode(data []byte, opt codec.ReadOptions, mem *codec.Budget) (*codec.Table, error) {
	data = bytes.TrimPrefix(data, byteOrderMark)
	t, err := newDynTable(data, opt.Limits, mem, appendJSONTo)
	if err != nil {
		return nil, err
	}
	r := newJSONReader(t)
	for start := 0; start < len(data); {
		r.line++
		end := len(data)
		if n := bytes.IndexByte(data[start:], '\n'); n >= 0 {
			end = start + n
		}
		if err := r.readLine(start, end); err != nil {
			return nil, err
		}
		start = end + 1
	}
	return t.finish(opt, isJSONText)
}

func (r *jsonReader) readLine(start, end int) error {
	if len(trimJSON(r.t.data[start:end])) == 0 {
		return nil
	}
	r.seek(cell{start: uint32(start), end: uint32(end)})
	if r.opens() != '{' {
		return r.fail(codec.ErrMalformed, "this is not an object; every line must be {column: value, …}")
	}
	r.depth = documentDepth - 1
	row := r.t.numRows
	r.t.numRows++
	if err := r.record(row); err != nil {
		return err
	}
	return r.end()
}

// Encode implements [codec.Driver]. It writes one object per line.
func (ndjsonDriver) Encode(w io.Writer, src codec.Source, _ codec.WriteOptions) error {
	out := chunkWriter{w: w}
	out.rows(scalar.SpellUUIDs(src).Open(nil), "", func(r arrow.Record) scalar.Appender {
		record := recordAppender(r)
		return func(dst []byte, row int) []byte { return append(record(dst, row), '\n') }
	})
	return out.close()
}
