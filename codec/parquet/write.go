package parquet

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"io"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"edgeframe/codec"
	"edgeframe/codec/arrowipc"
	"edgeframe/internal/gather"
	"edgeframe/internal/parallel"
)

// writer writes every row group of the table as one of the file, and every column chunk as one data
// page of version 1, compressed with Snappy. The bytes depend on the table only.
type writer struct {
	out    *bufio.Writer
	at     int64
	leaves []*target
	meta   format.FileMetaData
	// made is a row group whose pages are written while the next one is encoded; nil if there is none.
	made *encodedGroup
}

// encodeParquet writes a table and its Arrow schema, from which readers that know it restore the types that
// Parquet does not have.
func encodeParquet(w io.Writer, src codec.Source) (err error) {
	defer codec.Guard(&err, codec.ErrUnsupported, "the table")
	p := writer{out: bufio.NewWriterSize(w, 64<<10)}
	groups := src.Open(nil)
	if err := p.begin(groups.Schema()); err != nil {
		return err
	}
	err = codec.EachGroup(groups, func(rec arrow.Record) error {
		if rec.NumRows() == 0 {
			return nil
		}
		return p.group(rec)
	})
	if err == nil {
		err = p.flush()
	}
	if err != nil {
		return err
	}
	footer, err := writeThrift(&p.meta)
	if err != nil {
		return err
	}
	size := len(footer)
	footer = binary.LittleEndian.AppendUint32(footer, uint32(size))
	if err := p.write(append(footer, magic...)); err != nil {
		return err
	}
	return p.out.Flush()
}

func (p *writer) write(data []byte) error {
	n, err := p.out.Write(data)
	p.at += int64(n)
	return err
}

// begin writes what precedes the row groups, and puts the schema into the metadata.
func (p *writer) begin(schema *arrow.Schema) error {
	root := format.SchemaElement{Name: "schema", NumChildren: thrift.New(int32(schema.NumFields()))}
	p.meta = format.FileMetaData{Version: 2, Schema: thrift.Slice[format.SchemaElement]{root}, CreatedBy: "edgeframe", RowGroups: thrift.Slice[format.RowGroup]{}}
	for _, f := range schema.Fields() {
		s := plan{column: f.Name}
		if err := s.field(f, f.Name, target{}); err != nil {
			return codec.Errorf(codec.ErrUnsupported, "column %q cannot be written to a Parquet file: %v; fetch it as an Arrow stream (format=arrow)", codec.Shorten(f.Name), err)
		}
		p.meta.Schema = append(p.meta.Schema, s.elements...)
		p.leaves = append(p.leaves, s.leaves...)
	}
	hint, err := arrowipc.EncodeSchemaMessage(schema)
	if err != nil {
		return err
	}
	p.meta.KeyValueMetadata = append(p.meta.KeyValueMetadata, format.KeyValue{Key: arrowSchemaKey, Value: base64.StdEncoding.EncodeToString(hint)})
	m := schema.Metadata()
	for i, key := range m.Keys() {
		if key != arrowSchemaKey {
			p.meta.KeyValueMetadata = append(p.meta.KeyValueMetadata, format.KeyValue{Key: key, Value: m.Values()[i]})
		}
	}
	return p.write(magic)
}

// encodedGroup is a row group as it is written: the chunks of each column.
type encodedGroup struct {
	rows  int64
	parts [][]chunk
}

// group encodes a row group, and writes the one before meanwhile.
func (p *writer) group(rec arrow.Record) error {
	g := &encodedGroup{rows: rec.NumRows(), parts: make([][]chunk, rec.NumCols())}
	first := make([]int, rec.NumCols()+1)
	for i, f := range rec.Schema().Fields() {
		first[i+1] = first[i] + countLeaves(f.Type)
	}
	err := parallel.Beside(p.flush, int(rec.NumCols()), func(i int) error {
		var err error
		if g.parts[i], err = p.column(rec, i, p.leaves[first[i]:first[i+1]]); err != nil {
			err = codec.Errorf(codec.ErrUnsupported, "column %q cannot be written to a Parquet file: %v; fetch it as an Arrow stream (format=arrow)", codec.Shorten(rec.ColumnName(i)), err)
		}
		return err
	})
	p.made = g
	return err
}

// flush writes the row group that was encoded, and adds it to the metadata.
func (p *writer) flush() error {
	if p.made == nil {
		return nil
	}
	g := format.RowGroup{NumRows: p.made.rows, FileOffset: p.at, Columns: thrift.Slice[format.ColumnChunk]{}}
	if n := len(p.meta.RowGroups); n <= math.MaxInt16 {
		g.Ordinal = int16(n)
	}
	for _, chunks := range p.made.parts {
		for _, c := range chunks {
			c.meta.DataPageOffset += p.at
			if c.meta.DictionaryPageOffset >= 0 {
				c.meta.DictionaryPageOffset += p.at
			} else {
				c.meta.DictionaryPageOffset = 0
			}
			if err := p.write(c.pages); err != nil {
				return err
			}
			g.TotalByteSize += c.meta.TotalUncompressedSize
			g.TotalCompressedSize += c.meta.TotalCompressedSize
			g.Columns = append(g.Columns, format.ColumnChunk{MetaData: c.meta})
		}
	}
	p.meta.NumRows += p.made.rows
	p.meta.RowGroups = append(p.meta.RowGroups, g)
	p.made = nil
	return nil
}

// column returns the chunks of the leaves of column i of rec.
func (p *writer) column(rec arrow.Record, i int, targets []*target) ([]chunk, error) {
	arr, err := gather.Trim(rec.Column(i))
	if err != nil {
		return nil, err
	}
	n := int(rec.NumRows())
	rows := levelled{at: make([]int32, n), def: make([]uint8, n), rep: make([]uint8, n)}
	for k := range rows.at {
		rows.at[k] = int32(k)
	}
	var chunks []chunk
	err = shred(arr, rec.Schema().Field(i), rows, 0, func(arr arrow.Array, e levelled) error {
		c, err := targets[len(chunks)].chunk(arr, e)
		chunks = append(chunks, c)
		return err
	})
	return chunks, err
}
