package document

import (
	"bytes"
	"io"
	"math"

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
	Writing:    recordsWriting,
	Retype:     scalar.ApplyDTypes,
	Driver:     ndjsonDriver{},
}

// looksNDJSON reports whether the first line is an object and the second begins like one.
func looksNDJSON(data []byte) bool {
	data = trimJSON(data)
	if len(data) == 0 || data[0] != '{' {
		return false
	}
	line, rest, found := bytes.Cut(data, []byte("\n"))
	rest = trimJSON(rest)
	return found && len(rest) > 0 && rest[0] == '{' && isJSON(trimJSON(line))
}

// isJSON reports whether text is valid JSON, apart from the literals of Python. If it has some, it is copied,
// which at most doubles the memory of the input.
func isJSON(text []byte) bool {
	return jsontext.Value(replaceLiterals(text, codec.NewBudget(math.MaxInt64))).IsValid()
}

type ndjsonDriver struct{}

// Sniff implements [codec.Driver].
func (ndjsonDriver) Sniff(data []byte) bool { return looksNDJSON(data) }

// Decode implements [codec.Driver]. It reads one object from each line that is not blank.
func (ndjsonDriver) Decode(data []byte, opt codec.ReadOptions, mem *codec.Budget) (*codec.Table, error) {
	return decodeLines(data, opt, mem, "")
}

// decodeLines reads lines. The receipt has the note unless it is empty.
func decodeLines(data []byte, opt codec.ReadOptions, mem *codec.Budget, note string) (*codec.Table, error) {
	data = bytes.TrimPrefix(data, byteOrderMark)
	t, err := newDynTable(data, opt.Limits, mem, appendJSONTo)
	if err != nil {
		return nil, err
	}
	t.inLines, t.note = true, note
	r := newJSONReader(t)
	r.acceptLiterals()
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
	return t.finish(opt, jsonCells{})
}

func (r *jsonReader) readLine(start, end int) error {
	if len(trimJSON(r.t.data[start:end])) == 0 {
		r.t.blank = codec.AppendBudgeted(r.t.mem, r.t.blank, r.t.numRows, 4)
		return nil
	}
	r.seek(cell{start: uint32(start), end: uint32(end)})
	switch opens := r.opens(); {
	case opens == '[' && r.t.numRows == 0:
		return r.fail(codec.ErrMalformed, "this is an array; is this JSON? In NDJSON every line must be {column: value, …}")
	case opens != '{':
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
func (ndjsonDriver) Encode(w io.Writer, src codec.Source, options codec.WriteOptions) error {
	opt, err := checked(options.Options)
	if err != nil {
		return err
	}
	out := chunkWriter{w: w}
	out.rows(scalar.SpellUUIDs(src).Open(nil), "", func(r arrow.Record) scalar.Appender {
		record := recordAppender(r, opt.style())
		return func(dst []byte, row int) []byte { return append(record(dst, row), '\n') }
	})
	return out.close()
}
